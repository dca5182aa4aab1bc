"""The list of models, and one model."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.api.answer import Trouble
from conformance.api.errors import ErrorResponse
from conformance.api.models import Metadata, ModelList, ModelObject
from conformance.api.views import Run, Transcript
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_status
from conformance.checks.wording import list_values, name_member
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_LISTS = {"models", "metadata"}


def _lists(request: Request) -> bool:
    return request.expects in _LISTS


def _whole_list(request: Request) -> bool:
    """Whether the list was asked for as a whole: filters narrow it, and other paths are other lists."""
    return _lists(request) and request.path in {"/models", "/models?metadata=true"}


def _about_models(request: Request) -> bool:
    return request.expects in _LISTS | {"model"}


def _listings(run: Run) -> Iterator[ModelList]:
    return (one for one in run.answers if isinstance(one, ModelList) and not one.trouble and one.entries)


@check("models.answered", unusable=True)
def test_the_list_is_answered(models: ModelList) -> None:
    if models.status is None or not models.exchange.ok:
        conclusive(models.status not in LIMIT_STATUSES, models.said)
        raise broken("HTTP 200 with a list of models", models.said, Location.status())
    if not models.document.readable:
        raise broken("a JSON object", models.document.flaws[-1].text, Location.body())
    expect(models.json, at=Location.body()).is_a(dict)


@check("models.unique")
def test_ids_are_unique(models: ModelList) -> None:
    with gather("an empty list") as found:
        for position, id_ in enumerate(models.ids):
            with found.each():
                if id_ in models.ids[:position]:
                    raise broken("each id once", f"{shown(id_)} again", Location.at(f"/data/{position}/id"))


@check("models.integers")
def test_created_is_written_as_an_integer(models: ModelList) -> None:
    with gather("no model with `created`") as found:
        for position, entry in enumerate(models.entries):
            created = entry.get("created")
            if isinstance(created, int | float):
                with found.each():
                    if isinstance(created, float) and created.is_integer():
                        words = f"{created}, with a decimal point"
                        raise broken(f"an integer, {int(created)}", words, Location.at(f"/data/{position}/created"))


@check("models.stable", when=_whole_list)
def test_lists_name_the_same_models(run: Run) -> None:
    first: ModelList | None = None
    with gather("fewer than two lists") as found:
        for listing in _listings(run):
            if first is None:
                first = listing
                continue
            with found.each():
                _same_models(first, listing)


def _same_models(first: ModelList, later: ModelList) -> None:
    gone, new = set(first.ids) - set(later.ids), set(later.ids) - set(first.ids)
    if gone or new:
        words = [f"without {list_values(sorted(gone), limit=120)}"] if gone else []
        words += [f"with {list_values(sorted(new), limit=120)}"] if new else []
        wanted = f"the models of exchange {first.exchange.id}"
        raise broken(wanted, f"the list {' and '.join(words)}", Location.at("/data"), exchange=later.exchange.id)


@check("models.query", when=_lists)
def test_a_query_does_not_hurt(run: Run) -> None:
    plain = [one for one in run.answers if "?" not in one.request.path]
    unblocked(not plain or any(one.exchange.ok for one in plain), "models.answered", by="models.answered")
    with gather("no list was asked for with a parameter") as found:
        for one in run.answers:
            if "?" in one.request.path and one.status not in LIMIT_STATUSES:
                with found.each():
                    wanted = f"HTTP 200 for GET {one.request.path}, as without the parameter"
                    if not one.exchange.ok:
                        raise broken(wanted, one.said, Location.status(), exchange=one.exchange.id)


@check("models.retrieve", unusable=True)
def test_a_listed_model_is_found(model: ModelObject) -> None:
    if model.trouble is not None:
        kind, words = model.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("HTTP 200 with the model", words, Location.status())
    expect(model.body.get("id"), at=Location.at("/id")).equals(model.exchange.model)


@check("models.retrieve.same", when=_about_models)
def test_a_model_is_the_same_as_in_the_list(run: Run) -> None:
    plain = next((one for one in _listings(run) if not isinstance(one, Metadata)), None)
    with gather("no model that the list holds was retrieved") as found:
        for one in run.answers:
            if not isinstance(one, ModelObject) or one.trouble:
                continue
            entry = (plain.entry(str(one.body.get("id"))) if plain else None) or {}
            for name in ("object", "owned_by") if entry else ():
                with found.each():
                    if name in entry and one.body.get(name) != entry[name]:
                        actual, wanted = name_member(one.body, name), f"{shown(entry[name])}, as in the list"
                        raise broken(wanted, actual, Location.at(f"/{name}"), exchange=one.exchange.id)


@check("models.unknown", scenario="models.unknown", unusable=True)
def test_an_unknown_model_is_not_found(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 404)


@check("models.named", when=lambda request: _lists(request) or request.expects == "completion")
def test_the_list_names_the_models_that_answer(run: Run) -> None:
    named = {id_ for listing in _listings(run) for id_ in listing.ids}
    lists = [one for one in run.answers if isinstance(one, ModelList) and not one.trouble]
    applicable(lists, "no list of models was answered")
    answered = {reply.exchange.model for reply in run.replies if reply.exchange.model}
    with gather("no model answered") as found:
        for model in sorted(answered):
            with found.each():
                if model not in named:
                    held = f"a list of {len(named)} models without it"
                    raise broken(
                        f"{shown(model)} in the list", held, Location.at("/data"), exchange=lists[0].exchange.id
                    )


_UNKNOWN = ("model_not_found", "does not exist", "not found", "unknown model", "no such model", "invalid model")


@check("models.served", scenario="models.served", unusable=True)
def test_a_listed_model_is_known(transcript: Transcript) -> None:
    if transcript.answers[0].trouble:
        raise Blocked("no list of models came", by="models.answered")
    applicable(len(transcript.answers) > 1, "the list holds no other chat model")
    chat = transcript.answers[1]
    conclusive(chat.status not in {402, 429, 503}, chat.said)
    code = chat.error.get("code") if isinstance(chat.error, dict) else None
    if chat.status in {400, 404} and any(word in f"{code} {chat.own_words}".lower() for word in _UNKNOWN):
        model = shown(chat.request.param("model"))
        words = chat.said if code is None else f"{chat.said}, code {shown(code)}"
        raise broken(f"{model}, which the list names, is served", words, Location.status(), exchange=chat.exchange.id)
