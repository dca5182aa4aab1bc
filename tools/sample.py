"""Makes reports/sample anew: the reference provider, healthy and with four faults, judged the same way every time.

`--check` makes the reports elsewhere and says which files would change. What varies from run to run (port, ids, clock,
where the socket cut the body) is fixed, either as the provider speaks or in the recording before it is judged; the
verdicts are made by the same code as any other run's.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from conformance.capture.to_file import capture_endpoint
from conformance.commands.judge_bundle import judge_to
from conformance.inputs.endpoint import Endpoint, endpoint_from_url
from conformance.inputs.options import ChoiceOptions
from conformance.model import Exchange, Footer, Read, Recording
from conformance.recording import RecordingWriter, Secrets, read_recordings
from conformance.reference.server.serving import ReferenceServer
from conformance.report.bundle import write_bundle
from conformance.report.evidence.collect import collect, marks_of, wanted_ids
from conformance.store.bundle import PAGES, RECORDING, TESTS_PAGE

SAMPLE = Path(__file__).parent.parent / "reports" / "sample"
KEPT = (RECORDING, *(name for name in PAGES if name != TESTS_PAGE))


@dataclass(frozen=True)
class Sample:
    """What is served wrongly, and what is asked and judged: little, for these files lie in the repository."""

    faults: tuple[str, ...]
    choice: ChoiceOptions
    name: str = "reference"


SAMPLES = {
    "healthy": Sample((), ChoiceOptions(select="models, errors, usage, streaming, chat", quick=True)),
    "faulty": Sample(
        ("stream-done-missing", "finish-reason-end_turn", "error-flat-envelope", "usage-total-not-sum"),
        ChoiceOptions(select="errors, usage, capabilities, chat.finish*, stream.done*, stream.usage*, stream.finish*"),
    ),
}
CREATED = 1_767_225_600.0
"""2026-01-01, in seconds since the epoch."""

URL = "http://127.0.0.1:8000/v1"
VARIABLE = "OPENAI_API_KEY"


def main() -> int:
    """Write the samples, or compare them with what would be written."""
    with tempfile.TemporaryDirectory() as folder:
        for name, sample in SAMPLES.items():
            make(sample, Path(folder, name))
        if "--check" not in sys.argv[1:]:
            for name in SAMPLES:
                shutil.rmtree(SAMPLE / name, ignore_errors=True)
                shutil.copytree(Path(folder, name), SAMPLE / name)
            return 0
        stale = [path for name in SAMPLES for path in drift(name, Path(folder, name))]
    for path in stale:
        print(f"reports/sample/{path} is not what `make sample` writes")
    return 1 if stale else 0


def drift(name: str, fresh: Path) -> list[str]:
    """The files of one sample that differ from those that were made now."""
    kept = SAMPLE / name
    there = {path.name for path in kept.iterdir()} if kept.is_dir() else set()
    same = {file for file in KEPT if file in there and (kept / file).read_bytes() == (fresh / file).read_bytes()}
    return [f"{name}/{file}" for file in sorted(there.union(KEPT) - same)]


def make(sample: Sample, out: Path) -> None:
    """Record the provider with its faults, fix what varies, judge, and write the bundle."""
    with tempfile.TemporaryDirectory() as folder:
        write_fixed(captured(sample, Path(folder, RECORDING)), out / RECORDING)
    with contextlib.chdir(out):
        paths = [Path(RECORDING)]
        about = {"name": sample.name, "profile": "openai", "api_key_env": VARIABLE}
        results = judge_to(paths, Path(), sample.choice, endpoint=about).results
        results = replace(results, run={**results.run, "suites": "sample"})  # else every change of a suite shows here
        Path(TESTS_PAGE).unlink()
        recordings = list(read_recordings(paths))
        write_bundle(Path(), results, collect(recordings, wanted_ids(results), marks_of(results)))
    for file in KEPT:
        (out / file).chmod(0o644)


def captured(sample: Sample, path: Path) -> Recording:
    """What the provider answered, one request after the other."""
    with steady(), ReferenceServer(faults=sample.faults) as server:
        key = {VARIABLE: server.api_key}
        capture_endpoint(alone(server.base_url, sample.name), path, sample.choice, environ=key)
    return next(iter(read_recordings([path])))


def alone(base_url: str, name: str) -> Endpoint:
    """The endpoint, asked one thing at a time: concurrent requests come in another order every time."""
    named = endpoint_from_url(base_url, name=name, api_key_env=VARIABLE, models=("reference-chat",), profile="openai")
    return replace(named, concurrency=1)


@contextlib.contextmanager
def steady() -> Iterator[None]:
    """The provider with a clock that stands and ids that are counted."""
    counter = itertools.count()

    def counted(size: int) -> str:
        return hashlib.sha256(str(next(counter)).encode()).hexdigest()[: size * 2]

    with (
        mock.patch("conformance.reference.server.call.secrets.token_hex", counted),
        mock.patch("conformance.reference.server.call.time.time", return_value=CREATED),
    ):
        yield


def write_fixed(recorded: Recording, path: Path) -> None:
    """Write the recording without what varies: port, times, where reads were cut."""
    header = replace(recorded.header, base_url=URL, created=CREATED, suites="sample")
    with RecordingWriter(path, header, Secrets(())) as writer:
        started = CREATED
        for one in recorded.exchanges:
            fixed = fix(one, recorded.header.base_url, started)
            started += fixed.ended_at
            writer.append(fixed)
        skipped = recorded.footer.skipped if recorded.footer else ()
        writer.finish(Footer(seconds=round(started - CREATED, 3), skipped=skipped))


def fix(one: Exchange, base_url: str, started: float) -> Exchange:
    """The exchange with steady times and address."""
    was, now = (url.removesuffix("/v1").removeprefix("http://") for url in (base_url, URL))
    raw = tuple(Read(round(0.12 + 0.03 * number, 2), part) for number, part in enumerate(parts(one)))
    return replace(
        one,
        url=one.url.replace(was, now),
        sent_headers=tuple((name, value.replace(was, now)) for name, value in one.sent_headers),
        response_headers=tuple(
            (name, "Thu, 01 Jan 2026 00:00:00 GMT" if name.lower() == "date" else value)
            for name, value in one.response_headers
        ),
        raw=raw,
        started_at=round(started, 3),
        headers_at=0.1,
        ended_at=raw[-1].at if raw else 0.1,
    )


def parts(one: Exchange) -> list[bytes]:
    """The body as reads: an event each for a stream, else one."""
    body = b"".join(read.data for read in one.raw)
    streams = any("event-stream" in value for name, value in one.response_headers if name.lower() == "content-type")
    pieces = body.split(b"\n\n") if streams else [body]
    whole = [piece + b"\n\n" for piece in pieces[:-1]] + [pieces[-1]]
    return [piece for piece in whole if piece]


if __name__ == "__main__":
    sys.exit(main())
