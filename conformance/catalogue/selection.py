"""`--select EXPR`: which requirements are judged.

Terms are ids (globs allowed: `stream.*`), areas (`streaming`, `area:streaming`), levels (`MUST`, `level:SHOULD`),
capabilities (`cap:tools`), bases (`openai-spec`, `basis:provider-doc`), opt-in names (`opt:bursts`) and `all`.
`and`, `or`, `not` and brackets join them. A comma or a space is an `or`, save before `not`, where it takes away:
`streaming, not stream.done.*` is everything of streaming but those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from conformance.errors import UserError
from conformance.inputs.suggestions import did_you_mean
from conformance.model import Basis, Level, Requirement

KINDS = ("id", "area", "level", "cap", "basis", "opt")
_WORDS = frozenset({"and", "or", "not"})
_TOKEN = re.compile(r"\s*([(),]|[^\s(),]+)")
_GRAMMAR = "Write for example `stream.*`, `MUST and not cap:tools`, or `errors, streaming`."

Tags = Collection[str]
Test = Callable[[Requirement, Tags], bool]


@dataclass(frozen=True)
class Vocabulary:
    """Every word that an expression may use."""

    ids: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    opt_ins: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, requirements: Iterable[Requirement], capabilities: Iterable[str] = (), opt_ins: Iterable[str] = ()
    ) -> Vocabulary:
        """The words of a catalogue; `opt_ins` holds opt-in names and the names of opt-in scenarios."""
        rows = tuple(requirements)
        ids, areas = frozenset(row.id for row in rows), frozenset(row.area for row in rows)
        return cls(ids, areas, frozenset(capabilities), frozenset(opt_ins))

    @property
    def by_kind(self) -> dict[str, frozenset[str]]:
        """The words of each kind of term."""
        return {
            "id": self.ids,
            "area": self.areas,
            "level": frozenset(Level),
            "cap": self.capabilities,
            "basis": frozenset(Basis),
            "opt": self.opt_ins,
        }


@dataclass(frozen=True)
class Selection:
    """A parsed expression: call it with a requirement and its tags (`cap:tools`, `opt:bursts`)."""

    expression: str
    test: Test = field(repr=False)
    named: frozenset[str] = frozenset()

    def __call__(self, requirement: Requirement, tags: Tags = ()) -> bool:
        """Whether the requirement is selected."""
        return self.test(requirement, tags)

    def asks(self, name: str) -> bool:
        """Whether the expression names `name`, word for word and not to exclude it."""
        return name in self.named


def parse_selection(expression: str, vocabulary: Vocabulary) -> Selection:
    """Parse an expression.

    Args:
        expression: what the user wrote.
        vocabulary: the words that exist.

    Raises:
        UserError: a word that does not exist (with the likely one), or a mistake of grammar.
    """
    tokens = _TOKEN.findall(expression)
    if not tokens:
        raise UserError("the selection is empty", _GRAMMAR)
    parser = _Parser(expression, tokens, vocabulary)
    test = parser.listing()
    if parser.peek() is not None:
        raise parser.mistake(f"an unexpected `{parser.peek()}`")
    return Selection(expression, test, frozenset(parser.named))


class _Parser:
    """Recursive descent: listing → either → both → single."""

    def __init__(self, expression: str, tokens: list[str], vocabulary: Vocabulary) -> None:
        self.expression = expression
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.negated = False
        self.words = vocabulary.by_kind
        self.named: set[str] = set()

    def mistake(self, what: str, hint: str = _GRAMMAR) -> UserError:
        return UserError(f"the selection `{self.expression}` has {what}", hint)

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *wanted: str) -> bool:
        token = self.peek()
        if token is None or token.lower() not in wanted:
            return False
        self.at += 1
        return True

    def listing(self) -> Test:
        """Items with commas or spaces between them; items that begin with `not` take away."""
        wanted: list[Test] = []
        dropped: list[Test] = []
        while (token := self.peek()) not in {None, ")"}:
            taking_away = token is not None and token.lower() == "not"
            start = self.at
            item = self.either()
            if taking_away and not {"and", "or"} & {word.lower() for word in self.tokens[start : self.at]}:
                dropped.append(item)
            else:
                wanted.append(item)
            while self.take(","):
                pass
        if not wanted and not dropped:
            raise self.mistake("nothing where a term should stand")
        return lambda row, tags: _any(wanted, row, tags) and all(test(row, tags) for test in dropped)

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("or"):
            tests.append(self.both())
        return lambda row, tags: any(test(row, tags) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.take("and"):
            tests.append(self.single())
        return lambda row, tags: all(test(row, tags) for test in tests)

    def single(self) -> Test:
        if self.take("not"):
            self.negated = not self.negated
            inner = self.single()
            self.negated = not self.negated
            return lambda row, tags: not inner(row, tags)
        if self.take("("):
            return self.bracketed()
        token = self.peek()
        if token is None or token in {",", ")"} or token.lower() in _WORDS:
            after = f"`{token}`" if token else "its end"
            raise self.mistake(f"no term before {after}")
        self.at += 1
        return self.term(token)

    def bracketed(self) -> Test:
        self.depth += 1
        if self.depth > 50:
            raise self.mistake("too many brackets")
        inner = self.listing()
        if not self.take(")"):
            raise self.mistake("a bracket that is never closed")
        self.depth -= 1
        return inner

    def term(self, token: str) -> Test:
        kind, has_kind, word = token.partition(":")
        if has_kind:
            if kind not in KINDS:
                raise self.mistake(
                    f"an unknown kind `{kind}:`{did_you_mean(kind, KINDS)}", f"Kinds: {', '.join(KINDS)}."
                )
            return self.known(kind, word)
        if token.lower() == "all":
            return lambda row, tags: True  # noqa: ARG005 - the shape of every test
        kind = next((kind for kind in KINDS if self.matches(kind, token)), "")
        if not kind:
            raise self.unknown(token, sorted({word for words in self.words.values() for word in words}))
        return self.known(kind, token)

    def matches(self, kind: str, word: str) -> list[str]:
        pattern = word.upper() if kind == "level" else word
        return [known for known in self.words[kind] if fnmatchcase(known, pattern)]

    def known(self, kind: str, word: str) -> Test:
        found = frozenset(self.matches(kind, word))
        if not found:
            raise self.unknown(word, sorted(self.words[kind]), kind)
        if not self.negated:
            self.named.add(word)
        return _TESTS[kind](found)

    def unknown(self, word: str, options: list[str], kind: str = "") -> UserError:
        names = {"cap": "capability", "opt": "opt-in", "": "word"}
        hint = f"There are: {', '.join(options)}." if 0 < len(options) <= 12 else "See `conformance list checks`."
        return self.mistake(f"an unknown {names.get(kind, kind)} `{word}`{did_you_mean(word, options)}", hint)


def _any(tests: list[Test], row: Requirement, tags: Tags) -> bool:
    return not tests or any(test(row, tags) for test in tests)


def _tagged(kind: str) -> Callable[[frozenset[str]], Test]:
    return lambda found: lambda row, tags: any(f"{kind}:{word}" in tags for word in found)  # noqa: ARG005 - as above


_TESTS: dict[str, Callable[[frozenset[str]], Test]] = {
    "id": lambda found: lambda row, tags: row.id in found,  # noqa: ARG005 - as above
    "area": lambda found: lambda row, tags: row.area in found,  # noqa: ARG005 - as above
    "level": lambda found: lambda row, tags: row.level.value in found,  # noqa: ARG005 - as above
    "basis": lambda found: lambda row, tags: row.basis.value in found,  # noqa: ARG005 - as above
    "cap": _tagged("cap"),
    "opt": _tagged("opt"),
}
