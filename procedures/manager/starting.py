"""The command start: one transaction that decides and claims; then the worker is told, once and only once."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from procedures.claims import SITE
from procedures.domain.arguments import ProcedureInput, call_fault
from procedures.domain.errors import InvalidInput, NoSuchFunction, Refusal, WrongState
from procedures.domain.states import FINAL, ProcedureState
from procedures.manager.context import Context
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure, StartOrder
from procedures.models import Command, Procedure
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.service import WHEN_READY
from procedures.supervision.control import WorkerUnreachable
from procedures.supervision.launcher_link import LauncherUnreachable, Refused, StillAlive
from procedures.supervision.script_process import NoProcess
from procedures.supervision.story import Story, story_until

log = logging.getLogger(__name__)

START_REFUSED_TOPIC = "procedure.start.refused"

_S = ProcedureState
NOT_READY_YET = frozenset({_S.CREATING, _S.PREP_ENV, _S.IDLE, _S.LOADING, _S.INITIALISING})
_TELL_TIMEOUT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


async def start(context: Context, live: LiveProcedure, command: QueuedCommand) -> None:
    """Start a function, or reject the command with the reason."""
    if _is_held(live, command):
        live.held_start = command
        return
    order = await context.database.write(
        lambda record: decide(record, live.story, command), [command.procedure_id], is_fresh=True
    )
    if order is not None:
        await run(context, live, order)


def _is_held(live: LiveProcedure, command: QueuedCommand) -> bool:
    """Whether it waits until the procedure is READY: an abort, and whatever was prepared to be started at once."""
    is_wanted = live.abort_of is not None or bool(command.arguments.get(WHEN_READY))
    return is_wanted and not live.was_ready and live.held_start is None


async def start_held(context: Context, live: LiveProcedure, held: QueuedCommand) -> None:
    """Start what is READY now. From here on it has as long as any other start; that its preparation took its time is no fault."""
    if held.arguments.get(WHEN_READY):
        held = replace(held, expires_at=datetime.now(UTC) + timedelta(seconds=context.settings.reply_timeout_s))
    await start(context, live, held)


def decide(record: Recording, story: Story, command: QueuedCommand) -> StartOrder | None:
    """Move the procedure to RUNNING and answer the command; None where it was rejected."""
    try:
        order = _order(record, story, command)
    except Refusal as refusal:
        record.answer(command.id, Command.State.REJECTED, reason=str(refusal), refusal=refusal.code)
        if command.arguments.get(WHEN_READY):
            announce_refused_start(record, command, refusal)
        return None
    record.answer(command.id, Command.State.DONE)
    return order


def announce_refused_start(record: Recording, command: QueuedCommand, refusal: Refusal) -> None:
    """Nobody waits for the answer to a start that was held until its procedure was READY: so it is said aloud, and stays with it."""
    words = f"not started: {refusal}"
    record.change(command.procedure_id, cause=words)
    said = {"cause": words, "reason": str(refusal), "code": refusal.code, "who": command.issued_by}
    record.announce(START_REFUSED_TOPIC, said, procedure_id=command.procedure_id)


def _order(record: Recording, story: Story, command: QueuedCommand) -> StartOrder:
    arguments, now = command.arguments, datetime.now(UTC)
    function = str(arguments["function"])
    call = ProcedureInput(tuple(arguments.get("args", ())), arguments.get("kwargs", {}))
    procedure = record.procedure(command.procedure_id)
    _require_ready(procedure, story)
    described = story.offered(function)
    if described is None:
        raise NoSuchFunction(procedure.pk, function, story.names)
    if fault := call_fault(described, call):
        raise InvalidInput({f"script_args.{function}": fault})
    resources = arguments.get("resources")
    names = procedure.resources if resources is None else resources
    record.claim(procedure.pk, SITE, names, now)
    record.capture(procedure.pk, function, call, now)
    changes = {} if resources is None else {"resources": list(names)}
    record.move(
        procedure.pk,
        Move(
            _S.RUNNING,
            now,
            who=command.issued_by,
            function=function,
            changes=changes,
            timeout_s=arguments.get("timeout_s"),
        ),
    )
    return StartOrder(command.id, function, call, command.expires_at, command.issued_by)


def _require_ready(procedure: Procedure, story: Story) -> None:
    state = ProcedureState(procedure.state)
    if state is _S.READY and not story.has_main_returned:
        return
    if state in NOT_READY_YET:
        remedy = "It is not prepared yet: wait until it is READY."
    elif state is _S.RUNNING:
        remedy = "It runs already: wait until it is READY again, or stop it."
    elif state is _S.UNKNOWN:
        remedy = "It could not be confirmed dead: stop it again, and look at its node."
    elif state in FINAL:
        remedy = "Prepare it again."
    else:
        remedy = "Its main has returned and it is about to end: prepare it again."
    raise WrongState(procedure.pk, state, "started", remedy)


async def run(context: Context, live: LiveProcedure, order: StartOrder) -> None:
    """Tell the worker to run, until it has taken it. A worker that does not take it in time is killed: nothing is started late."""
    pause_s, words = _FIRST_PAUSE_S, ""
    call = {
        "function": order.function,
        "args": list(order.call.args),
        "kwargs": dict(order.call.kwargs),
        "by": order.by,
    }
    while not live.process.gone.is_set() and datetime.now(UTC) < order.expires_at:
        try:
            answer = await live.process.tell({"op": "RUN", "command": order.command_id, **call}, _TELL_TIMEOUT_S)
        except WorkerUnreachable as error:
            words = str(error)
        else:
            if answer.get("ok"):
                return
            words = str(answer.get("error"))
            if live.ladder is not None:
                return  # it is being stopped, which says everything
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
    if not live.process.gone.is_set():
        await _give_up(context, live, order, words)


async def run_again(context: Context, live: LiveProcedure, order: StartOrder) -> None:
    """After a restart: carry on with a start whose RUN may not have been sent, unless it would come too late."""
    if datetime.now(UTC) < order.expires_at:
        await run(context, live, order)
        return
    try:
        # The worker takes messages in their order: when it answers this one, it has taken a RUN that was sent before, or there was none.
        await live.process.tell({"op": "EVENTS", "events": []}, _TELL_TIMEOUT_S)
    except WorkerUnreachable as error:
        if not live.process.gone.is_set():
            await _give_up(context, live, order, str(error))
        return
    story = await asyncio.to_thread(story_until, live.directory.journal, live.directory.journal_size_bytes())
    if order.command_id not in story.runs_taken:
        cause = "the start was not carried out: the process manager was restarted, and by then the request had expired"
        await context.database.write(lambda record: _back_to_ready(record, live.id, cause), [live.id])


def _back_to_ready(record: Recording, procedure_id: int, cause: str) -> None:
    if record.procedure(procedure_id).state == _S.RUNNING:
        record.move(procedure_id, Move(_S.READY, datetime.now(UTC), cause=cause))


async def _give_up(context: Context, live: LiveProcedure, order: StartOrder, words: str) -> None:
    log.error("procedure %s did not take its start of %s in time (%s); killing it", live.id, order.function, words)
    live.gave_up = f"its process did not take the start of {order.function} in time and was killed: {words}"
    try:
        await live.process.kill()
    except (StillAlive, NoProcess, Refused, LauncherUnreachable) as error:
        log.error("procedure %s: %s", live.id, error)  # noqa: TRY400 - an outcome, not a fault of ours
        context.report(f"procedure {live.id}", f"procedure {live.id} does not answer and cannot be killed: {error}")
