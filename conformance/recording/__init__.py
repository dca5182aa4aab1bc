"""Recordings: written by us, read from our own files and from those of other tools."""

from __future__ import annotations

from conformance.recording.discovery import read_recordings
from conformance.recording.reader import iter_exchanges, read_ending, read_recording
from conformance.recording.writer import RecordingWriter
from conformance.secrets.masking import Secrets

__all__ = ["RecordingWriter", "Secrets", "iter_exchanges", "read_ending", "read_recording", "read_recordings"]
