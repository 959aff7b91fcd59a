"""Pages of a long table by key: no COUNT, no OFFSET over the table, and a search that looks through a bounded number of rows at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import BooleanField, F, Func, Max, Min, Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)

WINDOW = 20_000
"""Rows that one page of a search looks through at most; the next page goes on where it ended."""


class Among(Func):
    """Whether a column has one of these numbers, all of them one parameter: `__in` takes longer to write them than to find their rows."""

    output_field = BooleanField()

    def __init__(self, column: str, numbers: Sequence[int]) -> None:
        super().__init__(F(column))
        self.numbers = list(numbers)

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        """The condition, for each database."""
        column, parameters = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s::bigint[])", [*parameters, self.numbers]
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, json.dumps(self.numbers)]  # noqa: S608 - a column of ours


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: below `before`, or above `after`, or (neither) with the newest row."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, newest first, and how to get to their neighbours."""

    rows: list[Row]
    newer: int | None
    """The `after` of the page with newer rows; None if there is none."""
    older: int | None
    """The `before` of the page with older rows; None if there is none."""
    is_cut_short: bool = False
    """The search has looked through its window without filling the page; the rows beyond are still to be looked at."""


def page(rows: QuerySet[Row], limit: int, *, before_id: int | None, after_id: int | None) -> list[Row]:
    """At most `limit` rows, newest last: the newest there are, or those next to `after_id`, or else to `before_id`.

    For rows that an index narrows and few of which there are; what may be looked for through a whole table takes `page_of`.
    """
    if after_id is not None:
        return list(rows.filter(pk__gt=after_id).order_by("pk")[:limit])
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    return list(rows.order_by("-pk")[:limit])[::-1]


def page_of(narrowed: QuerySet[Row], match: Q | None, cursor: Cursor, *, size: int, window: int = WINDOW) -> Page[Row]:
    """At most `size` rows of `narrowed` next to the cursor; with `match`, those of the next `window` rows that it holds for.

    `narrowed` must be cheap to walk by primary key: narrowed by indexed columns only. `match` may be anything.
    """
    is_upward = cursor.after is not None
    ahead = narrowed.order_by("pk" if is_upward else "-pk")
    if is_upward:
        ahead = ahead.filter(pk__gt=cursor.after)
    elif cursor.before is not None:
        ahead = ahead.filter(pk__lt=cursor.before)
    edge = _first_beyond(ahead, window) if match is not None else None
    if match is not None:
        ahead = ahead.filter(match)
    if edge is not None:
        ahead = ahead.filter(Q(pk__lt=edge) if is_upward else Q(pk__gt=edge))
    found = list(ahead[: size + 1])  # one more tells whether there is a next page
    is_full = len(found) > size
    rows = found[:size]
    onward: int | None = None
    if is_full:
        onward = rows[-1].pk
    elif edge is not None:
        onward = edge - 1 if is_upward else edge + 1
    is_cut_short = edge is not None and not is_full
    if is_upward:
        rows.reverse()
        assert cursor.after is not None
        return Page(rows, onward, rows[-1].pk if rows else cursor.after + 1, is_cut_short)
    back = None if cursor.before is None else rows[0].pk if rows else cursor.before - 1
    return Page(rows, back, onward, is_cut_short)


def pages(narrowed: QuerySet[Row], match: Q | None, *, size: int, window: int = WINDOW) -> Iterator[Page[Row]]:
    """Every row, page by page, from the newest to the oldest; pages of a search may be empty."""
    page = page_of(narrowed, match, Cursor(), size=size, window=window)
    yield page
    while page.older is not None:
        page = page_of(narrowed, match, Cursor(before=page.older), size=size, window=window)
        yield page


def key_span(rows: QuerySet[Row]) -> tuple[int, int] | None:
    """The least and the greatest key of `rows`, which an index on another column narrows; None if there are none.

    A sum, though of nothing: for the key itself a database walks through the table by key until a row fits, however far away that is.
    """
    found = rows.order_by().aggregate(least=Min(F("pk") + 0), greatest=Max(F("pk") + 0))
    return None if found["least"] is None else (found["least"], found["greatest"])


def _first_beyond(ahead: QuerySet[Row], window: int) -> int | None:
    """The key of the first row that the window does not reach."""
    return ahead.values_list("pk", flat=True)[window : window + 1].first()
