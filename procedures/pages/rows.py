"""What lists show of a procedure: the record that the browser goes on from, and its words.

`static/js/records.js` makes the same record from events and the same words from a record; `tests/js/shown.json` holds both to it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.db.models import Q

from procedures.domain.arguments import ProcedureInput, arguments_in_brief, key_facts
from procedures.domain.people import Actor
from procedures.domain.states import FINAL, ProcedureState
from procedures.domain.usual import FEW, Usual
from procedures.models import LIVE_STATES, ArgCapture, Procedure, ProcedureHistory
from procedures.selectors import inputs_of, procedures_for
from procedures.usual import ScriptKey, usual_durations
from procedures.words import age, countdown, duration, moment, rough, took

MAX_LIVE = 200
"""Live procedures that a page carries; the strip says so where there are more."""
MAX_RECENT = 25

_QUIET_CAUSE = "main returned"


@dataclass(frozen=True)
class Row:
    """A procedure as lists show it; times are Unix seconds. The empty one is the mould of rows that the browser makes."""

    id: int = 0
    name: str = ""
    folder: str = ""
    state: str = ""
    sequence: int = 0
    function: str = ""
    """What runs, where it is RUNNING."""
    arguments: str = ""
    facts: Sequence[Sequence[str]] = ()
    """Label and value of the arguments that matter most."""
    commit: str = ""
    """Of a script from git: `8f3c2a1 main`."""
    cause: str = ""
    node: str = ""
    abort_of: int | None = None
    aborted_by: int | None = None
    """The procedure that ran its abort."""
    trial: int | None = None
    """The trial that it is a script of, and the key that it has there."""
    script_key: str = ""
    created_at: float = 0.0
    created_by: str = ""
    started_at: float | None = None
    started_by: str = ""
    finished_at: float | None = None
    stop_at: float | None = None
    stop_by: str = ""
    stop_grace_s: float | None = None
    deadline_at: float | None = None
    """When what it does now is out of time."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """Progress, words, pause and open questions (`procedures.domain.said`)."""
    usual_runs: int | None = None
    """Past runs of the script that say how long it usually takes; None where that was not looked at."""
    usual_s: float = 0.0
    usual_low_s: float = 0.0
    usual_high_s: float = 0.0
    output_bytes: int = 0
    output_lines: int = 0
    last_line: str = ""
    last_output_at: float | None = None

    def as_record(self) -> dict[str, Any]:
        """The form in which it goes to the browser."""
        return dict(vars(self))  # `asdict` would copy everything in it, too: half of the time that a long list takes

    @property
    def section(self) -> str:
        """Which list it belongs to: running, prepared or recent."""
        return section_of(self.state)


@dataclass(frozen=True)
class ShownRow:
    """A row beside its words, for a template."""

    row: Row
    shown: dict[str, str]


def section_of(state: str) -> str:
    """Which list a procedure in this state belongs to: running, prepared or recent."""
    if state == ProcedureState.RUNNING:
        return "running"
    return "recent" if state in FINAL or state == ProcedureState.UNKNOWN else "prepared"


def live_rows(actor: Actor) -> list[Row]:
    """The procedures that may have a process, oldest first, at most MAX_LIVE of the newest; not what waits in a trial for its turn."""
    waiting = Q(state=ProcedureState.CREATING.value, part_of__isnull=False)
    return _rows(_listed(actor).filter(state__in=LIVE_STATES).exclude(waiting)[:MAX_LIVE])


def rows_of(procedures: Iterable[Procedure], *, with_usual: bool = True) -> list[Row]:
    """These procedures, oldest first; how long they usually take is looked up only where it is shown."""
    return _rows(procedures, with_usual=with_usual)


def row_of(procedure: Procedure) -> Row:
    """One procedure."""
    return _rows([procedure])[0]


def shown(row: Row, now: float) -> dict[str, str]:
    """The words of a row at the time `now`."""
    ended = took(row.finished_at - (row.started_at or row.created_at)) if row.finished_at else ""
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


def folder_of(uri: str) -> str:
    """The folder that the script lies in, as people tell equal names apart: `imaging/`."""
    if "://" not in uri:
        return ""
    parent = PurePosixPath(unquote(uri.split("://", 1)[1])).parent.name
    return f"{parent}/" if parent else ""


def _since(row: Row, now: float) -> str:
    """What the large time says."""
    if row.finished_at:
        return f"{row.state} at {moment(row.finished_at, now)}"
    is_running = row.state == ProcedureState.RUNNING
    return f"running since {moment(row.started_at, now)}" if is_running and row.started_at else ""


def _to_go(row: Row, now: float) -> str:
    """Beside what it usually takes."""
    if row.state != ProcedureState.RUNNING or row.function != "main" or not row.usual_runs or not row.started_at:
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


def _listed(actor: Actor) -> Any:
    return procedures_for(actor).defer("script_body", "functions").order_by("-pk")


def _rows(procedures: Iterable[Procedure], *, with_usual: bool = True) -> list[Row]:
    found = sorted(procedures, key=lambda procedure: procedure.pk)
    ids = [procedure.pk for procedure in found]
    inputs = _inputs(ids)
    starts = _starts(ids)
    aborts = dict(Procedure.objects.filter(abort_of__in=ids).order_by("pk").values_list("abort_of_id", "pk"))
    usual = usual_durations(_key(procedure) for procedure in found) if with_usual else {}
    return [_row(p, inputs.get(p.pk, {}), starts.get(p.pk), aborts.get(p.pk), usual.get(_key(p))) for p in found]


def _key(procedure: Procedure) -> ScriptKey:
    return ScriptKey.of(procedure.script_name, procedure.script_uri, procedure.script_options)


def commit_of(options: Mapping[str, Any]) -> str:
    """The commit of a script from git, as people speak of it: `8f3c2a1 main`; empty until it is known, and for other scripts."""
    args = options.get("git_args") or {}
    return f"{(args.get('git_commit') or '')[:7]} {args.get('git_branch') or ''}".strip()


def _row(
    procedure: Procedure,
    inputs: Mapping[str, ProcedureInput],
    start: ProcedureHistory | None,
    aborted_by: int | None,
    usual: Usual | None,
) -> Row:
    is_running = procedure.state == ProcedureState.RUNNING
    return Row(
        id=procedure.pk,
        name=procedure.script_name,
        folder=folder_of(procedure.script_uri),
        state=procedure.state,
        sequence=procedure.sequence,
        function=start.function if start and is_running else "",
        arguments=arguments_in_brief(inputs),
        facts=key_facts(inputs, settings.OET.key_arguments),
        commit=commit_of(procedure.script_options),
        cause=procedure.cause,
        node=procedure.node,
        abort_of=procedure.abort_of_id,
        aborted_by=aborted_by,
        trial=(procedure.part_of or {}).get("trial"),
        script_key=(procedure.part_of or {}).get("key", ""),
        created_at=procedure.created_at.timestamp(),
        created_by=procedure.created_by,
        started_at=_seconds(procedure.started_at),
        started_by=start.who if start else "",
        finished_at=_seconds(procedure.finished_at),
        stop_at=_stop_at(procedure),
        stop_by=procedure.stop_asked_by,
        stop_grace_s=procedure.stop_grace_s,
        deadline_at=_seconds(procedure.deadline_at),
        said=procedure.said,
        usual_runs=usual.runs if usual else None,
        usual_s=usual.median_s if usual else 0.0,
        usual_low_s=usual.low_s if usual else 0.0,
        usual_high_s=usual.high_s if usual else 0.0,
        output_bytes=procedure.output_bytes,
        output_lines=procedure.output_lines,
        last_line=procedure.last_line,
        last_output_at=_seconds(procedure.last_output_at),
    )


def _stop_at(procedure: Procedure) -> float | None:
    """When the stop that is under way was asked for; one that ended in UNKNOWN is over."""
    asked_at = procedure.stop_asked_at
    is_over = procedure.state == ProcedureState.UNKNOWN and asked_at is not None and asked_at <= procedure.state_at
    return None if is_over else _seconds(asked_at)


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None


def _inputs(ids: Sequence[int]) -> dict[int, dict[str, ProcedureInput]]:
    """With what each procedure was called."""
    captures: dict[int, list[ArgCapture]] = {}
    for capture in ArgCapture.objects.filter(procedure_id__in=ids).order_by("id"):
        captures.setdefault(capture.procedure_id, []).append(capture)
    return {procedure_id: inputs_of(group) for procedure_id, group in captures.items()}


def _starts(ids: Sequence[int]) -> dict[int, ProcedureHistory]:
    """The latest RUNNING of each procedure: what ran, and who started it."""
    running = ProcedureHistory.objects.filter(procedure_id__in=ids, state=ProcedureState.RUNNING.value)
    return {
        h.procedure_id: h for h in running.only("procedure_id", "function", "who").order_by("procedure_id", "sequence")
    }
