"""The actions of a script as the procedure's page shows them: a pure fold over the events of its latest run.

Topics and payloads are those of the action harness (`oet.harness`). Scripts may publish anything under any topic, so whatever
does not look like an event of the harness is passed over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

RUN_STARTED: Final = "script.run.started"
PHASE: Final = "script.phase"
ACTION_SKIPPED: Final = "script.action.skipped"
ACTION_STARTED: Final = "script.action.started"
ACTION_PROGRESS: Final = "script.action.progress"
ACTION_FINISHED: Final = "script.action.finished"
LISTENER_FAILED: Final = "script.listener.failed"
LISTENER_DONE: Final = "script.listener.done"
RUN_FINISHED: Final = "script.run.finished"

POST_FATAL: Final = "post_fatal"

TOPICS: Final = frozenset(
    {
        RUN_STARTED,
        PHASE,
        ACTION_SKIPPED,
        ACTION_STARTED,
        ACTION_PROGRESS,
        ACTION_FINISHED,
        LISTENER_FAILED,
        LISTENER_DONE,
        RUN_FINISHED,
    }
)
"""What the fold looks at."""


class ActionState(StrEnum):
    """Where an action stands."""

    DISABLED = "disabled"
    """Switched off when the run began; an earlier action may still switch it on."""
    PENDING = "pending"
    RUNNING = "running"
    SKIPPED = "skipped"
    """Its turn came, and it was switched off."""
    SUCCESS = "success"
    ERROR = "error"
    """It failed; the script went on."""
    FATAL = "fatal"
    CRASHED = "crashed"
    STOPPED = "stopped"
    LOST = "lost"
    """It ran when its process died."""


_MOST: Final = 1e300
_BY_STATUS: Final = {
    state.name: state
    for state in (
        ActionState.SUCCESS,
        ActionState.ERROR,
        ActionState.FATAL,
        ActionState.CRASHED,
        ActionState.STOPPED,
    )
}


@dataclass(frozen=True)
class ActionRow:
    """One action. Times are in seconds (Unix), `fraction` is from 0 to 1 or unknown."""

    name: str
    state: ActionState
    groups: tuple[str, ...] = ()
    fraction: float | None = None
    message: str = ""
    started_at: float | None = None
    duration_s: float | None = None
    error: str = ""
    return_value: str = ""


@dataclass(frozen=True)
class ListenerFailure:
    """A listener that raised."""

    phase: str
    listener: str
    error: str


@dataclass(frozen=True)
class ListenerCall:
    """A listener of `post_fatal` that had its turn; `at` is when it was over (Unix), `error` is empty if it went well."""

    listener: str
    at: float
    duration_s: float | None = None
    error: str = ""


@dataclass(frozen=True)
class ScriptRun:
    """The latest run of a script, as far as it has told."""

    run_id: str
    script: str
    rows: tuple[ActionRow, ...]
    started_at: float | None = None
    phase: str = ""
    phase_action: str = ""
    failures: tuple[ListenerFailure, ...] = ()
    post_fatal: tuple[ListenerCall, ...] = ()
    """Listeners that left things safe after a fatal error or a stop, in their order."""
    is_finished: bool = False
    exit_code: int | None = None
    worst_status: str = ""
    duration_s: float | None = None

    def row(self, name: str) -> ActionRow | None:
        """The row of an action."""
        return next((row for row in self.rows if row.name == name), None)


def fold(events: Iterable[tuple[str, Any]], *, is_process_gone: bool = False) -> ScriptRun | None:
    """The latest run out of (topic, payload) in the order of the journal; None if there was none."""
    run: ScriptRun | None = None
    for topic, payload in events:
        run = advance(run, topic, payload)
    return lost(run) if run is not None and is_process_gone else run


def advance(run: ScriptRun | None, topic: str, payload: Any) -> ScriptRun | None:
    """The run after one more event; events of earlier runs change nothing."""
    if topic not in TOPICS or not isinstance(payload, Mapping) or not isinstance(payload.get("run_id"), str):
        return run
    data = payload.get("data")
    data = data if isinstance(data, Mapping) else {}
    if topic == RUN_STARTED:
        return _started(payload, data)
    if run is None or payload["run_id"] != run.run_id:
        return run
    return _followed(run, topic, payload, data)


def lost(run: ScriptRun) -> ScriptRun:
    """The run of a process that is gone: what was running is lost, what was to come stays as it was."""
    rows = tuple(replace(row, state=ActionState.LOST) if row.state is ActionState.RUNNING else row for row in run.rows)
    return replace(run, rows=rows)


def _followed(run: ScriptRun, topic: str, payload: Mapping[str, Any], data: Mapping[str, Any]) -> ScriptRun:
    if topic == PHASE:
        return replace(run, phase=_text(payload.get("phase")), phase_action=_text(payload.get("action")))
    if topic == LISTENER_FAILED:
        failure = ListenerFailure(_text(payload.get("phase")), _text(data.get("listener")), _text(data.get("error")))
        return _called(replace(run, failures=(*run.failures, failure)), payload, data)
    if topic == LISTENER_DONE:
        return _called(run, payload, data)
    if topic == RUN_FINISHED:
        return _finished(run, data)
    rows = tuple(_advance_row(row, topic, data) if row.name == payload.get("action") else row for row in run.rows)
    return replace(run, rows=rows)


def _called(run: ScriptRun, payload: Mapping[str, Any], data: Mapping[str, Any]) -> ScriptRun:
    at = _number(payload.get("time"))
    if payload.get("phase") != POST_FATAL or at is None:
        return run
    call = ListenerCall(_text(data.get("listener")), at, _number(data.get("duration")), _text(data.get("error")))
    return replace(run, post_fatal=(*run.post_fatal, call))


def _started(payload: Mapping[str, Any], data: Mapping[str, Any]) -> ScriptRun:
    actions = data.get("actions")
    described = [a for a in actions if isinstance(a, Mapping)] if isinstance(actions, list | tuple) else []
    return ScriptRun(
        run_id=payload["run_id"],
        script=_text(payload.get("script")),
        rows=tuple(_new_row(action) for action in described if isinstance(action.get("name"), str)),
        started_at=_number(payload.get("time")),
    )


def _new_row(action: Mapping[str, Any]) -> ActionRow:
    groups = action.get("groups")
    return ActionRow(
        name=action["name"],
        state=ActionState.PENDING if action.get("enabled") else ActionState.DISABLED,
        groups=tuple(map(str, groups)) if isinstance(groups, list | tuple) else (),
    )


def _advance_row(row: ActionRow, topic: str, data: Mapping[str, Any]) -> ActionRow:
    if topic == ACTION_SKIPPED:
        return replace(row, state=ActionState.SKIPPED)
    if topic == ACTION_STARTED:
        started_at = _number(data.get("start_time"))
        return ActionRow(row.name, ActionState.RUNNING, row.groups, started_at=started_at)
    if topic == ACTION_PROGRESS:
        return replace(row, fraction=_number(data.get("fraction")), message=_text(data.get("message")))
    return replace(
        row,
        state=_BY_STATUS.get(_text(data.get("status_name")), ActionState.CRASHED),
        duration_s=_number(data.get("duration")),
        error=_text(data.get("error")),
        return_value=_text(data.get("return_value")),
    )


def _finished(run: ScriptRun, data: Mapping[str, Any]) -> ScriptRun:
    exit_code = data.get("exit_code")
    return replace(
        run,
        is_finished=True,
        phase="",
        phase_action="",
        exit_code=exit_code if isinstance(exit_code, int) else None,
        worst_status=_text(data.get("status_name")),
        duration_s=_number(data.get("duration")),
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MOST:
        return None
    return float(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
