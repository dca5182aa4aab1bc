"""What LiteLLM's documents promise beyond the yardstick."""

from __future__ import annotations

from conformance.api.chat.reply import Reply
from conformance.checks.check import check
from conformance.checks.expectations import expect
from conformance.model import Location


@check("litellm.headers")
def test_the_proxy_names_call_and_version(reply: Reply) -> None:
    for name in ("x-litellm-call-id", "x-litellm-version"):
        expect(reply.header(name), at=Location.header(name)).is_true("a value", "none")
