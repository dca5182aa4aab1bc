"""What model entries say beyond OpenAI's four fields: sizes, prices, features. What is not said is not judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.api.answer import Answer
from conformance.api.models import (
    OUTPUT_FIELDS,
    WINDOW_FIELDS,
    Metadata,
    ModelList,
    find_members,
    has_window,
    read_path,
    window_of,
)
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, expect, gather, shown
from conformance.checks.wording import list_values
from conformance.model import Request
from conformance.model.location import Location

_WORDS = ("supported_features", "supported_parameters", "supports")
_MODALITIES = ("input_modalities", "output_modalities")
_NESTED = tuple(f"architecture.{name}" for name in _MODALITIES)
_PRICES = ("input_price", "output_price", "input_per_mtok", "output_per_mtok")
_TELLING = (*_WORDS, *_MODALITIES, *_PRICES, "architecture", "pricing", "capabilities", *WINDOW_FIELDS, *OUTPUT_FIELDS)
_FEATURES = {"tools", "json_mode", "structured_outputs", "logprobs", "reasoning", "web_search"}
_VARIES = -1.0
"""OpenRouter's price for a router whose price depends on the model that it chooses."""

Entry = dict[str, Any]


def _lists(request: Request) -> bool:
    return request.expects in {"models", "metadata"}


def _entries(answer: Answer) -> Iterator[tuple[Entry, str]]:
    """The entries that say more than OpenAI's fields, each with its id."""
    for entry in Metadata(answer.exchange).entries:
        if any(read_path(entry, name) is not None for name in _TELLING):
            yield entry, str(entry.get("id") or entry.get("model_name") or "an entry without id")


def _each(answer: Answer, names: tuple[str, ...], judge: Callable[[Any, Location], object]) -> None:
    """Judge what stands at each of the places of every entry that says more."""
    with gather("no entry says so") as found:
        for entry, id_ in _entries(answer):
            for name in names:
                value = read_path(entry, name)
                if value is not None:
                    with found.each():
                        judge(value, Location.listing(id_, name))


def _speaks(entry: Entry) -> bool:
    """Whether a model answers in text, as far as its entry says."""
    told = [read_path(entry, name) for name in ("output_modalities", "architecture.output_modalities")]
    lists = [one for one in told if isinstance(one, list)]
    return not lists or any("text" in one or {"type": "text"} in one for one in lists)


@check("metadata.context", when=_lists)
def test_entries_name_their_window(answer: Answer) -> None:
    with gather("no entry says more than OpenAI's four fields") as found:
        for entry, id_ in _entries(answer):
            if _speaks(entry):
                with found.each():
                    if not has_window(entry):
                        null = [name for name in WINDOW_FIELDS if name in entry]
                        raise broken(
                            "context_length, or another size",
                            f"{null[0]}: null" if null else "none",
                            Location.listing(id_),
                        )


@check("metadata.sizes", when=_lists)
def test_sizes_are_positive_integers(answer: Answer) -> None:
    def positive(value: Any, place: Location) -> None:
        expect(value, at=place).is_a(int, "an integer of tokens, at least 1")
        expect(value >= 1, at=place).is_true("an integer of tokens, at least 1", shown(value))

    with gather("no entry says so") as found:
        for entry, id_ in _entries(answer):
            for name, value in find_members(entry, (*WINDOW_FIELDS, *OUTPUT_FIELDS)):
                with found.each():
                    positive(value, Location.listing(id_, name))


@check("metadata.output", when=_lists)
def test_the_output_fits_into_the_window(answer: Answer) -> None:
    with gather("no entry gives both sizes") as found:
        for entry, id_ in _entries(answer):
            window = window_of(entry)
            for name, size in find_members(entry, OUTPUT_FIELDS) if window else ():
                if window and isinstance(size, int):
                    with found.each():
                        expect(size, at=Location.listing(id_, name)).at_most(window, f"at most the window of {window}")


@check("metadata.context.true", shown_by=("models.metadata",))
def test_no_prompt_exceeds_the_window(run: Run) -> None:
    listings = [one for one in run.answers if isinstance(one, ModelList) and not one.trouble]
    windows = {id_: window for one in listings for id_ in one.ids if (window := window_of(one.entry(id_) or {}))}
    applicable(windows, "no entry names a context window")
    with gather("no model with a known window counts its tokens") as found:
        for reply in run.replies:
            window, used = windows.get(reply.exchange.model), (reply.usage or {}).get("prompt_tokens")
            if window and isinstance(used, int):
                with found.each():
                    if used > window:
                        wanted = f"a window that holds the {used} tokens of a prompt that was answered"
                        at = Location.listing(reply.exchange.model, "context window")
                        raise broken(wanted, f"{window}", at, exchange=reply.exchange.id)


@check("metadata.words", when=_lists)
def test_lists_of_words_are_lists(answer: Answer) -> None:
    def words(value: Any, place: Location) -> None:
        expect(value, at=place).is_a(list, "an array of strings")
        odd = next((one for one in value if not isinstance(one, str) or not one), None)
        expect(odd, at=place).equals(None)

    _each(answer, _WORDS, words)


@check("metadata.vocabulary", when=_lists)
def test_features_are_known_words(answer: Answer) -> None:
    def known(value: Any, place: Location) -> None:
        strange = [one for one in value if str(one) not in _FEATURES] if isinstance(value, list) else []
        expect(not strange, at=place).is_true(f"words of {', '.join(sorted(_FEATURES))}", list_values(strange))

    _each(answer, ("supported_features",), known)


@check("metadata.modalities", when=_lists)
def test_modalities_are_words(answer: Answer) -> None:
    def modalities(value: Any, place: Location) -> None:
        expect(value, at=place).is_a(list, "an array of modalities")
        words = [one.get("type") if isinstance(one, Mapping) else one for one in value]
        fine = bool(words) and all(isinstance(one, str) and one for one in words)
        expect(fine, at=place).is_true("an array of modalities, such as text and image, not empty", shown(value))

    _each(answer, (*_MODALITIES, *_NESTED), modalities)


@check("metadata.modalities.both", when=_lists)
def test_modalities_are_given_for_both_ways(answer: Answer) -> None:
    with gather("no entry says so") as found:
        for entry, id_ in _entries(answer):
            for names in (_MODALITIES, _NESTED):
                given = [name for name in names if read_path(entry, name) is not None]
                if given:
                    with found.each():
                        missing = ", ".join(name for name in names if name not in given)
                        expect(not missing, at=Location.listing(id_)).is_true(" and ".join(names), f"no {missing}")


@check("metadata.prices", when=_lists)
def test_prices_are_numbers(answer: Answer) -> None:
    with gather("no entry names a price") as found:
        for entry, id_ in _entries(answer):
            for name, value in _prices(entry):
                with found.each():
                    fine = _number(value) >= 0 or _number(value) == _VARIES
                    wanted = "a decimal number that is not negative, or a string of one"
                    expect(fine, at=Location.listing(id_, name)).is_true(wanted, shown(value))


def _prices(entry: Entry) -> Iterator[tuple[str, Any]]:
    pricing = entry.get("pricing")
    for name, value in pricing.items() if isinstance(pricing, dict) else ():
        if isinstance(value, str | int | float) and not isinstance(value, bool) and name not in {"currency", "unit"}:
            yield f"pricing.{name}", value
    yield from ((name, entry[name]) for name in _PRICES if entry.get(name) is not None)


_MOST = 1e300
"""What a number may be at most to be counted with."""


def _number(value: Any) -> float:
    """The number of a price; not a number at all is below every price."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", value) else float("-inf")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return float("-inf")
    return float(value) if abs(value) < _MOST else float("inf")
