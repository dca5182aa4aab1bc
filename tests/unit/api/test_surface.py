"""The table of surfaces: what each row must hold, whatever the API."""

from __future__ import annotations

import pytest

from conformance.api.registry import SURFACES
from conformance.api.surface import Surface
from conformance.model import Exchange, Request
from conformance.resources import schemas_dir
from conformance.secrets.masking import Secrets

ROWS = [pytest.param(row, id=name) for name, row in SURFACES.items()]


@pytest.mark.parametrize("row", ROWS)
def test_the_header_of_its_key_is_one_that_is_masked_by_its_name(row: Surface) -> None:
    carried = row.key_header.value("a-key-that-nobody-told-of")
    sent = Exchange("1", Request(), "u", sent_headers=((row.key_header.name, carried),))
    ((_, masked),) = Secrets().mask_exchange(sent).sent_headers
    assert masked == row.key_header.value("*" * len("a-key-that-nobody-told-of"))


@pytest.mark.parametrize("row", ROWS)
def test_the_schema_of_its_requests_is_there(row: Surface) -> None:
    assert not row.request_schema or (schemas_dir() / row.request_schema_file).is_file()


@pytest.mark.parametrize("row", ROWS)
def test_what_generates_has_a_limit_and_a_prompt(row: Surface) -> None:
    assert not row.generates or (row.limit_fields and row.prompt_members)


@pytest.mark.parametrize("row", ROWS)
def test_its_schemas_lie_where_somebody_reads_them(row: Surface) -> None:
    files = {path.name.removesuffix(".schema.json") for path in (schemas_dir() / row.folder).glob("*.schema.json")}
    assert {*row.views_of_schemas} - files <= {"metadata", "balance"}  # every host has its own
