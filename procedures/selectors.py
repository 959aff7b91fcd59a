"""Finding procedures. Every query for a person goes through here, so that the permission is never forgotten."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import NoSuchProcedure
from procedures.domain.people import Actor, Right
from procedures.domain.said import whole
from procedures.domain.scripts import (
    EmbeddedStringScript,
    ExecutableScript,
    FileSystemScript,
    GitArgs,
    GitScript,
    ShellScript,
    script_to_json,
)
from procedures.domain.states import ProcedureState
from procedures.keyset import WINDOW, Cursor, Page, key_span, page_of
from procedures.models import ArgCapture, Event, Node, Procedure, ProcedureHistory
from procedures.narrowing import Narrowing, led_by_best

MAX_PAGE = 500
_TEXTS = frozenset({EmbeddedStringScript.script_type, ShellScript.script_type})


@dataclass(frozen=True)
class ProcedureFilter:
    """What a list of procedures is narrowed to."""

    states: Sequence[ProcedureState] = ()
    script: str = ""
    """Part of the script's URI."""
    text: str = ""
    """Part of the script's URI, the person or the cause."""
    who: str = ""
    since: datetime | None = None
    before_id: int | None = None
    after_id: int | None = None


def procedures_for(actor: Actor) -> QuerySet[Procedure]:
    """The procedures that `actor` may see; raises NotAllowed if that is none by right."""
    actor.require(Right.VIEW)
    return Procedure.objects.all()


def procedure_for(actor: Actor, procedure_id: int) -> Procedure:
    """One procedure; raises NoSuchProcedure."""
    try:
        return procedures_for(actor).get(pk=procedure_id)
    except (Procedure.DoesNotExist, OverflowError):
        raise NoSuchProcedure(procedure_id) from None


def find_procedures(actor: Actor, wanted: ProcedureFilter, size: int) -> Page[Procedure]:
    """At most `size` procedures: the newest, or those next to `before_id` or `after_id`.

    What no index answers is looked for among so many rows at a time; the page then says where to go on.
    """
    rows = procedures_for(actor).defer("script_body", "functions")
    narrowings = []
    if wanted.states:
        narrowings.append(Narrowing("state", tuple(state.value for state in wanted.states)))
    if wanted.who:
        narrowings.append(Narrowing("created_by", (wanted.who,)))
    narrowed, match = led_by_best(rows, narrowings, window=WINDOW)
    match = _parts(wanted) if match is None else match & _parts(wanted)
    if wanted.since:
        span = key_span(Procedure.objects.filter(created_at__gte=wanted.since))
        narrowed = narrowed.filter(pk__range=span) if span else narrowed.none()
        match &= Q(created_at__gte=wanted.since)
    cursor = Cursor(wanted.before_id, wanted.after_id)
    return page_of(narrowed, match or None, cursor, size=size, window=WINDOW)


def _parts(wanted: ProcedureFilter) -> Q:
    """What is looked for within texts."""
    match = Q(script_uri__icontains=wanted.script) if wanted.script else Q()
    if wanted.text:
        places = ("script_uri", "created_by", "cause")
        match &= Q(*((f"{place}__icontains", wanted.text) for place in places), _connector=Q.OR)
    return match


def procedures_in_environment(actor: Actor, environment_id: int, limit: int) -> list[Procedure]:
    """At most `limit` procedures that run or ran in the environment, the newest first."""
    rows = procedures_for(actor).only("script_name", "state", "created_by", "created_at", "finished_at")
    return list(rows.filter(environment_id=environment_id).order_by("-pk")[:limit])


def script_of(procedure: Procedure) -> ExecutableScript:
    """The script that the procedure's columns describe."""
    if procedure.script_type == FileSystemScript.script_type:
        return FileSystemScript(procedure.script_uri)
    if procedure.script_type == EmbeddedStringScript.script_type:
        return EmbeddedStringScript(procedure.script_body, procedure.script_name)
    if procedure.script_type == ShellScript.script_type:
        return ShellScript(procedure.script_body, procedure.script_name)
    options = procedure.script_options
    return GitScript(procedure.script_uri, GitArgs(**options["git_args"]), create_env=options["create_env"])


def inputs_of(captures: Iterable[ArgCapture]) -> dict[str, ProcedureInput]:
    """The latest arguments of each function."""
    return {capture.function: ProcedureInput(tuple(capture.args), capture.kwargs) for capture in captures}


def summaries(procedures: Sequence[Procedure], *, with_bodies: bool = True) -> list[dict[str, Any]]:
    """ProcedureSummary of each procedure, with two queries for all; `uri` is left to the entrance, which knows its own address."""
    ids = [procedure.pk for procedure in procedures]
    history: dict[int, list[ProcedureHistory]] = defaultdict(list)
    for row in (
        ProcedureHistory.objects.filter(procedure_id__in=ids).defer("details").order_by("procedure_id", "sequence")
    ):
        history[row.procedure_id].append(row)
    captures: dict[int, list[ArgCapture]] = defaultdict(list)
    for capture in ArgCapture.objects.filter(procedure_id__in=ids).order_by("id"):
        captures[capture.procedure_id].append(capture)
    return [summary(p, history[p.pk], inputs_of(captures[p.pk]), with_body=with_bodies) for p in procedures]


def summary(
    procedure: Procedure,
    history: Sequence[ProcedureHistory],
    inputs: dict[str, ProcedureInput],
    *,
    with_body: bool = True,
) -> dict[str, Any]:
    """What clients see of a procedure (design: ProcedureSummary)."""
    if with_body or procedure.script_type not in _TEXTS:
        script = script_to_json(script_of(procedure))
    else:
        script = {"script_type": procedure.script_type, "name": procedure.script_name}
    return {
        "id": procedure.pk,
        "script": script,
        "script_args": {function: call.as_json() for function, call in inputs.items()},
        "history": {
            "process_states": _process_states(history),
            "stacktrace": next((row.stacktrace for row in reversed(history) if row.stacktrace), None),
        },
        "state": procedure.state,
        "cause": procedure.cause,
        "created_by": procedure.created_by,
        "created_at": procedure.created_at.timestamp(),
        "started_at": _seconds(procedure.started_at),
        "finished_at": _seconds(procedure.finished_at),
        "node": procedure.node,
        "pid": procedure.pid,
        "environment": procedure.environment_id,
        "resources": procedure.resources,
        "timeout": procedure.timeout_s,
        "deadline_at": _seconds(procedure.deadline_at),
        "stopping": _stopping(procedure),
        "abort_of": procedure.abort_of_id,
        "part_of": procedure.part_of,
        "output": {"bytes": procedure.output_bytes, "lines": procedure.output_lines, "last_line": procedure.last_line},
        "said": whole(procedure.said),
    }


def _process_states(history: Sequence[ProcedureHistory]) -> list[list[Any]]:
    """State and time of each transition; RUNNING is numbered, as SKA's OET shows it."""
    states: list[list[Any]] = []
    runs = 0
    for row in history:
        name = row.state
        if name == ProcedureState.RUNNING:
            runs += 1
            name = f"{name} {runs}"
        states.append([name, row.at.timestamp()])
    return states


def _seconds(time: datetime | None) -> float | None:
    return time.timestamp() if time else None


def _stopping(procedure: Procedure) -> dict[str, Any] | None:
    if procedure.stop_asked_at is None:
        return None
    return {"by": procedure.stop_asked_by, "at": procedure.stop_asked_at.timestamp(), "grace": procedure.stop_grace_s}


def latest_event_id() -> int:
    """The cursor of whoever has seen everything."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def nodes() -> list[dict[str, Any]]:
    """Every node with the age of its heartbeat in seconds and what its manager says is wrong."""
    now = datetime.now(UTC)
    return [
        {
            "name": node.name,
            "heartbeat_at": node.heartbeat_at.timestamp(),
            "heartbeat_age_s": round(max(0.0, (now - node.heartbeat_at).total_seconds()), 3),
            "is_alive": (now - node.heartbeat_at).total_seconds() <= settings.OET.heartbeat_timeout,
            "problems": node.condition.get("problems", []),
            "condition": {
                **node.condition,
                "draining": node.draining_since is not None,
                "draining_by": node.draining_by,
            },
            "versions": node.versions,
        }
        for node in Node.objects.all()
    ]
