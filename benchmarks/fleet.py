"""How a run over many endpoints grows with their number: wall time and peak memory of `conformance run --config`.

    python benchmarks/fleet.py                      1, 5 and 20 endpoints of three models, each answer 100 ms late
    python benchmarks/fleet.py --endpoints 20       one number of endpoints

Of four endpoints or more the second is faulty, the third answers half a second late, and the last is dead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from conformance.reference.server.serving import ReferenceServer

KEY_VARIABLE = "CONFORMANCE_BENCH_KEY"
MODELS = ["reference-chat", "reference-thinker", "reference-text"]
NOWHERE = "http://127.0.0.1:9/v1"


class Delayed:
    """An ASGI application whose every answer begins `seconds` later."""

    def __init__(self, app: Any, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Wait, then answer."""
        await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def _serve(stack: ExitStack, number: int, delay: float) -> str:
    server = ReferenceServer(faults=["stream-done-missing"] if number == 1 else [])
    server.app = Delayed(server.app, 0.5 if number == 2 else delay)  # type: ignore[assignment]
    return stack.enter_context(server).base_url


def measured(count: int, delay: float, models: list[str], parallel: int) -> tuple[float, float]:
    """Seconds and the peak megabytes of the command's largest process, for so many endpoints."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        dead = count >= 4
        urls = [_serve(stack, number, delay) for number in range(count - dead)] + [NOWHERE] * dead
        rows = [
            {"name": f"endpoint-{number}", "url": url, "api_key_env": KEY_VARIABLE, "models": models}
            for number, url in enumerate(urls)
        ]
        config = Path(folder, "conformance.yaml")
        config.write_text(json.dumps({"endpoints": rows, "out": f"{folder}/bundles"}), encoding="utf-8")
        command = ["-m", "conformance", "run", "--config", str(config), "--quick", "--parallel", str(parallel)]
        return _timed([sys.executable, *command], ReferenceServer().api_key, Path(folder, "bundles"), count - dead)


def _timed(command: list[str], key: str, bundles: Path, expected: int) -> tuple[float, float]:
    began = time.perf_counter()
    silence = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, silence, number) for number in (0, 1, 2)]
    child = os.posix_spawn(sys.executable, command, os.environ | {KEY_VARIABLE: key}, file_actions=actions)
    usage = os.wait4(child, 0)[2]
    took = time.perf_counter() - began
    os.close(silence)
    found = len(list(bundles.glob("*/results.json")))
    if found != expected:
        sys.exit(f"{found} of {expected} endpoints were judged")
    return took, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How a run over many endpoints grows.")
    parser.add_argument("--endpoints", type=int, action="append", help="how many; repeatable [1, 5, 20]")
    parser.add_argument("--models", type=int, choices=(1, 2, 3), default=3)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds before every answer")
    parser.add_argument("--parallel", type=int, default=20)
    given = parser.parse_args()
    for count in given.endpoints or [1, 5, 20]:
        took, peak = measured(count, given.delay, MODELS[: given.models], given.parallel)
        print(f"fleet of {count:2d} x {given.models}          {took:7.2f} s   peak {peak:4.0f} MB", flush=True)


if __name__ == "__main__":
    main()
