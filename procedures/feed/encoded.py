"""Events as clients get them, encoded once for all; and which of them a client wants."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from procedures.json_text import compact_json
from procedures.models import Event

MAX_EVENTS = 500
MAX_CHARACTERS = 1 << 20
"""Of one message; a single event may be longer."""
MAX_EVENT_CHARACTERS = 1 << 21
"""Of one event; the payload of a longer one is left out, and read with the procedure's history or output instead."""


class Encoded(NamedTuple):
    """An event, and its JSON."""

    id: int
    topic: str
    procedure_id: int | None
    text: str


@dataclass(frozen=True)
class Wanted:
    """What a client wants to see: topics as globs (none: every topic), and perhaps of one procedure only."""

    topics: tuple[str, ...] = ()
    procedure_id: int | None = None

    def includes(self, event: Encoded) -> bool:
        """Whether it wants this event."""
        if self.procedure_id is not None and event.procedure_id != self.procedure_id:
            return False
        return not self.topics or any(fnmatchcase(event.topic, topic) for topic in self.topics)


@dataclass(frozen=True)
class Batch:
    """Events that follow each other, and the cursor of whoever has seen them."""

    events: tuple[Encoded, ...]
    cursor: int
    """It moves on also where there was nothing that the client wants."""

    @cached_property
    def frame(self) -> str:
        """The websocket message; made once for all clients that get the same batch."""
        events = ",".join(event.text for event in self.events)
        return f'{{"type":"events","cursor":{self.cursor},"events":[{events}]}}'


def encode(event: Event) -> Encoded:
    """The form in which every client gets `event`."""
    shown = {
        "id": event.pk,
        "at": event.at.timestamp(),
        "topic": event.topic,
        "procedure": event.procedure_id,
        "payload": event.payload,
    }
    if event.who:
        shown["who"] = event.who
    text = compact_json(shown)
    if len(text) > MAX_EVENT_CHARACTERS:
        text = compact_json(shown | {"payload": {"left_out_characters": len(text)}})
    return Encoded(event.pk, event.topic, event.procedure_id, text)


def batch(events: Iterable[Encoded], wanted: Wanted, cursor: int) -> Batch:
    """What `wanted` includes of `events`, which follow `cursor`; cut where it would become too long for one message."""
    chosen: list[Encoded] = []
    characters = 0
    for event in events:
        if wanted.includes(event):
            characters += len(event.text)
            if chosen and (characters > MAX_CHARACTERS or len(chosen) == MAX_EVENTS):
                break
            chosen.append(event)
        cursor = event.id
    return Batch(tuple(chosen), cursor)
