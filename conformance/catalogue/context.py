"""What a scenario may know when it is sent, and how its requests are built."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from conformance.api.openai import CHAT
from conformance.api.registry import expectation_of, surface_at
from conformance.catalogue.pictures import draw_bulky_picture
from conformance.model import Auth, Request, StopRule

UNKNOWN_MODEL = "conformance-no-such-model"
"""The name that stands for a model that no endpoint serves."""

THINKING_HEADROOM = 2048
"""Tokens that a model which thinks before it speaks gets on top of a `$limit`."""

UNNAMED = "default"
"""Stands for the only model of a run that named none."""

_VARIABLE = re.compile(r"\$(unknown_model|model|picture)\b")


@dataclass(frozen=True)
class Context:
    """What a scenario may know: the model, what the profile calls things, whether the model thinks first.

    `needs` holds the scenario's capabilities; every request inherits them. `embedding_model` is a listed model that by
    its name makes embeddings, if there is one.
    """

    model: str
    unknown_model: str = UNKNOWN_MODEL
    output_limit_field: str = CHAT.limit_fields[0]
    paths: Mapping[str, str] = field(default_factory=dict)
    thinking: bool = False
    needs: tuple[str, ...] = ()
    embedding_model: str = ""

    @property
    def picture(self) -> str:
        """The URL of the picture that scenarios show."""
        return draw_bulky_picture()

    def request(
        self,
        *,
        method: str = "POST",
        path: str = CHAT.path,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        raw: str | None = None,
        expects: str = CHAT.plain,
        needs: tuple[str, ...] | None = None,
        auth: Auth = "key",
        invalid: str | None = None,
        refusable: bool = False,
        stop: StopRule | Mapping[str, Any] | None = None,
    ) -> Request:
        """Build a request; `$model`, `$unknown_model`, `$picture` and `$limit` are filled in as in YAML.

        Args:
            method: HTTP method.
            path: relative to the base URL.
            query: pairs to append to the path.
            headers: extra headers.
            json: body to serialise compactly in UTF-8, keys in their order.
            raw: body as text, instead of `json`.
            expects: what is asked for; decides the view.
            needs: capabilities; the scenario's own where None.
            auth: which key goes along.
            invalid: what is wrong on purpose.
            refusable: whether a clean 4xx is as good.
            stop: when to stop reading.
        """
        body = self._body(path, json, raw)
        return Request(
            method=method.upper(),
            path=self._path(path, query),
            headers=_with_content_type(headers or {}, body),
            body=body,
            expects=expectation_of(expects),
            needs=self.needs if needs is None else tuple(needs),
            auth=auth,
            invalid=invalid,
            refusable=refusable,
            stop=StopRule(**stop) if isinstance(stop, Mapping) else stop,
        )

    def _body(self, path: str, json: Any, raw: str | None) -> bytes | None:
        if raw is not None:
            return self._fill(raw, lambda name: jsonlib.dumps(name, ensure_ascii=False)[1:-1]).encode()
        if json is None:
            return None
        surface = surface_at(path)
        limit_field = surface.limit_field(self.output_limit_field) if surface else self.output_limit_field
        return jsonlib.dumps(self._value(json, limit_field), ensure_ascii=False, separators=(",", ":")).encode()

    def _path(self, path: str, query: Mapping[str, str] | None) -> str:
        filled = self._fill(path, lambda name: quote(name, safe="/:@"))
        if not query:
            return filled
        return f"{filled}{'&' if '?' in filled else '?'}{urlencode(query)}"

    def _fill(self, text: str, escape: Callable[[str], str] = str) -> str:
        return _VARIABLE.sub(lambda found: escape(getattr(self, found[1])), text)

    def _value(self, value: Any, limit_field: str) -> Any:
        if isinstance(value, str):
            return self._fill(value)
        if isinstance(value, Mapping):
            return dict(self._member(key, item, limit_field) for key, item in value.items())
        if isinstance(value, list | tuple):
            return [self._value(item, limit_field) for item in value]
        return value

    def _member(self, key: str, value: Any, limit_field: str) -> tuple[str, Any]:
        if key == "$limit":
            return limit_field, value + THINKING_HEADROOM if self.thinking else value
        return key, self._value(value, limit_field)


def _with_content_type(headers: Mapping[str, str], body: bytes | None) -> tuple[tuple[str, str], ...]:
    named = any(name.lower() == "content-type" for name in headers)
    own = () if named or body is None else (("Content-Type", "application/json"),)
    return (*headers.items(), *own)
