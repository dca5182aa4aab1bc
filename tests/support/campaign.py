"""Campaigns for the self-tests: the reference provider asked in-process, and what came back judged without pytest.

A fault's campaign sends again only the scenarios whose answers the fault bends; all else is taken from the campaign
without faults. Ids of exchanges are made from their scenarios, so that texts are the same in every run.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from conformance.capture import Settings, capture
from conformance.catalogue.profiles import profile_for
from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, Limits, Timeouts
from conformance.judging.slots import Material, slot_names
from conformance.model import Cause, CheckResult, Exchange, Footer, Header, Recording, Verdict
from conformance.planning.plan import make_plan
from conformance.recording import Secrets
from conformance.reference.faults import FAULTS, FaultSet, Seam, edits, faults_named
from conformance.reference.server.call import Call
from conformance.reference.server.serving import ReferenceServer
from conformance.wire.compression import decode_body

CHAT, THINKER, DUMB, TEXT = "reference-chat", "reference-thinker", "reference-dumb", "reference-text"
QUICK = Timeouts(connect=5, first_byte=2, idle=1, total=6)  # seconds; stalls are waited out
_VOLATILE = (
    (re.compile(r"\b(chatcmpl|call|cmpl|resp|msg|req|embd|fp|fc|rs)[-_][0-9a-zA-Z]{6,}"), r"\1-…"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:…"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b1[0-9]{9}(\d{3}|\.\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s)\b"), r"… \2"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "<hex>"),
    (re.compile(r"\bZGF0YT[0-9A-Za-z+/]+"), "<base64 of data>"),  # with an id in it
)


def stable(text: str) -> str:
    """A finding's text without what differs from run to run: random ids, ports, times."""
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


@dataclass
class Memory:
    """A recording kept in memory; masks like the writer of files."""

    secrets: Secrets
    header: Header | None = None
    footer: Footer | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    def open(self, header: Header) -> Memory:
        """Start with the header."""
        self.header = header
        return self

    def append(self, exchange: Exchange) -> None:
        """Mask and keep one exchange, under an id made from what was planned."""
        number, exchange = exchange.id, replace(exchange, repeats=self.named.get(exchange.repeats, ""))
        parts = [exchange.scenario, exchange.model if exchange.model not in {"", CHAT} else ""]
        parts += [f"{name}{count}" for name in ("step", "sample", "attempt") if (count := getattr(exchange, name))]
        parts += ["again"] if exchange.repeats else []
        self.named[number] = "-".join(filter(None, parts))
        self.exchanges.append(self.secrets.mask_exchange(replace(exchange, id=self.named[number])))

    def finish(self, footer: Footer) -> None:
        """End with the footer."""
        self.footer = footer

    def close(self) -> None:
        """Nothing is open."""

    def recording(self) -> Recording:
        """What was kept."""
        assert self.header is not None
        return Recording(self.header, tuple(self.exchanges), self.footer)


async def _no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


class Spy(FaultSet):
    """No fault at all, and a note of every request that each fault would have bent."""

    def __init__(self) -> None:
        super().__init__(())
        self.bent: dict[str, set[tuple[str, bytes]]] = {}

    def bend(self, seam: Seam, value: object, call: Call) -> object:
        """Nothing changes."""
        for fault in FAULTS.values():
            if any(each.seam is seam and each.concerns(call) for each in fault.bends):
                self.bent.setdefault(fault.name, set()).add(_sent(call.method, call.path, call.raw))
        return value


def _sent(method: str, path: str, body: bytes | None) -> tuple[str, bytes]:
    """What tells requests apart; the call's path has lost the query, and may keep the base."""
    return f"{method} {path.removeprefix('/v1').partition('?')[0]}", decode_body(body or b"", "gzip")


def _crashed(recording: Recording) -> list[str]:
    """What was not sent because of a mistake of ours."""
    skipped = recording.footer.skipped if recording.footer else ()
    return [f"{one.scenario}: {one.reason}" for one in skipped if one.cause is Cause.CRASHED]


@dataclass(frozen=True)
class Judged:
    """Every verdict of one campaign; `stopped` is what the user is told when nothing could be captured."""

    results: tuple[CheckResult, ...] = ()
    stopped: str = ""

    def of(self, verdict: Verdict) -> dict[str, CheckResult]:
        """The results of one verdict by requirement."""
        return {result.requirement: result for result in self.results if result.verdict is verdict}

    @property
    def fails(self) -> dict[str, CheckResult]:
        """What failed."""
        return self.of(Verdict.FAIL)


class Bench:
    """The suites, loaded once, and one reference server whose faults are exchanged between campaigns."""

    def __init__(self, dialect: str = "openai") -> None:
        self.suites = Suites()
        self.suites.load_checks()
        self.dialect = dialect
        named = dialect.removesuffix("-literal")  # a literal dialect is held to the promises of its provider
        self.profile = named if named in self.suites.profiles else "openai"
        self._server = ReferenceServer(dialect)
        self._baselines: dict[str, tuple[Recording, Mapping[str, frozenset[str]]]] = {}

    @contextmanager
    def running(self) -> Iterator[Bench]:
        """With its server running."""
        with self._server:
            yield self

    @property
    def _provider(self) -> Any:
        return self._server.app.routes[0].app

    def judge(self, *recordings: Recording) -> Judged:
        """Judge recordings as one endpoint's, every requirement in every slot."""
        suites = self.suites
        material = Material(list(recordings), suites)
        endpoints = {name.endpoint for name in material.names}
        rows = {row.id: row for one in endpoints for row in suites.catalogue.judged(material.profile(one).name)}
        results = [
            material.judge(row, name)
            for row in rows.values()
            for name in slot_names(row, material.names)
            if not material.foreign or material.applies(row, name)
        ]
        return Judged(tuple(results))

    def capture(
        self,
        model: str,
        faults: FaultSet | None = None,
        only: Iterable[str] | None = None,
        gap: float = 0.001,
        concurrency: int = 1,
    ) -> Recording:
        """Send the scenarios (all of them, or only those named) to the reference provider.

        Args:
            model: whom to ask.
            faults: what the provider does wrong.
            only: names of scenarios; None for all.
            gap: seconds before each event of a stream.
            concurrency: how many requests may be under way at once; with one the order is always the same.

        Raises:
            UserError: the probe found that nothing can be captured.
        """
        edits.restart_turns()  # faults that come and go do so from the start of each campaign
        provider = self._provider
        provider.faults, provider.gap = faults or faults_named(()), gap
        endpoint = Endpoint(
            "reference",
            self._server.base_url,
            api_key_env="REFERENCE_KEY",
            models=(model,),
            profile=self.profile,
            concurrency=concurrency,
            timeouts=QUICK,
            limits=Limits(bytes=2_000_000, events=3_000, requests=1_000, tokens=1_000_000),
            verify_tls=False,  # there is none, and loading the authorities takes longer than a campaign
        )
        profile = profile_for(endpoint.profile, endpoint.host, self.suites.profiles)
        names = set(self.suites.scenarios if only is None else only)
        chosen = {name: one for name, one in self.suites.scenarios.items() if name in names}
        memory = Memory(Secrets((self._server.api_key,)))
        plan = make_plan(chosen, endpoint, profile)
        capture(plan, memory.open, key=self._server.api_key, settings=Settings(sleep=_no_wait))
        return memory.recording()

    def baseline(self, model: str = CHAT) -> tuple[Recording, Mapping[str, frozenset[str]]]:
        """The campaign without faults, and for each fault the scenarios whose answers it bends."""
        if model not in self._baselines:
            spy = Spy()
            recording = self.capture(model, spy)
            assert not (crashed := _crashed(recording)), crashed[0]
            by_request: dict[tuple[str, bytes], set[str]] = {}
            for one in recording.exchanges:
                key = _sent(one.request.method, one.request.path, one.request.body)
                by_request.setdefault(key, set()).add(one.scenario)
            bent = {
                name: frozenset(scenario for key in keys for scenario in by_request.get(key, ()))
                for name, keys in spy.bent.items()
            }
            self._baselines[model] = recording, bent
        return self._baselines[model]

    def with_fault(
        self,
        fault: str,
        model: str = CHAT,
        gap: float = 0.0,
        only: frozenset[str] | None = None,
        concurrency: int = 1,
    ) -> Judged | None:
        """The verdicts where the server has one fault, met by all scenarios or a few; None where none meets it."""
        recording, bent = self.baseline(model)
        touched = bent.get(fault, frozenset())
        touched = touched if only is None else touched & only
        if not touched:
            return None
        try:
            again = self.capture(model, faults_named([fault]), touched, gap, concurrency)
        except UserError as error:  # what the command line would say
            return Judged(stopped=stable(f"{error.message} {error.hint}".strip()))
        sent = {one.scenario for one in again.exchanges}
        kept = tuple(one for one in recording.exchanges if one.scenario not in sent | touched)
        return self._judge_new(replace(again, exchanges=(*kept, *again.exchanges)), again.exchanges)

    def _judge_new(self, recording: Recording, new: Sequence[Exchange]) -> Judged:
        """Judge a recording of which all but some exchanges are known to pass.

        A check of single exchanges or transcripts looks at the new ones alone; only what fails, what shows between
        exchanges, or in the matrix of capabilities, needs them all.
        """
        suites = self.suites
        material = Material([recording], suites)
        results = []
        for row in suites.catalogue.judged(recording.header.profile):
            for name in slot_names(row, material.names):
                whole = material.slot(name)
                if any(check.view == "run" for check in suites.catalogue.looks(row.id)):
                    results.append(material.judge(row, name))
                    continue
                held = {one.id for one in whole.exchanges}
                ours = [one for one in new if one.id in held and name.model in {"", one.model}]
                narrow = replace(whole, exchanges=ours)  # shares the views and the context
                vars(narrow)["unserved"] = whole.unserved  # a kind is unserved if nobody at all was answered
                result = material.judge_in(row.id, narrow)
                failed = result.verdict is Verdict.FAIL  # which may hang on how many others do the same
                results.append(material.judge_in(row.id, whole) if failed else result)
        return Judged(tuple(results))


@cache
def bench(dialect: str = "openai") -> Bench:
    """One bench per process; its server ends with the process."""
    made = Bench(dialect)
    made._server.__enter__()
    return made


def shown(result: CheckResult) -> str:
    """The first finding as one line: what a stranger reads first."""
    finding = result.findings[0]
    words = (" ".join(stable(text).split()) for text in (finding.expected, finding.actual, finding.where or "-"))
    return "expected {}; got {}; at {}".format(*(text if len(text) <= 160 else f"{text[:160]}…" for text in words))


def by_level(requirements: Iterable[str], level_of: Callable[[str], str]) -> dict[str, list[str]]:
    """Requirement ids under their levels, sorted."""
    found: dict[str, list[str]] = {}
    for id_ in sorted(requirements):
        found.setdefault(level_of(id_), []).append(id_)
    return {level: found[level] for level in ("MUST", "SHOULD", "MAY") if level in found}


def worst(models: Sequence[str], judge: Callable[[str], Judged | None]) -> tuple[str, Judged | None]:
    """The first model for which anything failed, else the last that met anything."""
    best: tuple[str, Judged | None] = ("", None)
    for model in models:
        judged = judge(model)
        if judged is not None and (judged.fails or judged.stopped):
            return model, judged
        best = (model, judged) if judged is not None else best
    return best
