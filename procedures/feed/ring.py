"""The latest events in memory, where all clients that keep up read them."""

import threading
from bisect import bisect_right
from collections.abc import Sequence

from procedures.feed.encoded import Batch, Encoded, Wanted, batch

KEPT_EVENTS = 10_000
KEPT_CHARACTERS = 32 << 20
_READ_EVENTS = 1000


class Ring:
    """Every event above `floor`, in order. One thread adds, others read."""

    def __init__(self, floor: int) -> None:
        self._lock = threading.Lock()
        self._floor = floor
        self._ids: list[int] = []
        self._events: list[Encoded] = []
        self._characters = 0
        self._batches: dict[tuple[int, Wanted], Batch] = {}

    @property
    def floor(self) -> int:
        """Whoever has a cursor below this must read from the database."""
        return self._floor

    @property
    def last(self) -> int:
        """The cursor of whoever has seen everything."""
        return self._ids[-1] if self._ids else self._floor

    def add(self, events: Sequence[Encoded]) -> None:
        """Add what follows `last`, and forget the oldest once there are twice as many as are kept."""
        with self._lock:
            self._ids += [event.id for event in events]
            self._events += events
            self._characters += sum(len(event.text) for event in events)
            self._batches.clear()
            if len(self._ids) > 2 * KEPT_EVENTS or self._characters > 2 * KEPT_CHARACTERS:
                self._forget_oldest()

    def after(self, cursor: int, wanted: Wanted) -> Batch | None:
        """What follows `cursor`; nothing and the same cursor if there is nothing yet; None if the cursor is below the floor."""
        with self._lock:
            if cursor < self._floor:
                return None
            if (shared := self._batches.get((cursor, wanted))) is not None:
                return shared
            start = bisect_right(self._ids, cursor)
            found = batch(self._events[start : start + _READ_EVENTS], wanted, cursor)
            self._batches[cursor, wanted] = found
            return found

    def _forget_oldest(self) -> None:
        kept, characters = 0, 0
        for event in reversed(self._events[-KEPT_EVENTS:]):
            characters += len(event.text)
            if characters > KEPT_CHARACTERS:
                break
            kept += 1
        gone = len(self._ids) - kept
        self._floor = self._ids[gone - 1]
        del self._ids[:gone], self._events[:gone]
        self._characters = sum(len(event.text) for event in self._events)
