"""Faults in what changes nothing: nulls, defaults that are stated, parameters that are newer than the server."""

from __future__ import annotations

from conformance.reference.faults import Call, Seam, When, edits, fault


def _refused(name: str, summary: str, text: str, when: When) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface="chat.create")(edits.refuse(400, text))


def _null(name: str) -> When:
    return lambda call: name in call.sent and call.sent[name] is None


def _false(name: str) -> When:
    return lambda call: call.sent.get(name) is False


def _unknown(*names: str) -> None:
    for name in names:
        text = f"Unrecognized request argument supplied: {name}"
        _refused(f"{name}-refused", f"{name} is refused as unknown.", text, edits.asks(name))


def _one(call: Call) -> bool:
    return call.sent.get("n") == 1


for _name in ("reasoning_effort", "max_completion_tokens"):
    _refused(
        f"{_name}-null-refused",
        f"{_name} is refused where it is null.",
        f"'{_name}' : value must not be null",
        _null(_name),
    )
_refused("n-one-refused", "n is refused even where it is 1.", "Unsupported parameter: n", _one)
for _name in ("stream", "logprobs"):
    _refused(
        f"{_name}-false-refused", f"{_name} is refused where it is false.", f"{_name}: must be true", _false(_name)
    )
_unknown("service_tier", "modalities", "verbosity", "safety_identifier")
