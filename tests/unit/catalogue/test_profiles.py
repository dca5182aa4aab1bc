from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue.profiles import PLAIN, Profile, load_profiles, profile_for
from conformance.errors import UserError
from conformance.model import Source
from conformance.resources import suites_dir

WHOLE = """
name: acme
title: Acme
hosts: [api.acme.test, '*.acme.example']
documents: [{id: streaming, title: Streaming, url: 'https://acme.test/s'}]
paths: {metadata: '/models?metadata=true'}
output_limit_field: max_completion_tokens
headers: {X-Acme: 'off'}
advertises:
  tools: [{field: supported_features, has: tools}]
  vision: {field: inputs, has: image}
vocabulary: {finish_reason: [stop]}
contradictions: [{topic: t, statements: [{says: a, source: s}, {says: b}]}]
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / "providers" / name / "profile.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_a_whole_profile(tmp_path: Path) -> None:
    write(tmp_path, "acme", WHOLE)
    profile = load_profiles([tmp_path])["acme"]
    assert profile.hosts == ("api.acme.test", "*.acme.example")
    assert profile.documents == {"streaming": Source("Streaming", "https://acme.test/s")}
    assert profile.headers == (("X-Acme", "off"),)
    assert profile.output_limit_field == "max_completion_tokens"
    assert profile.advertises["tools"] == ({"field": "supported_features", "has": "tools"},)
    assert profile.advertises["vision"] == ({"field": "inputs", "has": "image"},)
    assert [one.says for one in profile.contradictions[0].statements] == ["a", "b"]


def test_the_plain_profile_promises_nothing() -> None:
    profile = load_profiles([suites_dir()])["openai"]
    assert (profile.advertises, profile.requirements, profile.headers) == ({}, (), ())


@pytest.mark.parametrize(
    ("name", "host", "chosen"),
    [
        (None, "api.acme.test", "acme"),
        (None, "API.acme.TEST", "acme"),
        (None, "eu.acme.example", "acme"),
        (None, "acme.example", "openai"),
        (None, "api.acme.test.evil.test", "openai"),
        ("acme", "localhost", "acme"),
        ("openai", "api.acme.test", "openai"),
    ],
)
def test_the_name_decides_and_then_the_host(name: str | None, host: str, chosen: str) -> None:
    profiles = {"acme": Profile("acme", "Acme", hosts=("api.acme.test", "*.acme.example"))}
    assert profile_for(name, host, profiles).name == chosen


def test_an_unknown_name_is_told_with_the_list() -> None:
    with pytest.raises(UserError) as raised:
        profile_for("acmee", "h", {"acme": PLAIN})
    assert raised.value.message == "unknown profile `acmee`; did you mean `acme`?"
    assert raised.value.hint == "Profiles: acme, openai."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("name: acme", ":1:1: `title` is missing", id="no title"),
        pytest.param("name: Acme\ntitle: x", ":1:7: `name` must be a name of a-z", id="name"),
        pytest.param("name: a\ntitle: x\nhost: [h]", ":3:1: unknown key `host`; did you mean `hosts`?", id="key"),
        pytest.param(
            "name: a\ntitle: x\nhosts: [https://h/v1]", "`hosts[0]` must be a host name in lower case", id="url as host"
        ),
        pytest.param(
            "name: a\ntitle: x\npaths: {metadata: models}", "`metadata` must be a path that begins with /", id="path"
        ),
        pytest.param(
            "name: a\ntitle: x\nrequirements:\n"
            "  - {id: a.b, level: MUST, basis: openai-spec, statement: s, source: {title: t}}",
            ":4:35: requirement `a.b` of a profile has the basis openai-spec",
            id="foreign basis",
        ),
        pytest.param(
            "name: a\ntitle: x\nrequirements:\n" + "  - {id: a.b, level: MUST, statement: s, source: {title: t}}\n" * 2,
            ":5:10: requirement `a.b` exists already, at ",
            id="id twice",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "p", text)
    with pytest.raises(UserError) as raised:
        load_profiles([tmp_path])
    assert message in raised.value.message


def test_two_profiles_of_one_name(tmp_path: Path) -> None:
    first = write(tmp_path, "a", "name: acme\ntitle: x")
    second = write(tmp_path, "b", "name: acme\ntitle: y")
    with pytest.raises(UserError, match="profile `acme` exists already") as raised:
        load_profiles([tmp_path])
    assert raised.value.message == f"{second}:1:7: profile `acme` exists already, at {first}:1:7"
