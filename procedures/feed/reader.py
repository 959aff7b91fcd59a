"""The thread that tails the event log for all clients of this process. It begins with the first and ends when none is left."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, connection

from procedures.bells import Bell, Role, keep_listening
from procedures.feed.encoded import encode
from procedures.feed.ring import Ring
from procedures.json_text import compact_json
from procedures.models import Event
from procedures.selectors import latest_event_id, nodes

log = logging.getLogger(__name__)

PAGE_EVENTS = 1000
NODES_S = 2.0
"""How often the nodes are looked at, once for all clients."""
LINGER_S = 10.0
BEGIN_S = 2.0
RECHECK_S = 1.0
PAUSE_S = 0.005
"""Between two reads, so that a burst of commits is read at once instead of one by one."""
NO_DATABASE = "the database does not answer"
FAILED = "OET's event feed failed; the reason is in the log of the web server"


@dataclass(frozen=True, eq=False)
class Listener:
    """Who waits for new events, and in which event loop."""

    loop: asyncio.AbstractEventLoop
    has_new: asyncio.Event

    async def wait(self, timeout_s: float) -> None:
        """Return when there is something new, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.has_new.wait()
        except TimeoutError:
            pass
        self.has_new.clear()


class EventFeed:
    """The reader of this process, and what it has read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._thread: threading.Thread | None = None
        self.ring: Ring | None = None
        """What was read; None as long as the reader has not begun."""
        self.nodes_json = "[]"
        """The nodes as they were at most NODES_S ago."""
        self.problem = ""
        """Why clients do not see what is true; empty while they do."""

    @property
    def is_reading(self) -> bool:
        """Whether the reader runs."""
        return self._thread is not None

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Be told of new events while the block lasts; to be used in an event loop."""
        listener = Listener(asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event feed", daemon=True)
                self._thread.start()
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    async def begun(self, listener: Listener) -> None:
        """Wait until the nodes are known, at most BEGIN_S."""
        deadline = time.monotonic() + BEGIN_S
        while self.ring is None and (left := deadline - time.monotonic()) > 0:
            await listener.wait(left)

    def _run(self) -> None:
        keep_listening(Role.WEB, self._read_on, self._has_failed)

    def _has_failed(self) -> bool:
        self.problem = FAILED
        return self._ends()

    def _ends(self) -> bool:
        """Whether nobody listens; then there is no reader from now on."""
        with self._lock:
            if self._listeners:
                return False
            self._thread, self.ring = None, None
            return True

    def _read_on(self, bell: Bell) -> None:
        nodes_at = 0.0
        wanted_at = time.monotonic()
        while True:
            now = time.monotonic()
            wanted_at = now if self._listeners else wanted_at
            if now - wanted_at > LINGER_S and self._ends():
                return
            try:
                if now >= nodes_at:
                    self.nodes_json, nodes_at = compact_json(nodes()), now + NODES_S
                has_new = self._read()
                self.problem = ""
            except DatabaseError as error:
                log.warning("cannot read the event log: %s; trying again", error)
                self.problem, has_new = NO_DATABASE, False
                connection.close()
            if has_new:
                self._wake()
                time.sleep(PAUSE_S)
            bell.wait(RECHECK_S)

    def _read(self) -> bool:
        """Put what is new into the ring; whether anything was."""
        if self.ring is None:
            self.ring = Ring(latest_event_id())
            return True
        has_new = False
        while rows := list(Event.objects.filter(pk__gt=self.ring.last).order_by("pk")[:PAGE_EVENTS]):
            self.ring.add([encode(row) for row in rows])
            has_new = True
            if len(rows) < PAGE_EVENTS:
                break
        return has_new

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for loop in {listener.loop for listener in listeners}:
            events = [listener.has_new for listener in listeners if listener.loop is loop]
            try:
                loop.call_soon_threadsafe(_set_all, events)
            except RuntimeError:
                log.debug("an event loop was closed with listeners in it")


def _set_all(events: list[asyncio.Event]) -> None:
    for event in events:
        event.set()


feed = EventFeed()
"""That of this process."""
