"""`conformance har`: a recording for a browser's network panel."""

from __future__ import annotations

from pathlib import Path

from conformance.commands.console import say
from conformance.errors import ExitCode


def export_har(recording: Path, out: Path) -> int:
    """Write a recording as HAR."""
    from conformance.recording import read_recordings
    from conformance.recording.export_har import to_har
    from conformance.store.atomic import write_file

    exchanges = [exchange for one in read_recordings([recording]) for exchange in one.exchanges]
    write_file(out, to_har(exchanges))
    say(f"{out}: {len(exchanges)} entries")
    return ExitCode.CONFORMANT
