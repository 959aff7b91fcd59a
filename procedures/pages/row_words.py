"""The words of a procedure in a list: what its record says, as people read it.

`static/js/records.js` makes the same words from a record; `tests/js/shown.json` holds both to it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from procedures.domain.states import FINAL, ProcedureState
from procedures.domain.usual import FEW
from procedures.pages.rows import Row
from procedures.words import age, countdown, duration, moment, rough, took

_QUIET_CAUSE = "main returned"


@dataclass(frozen=True)
class ShownRow:
    """A row beside its words, for a template."""

    row: Row
    shown: dict[str, str]


def shown(row: Row, now: float) -> dict[str, str]:
    """The words of a row at the time `now`."""
    ended = _took(row)
    running_since = row.started_at if row.state == ProcedureState.RUNNING else None
    return {
        "id": f"#{row.id}",
        "name": row.name,
        "folder": row.folder,
        "state": f"RUNNING {row.function}".strip() if row.state == ProcedureState.RUNNING else row.state,
        "arguments": row.arguments,
        "created": moment(row.created_at, now),
        "created_by": row.created_by,
        "started": moment(row.started_at, now) if row.started_at else "",
        "started_by": row.started_by,
        "elapsed": duration(now - running_since) if running_since else ended,
        "since": _since(row, now),
        "to_go": _to_go(row, now),
        "usual": f"usually {rough(row.usual_s)}" if row.usual_runs else _first_run(row),
        "usual_short": rough(row.usual_s) if row.usual_runs else _first_run(row),
        "range": _range(row),
        "commit": row.commit,
        "last_line": row.last_line,
        "last_age": f"{age(now - row.last_output_at)} ago" if row.last_output_at else "",
        "ended": moment(row.finished_at, now) if row.finished_at else "",
        "took": ended,
        "note": _note(row),
        "doing": _doing(row),
        "progress": _percent(row),
        "paused": _paused(row),
        "stopping": _stopping(row, now),
        "timeout": _timeout(row, now),
        "abort": f"abort of #{row.abort_of}" if row.abort_of else "",
        "aborted": f"aborted by #{row.aborted_by}" if row.aborted_by else "",
        "trial": f"trial {row.trial}" if row.trial else "",
    }


def with_words(rows: Iterable[Row], now: float) -> list[ShownRow]:
    """Each row beside its words."""
    return [ShownRow(row, shown(row, now)) for row in rows]


def _took(row: Row) -> str:
    """What failed before it ran took its preparation; what only waited until somebody stopped it took nothing."""
    if not row.finished_at:
        return ""
    if row.state == ProcedureState.STOPPED and not row.started_at:
        return "not started"
    return took(row.finished_at - (row.started_at or row.created_at))


def _since(row: Row, now: float) -> str:
    """What the large time says."""
    if row.finished_at:
        return f"{row.state} at {moment(row.finished_at, now)}"
    is_running = row.state == ProcedureState.RUNNING
    return f"running since {moment(row.started_at, now)}" if is_running and row.started_at else ""


def _to_go(row: Row, now: float) -> str:
    """Beside what it usually takes."""
    if row.usual_end is None or row.started_at is None:
        return ""
    elapsed = now - row.started_at
    if elapsed < row.usual_s:
        return f"about {rough(row.usual_s - elapsed)} to go"
    return "may end at any time" if elapsed <= row.usual_high_s else f"{rough(elapsed - row.usual_s)} longer than usual"


def _first_run(row: Row) -> str:
    return "first run" if row.usual_runs == 0 else ""


def _range(row: Row) -> str:
    """In which most of its runs lie."""
    if not row.usual_runs or row.usual_runs == 1:
        return "one run so far" if row.usual_runs else ""
    which = f"most of {row.usual_runs} runs" if row.usual_runs >= FEW else f"{row.usual_runs} runs"
    return f"{which} {rough(row.usual_low_s)} to {rough(row.usual_high_s)}"


def _stopping(row: Row, now: float) -> str:
    """That it is being stopped, by whom, and when that will be forced."""
    if row.stop_at is None or row.finished_at:
        return ""
    left = row.stop_at + (row.stop_grace_s or 0) - now
    by = f"by {row.stop_by or 'somebody'}"
    return f"stopping, {by}, kill in {countdown(left)}" if left > 0 else f"being killed, {by}"


def _timeout(row: Row, now: float) -> str:
    if row.deadline_at is None or row.finished_at or row.state == ProcedureState.UNKNOWN:
        return ""
    left = row.deadline_at - now
    return f"timeout in {countdown(left)}" if left > 0 else "out of time"


def _note(row: Row) -> str:
    """Why it is as it is, where that is worth a line."""
    if row.state == ProcedureState.RUNNING:
        return ""
    if row.state != ProcedureState.COMPLETE or row.cause != _QUIET_CAUSE:
        return row.cause
    actions = row.said.get("actions") or {}
    return f"{actions['failed']} of {actions['total']} actions did not succeed" if actions.get("failed") else ""


def fraction_of(row: Row) -> float | None:
    """How far it says it is, from 0 to 1; None where it says nothing, or has ended."""
    if row.state in FINAL:
        return None
    own = (row.said.get("progress") or {}).get("fraction")
    of_actions: float | None = (row.said.get("actions") or {}).get("fraction")
    return of_actions if own is None else float(own)


def _doing(row: Row) -> str:
    """What it says it is doing: its action, its words, its progress."""
    if row.state in FINAL:
        return ""
    actions, status, progress = (row.said.get(key) or {} for key in ("actions", "status", "progress"))
    current = f"{actions['current']}, {actions['done'] + 1} of {actions['total']}" if actions.get("current") else ""
    return " · ".join(filter(None, (current, status.get("text"), progress.get("message"))))


def _percent(row: Row) -> str:
    fraction = fraction_of(row)
    return "" if fraction is None else f"{math.floor(fraction * 100 + 0.5)}\N{NARROW NO-BREAK SPACE}%"


def _paused(row: Row) -> str:
    """That it waits at a checkpoint, or will."""
    pause = row.said.get("pause")
    if not pause or row.state in FINAL:
        return ""
    by = f"by {pause['by'] or 'somebody'}"
    return (
        f"paused at {pause['checkpoint']}, {by}"
        if pause["state"] == "paused"
        else f"will pause at its next checkpoint, asked {by}"
    )
