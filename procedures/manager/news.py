"""What the records of a journal mean for the database."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oet.journal import DAMAGED, Record
from procedures.domain.errors import TransitionRefused
from procedures.domain.reported import functions_of
from procedures.domain.states import ProcedureState
from procedures.manager.sayings import Attached, Listening, Logged, Saying, Sayings, saying_of
from procedures.manager.texts import clean_json, clean_text, topic_of_script
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.supervision.story import Story, learn_quietly

log = logging.getLogger(__name__)

_STATES_OF_WORKERS = frozenset(
    {ProcedureState.IDLE, ProcedureState.LOADING, ProcedureState.INITIALISING, ProcedureState.READY}
)
"""The final states are decided by the manager, and RUNNING too but for an errand, which the worker begins by itself."""

_LATEST_TIME_S = 4e9
"""In the year 2096."""


@dataclass(frozen=True)
class Offer:
    """The script is loaded and offers these functions."""

    functions: list[Any]


@dataclass(frozen=True)
class Published:
    """The script published a message."""

    topic: str
    payload: Any
    at: datetime


Note = Move | Offer | Published | Saying | Attached | Logged | Listening


def notes_of(records: Iterable[Record], story: Story, procedure_id: int) -> list[Note]:
    """What is to be written down of `records`; `story` learns from them."""
    notes: list[Note] = []
    faults: list[str] = []
    for record in records:
        try:
            note = _note(record, story)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            faults.append(f"record {record.seq} of its journal is not as documented: {error!r:.300}")
        else:
            if note is not None:
                notes.append(note)
            learn_quietly(story, record)
    if faults:  # one line, however much rubbish a script has written there
        more = f"; likewise {len(faults) - 1} more" if len(faults) > 1 else ""
        log.warning("procedure %s: %s%s", procedure_id, faults[0], more)
    return notes


def write_notes(record: Recording, procedure_id: int, notes: Iterable[Note]) -> None:
    """Write notes into a recording; a transition that is not in the table is logged and left out."""
    sayings = Sayings(record, procedure_id)
    for note in notes:
        if isinstance(note, Offer):
            record.change(procedure_id, functions=note.functions)
        elif isinstance(note, Published):
            record.announce(note.topic, note.payload, procedure_id=procedure_id, at=note.at)
            sayings.published(note.topic, note.payload, note.at)
        elif not isinstance(note, Move):
            sayings.take(note)
        else:
            try:
                record.move(procedure_id, note)
            except TransitionRefused as refused:
                log.warning("%s It came from its journal and was left out.", refused)
    sayings.close()


def _note(record: Record, story: Story) -> Note | None:
    payload = record.payload
    if record.topic == DAMAGED:
        raise ValueError(payload["line"])
    if record.topic == "loaded":
        offered = clean_json(functions_of(payload))
        if not isinstance(offered, list):
            raise ValueError(offered["unusable"])
        return Offer(offered)
    at = _time_of(record)
    if record.topic == "event":
        message = clean_json(payload["payload"])
        return Published(
            topic_of_script(payload["topic"]), message if isinstance(message, dict) else {"value": message}, at
        )
    if record.topic == "began":
        return Move(ProcedureState.RUNNING, at, function=clean_text(str(payload["function"])[:200]))
    if record.topic == "state":
        return _move(ProcedureState(payload["state"]), at, story)
    return saying_of(record.topic, payload, at)


def _time_of(record: Record) -> datetime:
    """When it was written; ValueError for a time that cannot be: dates far away break arithmetic with them, and time zones."""
    if not 0.0 <= record.time < _LATEST_TIME_S:
        raise ValueError(f"its time is {record.time}")
    return datetime.fromtimestamp(record.time, UTC)


def _move(state: ProcedureState, at: datetime, story: Story) -> Move:
    if state not in _STATES_OF_WORKERS:
        raise ValueError(f"a worker cannot say that it is {state}")
    details: Mapping[str, Any] | None = None
    if state is ProcedureState.READY and story.returned is not None:
        details = clean_json({key: story.returned.get(key) for key in ("function", "result", "result_repr")})
    return Move(state, at, details=details)
