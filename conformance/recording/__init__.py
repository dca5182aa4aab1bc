"""Recordings: written by us, read from our own files and from those of other tools."""

from __future__ import annotations

from conformance.recording.finding import read_recordings
from conformance.recording.masking import Secrets
from conformance.recording.native import RecordingWriter, iter_exchanges, read_ending, read_recording

__all__ = ["RecordingWriter", "Secrets", "iter_exchanges", "read_ending", "read_recording", "read_recordings"]
