"""Our own requests, checked before they leave: an endpoint is never blamed for the harness's mistake."""

from __future__ import annotations

from conformance.api.registry import surface_at
from conformance.errors import UserError
from conformance.inputs.schema_errors import pointer_of
from conformance.inputs.schema_files import decider
from conformance.model import Request


def check_outgoing(request: Request, scenario: str, place: str = "") -> None:
    """Refuse a request that breaks its schema, unless it is invalid on purpose.

    Args:
        request: what would be sent.
        scenario: the name of its scenario, for the message.
        place: where the scenario is written.

    Raises:
        UserError: the body is no JSON or breaks the schema; the first place is named.
    """
    if problem := outgoing_problem(request):
        where = f"{place}: " if place else ""
        message = f"{where}scenario `{scenario}` sends a body that {problem}"
        raise UserError(message, "Mend the request, or say what is wrong on purpose: `invalid: …`.")


def outgoing_problem(request: Request) -> str:
    """How a body breaks its schema, with the first place; empty where it does not, or is invalid on purpose."""
    surface = surface_at(request.path)
    schema = surface.request_schema_file if surface else ""
    if request.invalid or request.method != "POST" or not schema:
        return ""
    first = next(iter(decider(schema).iter_errors(request.json)), None)
    return f"breaks {schema} at {pointer_of(first.instance_path) or '/'}: {first.message}" if first else ""
