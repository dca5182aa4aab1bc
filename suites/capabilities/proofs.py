"""What shows that a capability is there: each proof looks at the answer to the capability's offer request."""

from __future__ import annotations

from conformance.capabilities import proof
from conformance.judging import Inconclusive
from conformance.wire import jsontext
from conformance.wire.reply import Reply


@proof("tools")
def calls_the_tool(reply: Reply) -> bool:
    """A required tool was called."""
    return any(choice.tool_calls for choice in reply.choices)


@proof("json_schema")
def fits_the_schema(reply: Reply) -> bool:
    """The content is an object with exactly the member that the schema demands."""
    choice = reply.choices[0] if reply.choices else None
    if choice is None or choice.refusal or choice.finish_reason == "length":
        raise Inconclusive("the model refused, or ran out of tokens")
    value = jsontext.parse(choice.content or "").value
    return isinstance(value, dict) and list(value) == ["colour"] and isinstance(value["colour"], str)


@proof("n")
def has_two_choices(reply: Reply) -> bool:
    """Two choices came back."""
    return len(reply.choices) == 2
