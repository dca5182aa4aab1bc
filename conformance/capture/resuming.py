"""Whether a capture that was broken off can be gone on with."""

from __future__ import annotations

from pathlib import Path

from conformance.errors import UserError
from conformance.model import Recording
from conformance.planning.plan import Plan
from conformance.recording import read_recording

_HINT = "Give what the earlier run was given, or another --out."


def broken_off(path: Path, plan: Plan, suites: str) -> Recording:
    """The recording in `path`, if this plan may go on with it.

    Raises:
        UserError: it is no recording of ours, or one of another endpoint, profile, model or version of the suites.
    """
    recording = read_recording(path)
    header, endpoint = recording.header, plan.endpoint
    asked = {
        "endpoint": (header.endpoint, endpoint.name),
        "base URL": (header.base_url, endpoint.base_url),
        "profile": (header.profile, plan.profile.name),
        "models": (", ".join(header.models), ", ".join(endpoint.models or header.models)),
        "version of the suites": (header.suites, suites),
        "label": (header.label, endpoint.label),
    }
    for what, (recorded, wanted) in asked.items():
        if recorded != wanted:
            words = f"its {what} is `{recorded}`, and `{wanted}` is asked for"
            raise UserError(f"{path} cannot be gone on with: {words}.", _HINT)
    return recording


def came_to_its_end(recording: Recording) -> bool:
    """Whether nothing is left to send."""
    return recording.footer is not None and recording.footer.cause is None
