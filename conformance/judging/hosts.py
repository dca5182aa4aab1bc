"""Recordings of several endpoints, taken apart: each endpoint is judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.judging.slots import Material
from conformance.model import Recording
from conformance.recording.foreign.form import foreign_header, is_judged


def recordings_of(material: Material, endpoint: str) -> Sequence[Recording]:
    """What the recordings hold of one endpoint, each as if nothing else had been recorded.

    What is not judged stays with everything that was recorded beside it, so that no count loses it.
    """
    found = (_recording_of(material, recording, endpoint) for recording in material.recordings)
    return [recording for recording in found if recording is not None]


def _recording_of(material: Material, recording: Recording, endpoint: str) -> Recording | None:
    if not recording.header.foreign:
        return recording if recording.header.endpoint == endpoint else None
    own = [one for one in recording.exchanges if is_judged(one) and material.endpoint_of(recording, one) == endpoint]
    if not own:
        return None
    if len(own) == sum(map(is_judged, recording.exchanges)):
        return replace(recording, header=replace(recording.header, endpoint=endpoint))
    kept = {one.id for one in own}
    exchanges = tuple(one for one in recording.exchanges if one.id in kept or not is_judged(one))
    header = replace(foreign_header(own, recording.header.label), endpoint=endpoint)
    return replace(recording, header=header, exchanges=exchanges)
