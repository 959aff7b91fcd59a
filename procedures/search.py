"""Searching the history, over all time: with a million procedures as with ten. Pages by key, newest first; nothing is counted.

Words are looked up in the database's index of words (`procedures/searched.py`). What cannot be answered by one index alone is answered
from a bounded number of rows at a time; the page then says how far it has looked, and the next one goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice

from django.db import connection
from django.db.models import Q, QuerySet

from procedures.domain.people import Actor
from procedures.domain.search import Search, Term, matches
from procedures.keyset import Among, key_span
from procedures.models import Procedure, ProcedureText
from procedures.selectors import procedures_for

WINDOW = 20_000
"""Hits of a word that one page tests for a state."""
FEW = 500
"""So few procedures in a state are tested for words one by one."""
FEWEST_WALKED = 5_000
"""Newest rows among which PostgreSQL looks for a word before it asks its index."""
MANY = 8_000
"""Hits that are tested with one query; the first has few, for mostly these are enough."""


@dataclass(frozen=True)
class Found:
    """A page of what was found, newest first."""

    procedures: list[Procedure]
    older: int | None
    """The `before` of the next page; None if there is no more."""
    is_cut_short: bool = False
    """The page is not full, because it has looked at as many rows as one page may."""


@dataclass(frozen=True)
class _Keys:
    """The numbers between which to look, both included, and what is demanded of the rows there."""

    least: int = 0
    greatest: int = 2**63 - 1
    condition: Q = field(default_factory=Q)

    @property
    def rows(self) -> Q:
        return Q(pk__gte=self.least, pk__lte=self.greatest) & self.condition


def find(actor: Actor, wanted: Search, *, size: int, before: int | None = None) -> Found:
    """At most `size` of the procedures that are wanted, newest first, with numbers below `before`; raises NotAllowed."""
    rows = procedures_for(actor).defer("script_body", "functions").order_by("-pk")
    if wanted.number is not None:
        return Found(list(rows.filter(pk=wanted.number)), None)
    keys = _keys(wanted.since, wanted.until, before)
    if keys is None:
        return Found([], None)
    if not wanted.terms:
        return _page(_in_states(rows.filter(keys.rows), wanted, size + 1), size)
    few = _in_states(Procedure.objects.filter(keys.rows).only("pk"), wanted, FEW + 1) if wanted.states else []
    if wanted.states and len(few) <= FEW:
        words = ProcedureText.objects.filter(pk__in=[row.pk for row in few]).values_list("pk", "words")
        hits = sorted((pk for pk, text in words if matches(text, wanted.terms)), reverse=True)
        return _page(list(rows.filter(pk__in=hits[: size + 1])), size)
    if wanted.states or keys.condition:
        return _from_window(rows, wanted, keys, size)
    return _page(list(rows.filter(pk__in=_hits(wanted.terms, keys, size + 1))), size)


def _from_window(rows: QuerySet[Procedure], wanted: Search, keys: _Keys, size: int) -> Found:
    """Of the next hits of the words those in one of the states, and in the span."""
    hits = _hits(wanted.terms, keys, WINDOW)
    demanded = keys.condition & (Q(state__in=wanted.states) if wanted.states else Q())
    found: list[Procedure] = []
    begin, length = 0, FEW
    while begin < len(hits):
        found += rows.filter(demanded, Among("pk", hits[begin : begin + length]))
        if len(found) > size:
            return _page(found, size)
        begin, length = begin + length, min(2 * length, MANY)
    is_whole = len(hits) < WINDOW
    return Found(found, None if is_whole else hits[-1], is_cut_short=not is_whole)


def _page(found: list[Procedure], size: int) -> Found:
    shown = found[:size]
    return Found(shown, shown[-1].pk if len(found) > size else None)


def _in_states(rows: QuerySet[Procedure], wanted: Search, limit: int) -> list[Procedure]:
    """The newest rows in one of the states: each state is read along its index, which a query for several would not do."""
    if not wanted.states:
        return list(rows.order_by("-pk")[:limit])
    each = [rows.filter(state=state.value).order_by("-pk")[:limit] for state in sorted(wanted.states)]
    return list(islice(merge(*each, key=lambda row: -row.pk), limit))


def _keys(since: datetime | None, until: datetime | None, before: int | None) -> _Keys | None:
    """Where to look for what was created in a span of time; None if that is nowhere."""
    greatest = _Keys.greatest if before is None else before - 1
    span = {name: time for name, time in (("created_at__gte", since), ("created_at__lt", until)) if time}
    if not span:
        return _Keys(greatest=greatest)
    keys = key_span(Procedure.objects.filter(**span))
    return _Keys(keys[0], min(greatest, keys[1]), Q(**span)) if keys else None


def _hits(terms: Sequence[Term], keys: _Keys, limit: int) -> list[int]:
    """The numbers of the newest procedures in which every term occurs, at most `limit`."""
    if connection.vendor == "postgresql":
        match = " & ".join(f"'{term.word}'{':*' if term.is_beginning else ''}" for term in terms)
        found = _numbers(_NEWEST, [keys.least, keys.greatest, max(FEWEST_WALKED, 2 * limit), match, limit])
        return found if len(found) == limit else _numbers(_ALL, [match, keys.least, keys.greatest, limit])
    match = " ".join(f'"{term.word}"{"*" if term.is_beginning else ""}' for term in terms)
    return _numbers(_SQLITE, [match, keys.least, keys.greatest, limit])


def _numbers(sql: str, parameters: Sequence[int | str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [number for (number,) in cursor.fetchall()]


_SQLITE = (
    "SELECT rowid FROM procedures_words WHERE procedures_words MATCH %s AND rowid BETWEEN %s AND %s"
    " ORDER BY rowid DESC LIMIT %s"
)
# PostgreSQL's index of words knows no order. A frequent word is met soon among the newest rows; of a rarer one the index gives all hits,
# to be sorted: by a sum, though of nothing, since by the number itself PostgreSQL may prefer to walk through the whole table.
_NEWEST = (
    "SELECT procedure_id FROM (SELECT procedure_id, vector FROM procedures_proceduretext"
    " WHERE procedure_id BETWEEN %s AND %s ORDER BY procedure_id DESC LIMIT %s) AS newest"
    " WHERE vector @@ %s::tsquery ORDER BY procedure_id DESC LIMIT %s"
)
_ALL = (
    "SELECT procedure_id FROM procedures_proceduretext WHERE vector @@ %s::tsquery AND procedure_id BETWEEN %s AND %s"
    " ORDER BY procedure_id + 0 DESC LIMIT %s"
)
