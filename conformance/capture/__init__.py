"""Sending what is planned and recording what comes back: the only code that touches the network."""

from conformance.capture.interrupts import Stop
from conformance.capture.progress import PlainProgress, Progress, RichProgress, make_progress
from conformance.capture.resume import Earlier
from conformance.capture.session import CaptureResult, Settings, capture

__all__ = [
    "CaptureResult",
    "Earlier",
    "PlainProgress",
    "Progress",
    "RichProgress",
    "Settings",
    "Stop",
    "capture",
    "make_progress",
]
