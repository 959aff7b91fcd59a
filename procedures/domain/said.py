"""What a script has said about itself, as lists and pages show it: a pure fold over the records of its journal.

It is stored in `Procedure.said` and sent with every event that changes it, so nobody else needs to fold. Times are Unix seconds.
"""

from collections.abc import Mapping
from typing import Any, Final

from procedures.domain import actions

PROGRESS: Final = "progress"
STATUS: Final = "status"
CHECKPOINT: Final = "checkpoint"
COMMAND: Final = "command"
QUESTION: Final = "question"
ATTACHMENT: Final = "attachment"
ACTIONS: Final = "actions"

TOPICS: Final = frozenset({PROGRESS, STATUS, CHECKPOINT, COMMAND, QUESTION, ATTACHMENT})
"""Records of a journal that the fold looks at, beside events of the action harness."""

MAX_TEXT: Final = 500
MAX_NAME: Final = 200
MAX_OPEN_QUESTIONS: Final = 20
MAX_CHOICES: Final = 20

QUESTION_STATES: Final = frozenset({"asked", "answered", "timed_out", "withdrawn"})

Said = dict[str, Any]

_NOTHING: Final[Said] = {
    "progress": None,
    "status": None,
    "checkpoint": None,
    "pause": None,
    "questions": [],
    "actions": None,
    "attachments": 0,
}
_LONGEST_S: Final = 10 * 365 * 86400.0
_HIGHEST_NUMBER: Final = 1_000_000
_FAILURES: Final = frozenset({"ERROR", "FATAL", "CRASHED"})


def whole(said: Mapping[str, Any]) -> Said:
    """`said` with every key there is; nothing has been said under those that are None, empty or 0."""
    return {**_NOTHING, **said}


def advance(said: Mapping[str, Any], topic: str, payload: Any, at: float) -> Said:
    """What is said after one more record (its topic, or that of an event of the harness); `said` itself where it changes nothing.

    Raises KeyError, TypeError or ValueError where the payload is not as documented.
    """
    before = dict(said)
    if topic in actions.TOPICS:
        return _with_actions(before, topic, payload)
    fold = _FOLDS.get(topic)
    return fold(before, payload, at) if fold else before


def at_start(said: Mapping[str, Any]) -> Said:
    """What is left when a function starts: the progress of an earlier one is none of its business."""
    return dict(said) | {"progress": None, "status": None, "checkpoint": None, "actions": None}


def at_end(said: Mapping[str, Any]) -> Said:
    """What is left when the process is gone: nobody can answer or resume it any more."""
    return dict(said) | {"questions": [], "pause": None}


def _with_progress(said: Said, payload: Mapping[str, Any], at: float) -> Said:
    now = {"fraction": _fraction(payload["fraction"]), "message": _text(payload["message"]), "at": at}
    return said | {"progress": now}


def _with_status(said: Said, payload: Mapping[str, Any], at: float) -> Said:
    return said | {"status": {"text": _text(payload["text"]), "at": at}}


def _with_attachment(said: Said, payload: Mapping[str, Any], _at: float) -> Said:
    return said | {"attachments": int(payload["count"])}


def _at_checkpoint(said: Said, payload: Mapping[str, Any], at: float) -> Said:
    name = _text(payload["name"], MAX_NAME)
    said["checkpoint"] = {"name": name, "at": at}
    if payload["state"] == "paused":
        asked = said.get("pause") or {"by": ""}
        said["pause"] = {"state": "paused", "by": asked["by"], "at": at, "checkpoint": name}
    elif payload["state"] == "resumed":
        said["pause"] = None
    return said


def _asked_to_pause(said: Said, payload: Mapping[str, Any], at: float) -> Said:
    if payload["op"] == "RESUME":
        return said | {"pause": None}
    if payload["op"] != "PAUSE" or said.get("pause"):
        return said
    by = _text(payload.get("by", ""), MAX_NAME)
    return said | {"pause": {"state": "asked", "by": by, "at": at, "checkpoint": None}}


def _with_question(said: Said, payload: Mapping[str, Any], at: float) -> Said:
    number, state = int(payload["number"]), payload["state"]
    if not 0 < number <= _HIGHEST_NUMBER or state not in QUESTION_STATES:
        raise ValueError(f"question {number} {state}")
    questions = [asked for asked in said.get("questions", ()) if asked["number"] != number]
    if state == "asked":
        questions.append(described_question(payload, at))
    return said | {"questions": questions[-MAX_OPEN_QUESTIONS:]}


def described_question(payload: Mapping[str, Any], at: float) -> dict[str, Any]:
    """An open question as clients see it; `choices` is empty where any text will do."""
    timeout_s = payload["timeout_s"]
    return {
        "number": int(payload["number"]),
        "text": _text(payload["text"]),
        "choices": [_text(choice, MAX_NAME) for choice in list(payload["choices"])[:MAX_CHOICES]],
        "asked_at": at,
        "deadline_at": None if timeout_s is None or timeout_s > _LONGEST_S else at + max(0.0, float(timeout_s)),
    }


def _with_actions(said: Said, topic: str, payload: Any) -> Said:
    """How far a run of the action harness is; the page of the procedure folds the rows themselves (`domain.actions`).

    Scripts may publish anything under these topics, so whatever does not look like an event of the harness changes nothing.
    """
    if not isinstance(payload, Mapping) or not isinstance(payload.get("run_id"), str):
        return said
    data = payload.get("data")
    data = data if isinstance(data, Mapping) else {}
    run, now = payload["run_id"][:MAX_NAME], said.get("actions")
    if topic == actions.RUN_STARTED:
        listed, time = data.get("actions"), payload.get("time")
        return said | {
            "actions": {
                "run": run,
                "total": len(listed) if isinstance(listed, list | tuple) else 0,
                "done": 0,
                "failed": 0,
                "current": "",
                "fraction": 0.0,
                "at": time if isinstance(time, int | float) else None,
            }
        }
    if now is None or now["run"] != run:
        return said
    now = dict(now)
    _count_action(now, topic, payload, data)
    now["fraction"] = round(min(1.0, (now["done"] + now.pop("part", 0.0)) / max(1, now["total"])), 4)
    return said | {"actions": now}


def _count_action(now: dict[str, Any], topic: str, payload: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    match topic:
        case actions.ACTION_STARTED:
            now["current"] = _text(payload.get("action") or "", MAX_NAME)
        case actions.ACTION_PROGRESS:
            now["part"] = _fraction(data.get("fraction")) or 0.0
        case actions.ACTION_SKIPPED:
            now["done"] += 1
        case actions.ACTION_FINISHED:
            now["done"] += 1
            now["failed"] += str(data.get("status_name")) in _FAILURES
            now["current"] = ""
        case actions.RUN_FINISHED:
            now["current"] = ""


def _fraction(value: Any) -> float | None:
    """A number from 0 to 1, or None where nobody knows."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return min(1.0, max(0.0, float(value)))


def _text(value: Any, characters: int = MAX_TEXT) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= characters else text[: characters - 1] + "…"


_FOLDS: Final = {
    PROGRESS: _with_progress,
    STATUS: _with_status,
    CHECKPOINT: _at_checkpoint,
    COMMAND: _asked_to_pause,
    QUESTION: _with_question,
    ATTACHMENT: _with_attachment,
}
