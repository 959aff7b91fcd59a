"""What a trial hears of its procedures: called inside the transaction of every recording, before it is written."""

from datetime import UTC, datetime

from django.conf import settings

from procedures.bells import Role, ring_at_commit
from procedures.domain.people import PROCESS_MANAGER
from procedures.domain.states import FINAL, ProcedureState
from procedures.moves import Moved
from procedures.recorder import Recording
from trials.domain.outcome import Ending
from trials.domain.rendering import SITE
from trials.domain.states import ScriptState
from trials.models import UNFINISHED_STATES, TrialScript
from trials.settling import Settlement

_RAN = frozenset({ProcedureState.INITIALISING, ProcedureState.RUNNING})
"""Where a script's own code runs, so that its end is its own; what ends elsewhere could not be run."""


def hear(record: Recording) -> None:
    """Let what has happened to procedures happen to the scripts that they are, one event after the other."""
    moves = [moved for moved in record.moves if moved.procedure.part_of or moved.previous is ProcedureState.RUNNING]
    ended = [moved for moved in moves if moved.procedure.part_of and _has_ended(moved)]
    freed = [moved for moved in moves if not moved.procedure.part_of and moved.procedure.resources]
    late = [p for p in record.procedures if p.part_of and record.changed(p.pk).get("timed_out_s") is not None]
    if freed or any(_frees_site(moved) for moved in ended):
        waiting = _nodes_that_wait()
        if waiting - {moved.procedure.node for moved in moves}:
            ring_at_commit(Role.MANAGER)
        freed = [moved for moved in freed if moved.procedure.node in waiting]
    if not (ended or freed or late):
        return
    node = next((moved.procedure.node for moved in ended if moved.procedure.node), settings.OET.node)
    events = [moved for moved in moves if moved in ended or moved in freed]
    settlement = Settlement(
        record, node, [moved.procedure for moved in events if moved.move.state in FINAL or moved in freed]
    )
    for procedure in late:
        assert procedure.part_of is not None
        settlement.time_out(procedure.part_of["trial"], procedure.part_of["key"], datetime.now(UTC))
    for moved in events:
        _tell(settlement, moved)
    settlement.close()


def _has_ended(moved: Moved) -> bool:
    return moved.move.state in FINAL or moved.move.state is ProcedureState.UNKNOWN


def _frees_site(moved: Moved) -> bool:
    """Whether the end of a script gives back what the whole installation shares."""
    return moved.move.state in FINAL and any(name.startswith(SITE) for name in moved.procedure.resources)


def _nodes_that_wait() -> set[str]:
    """The nodes with a script that waits for something, which may be what is free now."""
    waiting = TrialScript.objects.filter(state=ScriptState.WAITING.value, trial__state__in=UNFINISHED_STATES)
    return set(waiting.values_list("trial__node", flat=True))


def _tell(settlement: Settlement, moved: Moved) -> None:
    part = moved.procedure.part_of
    if part is None:
        settlement.free(moved.procedure, moved.move.at)
        return
    if who := _who_stops_everything(moved):
        settlement.abort(part["trial"], who, moved.move.at)
    settlement.end(
        part["trial"],
        part["key"],
        ending_of(moved),
        moved.move.at,
        is_gone=moved.move.state in FINAL,
        exit_status=_exit_status(moved),
    )


def _who_stops_everything(moved: Moved) -> str:
    """Who stopped not only this script but all that run, so that none may follow; empty if nobody did."""
    facts = moved.move.ending
    if moved.move.state is not ProcedureState.STOPPED or facts is None:
        return ""
    return facts.emergency_by or (PROCESS_MANAGER if facts.stop_asked_by == PROCESS_MANAGER else "")


def ending_of(moved: Moved) -> Ending:
    """How the script ended, from how its procedure did."""
    state, facts, cause = moved.move.state, moved.move.ending, moved.move.cause
    if state is ProcedureState.COMPLETE:
        return Ending(exit_status=0)
    if state is ProcedureState.STOPPED:
        return Ending(stopped_by_operator=True)
    if state is ProcedureState.UNKNOWN or facts is None or facts.lost or moved.previous not in _RAN:
        return Ending(could_not_run=cause)
    if facts.body_status is not None:
        return Ending(exit_status=facts.body_status)
    signal = facts.body_signal if facts.body_signal is not None else facts.exit_signal
    return Ending(signal=signal) if signal is not None and not facts.raised else Ending(exception=cause)


def _exit_status(moved: Moved) -> int | None:
    """Of a shell script only."""
    if moved.procedure.script_type != "shell":
        return None
    facts = moved.move.ending
    return 0 if moved.move.state is ProcedureState.COMPLETE else facts.body_status if facts else None
