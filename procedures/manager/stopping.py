"""The command stop: written down before anything is signalled, so that whoever takes over carries on with it."""

import logging
from datetime import UTC, datetime

from procedures.domain.errors import WrongState
from procedures.domain.states import FINAL, ProcedureState
from procedures.manager.context import Context
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.models import Command, Procedure
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.supervision.stop_ladder import NotConfirmed, StopLadder, StopReport

log = logging.getLogger(__name__)

STOPPING_TOPIC = "procedure.stopping"
NO_COMMAND = 0
"""In place of a command's id, for a stop that nobody commanded."""


async def stop(context: Context, live: LiveProcedure, command: QueuedCommand) -> None:
    """Stop a procedure because somebody asked for it; a second stop joins the first, and may shorten its grace period."""
    grace = command.arguments.get("grace")
    grace_s = context.settings.grace_s if grace is None else float(grace)
    live.stops.append(command)
    has_abort = bool(command.arguments.get("abort"))
    begun = await context.database.write(
        lambda record: _begin(record, live, command.id, command.issued_by, grace_s, has_abort=has_abort),
        [live.id],
        is_fresh=True,
    )
    if begun:
        await climb(context, live, StopReport(command.issued_by, begun.timestamp(), grace_s), command.id)


async def stop_unasked(context: Context, live: LiveProcedure, grace_s: float, who: str) -> None:
    """Stop a procedure because the manager ends."""
    begun = await context.database.write(
        lambda record: _begin(record, live, None, who, grace_s, has_abort=False), [live.id]
    )
    if begun:
        await climb(context, live, StopReport(who, begun.timestamp(), grace_s), NO_COMMAND)


async def climb(context: Context, live: LiveProcedure, report: StopReport, command_id: int) -> None:
    """Climb the ladder, or shorten the one that is being climbed; UNKNOWN where it does not lead to the end."""
    live.is_stop_wanted.set()
    if live.ladder is not None:
        live.ladder.shorten(report.asked_at, report.grace_s)
        return
    live.ladder = StopLadder(live.process, report, command=command_id, is_stop_taken=live.story.is_stop_taken)
    try:
        await live.ladder.climb()
    except NotConfirmed as error:
        words = str(error)
        await context.database.write(lambda record: _write_unknown(record, live, words), [live.id])
        live.ladder = None
        live.stops.clear()


def _begin(
    record: Recording, live: LiveProcedure, command_id: int | None, who: str, grace_s: float, *, has_abort: bool
) -> datetime | None:
    """Write the stop down; when it was asked for, or None where there is nothing to stop."""
    procedure, now = record.procedure(live.id), datetime.now(UTC)
    if procedure.state in FINAL:
        if command_id is not None:
            refusal = WrongState(live.id, procedure.state, "stopped", "There is nothing left to stop.")
            record.answer(command_id, Command.State.REJECTED, reason=str(refusal), refusal=refusal.code)
        return None
    if _is_new(procedure) or _ends_at(procedure) > now.timestamp() + grace_s:
        record.change(live.id, stop_asked_at=now, stop_asked_by=who, stop_grace_s=grace_s)
        said = {"by": who, "grace_s": grace_s, "abort": has_abort}
        record.announce(STOPPING_TOPIC, said, procedure_id=live.id, at=now)
    return now


def _is_new(procedure: Procedure) -> bool:
    """Whether no stop is under way: none was asked for, or the last one did not succeed."""
    return procedure.stop_asked_at is None or procedure.state == ProcedureState.UNKNOWN


def _ends_at(procedure: Procedure) -> float:
    """When the grace period of the stop under way ends (Unix time)."""
    return procedure.stop_asked_at.timestamp() + (procedure.stop_grace_s or 0) if procedure.stop_asked_at else 0.0


def _write_unknown(record: Recording, live: LiveProcedure, words: str) -> None:
    procedure = record.procedure(live.id)
    if procedure.state in FINAL:
        return
    log.error("procedure %s could not be confirmed dead: %s", live.id, words)
    assert live.ladder is not None
    cause = f"it could not be confirmed dead: {words}"
    if procedure.state != ProcedureState.UNKNOWN:
        details = {"stop": live.ladder.report.as_json(None)}
        record.move(live.id, Move(ProcedureState.UNKNOWN, datetime.now(UTC), cause=cause, details=details))
    for asked in live.stops:
        reason = f"procedure {live.id} is UNKNOWN: {cause}. Look at its node, then stop it again."
        record.answer(asked.id, Command.State.REJECTED, reason=reason, refusal="not_confirmed")
