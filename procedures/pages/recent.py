"""What has ended, narrowed to what somebody looks for: by text, script, person, day and state. It all stands in the page's address.

It is looked for among the latest LOOKED_THROUGH procedures (of the days that were named), so that an answer takes milliseconds with
a million of them, too; the history searches all. `static/js/filter.js` narrows by the same rules what a page has already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from procedures.domain.people import Actor
from procedures.domain.states import FINAL, ProcedureState
from procedures.models import ArgCapture, Procedure
from procedures.narrowing import Narrowing
from procedures.pages.rows import MAX_RECENT, Row, rows_of
from procedures.selectors import procedures_for

LOOKED_THROUGH = 10_000
LENGTHS = (MAX_RECENT, 250, 1000)
"""How many rows may be asked for; each step by "Show more"."""
_MAX_WORDS = 10
_ENDED = Narrowing("state", tuple(sorted(state.value for state in FINAL)))
"""Nearly all have ended: whoever walks through the rows soon meets the newest of them, where an index by state would give them all."""
_STATES = (ProcedureState.FAILED, ProcedureState.STOPPED, ProcedureState.COMPLETE, ProcedureState.UNKNOWN)


@dataclass(frozen=True)
class RecentFilter:
    """What is looked for; everything empty means everything."""

    text: str = ""
    """Words that must all occur in its number, script, arguments, person or cause."""
    script: str = ""
    who: str = ""
    state: str = ""
    since: date | None = None
    """The UTC days on which it was prepared; both are included."""
    until: date | None = None
    since_text: str = ""
    until_text: str = ""
    length: int = MAX_RECENT

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "RecentFilter":
        """As the address of the page says it; what makes no sense is left out, and shown as it is where it can be mended."""
        given = {
            name: query.get(name, "").replace("\0", "").strip()[:200]
            for name in ("q", "script", "by", "since", "until")
        }
        state = query.get("state", "")
        length = query.get("rows", "")
        return cls(
            text=given["q"],
            script=given["script"],
            who=given["by"],
            state=state if state in _STATES else "",
            since=_day(given["since"]),
            until=_day(given["until"]),
            since_text=given["since"],
            until_text=given["until"],
            length=int(length) if length in map(str, LENGTHS) else MAX_RECENT,
        )

    @property
    def is_set(self) -> bool:
        """Whether it narrows anything."""
        return bool(self.text or self.script or self.who or self.state or self.since or self.until)

    @property
    def since_fault(self) -> bool:
        """The day that was named is none."""
        return bool(self.since_text) and self.since is None

    @property
    def until_fault(self) -> bool:
        """Likewise."""
        return bool(self.until_text) and self.until is None

    def address(self, length: int) -> str:
        """The query of the page that shows `length` of them."""
        named = {
            "q": self.text,
            "script": self.script,
            "by": self.who,
            "since": self.since_text,
            "until": self.until_text,
            "state": self.state,
            "rows": length if length != MAX_RECENT else "",
        }
        return urlencode({name: value for name, value in named.items() if value})

    @property
    def longer(self) -> int | None:
        """How many "Show more" shows; None if that is all there may be."""
        return next((length for length in LENGTHS if length > self.length), None)


def find_recent(actor: Actor, wanted: RecentFilter) -> tuple[list[Row], bool]:
    """At most `wanted.length` procedures that have ended, the latest to be prepared, oldest first; and whether there are more."""
    rows = procedures_for(actor).defer("script_body", "functions").order_by("-pk")
    if not wanted.is_set:
        rows = rows.filter(part_of__isnull=True)  # their trials are shown as a line each
    if wanted.since:
        rows = rows.filter(created_at__gte=_midnight(wanted.since))
    if wanted.until:
        rows = rows.filter(created_at__lt=_midnight(wanted.until) + timedelta(days=1))
    oldest = list(rows.values_list("pk", flat=True)[LOOKED_THROUGH : LOOKED_THROUGH + 1]) if wanted.is_set else []
    if oldest:
        rows = rows.filter(pk__gt=oldest[0])
    found = list(_narrowed(rows, wanted)[: wanted.length + 1])
    return rows_of(found[: wanted.length]), len(found) > wanted.length


def _narrowed(rows: QuerySet[Procedure], wanted: RecentFilter) -> QuerySet[Procedure]:
    rows = rows.filter(state=wanted.state) if wanted.state else rows.filter(_ENDED.following)
    if wanted.script:
        rows = rows.filter(script_name__icontains=wanted.script)
    if wanted.who:
        rows = rows.filter(created_by__icontains=wanted.who)
    for word in wanted.text.split()[:_MAX_WORDS]:
        rows = rows.filter(_says(word.removeprefix("#") or word))
    return rows


def _says(word: str) -> Q:
    places = ("script_uri", "script_name", "created_by", "cause", "state")
    said = Q(*((f"{place}__icontains", word) for place in places), _connector=Q.OR)
    if word.isascii() and word.isdigit() and len(word) < 19:
        said |= Q(pk=int(word))
    captures = ArgCapture.objects.filter(procedure=OuterRef("pk"))
    named = captures.annotate(given=Cast("kwargs", TextField()), listed=Cast("args", TextField()))
    return said | Q(Exists(named.filter(Q(given__icontains=word) | Q(listed__icontains=word))))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def filter_states() -> list[tuple[Any, str]]:
    """The states that can be chosen, with their words."""
    return [("", "All"), *((state.value, state.value) for state in _STATES)]
