"""What lists show of a procedure: the record that the browser goes on from; its words are in `row_words`.

`static/js/records.js` makes the same record from events; `tests/js/shown.json` holds both to it.
"""

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
from procedures.domain.usual import Usual
from procedures.models import LIVE_STATES, ArgCapture, Procedure, ProcedureHistory
from procedures.selectors import inputs_of, procedures_for
from procedures.usual import ScriptKey, usual_durations

MAX_LIVE = 200
"""Live procedures that a page carries; the strip says so where there are more."""
MAX_RECENT = 25


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
    def usual_end(self) -> float | None:
        """When it will have taken as long as it usually does, Unix seconds; None where nobody knows."""
        if (
            self.state != ProcedureState.RUNNING
            or self.function != "main"
            or not self.usual_runs
            or not self.started_at
        ):
            return None
        return self.started_at + self.usual_s

    @property
    def section(self) -> str:
        """Which list it belongs to: running, prepared or recent."""
        return section_of(self.state)


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


def folder_of(uri: str) -> str:
    """The folder that the script lies in, as people tell equal names apart: `imaging/`."""
    if "://" not in uri:
        return ""
    parent = PurePosixPath(unquote(uri.split("://", 1)[1])).parent.name
    return f"{parent}/" if parent else ""


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
