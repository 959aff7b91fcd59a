"""What scripts hear: events of the log, on their way into the scripts that listen to them, in the order of their ids, each once.

The log is the queue. A worker remembers the latest event it was given, and outlives the manager: whoever manages next asks it, and
reads on from there. So nothing is lost or told twice, whoever is killed in between.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from procedures.domain.overrides import TOPIC as OPERATOR
from procedures.models import Event
from procedures.overrides import values_in_force
from procedures.statements import Question
from procedures.supervision.control import WorkerUnreachable

if TYPE_CHECKING:
    from datetime import datetime

    from procedures.manager.context import Context
    from procedures.manager.live import LiveProcedure

log = logging.getLogger(__name__)

SUBSCRIBED_TOPIC = "procedure.subscribed"
_KEPT = 5000
"""Latest events kept in memory; who is further behind reads them from the database."""
_READ_AT_ONCE = 1000
_BATCH = 100
_BATCH_CHARACTERS = 1 << 20
_TELL_TIMEOUT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0
_STAND_IN = -1
_COLUMNS = ("id", "at", "topic", "procedure_id", "payload", "who")


class Heard(NamedTuple):
    """An event, as it goes to a script."""

    id: int
    at: "datetime"
    topic: str
    procedure: int | None
    payload: Mapping[str, Any]
    who: str

    def as_json(self) -> dict[str, Any]:
        """The form in which a worker takes it."""
        return {**self._asdict(), "at": self.at.timestamp()}


class Ears:
    """What one script listens to, and how far it has heard. Used by the event loop alone."""

    def __init__(self, procedure_id: int) -> None:
        self._id = procedure_id
        self._since: dict[str, int] = {}
        """Patterns, with the event by which the script said that it listens to them."""
        self.cursor: int | None = None
        """The latest event that it has heard, or that was not for it; None until its worker was asked."""
        self.due = asyncio.Event()

    def listen(self, topics: Iterable[str], event_id: int) -> None:
        """It listens to exactly these topics from this event on."""
        self._since = {topic: self._since.get(topic, event_id) for topic in topics}

    @property
    def is_listening(self) -> bool:
        """Whether it has said that it listens to anything."""
        return bool(self._since)

    def hears(self, event: Heard) -> bool:
        """Whether an event is for it: not what it said itself. What operators decide is for everybody."""
        if event.procedure == self._id:
            return False
        if _is_decision(event):
            return True
        return any(since < event.id and fnmatchcase(event.topic, pattern) for pattern, since in self._since.items())


class EventLog:
    """Reads the event log on, and knows the overrides as they are at its cursor."""

    def __init__(self) -> None:
        self.cursor = 0
        self.overrides: dict[str, Any] = {}
        self._recent: deque[Heard] = deque(maxlen=_KEPT)
        self._question: Question | None = None

    def begin(self) -> None:
        """Begin at the end of the log; in the database thread, before anything else."""
        self.cursor = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.overrides = values_in_force()

    def read(self, after: int) -> list[Heard]:
        """The events after one; in the database thread."""
        if self._question is None:
            rows = Event.objects.filter(pk__gt=_STAND_IN).order_by("pk").values_list(*_COLUMNS)
            self._question = Question(rows[:_READ_AT_ONCE], _STAND_IN)
        return [Heard(*row) for row in self._question.ask(after)]

    def learn(self, events: Sequence[Heard]) -> list[Heard]:
        """Take in what was read; what of it is new."""
        fresh = [event for event in events if event.id > self.cursor]
        for event in fresh:
            self._recent.append(event)
            self.cursor = event.id
            if event.topic.startswith(OPERATOR) and event.payload.get("name") in self.overrides:
                self.overrides[event.payload["name"]] = event.payload.get("value")
        return fresh

    def after(self, cursor: int) -> list[Heard] | None:
        """The events after one, from memory; None where they have to be read."""
        if cursor >= self.cursor:
            return []
        if not self._recent or self._recent[0].id > cursor + 1:
            return None
        return [event for event in self._recent if event.id > cursor]


def take_news(context: "Context", events: Sequence[Heard]) -> None:
    """Events were read: those who listen to them are to be told."""
    fresh = context.events.learn(events)
    for event in fresh:
        if event.topic == SUBSCRIBED_TOPIC and event.procedure is not None:
            live = context.procedures.get(event.procedure)
            if live is not None:
                live.ears.listen(_topics(event.payload), event.id)
    if fresh:
        decisions = list(filter(_is_decision, fresh))
        for live in context.procedures:
            _look(live, fresh, decisions)


def _is_decision(event: Heard) -> bool:
    """Whether it is an operator's, which is for everybody."""
    return event.topic.startswith(OPERATOR) and "name" in event.payload


def _look(live: "LiveProcedure", fresh: Sequence[Heard], decisions: Sequence[Heard]) -> None:
    """Most scripts listen to nothing, and there may be hundreds of them."""
    for_it = fresh if live.ears.is_listening else decisions
    if live.ears.cursor is None or live.ears.due.is_set() or any(map(live.ears.hears, for_it)):
        live.ears.due.set()
    elif live.ears.cursor >= fresh[0].id - 1:
        live.ears.cursor = fresh[-1].id


async def follow_events(context: "Context") -> None:
    """Read the log on whenever it may have grown, for ever."""
    while True:
        await context.events_due.wait()
        context.events_due.clear()
        while events := await context.database.read(lambda: context.events.read(context.events.cursor)):
            take_news(context, events)
            if len(events) < _READ_AT_ONCE:
                break


async def hear(context: "Context", live: "LiveProcedure") -> None:
    """Tell one script what it listens to, until it is gone."""
    pause_s = _FIRST_PAUSE_S
    gone = asyncio.ensure_future(live.process.gone.wait())
    try:
        while not live.process.gone.is_set():
            due = asyncio.ensure_future(live.ears.due.wait())
            await asyncio.wait({gone, due}, return_when=asyncio.FIRST_COMPLETED)
            due.cancel()
            live.ears.due.clear()
            if live.process.gone.is_set():
                return
            try:
                if not await _tell(context, live):
                    return
                pause_s = _FIRST_PAUSE_S
            except WorkerUnreachable:
                live.ears.due.set()
                await asyncio.wait({gone}, timeout=pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    finally:
        gone.cancel()


async def _tell(context: "Context", live: "LiveProcedure") -> bool:
    """Tell what is new; False where the worker is of a version that hears nothing. Raises WorkerUnreachable."""
    ears = live.ears
    if ears.cursor is None:
        answer = await live.process.tell({"op": "EVENTS", "events": []}, _TELL_TIMEOUT_S)
        if not answer.get("ok"):
            return False
        ears.cursor = int(answer["cursor"])
    while True:
        cursor = ears.cursor
        events = context.events.after(cursor)
        if events is None:
            events = await context.database.read(partial(context.events.read, cursor))
        if not events:
            return True
        for batch in _batches([event for event in events if ears.hears(event)]):
            answer = await live.process.tell({"op": "EVENTS", "events": batch}, _TELL_TIMEOUT_S)
            if not answer.get("ok"):
                log.error("procedure %s refused events: %s", live.id, answer.get("error"))
                return False
        ears.cursor = max(ears.cursor, events[-1].id)


def _batches(events: Sequence[Heard]) -> list[list[dict[str, Any]]]:
    """In pieces that fit into a request."""
    batches: list[list[dict[str, Any]]] = []
    characters = 0
    for event in events:
        described = event.as_json()
        size = len(json.dumps(described))
        if not batches or len(batches[-1]) == _BATCH or characters + size > _BATCH_CHARACTERS:
            batches.append([])
            characters = 0
        batches[-1].append(described)
        characters += size
    return batches


def subscriptions_of(procedure_ids: Sequence[int]) -> dict[int, list[tuple[int, list[str]]]]:
    """What the scripts of a predecessor have said that they listen to, oldest first; in the database thread."""
    found: dict[int, list[tuple[int, list[str]]]] = {}
    rows = Event.objects.filter(procedure_id__in=procedure_ids, topic=SUBSCRIBED_TOPIC).order_by("pk")
    for pk, procedure_id, payload in rows.values_list("pk", "procedure_id", "payload"):
        found.setdefault(procedure_id or 0, []).append((pk, _topics(payload)))
    return found


def _topics(payload: Mapping[str, Any]) -> list[str]:
    topics = payload.get("topics")
    return [topic for topic in topics if isinstance(topic, str)] if isinstance(topics, list) else []
