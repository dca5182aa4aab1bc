"""Where the time of a run goes: by phase, and against the ideal when every exchange is delayed.

    make bench                      prints the numbers; docs/performance.md says what they were and how to read them
    make bench ARGS='--delay 0.1'   another delay, in seconds
    make bench ARGS=--million       judge a million chunks too

The ideal of a delayed run is max(longest chain, requests x delay / concurrency) + the undelayed run. It is printed
twice: once as if the lanes were free and once with serial scenarios running alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.catalogue.scenario import Lane, Scenario
from conformance.catalogue.scenario_loader import load_scenarios
from conformance.model import Exchange
from conformance.recording.reader import read_recording
from conformance.reference.server.serving import ReferenceServer
from conformance.resources import suites_dir

CONCURRENCY = 8
CONCURRENCIES = (1, 4, 8, 16)
KEY_VARIABLE = "CONFORMANCE_BENCH_KEY"
GOAL = 1.25
SLOW_IMPORT = 8_000  # microseconds of a module's own import that are worth a line


class Delayed:
    """An ASGI application whose every answer begins `seconds` later."""

    def __init__(self, app: Any, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Wait, then answer."""
        await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Chains:
    """How many exchanges follow one another: in the probe, in the longest shared chain, in lanes that run alone."""

    probe: int
    shared: int
    alone: int

    @property
    def longest(self) -> int:
        """The longest chain, if lanes that run alone could run beside the shared one."""
        return self.probe + max(self.shared, self.alone)


def command(*words: str | Path, codes: Sequence[int] = (0,), key: str = "") -> float:
    """Run the command line; its wall time in seconds."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *map(str, words)],
        env=os.environ | {KEY_VARIABLE: key},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode not in codes:
        sys.exit(f"`conformance {' '.join(map(str, words))}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def remote(word: str, folder: Path, delay: float) -> float:
    """Run or capture the reference provider as an endpoint like any other; the command's wall time in seconds."""
    server = ReferenceServer()
    server.app = Delayed(server.app, delay) if delay else server.app  # type: ignore[assignment]
    with server:
        return command(word, server.base_url, "--api-key-env", KEY_VARIABLE, "--out", folder, key=server.api_key)


def chains(exchanges: Sequence[Exchange], scenarios: dict[str, Scenario]) -> Chains:
    """What had to follow what: steps within a scenario, an offer before what needs it, serial scenarios alone."""
    jobs = Counter((one.scenario, one.model, one.sample) for one in exchanges)
    steps: Counter[str] = Counter()
    alone = 0
    for (name, _, _), count in jobs.items():
        if name in scenarios and scenarios[name].lane is Lane.SHARED:
            steps[name] = max(steps[name], count)
        elif name in scenarios:
            alone += count
    offers = {scenarios[name].offers: count for name, count in steps.items() if scenarios[name].offers}
    rows = [count + max([0, *(offers.get(need, 0) for need in scenarios[name].needs)]) for name, count in steps.items()]
    return Chains(sum(jobs[job] for job in jobs if job[0] not in scenarios), max(rows, default=0), alone)


def configured(folder: Path, url: str, concurrency: int) -> Path:
    """A config of one endpoint that takes so many requests at a time."""
    endpoint = {"name": "reference", "url": url, "api_key_env": KEY_VARIABLE, "concurrency": concurrency}
    path = folder / f"at-{concurrency}.yaml"
    path.write_text(json.dumps({"endpoints": [endpoint], "out": str(folder / f"at-{concurrency}")}), encoding="utf-8")
    return path


def by_concurrency(work: Path, delay: float) -> None:
    """Print delayed captures against the ideal, by how many requests may be under way at a time."""
    undelayed = remote("capture", work / "at-once", 0)
    scenarios = load_scenarios([suites_dir()])
    for concurrency in CONCURRENCIES:
        server = ReferenceServer()
        server.app = Delayed(server.app, delay)  # type: ignore[assignment]
        with server:
            config = configured(work, server.base_url, concurrency)
            took = command("capture", "--config", config, key=server.api_key)
        recorded = work / f"at-{concurrency}" / "reference" / "recording.jsonl"
        exchanges = read_recording(recorded).exchanges
        chain = chains(exchanges, scenarios)
        shared = (len(exchanges) - chain.probe - chain.alone) / concurrency
        ideal = (chain.probe + max(chain.shared, shared) + chain.alone) * delay + undelayed
        print(f"capture, {concurrency:2d} at a time  {took:7.2f} s   ideal {ideal:6.2f} s   ratio {took / ideal:.2f}")


def judging(*counts: int) -> None:
    """Print how quickly chunks are judged, each number in a process of its own."""
    for count in counts:
        script = [sys.executable, str(Path(__file__).with_name("judging.py")), str(count)]
        told = json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
        speed, memory = told["per_second"], told["peak_mb"]
        print(f"judging {count:9,d}       {told['seconds']:7.2f} s   {speed:7,.0f} chunks/s   peak {memory:5.0f} MB")


def fleet() -> None:
    """Print how a run grows with the number of endpoints."""
    subprocess.run([sys.executable, str(Path(__file__).with_name("fleet.py"))], check=True)


def start_up() -> float:
    """Seconds until `conformance --help` has been printed: the median of seven."""
    return statistics.median(command("--help") for _ in range(7))


def slow_imports() -> list[str]:
    """The modules whose own import takes longest when `conformance --help` runs."""
    traced = [sys.executable, "-X", "importtime", "-m", "conformance", "--help"]
    lines = subprocess.run(traced, capture_output=True, text=True, check=True).stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
    times = [(int(row[0]), row[2].strip()) for row in rows if row[0].strip().isdigit()]
    return [f"  {own / 1000:7.1f} ms  {name}" for own, name in sorted(times, reverse=True) if own >= SLOW_IMPORT]


def phases(work: Path) -> None:
    """Print the split of an undelayed run."""
    started = start_up()
    whole = command("demo", "--out", work / "run")
    captured = remote("capture", work / "captured", 0)
    judged = command("judge", work / "captured" / "recording.jsonl", "--out", work / "judged")
    reported = command("report", work / "judged")
    summary = json.loads((work / "run" / "results.json").read_text("utf-8"))["summary"]
    print(f"conformance demo        {whole:7.2f} s")
    print(f"  start-up              {started:7.2f} s   conformance --help")
    print(f"  capture               {captured - started:7.2f} s   less start-up")
    print(f"  judge                 {judged - reported:7.2f} s   less start-up and report")
    print(f"  report                {reported - started:7.2f} s   less start-up")
    print(f"requests                {summary['requests']:7d}")
    print(f"tokens                  {summary['tokens']['total']:7d}     as the endpoint counts them")
    print("slow imports of --help  ", *(slow_imports() or ["  none"]), sep="\n")


def against_ideal(work: Path, delay: float) -> None:
    """Print a delayed run against the ideal."""
    undelayed = remote("run", work / "undelayed", 0)
    took = remote("run", work / "delayed", delay)
    exchanges = read_recording(work / "delayed" / "recording.jsonl").exchanges
    chain, side_by_side = chains(exchanges, load_scenarios([suites_dir()])), len(exchanges) / CONCURRENCY
    ideal = max(chain.longest, side_by_side) * delay + undelayed
    shared = (len(exchanges) - chain.probe - chain.alone) / CONCURRENCY
    lanes = (chain.probe + max(chain.shared, shared) + chain.alone) * delay + undelayed
    print(f"undelayed run           {undelayed:7.2f} s   the same endpoint")
    print(f"delayed by {delay * 1000:4.0f} ms      {took:7.2f} s   {len(exchanges)} exchanges, {CONCURRENCY} at a time")
    print(f"  chains                  probe {chain.probe}, then shared {chain.shared} and alone {chain.alone}")
    print(
        f"  ideal, free lanes     {ideal:7.2f} s   ratio {took / ideal:.2f}   as if serial scenarios ran beside others"
    )
    print(f"  ideal, lanes kept     {lanes:7.2f} s   ratio {took / lanes:.2f}   serial scenarios alone, as planned")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Where the time of a run goes.")
    parser.add_argument("--delay", type=float, default=0.3, help="seconds before every answer of the delayed run")
    parser.add_argument("--million", action="store_true", help="judge a million chunks too: minutes, and some 4 GB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        phases(Path(folder))
        against_ideal(Path(folder), given.delay)
        print(f"goal: a ratio of at most {GOAL}")
        by_concurrency(Path(folder), given.delay)
    sys.stdout.flush()
    judging(10_000, 100_000, *((1_000_000,) if given.million else ()))
    sys.stdout.flush()
    fleet()


if __name__ == "__main__":
    main()
