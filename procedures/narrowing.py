"""Which of several filters leads through the table: the one that leaves the fewest rows. The others are tested on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import In


@dataclass(frozen=True)
class Narrowing:
    """An indexed column has one of these values."""

    column: str
    values: tuple[Any, ...]

    @property
    def leading(self) -> Q:
        """The condition, in a form for which the database can use the index."""
        if len(self.values) == 1:
            return Q(**{self.column: self.values[0]})
        return Q(**{f"{self.column}__in": self.values})

    @property
    def following(self) -> Q:
        """The condition, in a form that no index can serve: SQLite would else often choose the wrong one and read most of the table."""
        return Q(In(Coalesce(F(self.column), Value("")), self.values))


def led_by_best(rows: QuerySet[Any], narrowings: Sequence[Narrowing], *, window: int) -> tuple[QuerySet[Any], Q | None]:
    """The rows that the most selective narrowing leaves, and what the others demand of them; None if there are no others.

    None leads where several values of a column leave very many rows: an index gives them value by value, and all would have to be sorted.
    """
    if not narrowings:
        return rows, None
    if len(narrowings) == 1 and len(narrowings[0].values) == 1:
        return rows.filter(narrowings[0].leading), None
    sizes = {narrowing: _size(rows, narrowing, window) for narrowing in narrowings}
    best = min(narrowings, key=lambda narrowing: sizes[narrowing])
    has_leader = len(best.values) == 1 or sizes[best] < window
    others = [narrowing.following for narrowing in narrowings if narrowing is not best or not has_leader]
    match = Q(*others) if others else None
    return rows.filter(best.leading) if has_leader else rows, match


def _size(rows: QuerySet[Any], narrowing: Narrowing, limit: int) -> int:
    """How many rows it leaves of the whole table, counted along the index and no further than `limit`."""
    everything = rows.model._default_manager.order_by()
    return int(everything.filter(narrowing.leading).values("pk")[:limit].count())
