"""How quickly streams are judged: chunks a second of one core, its growth with their number, and the memory it takes.

    python benchmarks/judging.py CHUNKS [CHUNKS_PER_STREAM]     prints one line of JSON
    python benchmarks/judging.py CHUNKS --unlike                no two chunks are alike but for their text

Every requirement is judged over made-up chat streams that break none of them. One process measures one number of
chunks, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from conformance.judging.gc_pause import infrequent_gc
from conformance.judging.session import JudgingSession
from conformance.model import Exchange, Footer, Header, Read, Recording, Request
from conformance.recording import RecordingWriter, Secrets, read_recording

PER_STREAM = 200
_ASKED = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": True},
    "messages": [{"role": "user", "content": "Count."}],
}


def _chunk(stream: int, number: int, length: int, *, unlike: bool) -> bytes:
    delta = {"content": f"word{number} "} if number else {"role": "assistant", "content": ""}
    ended = number >= length - 2
    choice = {"index": 0, "delta": {} if ended else delta, "logprobs": None, "finish_reason": "stop" if ended else None}
    usage = {"prompt_tokens": 5, "completion_tokens": length - 2, "total_tokens": length + 3}
    last = number == length - 1
    body = {
        "id": f"chatcmpl-{stream}",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "system_fingerprint": "fp_1",
        "choices": [] if last else [choice],
        "usage": usage if last else None,
    }
    body |= {"progress": number} if unlike else {}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def stream(number: int, length: int, *, unlike: bool) -> Exchange:
    """A chat stream of so many chunks, one every 10 ms."""
    reads = [Read((index + 1) / 100, _chunk(number, index, length, unlike=unlike)) for index in range(length)]
    return Exchange(
        str(number),
        Request(body=json.dumps(_ASKED).encode(), expects="stream"),
        "http://host/v1/chat/completions",
        scenario="chat.stream",
        model="m",
        sample=number,
        status=200,
        reason="OK",
        http_version="HTTP/1.1",
        response_headers=(("content-type", "text/event-stream"),),
        raw=(*reads, Read(length / 100, b"data: [DONE]\n\n")),
        headers_at=0.01,
        ended_at=length / 100,
        started_at=1.7e9,
    )


def record(chunks: int, per_stream: int, path: Path, *, unlike: bool = False) -> None:
    """Write so many chunks in streams of the same length, one stream at a time."""
    with RecordingWriter(path, Header("host", "http://host/v1", models=("m",)), Secrets([])) as writer:
        for number in range(1, chunks // per_stream + 1):
            writer.append(stream(number, per_stream, unlike=unlike))
        writer.finish(Footer())


def judge(session: JudgingSession, made: Recording) -> int:
    """Judge every requirement; how many there were."""
    material = session.material_of([made])
    rows = session.suites.catalogue.judged("openai")
    return len([material.judge(row, name) for row in rows for name in material.slots_of(row)])


def megabytes() -> float:
    """The most memory that this process held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure one number of chunks."""
    parser = argparse.ArgumentParser(description="Judge so many chunks.")
    parser.add_argument("chunks", type=int)
    parser.add_argument("per_stream", type=int, nargs="?", default=PER_STREAM)
    parser.add_argument("--unlike", action="store_true", help="give every chunk a member that none before it has")
    given = parser.parse_args()
    session = JudgingSession()
    session.suites.load_checks()
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder, "small.jsonl"), Path(folder, "recording.jsonl")
        record(PER_STREAM, PER_STREAM, small)
        judge(session, read_recording(small))  # imports and compiled schemas are not what is measured
        record(given.chunks, given.per_stream, path, unlike=given.unlike)
        before, began = megabytes(), time.process_time()
        made = read_recording(path)
        read = time.process_time() - began
        with infrequent_gc():
            rows = judge(session, made)
        took = time.process_time() - began - read
    said = {"chunks": given.chunks, "rows": rows, "seconds": took, "per_second": given.chunks / took}
    print(json.dumps(said | {"read_seconds": read, "before_mb": before, "peak_mb": megabytes()}))


if __name__ == "__main__":
    main()
