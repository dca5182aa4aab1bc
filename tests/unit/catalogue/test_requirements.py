from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue.profiles import load_profiles
from conformance.catalogue.requirements import load_requirements
from conformance.errors import UserError
from conformance.model import Basis, Level, Scope, Source

ROW = "- {id: %s, level: MUST, basis: openai-spec, statement: S., source: {title: T, url: 'https://t'}%s}\n"


def area(root: Path, name: str, text: str) -> Path:
    (root / name).mkdir(parents=True, exist_ok=True)
    file = root / name / "requirements.yaml"
    file.write_text(text)
    return file


def test_rows_become_requirements(tmp_path: Path) -> None:
    extra = ", scope: endpoint, breaks: [x 1], covers: [A-1], unwitnessed: true, excluded: why, why: w, mend: m"
    extra += ", since: '0.2'"
    area(tmp_path, "streaming", ROW % ("stream.done.last", extra))
    row = load_requirements([tmp_path])["stream.done.last"]
    assert (row.level, row.basis, row.scope) == (Level.MUST, Basis.OPENAI_SPEC, Scope.ENDPOINT)
    assert (row.area, row.source, row.profile) == ("streaming", Source("T", "https://t"), None)
    assert (row.breaks, row.covers, row.unwitnessed, row.excluded) == (("x 1",), ("A-1",), True, "why")
    assert (row.why, row.mend) == ("w", "m")


def test_an_empty_file_holds_no_rows(tmp_path: Path) -> None:
    area(tmp_path, "streaming", "# later\n")
    assert load_requirements([tmp_path]) == {}


def test_ids_are_unique_over_all_folders(tmp_path: Path) -> None:
    first = area(tmp_path / "one", "a", ROW % ("a.b", ""))
    second = area(tmp_path / "two", "c", ROW % ("c.d", "") + ROW % ("a.b", ""))
    with pytest.raises(UserError) as raised:
        load_requirements([tmp_path / "one", tmp_path / "two"])
    assert raised.value.message == f"{second}:2:8: requirement `a.b` exists already, at {first}:1:8"


@pytest.mark.parametrize("bad", ["Stream.done", "stream", "stream..x", "stream.a b", ".x", "stream/x.y"])
def test_ids_keep_to_the_safe_alphabet(tmp_path: Path, bad: str) -> None:
    area(tmp_path, "a", ROW % (f"'{bad}'", ""))
    with pytest.raises(UserError, match=r":1:8: `id` must be of the form area\.slug"):
        load_requirements([tmp_path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "- {id: a.b, level: MUSST}",
            "`level` must be MUST or SHOULD or MAY, not `MUSST`; did you mean `MUST`?",
            id="level",
        ),
        pytest.param("- {id: a.b, statment: x}", "unknown key `statment`; did you mean `statement`?", id="key"),
        pytest.param("a: b", "the file must be a list or null, not a mapping", id="no list"),
        pytest.param("- a.b", "the entry must be a mapping, not text", id="no mapping"),
        pytest.param(
            (ROW % ("a.b", "")).replace("openai-spec", "provider-doc"),
            ":1:33: requirement `a.b` has no basis that holds",
            id="a promise",
        ),
        pytest.param(
            (ROW % ("a.b", "")).replace("basis: openai-spec, ", ""),
            "requirement `a.b` has no basis that holds",
            id="no basis",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    area(tmp_path, "a", text)
    with pytest.raises(UserError) as raised:
        load_requirements([tmp_path])
    assert message in raised.value.message


def test_rows_of_profiles_join_in(tmp_path: Path) -> None:
    folder = tmp_path / "providers" / "acme"
    folder.mkdir(parents=True)
    row = "  " + (ROW % ("acme.x", "")).replace("openai-spec", "provider-doc")
    elsewhere = row.replace("acme.x", "acme.y").replace("}}", "}, area: models}")
    (folder / "profile.yaml").write_text(f"name: acme\ntitle: Acme\nrequirements:\n{row}{elsewhere}")
    rows = load_requirements([tmp_path], load_profiles([tmp_path]).values())
    assert [(one.id, one.area, one.profile, one.basis) for one in rows.values()] == [
        ("acme.x", "profile.acme", "acme", Basis.PROVIDER_DOC),
        ("acme.y", "models", "acme", Basis.PROVIDER_DOC),
    ]
