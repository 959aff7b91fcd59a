"""ScriptExecutionService: what people and programs can ask for. Each call is one transaction and one true answer.

The service writes what it may write itself (a new Procedure in CREATING) and a Command, rings the ProcessManager, and waits for its answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from procedures.commanding import queue, wait_for_answer
from procedures.domain.arguments import ProcedureInput, subarray_ids
from procedures.domain.errors import AbortImpossible, NoAnswer, StopUnderWay, WrongState
from procedures.domain.people import Actor, Right
from procedures.domain.resources import resources_of
from procedures.domain.scripts import (
    EmbeddedStringScript,
    ExecutableScript,
    FileSystemScript,
    GitScript,
    ShellScript,
    script_to_json,
)
from procedures.domain.states import FINAL, ProcedureState
from procedures.git_scripts import check_git_script
from procedures.models import ArgCapture, Command, Procedure, ProcedureHistory
from procedures.nodes import node_for_work, require_manager
from procedures.recorder import recording
from procedures.script_files import resolve_script
from procedures.selectors import procedure_for, summaries, summary

WHEN_READY = "when_ready"
"""In the arguments of a start: it is held until its procedure is READY."""

_MAIN = "main"
_KILL_S = 25.0
"""How long the ladder may take after the grace period, until a script that cannot be confirmed dead is UNKNOWN."""


@dataclass(frozen=True)
class PrepareProcessCommand:
    """Prepare a script: load it and run its `init`."""

    script: ExecutableScript
    inputs: Mapping[str, ProcedureInput] = field(default_factory=dict)
    resources: Sequence[str] | None = None
    """What it claims while RUNNING; None follows OET_RESOURCES."""
    timeout_s: float | None = None
    """Seconds each of its functions may take, unless a start says otherwise; None: as long as they like."""
    is_started: bool = False
    """Start `main` with its prepared arguments as soon as the procedure is READY, if what it claims is free then; else it stays READY."""


@dataclass(frozen=True)
class StartProcessCommand:
    """Run one function of a prepared script."""

    procedure_id: int
    function: str = "main"
    call: ProcedureInput = field(default_factory=ProcedureInput)
    timeout_s: float | None = None
    """Seconds this run may take; None follows what the procedure was prepared with."""


@dataclass(frozen=True)
class StopProcessCommand:
    """End a script; then, perhaps, run the abort script for its subarray."""

    procedure_id: int
    grace_s: float | None = None
    """Seconds it has to tidy up; 0 kills at once; None follows OET_GRACE."""
    abort: bool = False


def actor_of(user: User | AnonymousUser) -> Actor:
    """The Actor that a user of Django is."""
    if user.is_active and user.is_superuser:
        return Actor(user.get_username(), frozenset(Right))
    granted = user.get_all_permissions() if user.is_active else set()
    return Actor(user.get_username(), frozenset(right for right in Right if right.value in granted))


class ScriptExecutionService:
    """Prepare, start, stop and summarise procedures on behalf of one Actor."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def prepare(self, command: PrepareProcessCommand) -> dict[str, Any]:
        """Create a procedure and have it prepared; its summary in CREATING. Raises InvalidInput, NoManager, NoAnswer, NotAllowed.

        With `is_started`, its start is asked for in the same transaction. The manager holds it until the procedure is READY; whether it
        was started then is told by events, and by the procedure's cause where it was not.
        """
        self.actor.require(Right.PREPARE)
        if command.is_started:
            self.actor.require(Right.START)
        path = _path_of(command.script)
        now = datetime.now(UTC)
        procedure = new_procedure(command, path=path, node=node_for_work(), who=self.actor.name, at=now)
        with recording() as record:
            record.create(procedure, command.inputs)
            queued = queue(self.actor, Command.Kind.PREPARE, procedure)
            if command.is_started:
                queue(self.actor, Command.Kind.START, procedure, _held_start(command))
        wait_for_answer(queued, settings.OET.reply_timeout)
        created = [ProcedureHistory(procedure=procedure, sequence=1, state=ProcedureState.CREATING.value, at=now)]
        return summary(procedure, created, dict(command.inputs))

    def start(self, command: StartProcessCommand) -> dict[str, Any]:
        """Run a function; the summary once it runs.

        Raises WrongState, ResourceHeld and the like (as Rejected where the manager found out), NoManager, NoAnswer, NotAllowed.
        """
        self.actor.require(Right.START)
        procedure = procedure_for(self.actor, command.procedure_id)
        if procedure.state in FINAL:
            raise WrongState(procedure.pk, procedure.state, "started", "Prepare it again.")
        if procedure.part_of:
            remedy = f"It is a script of trial {procedure.part_of['trial']}, which starts it by itself."
            raise WrongState(procedure.pk, procedure.state, "started by anybody else", remedy)
        node_for_work(procedure.node)
        arguments = {"function": command.function, **command.call.as_json(), "timeout_s": command.timeout_s}
        with recording():
            queued = queue(self.actor, Command.Kind.START, procedure, arguments)
        wait_for_answer(queued, settings.OET.reply_timeout)
        return self.summarise(procedure.pk)

    def stop(self, command: StopProcessCommand) -> dict[str, Any]:
        """Stop a procedure, whatever it does; the summary once nothing of it is left.

        With `abort`, everything the abort needs is checked before anything is stopped; raises AbortImpossible otherwise.
        """
        self.actor.require(Right.STOP)
        procedure = procedure_for(self.actor, command.procedure_id)
        if procedure.state in FINAL:
            raise WrongState(procedure.pk, procedure.state, "stopped", "There is nothing left to stop.")
        require_manager(procedure, "stopped")
        arguments: dict[str, Any] = {"grace": command.grace_s, "abort": command.abort}
        if command.abort:
            arguments["abort_procedure"] = _abort_procedure(procedure)
        with recording():
            queued = queue(self.actor, Command.Kind.STOP, procedure, arguments)
        grace_s = settings.OET.grace if command.grace_s is None else command.grace_s
        timeout_s = settings.OET.reply_timeout + grace_s + _KILL_S
        try:
            wait_for_answer(queued, timeout_s)
        except NoAnswer as late:
            procedure.refresh_from_db(fields=["state", "stop_asked_at"])
            if procedure.stop_asked_at is None or procedure.state in FINAL:
                raise
            raise StopUnderWay(procedure.pk, timeout_s) from late
        return self.summarise(procedure.pk)

    def summarise(self, procedure_id: int) -> dict[str, Any]:
        """The ProcedureSummary of one procedure; raises NoSuchProcedure, NotAllowed."""
        return summaries([procedure_for(self.actor, procedure_id)])[0]


def _held_start(command: PrepareProcessCommand) -> dict[str, Any]:
    call = command.inputs.get(_MAIN, ProcedureInput())
    return {"function": _MAIN, **call.as_json(), "timeout_s": None, WHEN_READY: True}


def new_procedure(
    command: PrepareProcessCommand, *, path: str, node: str, who: str, at: datetime, abort_of: Procedure | None = None
) -> Procedure:
    """The row of a procedure that is about to be created; nothing is written yet."""
    script = command.script
    resources = command.resources
    if resources is None:
        resources = resources_of(settings.OET.resources, command.inputs)
    return Procedure(
        script_type=script.script_type,
        script_uri=script.script_uri,
        script_name=script.name[:200],
        script_body=script.script_body if isinstance(script, EmbeddedStringScript | ShellScript) else "",
        script_options=_options_of(script),
        script_path=path,
        state=ProcedureState.CREATING.value,
        state_at=at,
        cause=f"abort of procedure {abort_of.pk}" if abort_of else "",
        node=node,
        resources=list(resources),
        timeout_s=command.timeout_s,
        created_by=who,
        created_at=at,
        abort_of=abort_of,
    )


def _path_of(script: ExecutableScript) -> str:
    if isinstance(script, GitScript):
        check_git_script(script)
        return ""  # its commit is looked for by the manager, which takes its time
    if isinstance(script, FileSystemScript):
        return str(resolve_script(script.path, settings.OET.script_root_paths))
    return ""


def _options_of(script: ExecutableScript) -> dict[str, Any]:
    if not isinstance(script, GitScript):
        return {}
    return {"git_args": asdict(script.git_args), "create_env": script.create_env}


def abort_subarray(procedure: Procedure) -> int | str:
    """The subarray that an abort of the procedure would be for; raises AbortImpossible."""
    if not settings.OET.abort_script:
        raise AbortImpossible(procedure.pk, "no abort script is set (OET_ABORT_SCRIPT)")
    captures = ArgCapture.objects.filter(procedure=procedure).order_by("id")
    calls = [(c.function, ProcedureInput(tuple(c.args), c.kwargs)) for c in captures]
    ids = subarray_ids(calls, procedure.functions)
    if len(ids) != 1:
        found = f"name several: {', '.join(sorted(map(str, ids)))}" if ids else "have no subarray_id"
        why = f"the arguments of procedure {procedure.pk} {found}, so it is not known what to abort"
        raise AbortImpossible(procedure.pk, why)
    return next(iter(ids))


def _abort_procedure(procedure: Procedure) -> dict[str, Any]:
    """What the abort will run, checked; raises AbortImpossible."""
    call = ProcedureInput(kwargs={"subarray_id": abort_subarray(procedure)})
    uri = settings.OET.abort_script
    script = FileSystemScript(uri if uri.startswith("file://") else f"file://{uri}")
    return {"script": script_to_json(script), "inputs": {"main": call.as_json()}}
