"""What a run tells: events, their types, the topics they have inside OET, and the bounds of what they carry."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from oet.harness.plain import cut, plain

RUN_STARTED = "run_started"
PHASE = "phase"
ACTION_SKIPPED = "action_skipped"
ACTION_STARTED = "action_started"
ACTION_PROGRESS = "action_progress"
ACTION_FINISHED = "action_finished"
CONFIG_CHANGED = "config_changed"
LISTENER_FAILED = "listener_failed"
LISTENER_DONE = "listener_done"
RUN_FINISHED = "run_finished"

TOPICS = {
    RUN_STARTED: "script.run.started",
    PHASE: "script.phase",
    ACTION_SKIPPED: "script.action.skipped",
    ACTION_STARTED: "script.action.started",
    ACTION_PROGRESS: "script.action.progress",
    ACTION_FINISHED: "script.action.finished",
    CONFIG_CHANGED: "script.config.changed",
    LISTENER_FAILED: "script.listener.failed",
    LISTENER_DONE: "script.listener.done",
    RUN_FINISHED: "script.run.finished",
}

MESSAGE_CHARACTERS = 500
ERROR_CHARACTERS = 2000
RETURN_VALUE_CHARACTERS = 200
DATA_BYTES = 4096

_BOUNDS = {"message": MESSAGE_CHARACTERS, "error": ERROR_CHARACTERS, "return_value": RETURN_VALUE_CHARACTERS}


@dataclass(frozen=True)
class Event:
    """`seq` counts 1, 2, ... in a run; `run_id` is new for every run; `index` is the 1-based place among all `total` actions."""

    type: str
    seq: int
    time: float
    script: str
    run_id: str
    phase: str | None = None
    action: str | None = None
    index: int | None = None
    total: int | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """All fields, as JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in dataclasses.fields(self)}


def bounded(data: dict[str, Any]) -> dict[str, Any]:
    """Data with its texts cut."""
    for name, characters in _BOUNDS.items():
        text = data.get(name)
        if isinstance(text, str) and len(text) > characters:
            data[name] = cut(text, characters)
    return data


def bounded_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """What an author passed along, as it is now; `{"truncated": True}` if it is more than 4 KiB of JSON."""
    if len(extra) < 10 and all(map(_is_small, extra.values())):
        return extra
    settled = plain(extra)
    size = len(json.dumps(settled, ensure_ascii=False).encode(errors="replace"))
    return settled if size <= DATA_BYTES else {"truncated": True}


def _is_small(value: Any) -> bool:
    """Certainly short as JSON, and nothing that could change later."""
    kind = type(value)
    if kind is str:
        return len(value) < 100
    return value is None or kind is bool or kind is float or (kind is int and -(2**63) < value < 2**63)
