"""What DeepSeek's documents promise beyond the yardstick."""

from __future__ import annotations

import re

from conformance.api.answer import Trouble
from conformance.api.models import Balance
from conformance.checks.check import check
from conformance.checks.expectations import broken, conclusive, expect, gather, shown
from conformance.model.location import Location

_AMOUNTS = ("total_balance", "granted_balance", "topped_up_balance")


@check("deepseek.balance", unusable=True)
def test_the_balance_is_as_documented(balance: Balance) -> None:
    if balance.trouble is not None:
        conclusive(balance.trouble[0] is not Trouble.LIMITED, balance.trouble[1])
        raise broken("HTTP 200 with the balance", balance.trouble[1], Location.status())
    expect(balance.body, at=Location.body()).has("is_available", "balance_infos")
    expect(balance.body["is_available"], at=Location.at("/is_available")).is_a(bool)
    expect(balance.body["balance_infos"], at=Location.at("/balance_infos")).is_a(list)
    with gather("no currency") as found:
        for position, info in enumerate(balance.body["balance_infos"]):
            with found.each():
                expect(info, at=Location.at(f"/balance_infos/{position}")).has("currency", *_AMOUNTS)
                for name in _AMOUNTS:
                    fine = isinstance(info[name], str) and re.fullmatch(r"\d+(\.\d+)?", info[name])
                    expect(fine, at=Location.at(f"/balance_infos/{position}/{name}")).is_true(
                        "a decimal string", shown(info[name])
                    )
