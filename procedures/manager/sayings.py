"""What a script has said about itself (progress, words, pauses, questions, attachments, log records), into the database.

What changes often (progress, words) is announced once for all records that were read together: a flood costs one event a turn.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oet import attachments
from procedures.domain import actions, said
from procedures.manager.hearing import SUBSCRIBED_TOPIC
from procedures.manager.texts import clean_json, clean_text
from procedures.models import Attachment, LogRecord, Question
from procedures.recorder import Recording

TOPIC = "procedure."
_MAX_LOG_CHARACTERS = 20_000
_MAX_LEVEL = 1000
_BRIEF_CHARACTERS = 300
_OCTETS = "application/octet-stream"
_COALESCED = frozenset({said.PROGRESS, said.STATUS, said.CHECKPOINT})


@dataclass(frozen=True)
class Saying:
    """Something that `domain.said` folds: the record's topic and payload."""

    topic: str
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class Attached:
    """The script attached something; `count` is how many attachments it has."""

    name: str
    media_type: str
    data: bytes
    count: int
    at: datetime


@dataclass(frozen=True)
class Logged:
    """The script logged something."""

    level: int
    level_name: str
    logger: str
    message: str
    at: datetime


@dataclass(frozen=True)
class Listening:
    """The script listens to events under these topics from now on."""

    topics: list[str]
    at: datetime


def saying_of(topic: str, payload: Any, at: datetime) -> Saying | Attached | Logged | Listening | None:
    """The note of a record, or None if there is nothing to note. Raises KeyError, TypeError, ValueError where it is not as documented."""
    match topic:
        case said.ATTACHMENT:
            kind = payload["media_type"]
            return Attached(
                clean_text(str(payload["name"]))[: attachments.NAME_CHARACTERS],
                kind if kind in attachments.MEDIA_TYPES else _OCTETS,
                base64.b64decode(payload["data"], validate=True),
                int(payload["count"]),
                at,
            )
        case "log":
            return Logged(
                max(0, min(_MAX_LEVEL, int(payload["number"]))),
                clean_text(str(payload["level"]))[:40],
                clean_text(str(payload["logger"]))[:200],
                clean_text(str(payload["message"]))[:_MAX_LOG_CHARACTERS],
                at,
            )
        case "subscribed":
            return Listening([clean_text(str(pattern)) for pattern in payload["topics"]], at)
        case said.COMMAND if payload["op"] not in {"PAUSE", "RESUME"}:
            return None
        case _ if topic in said.TOPICS:
            cleaned = clean_json(payload)
            said.advance({}, topic, cleaned, at.timestamp())  # raises here, where it is only logged
            return Saying(topic, cleaned, at)
    return None


class Sayings:
    """Writes what one reading of a journal has brought into a recording; `close` announces what was left for the end."""

    def __init__(self, record: Recording, procedure_id: int) -> None:
        self._record = record
        self._id = procedure_id
        self._due: dict[str, datetime] = {}
        """Topics to be announced at the end, with the time of their latest news."""
        self._log_count = 0
        self._loudest: Logged | None = None

    def take(self, note: Saying | Attached | Logged | Listening) -> None:
        """Write a note down."""
        match note:
            case Saying():
                self._say(note)
            case Attached():
                self._attach(note)
            case Logged():
                self._log(note)
            case Listening():
                told = {"topics": note.topics}
                self._record.announce(SUBSCRIBED_TOPIC, told, procedure_id=self._id, at=note.at)

    def published(self, topic: str, payload: Any, at: datetime) -> None:
        """A message of the script; those of the action harness tell how far it is."""
        if topic in actions.TOPICS and isinstance(payload, Mapping):
            self._fold(topic, payload, at)
            self._due[said.ACTIONS] = at

    def close(self) -> None:
        """Announce what was left for the end."""
        for what, at in self._due.items():
            self._announce(what, at, {"said": self._said})
        if self._loudest is not None:
            loudest = self._loudest
            told = {"count": self._log_count, "level": loudest.level_name, "logger": loudest.logger}
            self._announce("log", loudest.at, {**told, "message": loudest.message[:_BRIEF_CHARACTERS]})

    @property
    def _said(self) -> said.Said:
        return said.whole(self._record.procedure(self._id).said)

    def _fold(self, topic: str, payload: Mapping[str, Any], at: datetime) -> None:
        now = said.advance(self._record.procedure(self._id).said, topic, payload, at.timestamp())
        self._record.change(self._id, said=now)

    def _say(self, note: Saying) -> None:
        self._fold(note.topic, note.payload, note.at)
        if note.topic == said.QUESTION:
            self._ask(note)
        elif note.topic == said.COMMAND or (note.topic == said.CHECKPOINT and note.payload["state"] != "passed"):
            self._announce("pause", note.at, {"said": self._said})
        elif note.topic in _COALESCED:
            self._due[note.topic] = note.at

    def _ask(self, note: Saying) -> None:
        payload, number = note.payload, int(note.payload["number"])
        told: dict[str, Any] = {"number": number, "state": payload["state"]}
        if payload["state"] == Question.State.ASKED:
            asked = said.described_question(payload, note.at.timestamp())
            told |= asked
            self._record.ask(
                Question(
                    procedure_id=self._id,
                    number=number,
                    text=asked["text"],
                    choices=asked["choices"],
                    asked_at=note.at,
                    deadline_at=datetime.fromtimestamp(asked["deadline_at"], UTC) if asked["deadline_at"] else None,
                )
            )
        else:
            answer, by = str(payload.get("answer") or ""), str(payload.get("by") or "")[:150]
            told |= {"answer": answer, "by": by}
            self._record.close_question(
                self._id, number, state=payload["state"], answer=answer, answered_by=by, closed_at=note.at
            )
        self._announce("question", note.at, {"question": told, "said": self._said})

    def _attach(self, note: Attached) -> None:
        self._fold(said.ATTACHMENT, {"count": note.count}, note.at)
        self._record.attach(
            Attachment(
                procedure_id=self._id,
                name=note.name,
                media_type=note.media_type,
                at=note.at,
                size=len(note.data),
                data=note.data,
            )
        )
        told = {"name": note.name, "media_type": note.media_type, "bytes": len(note.data), "at": note.at.timestamp()}
        self._announce("attachment", note.at, {"attachment": told, "said": self._said})

    def _log(self, note: Logged) -> None:
        self._record.log(
            LogRecord(
                procedure_id=self._id,
                at=note.at,
                level=note.level,
                level_name=note.level_name,
                logger=note.logger,
                message=note.message,
            )
        )
        self._log_count += 1
        if self._loudest is None or note.level >= self._loudest.level:
            self._loudest = note

    def _announce(self, what: str, at: datetime, told: Mapping[str, Any]) -> None:
        self._record.announce(TOPIC + what, told, procedure_id=self._id, at=at)
