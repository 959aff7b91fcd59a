"""The events that a script published, as its page lists them: the latest, or those around one that a link leads to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from procedures.domain.people import Actor
from procedures.happenings import published
from procedures.words import number, precise_clock

SHOWN = 100
_MAX_TEXT = 600


@dataclass(frozen=True)
class ShownEvent:
    """One event."""

    id: int
    at: str
    topic: str
    payload: str


@dataclass(frozen=True)
class ShownEvents:
    """Some of them, newest last; ids of where earlier and later ones begin."""

    rows: Sequence[ShownEvent]
    earlier: int | None
    is_latest: bool


def shown_events(request: HttpRequest, actor: Actor, procedure_id: int) -> ShownEvents:
    """What `?event=` of the address asks for, else the latest."""
    wanted = request.GET.get("event", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        before = published(actor, procedure_id, SHOWN // 2, before=int(wanted))
        found = before + published(actor, procedure_id, SHOWN // 2, after=int(wanted) - 1)
        has_earlier, is_latest = len(before) == SHOWN // 2, len(found) - len(before) < SHOWN // 2
    else:
        found = published(actor, procedure_id, SHOWN + 1)
        has_earlier, is_latest = len(found) > SHOWN, True
        found = found[-SHOWN:]
    rows = [ShownEvent(e.pk, precise_clock(e.at.timestamp()), e.topic, _text(e.payload)) for e in found]
    return ShownEvents(rows, rows[0].id if rows and has_earlier else None, is_latest)


def _text(payload: object) -> str:
    text = json.dumps(payload, ensure_ascii=False)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({number(len(text))} characters)"
