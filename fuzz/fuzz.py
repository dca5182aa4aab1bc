"""Coverage-guided fuzzing of everything that reads untrusted bytes: `make fuzz SECONDS=60`; findings end the run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["conformance.wire", "conformance.recording"]):
    import targets

    import conformance.api.chat.stream  # noqa: F401 - imported here to be instrumented, for the readers import late

SEEDS: tuple[bytes, ...] = (
    b'\x00data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"}}]}\r\n\r\nevent: x\ndata: [DONE]\n\n',
    b'\x01{"a": [1, 2.5e3, "\\ud83d\\ude00", null, true], "a": NaN}',
    b'\x02data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}\n\n',
    b'\x03\x00{"type":"header","endpoint":"h","base_url":"https://h/v1"}\n{"type":"footer"}\n',
    b"\x03\x01" + json.dumps({"log": {"entries": [{"request": {}, "response": {"status": 200}}]}}).encode(),
    b"\x03\x02interactions:\n- request: {method: POST, uri: https://h/v1/m, headers: {}}\n  response: {body: {}}\n",
    b"\x04{" + targets.KEY.encode() + b"}",
)


def main() -> None:
    """Fuzz until the time given on the command line (libFuzzer's own options) is over."""
    corpus = Path(__file__).resolve().parents[1] / ".work" / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, str(corpus)], targets.everything)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
