"""How one client reads on: each with a cursor of its own, so that nobody loses an event and nobody waits for the slowest."""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from channels.db import database_sync_to_async
from django.db import DatabaseError

from procedures.feed.encoded import MAX_EVENTS, Batch, Encoded, Wanted, batch, encode
from procedures.feed.reader import RECHECK_S, EventFeed, Listener
from procedures.models import Event
from procedures.selectors import latest_event_id

log = logging.getLogger(__name__)

COALESCE_S = 0.05
"""A client gets at most one batch in this time where there are many; the first at once."""
COALESCE_PER_CLIENT_S = 0.001
"""Fewer clients wait less: about what it costs to serve each of them once, so that the feed takes no more than its share."""

_READ_ROWS = 50
"""At a time: events may be large, and then few of them fill a message."""


@dataclass(frozen=True)
class Start:
    """Where a client begins to read."""

    cursor: int
    latest: int
    """The last event of the log; whoever begins before it has something to catch up with."""
    oldest: int
    """The oldest event that is kept; 0 if there is none."""
    was_reset: bool
    """The client's cursor was ahead of the log: this is not the database that it knew."""


@partial(database_sync_to_async, thread_sensitive=False)
def start_at(after: int | None) -> Start:
    """Where somebody begins whose cursor is `after`; None begins now."""
    latest = latest_event_id()
    oldest = Event.objects.order_by("pk").values_list("pk", flat=True).first() or 0
    was_reset = after is not None and after > latest
    return Start(latest if after is None or was_reset else after, latest, oldest, was_reset)


class Reading:
    """One client of the feed."""

    def __init__(self, feed: EventFeed, listener: Listener, cursor: int, wanted: Wanted) -> None:
        self._feed = feed
        self._listener = listener
        self._wanted = wanted
        self._next_at = 0.0
        self.cursor = cursor
        """The last event it has seen."""

    async def next(self, deadline: float) -> Batch | None:
        """The next events that it wants; None if there are none until `deadline` (monotonic)."""
        while (now := time.monotonic()) < deadline:
            if now < self._next_at:
                await asyncio.sleep(min(self._next_at, deadline) - now)
            elif (found := await self._read()) is None or found.cursor == self.cursor:
                await self._listener.wait(min(deadline - now, RECHECK_S))
            else:
                self.cursor = found.cursor
                if found.events:
                    self._next_at = time.monotonic() + min(COALESCE_S, COALESCE_PER_CLIENT_S * self._feed.clients)
                    return found
        return None

    async def _read(self) -> Batch | None:
        ring = self._feed.ring
        if ring is None:
            return None
        try:
            return ring.after(self.cursor, self._wanted) or await _page(self.cursor, ring.floor, self._wanted)
        except DatabaseError as error:
            log.warning("cannot read the event log for a client: %s; trying again", error)
            return None


@partial(database_sync_to_async, thread_sensitive=False)
def _page(cursor: int, floor: int, wanted: Wanted) -> Batch:
    """What follows `cursor` in the database."""
    rows = Event.objects.filter(pk__gt=cursor).order_by("pk")
    if wanted.procedure_id is not None:
        rows = rows.filter(procedure_id=wanted.procedure_id)
    read = 0
    last = cursor

    def events() -> Iterator[Encoded]:
        nonlocal read, last
        for row in rows[:MAX_EVENTS].iterator(chunk_size=_READ_ROWS):
            read, last = read + 1, row.pk
            yield encode(row)

    found = batch(events(), wanted, cursor)
    if read == MAX_EVENTS or found.cursor < last:
        return found
    # That was all. What lay between its last row and the floor is not wanted, or no longer kept.
    return Batch(found.events, max(found.cursor, floor))
