"""Embeddings: one vector for each input, in the order of the inputs and in the encoding that was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from conformance.api.embeddings import Embeddings
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, expect, gather, shown
from conformance.checks.refusals import expect_granted, expect_refused
from conformance.checks.wording import describe, tell_indexes
from conformance.model import Request
from conformance.model.location import Location

_ALIKE, _APART = 0.999, 0.9999
"""Cosines: equal texts are at least so near, and different texts not that near."""
_LARGEST = 1e6
"""Float32 in the wrong byte order, or another type read as float32, soon holds numbers above this."""


_FRAMING = 2
"""Tokens that a model may put around each input."""
_SMALL_BATCH = 32
_UNIT = 0.01


def _size(request: Request) -> int:
    given = request.param("input")
    return len(given) if isinstance(given, list) else 1


def _speaks_tokens(request: Request) -> bool:
    given = request.param("input")
    return isinstance(given, list) and any(not isinstance(one, str) for one in given)


def _plain(request: Request) -> bool:
    return not _speaks_tokens(request) and request.param("dimensions") is None


@check(
    "embeddings.answered",
    when=lambda request: _plain(request) and not request.refusable,
    unusable=True,
    shown_by=("embeddings.forms",),
)
def test_a_valid_request_is_answered(embeddings: Embeddings) -> None:
    expect_granted(embeddings, "HTTP 200 with a list of embeddings")


@check("embeddings.tokens", when=_speaks_tokens, unusable=True, shown_by=("embeddings.forms",))
def test_token_ids_are_accepted(embeddings: Embeddings) -> None:
    expect_granted(
        embeddings, "HTTP 200 with a list of embeddings for token ids", refusable=embeddings.request.refusable
    )


@check("embeddings.usage.total")
def test_total_is_the_prompt(embeddings: Embeddings) -> None:
    prompt, total = (embeddings.usage.get(name) for name in ("prompt_tokens", "total_tokens"))
    applicable(isinstance(prompt, int) and isinstance(total, int), "no two counts")
    if total != prompt:
        raise broken(f"{prompt}, as prompt_tokens", f"{total}", Location.at("/usage/total_tokens"))


@check("embeddings.usage.batch")
def test_every_text_is_counted(embeddings: Embeddings) -> None:
    counted = embeddings.usage.get("prompt_tokens")
    applicable(embeddings.inputs > 1 and isinstance(counted, int) and counted > 0, "no count for several inputs")
    if isinstance(counted, int) and counted < embeddings.inputs:
        wanted = f"at least {embeddings.inputs}, one for each of the {embeddings.inputs} inputs"
        raise broken(wanted, f"{counted}", Location.at("/usage/prompt_tokens"))


@check("embeddings.tokens.counted", when=_speaks_tokens, shown_by=("embeddings.forms",))
def test_token_ids_are_the_tokens(embeddings: Embeddings) -> None:
    given, counted = embeddings.request.param("input"), embeddings.usage.get("prompt_tokens")
    ids = sum(len(one) if isinstance(one, list) else 1 for one in given)
    applicable(isinstance(counted, int) and counted > 0, "no count")
    most = ids + _FRAMING * embeddings.inputs
    words = f"{ids} to {most}, for {ids} token ids"
    expect(ids <= int(counted or 0) <= most, at=Location.at("/usage/prompt_tokens")).is_true(words, f"{counted}")


@check(
    "embeddings.batch",
    when=lambda request: _size(request) > _SMALL_BATCH,
    unusable=True,
    shown_by=("embeddings.forms",),
)
def test_a_large_batch_is_accepted(embeddings: Embeddings) -> None:
    together = embeddings.request.param("dimensions") is not None
    applicable(not (together and embeddings.trouble), "refused with dimensions; the batch alone is sent next")
    expect_granted(embeddings, f"HTTP 200 with embeddings of {embeddings.inputs} texts, of the 2048 that there may be")


@check("embeddings.unit", when=lambda request: request.param("dimensions") is not None, shown_by=("embeddings.forms",))
def test_shorter_vectors_have_unit_length(embeddings: Embeddings) -> None:
    with gather("no vector that can be read") as found:
        for vector in embeddings.vectors:
            length = math.hypot(*vector.values) if vector.values else 0.0
            if length and math.isfinite(length):
                with found.each():
                    at = vector.place.down("/embedding")
                    expect(abs(length - 1) < _UNIT, at=at).is_true("a vector of length 1", f"length {length:.3f}")


@check("embeddings.count")
def test_every_input_gets_a_vector(embeddings: Embeddings) -> None:
    applicable(isinstance(embeddings.body.get("data"), list), "no data")
    if len(embeddings.vectors) != embeddings.inputs:
        raise broken(f"{embeddings.inputs} embeddings", f"{len(embeddings.vectors)}", Location.at("/data"))


@check("embeddings.order")
def test_vectors_come_in_order(embeddings: Embeddings) -> None:
    indexes = [vector.index for vector in embeddings.vectors]
    applicable(all(isinstance(index, int) for index in indexes), "an entry has no index")
    wanted = list(range(len(indexes)))
    if indexes != wanted:
        words = tell_indexes(indexes, wanted, "entry", "entries")
        raise broken("entries in the order of the inputs, with indexes from 0", words, Location.at("/data"))


@check("embeddings.same", when=lambda request: isinstance(request.param("input"), list))
def test_vectors_belong_to_their_texts(embeddings: Embeddings) -> None:
    texts = embeddings.request.param("input")
    by_index = {vector.index: vector for vector in embeddings.vectors if isinstance(vector.index, int)}
    with gather("no two vectors of texts to compare") as found:
        for later in range(1, len(texts)):
            first, second = by_index.get(later - 1), by_index.get(later)
            cosine = _cosine(first.values, second.values) if first and second else None
            if cosine is None or not isinstance(texts[later], str) or second is None:
                continue
            with found.each():
                if texts[later] == texts[later - 1] and cosine < _ALIKE:
                    raise broken("equal vectors for equal texts", f"a cosine of {cosine:.3f}", second.place)
                if texts[later] != texts[later - 1] and cosine > _APART:
                    raise broken("different vectors for different texts", f"a cosine of {cosine:.4f}", second.place)


def _cosine(one: Sequence[float] | None, other: Sequence[float] | None) -> float | None:
    """The cosine of two vectors; None where they do not compare."""
    if not one or not other or len(one) != len(other):
        return None
    size = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / size if size and math.isfinite(size) else None


@check("embeddings.base64", when=lambda request: request.asks("encoding_format", value="base64"))
def test_base64_is_base64(embeddings: Embeddings) -> None:
    wanted = "a base64 text of little-endian float32 numbers"
    with gather("no embedding") as found:
        for vector in embeddings.vectors:
            with found.each():
                at = vector.place.down("/embedding")
                if not isinstance(vector.sent, str):
                    raise broken(wanted, describe(vector.sent, 60), at)
                if vector.values is None:
                    raise broken(wanted, f"no base64 of float32: {shown(vector.sent, 60)}", at)
                if _is_garbled(vector.values):
                    raise broken(wanted, f"numbers such as {max(vector.values, key=abs):.3g} when read as such", at)


def _is_garbled(numbers: Sequence[float]) -> bool:
    """Whether the numbers are those of other bytes than float32 in the right order."""
    return any(math.isfinite(one) and abs(one) > _LARGEST for one in numbers)


@check("embeddings.float", when=lambda request: request.param("encoding_format", "float") == "float")
def test_floats_are_the_default(embeddings: Embeddings) -> None:
    with gather("no embedding") as found:
        for vector in embeddings.vectors:
            with found.each():
                if not isinstance(vector.sent, list):
                    words = describe(vector.sent, 60)
                    raise broken("an array of numbers", words, vector.place.down("/embedding"))


@check("embeddings.finite")
def test_numbers_are_finite(embeddings: Embeddings) -> None:
    with gather("no vector that can be read") as found:
        for vector in embeddings.vectors:
            if vector.values and not (embeddings.packed and _is_garbled(vector.values)):
                with found.each():
                    strange = [one for one in vector.values if not math.isfinite(one)]
                    if strange:
                        raise broken("finite numbers", f"{strange[0]}", vector.place.down("/embedding"))
                    if not any(vector.values):
                        raise broken("a vector", "nothing but zeros", vector.place.down("/embedding"))


@check(
    "embeddings.length",
    when=lambda request: request.param("dimensions") is None,
    shown_by=("offer.embeddings", "embeddings.forms"),
)
def test_vectors_are_equally_long(run: Run) -> None:
    first: dict[str, tuple[int, str]] = {}
    with gather("no two vectors of one model") as found:
        for answer in run.answers:
            if not isinstance(answer, Embeddings) or answer.trouble:
                continue
            model = str(answer.request.param("model"))
            for vector in answer.vectors:
                if vector.values is None:
                    continue
                length, where = first.setdefault(model, (len(vector.values), answer.exchange.id))
                with found.each():
                    if len(vector.values) != length:
                        words = f"{length} numbers, as in exchange {where}"
                        raise broken(
                            words, f"{len(vector.values)}", vector.place.down("/embedding"), exchange=answer.exchange.id
                        )


@check(
    "embeddings.dimensions",
    when=lambda request: request.param("dimensions") is not None,
    unusable=True,
    shown_by=("embeddings.forms",),
)
def test_dimensions_are_heeded(embeddings: Embeddings) -> None:
    wanted = embeddings.request.param("dimensions")
    many = _size(embeddings.request) > _SMALL_BATCH
    applicable(not (many and embeddings.trouble), "refused for many texts; dimensions are sent with one text next")
    expect_granted(embeddings, f"vectors of {wanted} numbers, or a 4xx status", refusable=True)
    with gather("no vector that can be read") as found:
        for vector in embeddings.vectors:
            if vector.values:
                with found.each():
                    if len(vector.values) != wanted:
                        place = vector.place.down("/embedding")
                        raise broken(f"{wanted} numbers, as dimensions asks", f"{len(vector.values)} numbers", place)


@check(
    "embeddings.empty",
    scenario="embeddings.forms",
    when=lambda request: request.invalid is not None,
    unusable=True,
)
def test_an_empty_text_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("embeddings.integers")
def test_whole_numbers_are_written_as_such(embeddings: Embeddings) -> None:
    told = [(vector.index, vector.place.down("/index")) for vector in embeddings.vectors]
    told += [(embeddings.usage.get(name), Location.at(f"/usage/{name}")) for name in ("prompt_tokens", "total_tokens")]
    with gather("no number") as found:
        for value, place in told:
            if isinstance(value, int | float) and not isinstance(value, bool):
                with found.each():
                    if isinstance(value, float) and value.is_integer():
                        raise broken(f"an integer, {int(value)}", f"{value}, with a decimal point", place)
