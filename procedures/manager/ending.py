"""The end of a procedure: what is known about it becomes its final state, and what waited for the end is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from procedures.domain.endings import Ending, Verdict, verdict
from procedures.domain.states import FINAL, ProcedureState, may_follow
from procedures.manager.aborting import AbortOrder, announce_abort_failure, create_abort
from procedures.manager.emergencies import emergency_behind
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.manager.settings import ManagerSettings
from procedures.manager.texts import clean_json, clean_text
from procedures.models import Command, Procedure
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.supervision.run_directories import ExitReport


@dataclass(frozen=True)
class EndOfProcess:
    """What the run directory says about a process that is gone; `report` is None where nobody saw its end."""

    report: ExitReport | None
    lost: str = ""

    @property
    def at(self) -> datetime:
        """When it ended."""
        return datetime.fromtimestamp(self.report.time, UTC) if self.report else datetime.now(UTC)


def write_end(
    record: Recording, settings: ManagerSettings, live: LiveProcedure, end: EndOfProcess
) -> AbortOrder | None:
    """Record the final state; the abort that is to follow, if one was asked for."""
    procedure = record.procedure(live.id)
    if procedure.state in FINAL:
        return None
    facts = _ending(procedure, live, end, settings)
    decided = verdict(facts)
    details = _details(procedure, live, end, decided)
    for move in _way(procedure, decided, facts, end.at, details):
        record.move(live.id, move)
    _answer_those_who_wait(record, live, decided)
    if procedure.abort_of_id is not None and decided.state is not ProcedureState.COMPLETE:
        announce_abort_failure(record, procedure, decided.cause)
    wanted = next((stop for stop in live.stops if stop.arguments.get("abort_procedure")), None)
    return create_abort(record, settings, procedure, wanted) if wanted else None


def _details(procedure: Procedure, live: LiveProcedure, end: EndOfProcess, decided: Verdict) -> dict[str, Any] | None:
    """What is kept beside the final state: the report of a stop, the frames of a failure."""
    details: dict[str, Any] = {}
    if live.ladder is not None and procedure.stop_asked_at:
        details["stop"] = live.ladder.report.as_json(end.report)
    if decided.stacktrace and live.story.raised and live.story.raised.get("chain"):
        details["chain"] = clean_json(live.story.raised["chain"])
    return details or None


def _ending(procedure: Procedure, live: LiveProcedure, end: EndOfProcess, settings: ManagerSettings) -> Ending:
    story, report = live.story, end.report
    emergency = emergency_behind(settings.run_dir, live.id, report)
    raised = story.raised or {}
    kind = clean_text(str(raised.get("type", "")))
    message = clean_text(str(raised.get("message", "")))
    return Ending(
        exit_status=report.status if report else None,
        exit_signal=report.signal if report else None,
        stop_asked_by=procedure.stop_asked_by if procedure.stop_asked_at else None,
        emergency_by=emergency.by if emergency else None,
        timed_out_s=procedure.timed_out_s,
        was_killed=report is not None and report.killed is not None,
        has_completed=story.has_completed,
        raised=f"{kind}: {message}" if message else kind,
        raised_in=raised.get("function") or "",
        exit_code=raised.get("exit_code"),
        stacktrace=clean_text(str(raised.get("stacktrace", ""))),
        function=story.function,
        leftovers=len(report.leftovers) if report else 0,
        body_status=(story.exited or {}).get("status"),
        body_signal=(story.exited or {}).get("signal"),
        lost=live.gave_up or live.unread or (end.lost if report is None else ""),
    )


def _way(
    procedure: Procedure, decided: Verdict, facts: Ending, at: datetime, details: dict[str, Any] | None
) -> Sequence[Move]:
    """The transitions to the final state; a journal that lost its last state on a full disk is completed."""
    current = ProcedureState(procedure.state)
    last = Move(
        decided.state,
        at,
        cause=decided.cause,
        stacktrace=decided.stacktrace,
        details=details,
        changes={"pid": None},
        ending=facts,
    )
    if may_follow(current, decided.state):
        return [last]
    if current is ProcedureState.RUNNING:
        return [Move(ProcedureState.READY, at), last]
    words = f"{decided.cause}, although it was {current}"
    return [replace(last, state=ProcedureState.FAILED, cause=words)]


def _answer_those_who_wait(record: Recording, live: LiveProcedure, decided: Verdict) -> None:
    if live.prepare_command is not None:
        record.answer(live.prepare_command, Command.State.DONE)
    for stop in live.stops:
        record.answer(stop.id, Command.State.DONE)
    if live.held_start is not None:
        _reject_start(record, live.held_start, decided)


def _reject_start(record: Recording, start: QueuedCommand, decided: Verdict) -> None:
    reason = f"procedure {start.procedure_id} is {decided.state}; it cannot be started: {decided.cause}."
    record.answer(start.id, Command.State.REJECTED, reason=reason, refusal="wrong_state")
