"""Events of trials, errors of documents, as people read them in a terminal. Pure functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

TOPICS = ("task.statechange", "trial.statechange", "trial.script.statechange", "trial.script.kill", "trial.issue")
OVER = frozenset({"passed", "failed", "aborted", "defective"})
"""States in which a trial, or a task, ends."""
_KILLS = {
    "terminate_when": "is being ended: its terminate_when came true",
    "abort": "is being ended: the trial is aborted",
    "timeout": "is being ended: it is out of time",
}


def in_words(event: Mapping[str, Any], numbers: Mapping[int, str], width: int) -> str | None:
    """A line for an event of a task or trial; None where another one says the same. `numbers` has the names of trials by id."""
    said = event["payload"]
    match event["topic"]:
        case "trial.statechange":
            return _line(said, numbers.get(said["trial"], "trial"), _trial(said), width)
        case "trial.script.statechange":
            return _line(said, said["key"], _script(said), width)
        case "trial.script.kill":
            return _line(said, said["key"], _KILLS.get(said["kill"], said["kill"]), width)
        case "trial.issue":
            return _line(said, said["key"] or numbers.get(said["trial"], "trial"), _issue(said), width)
    return None


def problem(file: str, fault: Mapping[str, Any], kind: str = "error") -> str:
    """`night.yml:7: error: scripts.test.ignote_state: unknown property 'ignote_state'; did you mean 'ignore_state'?`."""
    where = f"{file}:{fault['line']}" if fault.get("line") else file
    path = f"{fault['path']}: " if fault.get("path") else ""
    hint = f"; {fault['hint']}" if fault.get("hint") else ""
    return f"{where}: {kind}: {path}{fault['message']}{hint}"


def span(seconds: float) -> str:
    """`0.42 s`, `12.3 s`, `4 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _line(said: Mapping[str, Any], name: str, words: str, width: int) -> str:
    return f"{clock(said['at'])}  {name:{width}}  {words}"


def clock(at: float) -> str:
    """The UTC time of day, with milliseconds."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]


def _trial(said: Mapping[str, Any]) -> str:
    words = str(said["to"])
    if said["to"] == "dispatching" and said.get("node"):
        words += f" on {said['node']}"
    if said["to"] == "aborting" and said.get("by"):
        words += f", by {said['by']}"
    if said.get("started_at") and said.get("finished_at"):
        words += f" after {span(said['finished_at'] - said['started_at'])}"
    return f"{words}: {said['error']}" if said.get("error") else words


def _script(said: Mapping[str, Any]) -> str:
    status, reason = said.get("exit_status"), str(said.get("reason") or "").partition("\n")[0]
    why = f"exit status {status}" if said["to"] == "failed" and status is not None else reason
    return f"{said['to']}: {why}" if why else str(said["to"])


def _issue(said: Mapping[str, Any]) -> str:
    more = str(said.get("description") or "")
    return f"{said['level']}: {said['title']}" + (f"; {more}" if more and more != said["title"] else "")
