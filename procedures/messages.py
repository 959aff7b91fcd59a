"""Events that people and programs send to scripts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from procedures.domain.errors import InvalidInput
from procedures.domain.json_values import json_fault
from procedures.domain.messages import MAX_PAYLOAD_BYTES, topic_fault
from procedures.domain.people import Actor, Right
from procedures.models import Event
from procedures.overrides import OverrideService, declared
from procedures.recorder import recording


class MessageService:
    """Send events on behalf of one Actor. Raises NotAllowed, InvalidInput."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def publish(self, topic: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Write an event that every script with an ear for its topic will hear; the event.

        `operator.<override>.enable` and the like set the override, which needs the right to.
        """
        self.actor.require(Right.PUBLISH)
        override = declared().from_event(topic, payload)
        if fault := topic_fault(topic, is_override=override is not None):
            raise InvalidInput({"topic": fault})
        if fault := json_fault(payload):
            raise InvalidInput({"payload": fault})
        if len(json.dumps(payload).encode()) > MAX_PAYLOAD_BYTES:
            raise InvalidInput({"payload": f"has more than {MAX_PAYLOAD_BYTES} bytes of JSON."})
        if override is not None:
            OverrideService(self.actor).set(*override, said=payload)
            return _latest(topic, self.actor.name)
        now = datetime.now(UTC)
        with recording() as record:
            record.announce(topic, payload, at=now, who=self.actor.name)
        return _latest(topic, self.actor.name, at=now)


def _latest(topic: str, who: str, at: datetime | None = None) -> dict[str, Any]:
    """The event that was just written."""
    rows = Event.objects.filter(topic=topic, who=who)
    row = (rows.filter(at=at) if at else rows).latest("pk")
    return {
        "id": row.pk,
        "at": row.at.timestamp(),
        "topic": row.topic,
        "procedure": row.procedure_id,
        "payload": row.payload,
        "who": row.who,
    }
