"""Searching the history: the words under which a procedure is found, and the line in which people say what they look for.

Both databases index the same words, made here, so that a search finds the same on each: `procedures/migrations` says how they are
indexed, `procedures/search.py` asks.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from procedures.domain.states import ProcedureState

MAX_WORDS = 400
"""Words that are kept of one procedure; those of its script, its people and its arguments come first."""
MAX_WORD_CHARACTERS = 64
MAX_TERMS = 12
MAX_LINE_CHARACTERS = 500

_WORD = re.compile(r"[^\W_]+")
_NOT_IN_PAIR = re.compile(r"[^\w.-]+")
_TERM = re.compile(r'(?:(?P<name>\w+)(?P<sign>[:=]))?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))')
_NUMBER = re.compile(r"#?([0-9]{1,18})")
_DAYS = re.compile(r"([0-9]{1,5})d")
_EXAMPLE = "a day such as 2026-03-18, a time such as 2026-03-18T21:30, or days ago such as 3d"


@dataclass(frozen=True)
class Term:
    """A word that must occur, or the beginning of one."""

    word: str
    is_beginning: bool


@dataclass(frozen=True)
class Search:
    """What was asked for: every term, one of the states, created in the span."""

    terms: tuple[Term, ...] = ()
    states: frozenset[ProcedureState] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    """The end of the span, not part of it."""
    number: int | None = None
    """The procedure with this number, and no other."""
    faults: tuple[str, ...] = ()
    """What could not be understood, in words; the rest is searched for."""


def words_of(texts: Iterable[str], pairs: Iterable[tuple[str, Any]] = ()) -> str:
    """The distinct words of the texts, and each named value as one word (`subarray_id=1`), separated by blanks."""
    found: dict[str, None] = {}
    for name, value in pairs:
        found.setdefault(_pair(name, value))
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            found.setdefault(word[:MAX_WORD_CHARACTERS])
            if len(found) >= MAX_WORDS:
                return " ".join(found)
    return " ".join(found)


def matches(words: str, terms: Sequence[Term]) -> bool:
    """Whether every term occurs in what `words_of` made: the same answer as that of a database's index."""
    there = words.split(" ")
    return all(
        any(word.startswith(term.word) if term.is_beginning else word == term.word for word in there) for term in terms
    )


def parse_search(line: str, now: datetime) -> Search:
    """Read the line: words, `name:value` or `name=value`, `state:`, `since:`, `until:`, or the number of a procedure.

    `script:` and `by:` are names like those of arguments. A word is found from its beginning, a number only whole.
    """
    line = line[:MAX_LINE_CHARACTERS]
    if number := _NUMBER.fullmatch(line.strip()):
        return Search(number=int(number[1]))
    terms: list[Term] = []
    span: dict[str, datetime] = {}
    states: set[ProcedureState] = set()
    faults: list[str] = []
    for found in _TERM.finditer(line):
        name, value = (found["name"] or "").casefold(), found["quoted"] if found["plain"] is None else found["plain"]
        try:
            if name == "state" and found["sign"] == ":":
                states |= _states(value)
            elif name in {"since", "until"} and found["sign"] == ":":
                span[name] = _time(value, now, is_end=name == "until")
            else:
                terms += _terms(found["name"], value)
        except ValueError as fault:
            faults.append(f"{name}: {fault}")
    return Search(
        tuple(dict.fromkeys(terms))[:MAX_TERMS],
        frozenset(states),
        span.get("since"),
        span.get("until"),
        None,
        tuple(faults),
    )


def with_setting(line: str, name: str, value: str) -> str:
    """The line with `name:value` instead of whatever it said of that name; an empty value leaves it out."""
    rest = [found[0] for found in _TERM.finditer(line) if (found["name"] or "").casefold() != name]
    return " ".join([*rest, f"{name}:{value}"] if value else rest)


def _terms(name: str | None, value: str) -> list[Term]:
    if name:
        word = _pair(name, value)
        return [Term(word, not value[-1:].isdigit())] if not word.endswith("=") else []
    words = [word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(value.casefold())]
    whole = [Term(word, is_beginning=False) for word in words[:-1]]
    return [*whole, *(Term(word, not word.isdigit()) for word in words[-1:])]


def _pair(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value}"
    return f"{name.casefold()}={_NOT_IN_PAIR.sub('', text.casefold())}"[:MAX_WORD_CHARACTERS]


def _states(text: str) -> set[ProcedureState]:
    names = [part.strip().upper() for part in text.split(",") if part.strip()]
    if unknown := [name for name in names if name not in ProcedureState.__members__]:
        raise ValueError(f"there is no state {unknown[0][:30]}; there are {', '.join(ProcedureState)}")
    return {ProcedureState(name) for name in names}


def _time(text: str, now: datetime, *, is_end: bool) -> datetime:
    """The time that is meant, in UTC; the end of a day is the beginning of the next."""
    try:
        if days := _DAYS.fullmatch(text):
            return now - timedelta(days=int(days[1]))
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        is_day = len(text) <= len("2026-03-18")
        return at + timedelta(days=1) if is_end and is_day else at
    except (ValueError, OverflowError):
        raise ValueError(f"must be {_EXAMPLE}, not “{text[:40]}”") from None


def scalar_arguments(kwargs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The named arguments that a pair can stand for: texts, numbers and truths."""
    return [(name, value) for name, value in kwargs.items() if isinstance(value, str | int | float)]
