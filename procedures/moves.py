"""One transition of a procedure, and what follows from it: columns, the row of its history, what is announced. Nothing is written here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from procedures.domain import said
from procedures.domain.endings import Ending
from procedures.domain.states import FINAL, ProcedureState
from procedures.models import Procedure, ProcedureHistory

LIFECYCLE = "procedure.lifecycle."
_NAMED = {
    ProcedureState.CREATING: "created",
    ProcedureState.RUNNING: "started",
    ProcedureState.COMPLETE: "complete",
    ProcedureState.STOPPED: "stopped",
    ProcedureState.FAILED: "failed",
}
"""States that have a topic of their own, beside `statechange` which announces every transition."""

_TIMED = frozenset({ProcedureState.LOADING, ProcedureState.INITIALISING, ProcedureState.RUNNING})
"""States in which the script's own code runs, so that it may run out of time."""


@dataclass(frozen=True)
class Move:
    """One transition of a Procedure, and what is to be remembered of it."""

    state: ProcedureState
    at: datetime
    cause: str = ""
    who: str = ""
    function: str = ""
    stacktrace: str = ""
    details: Mapping[str, Any] | None = None
    timeout_s: float | None = None
    """Seconds that what begins now may take; None follows what the procedure was prepared with."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the Procedure that change with it."""
    ending: Ending | None = None
    """With a final state: the facts it was decided by; None where there never was a process."""


@dataclass(frozen=True)
class Moved:
    """A transition that a recording has taken."""

    procedure: Procedure
    previous: ProcedureState
    move: Move


def columns_of(procedure: Procedure, move: Move) -> dict[str, Any]:
    """The columns that change, for a procedure that has not moved yet."""
    changes: dict[str, Any] = {
        "state": move.state.value,
        "state_at": move.at,
        "sequence": procedure.sequence + 1,
        "cause": move.cause,
        "deadline_at": _deadline(procedure, move),
        **move.changes,
    }
    if move.state is ProcedureState.RUNNING:
        changes |= {"runs": procedure.runs + 1, "started_at": move.at}
        if procedure.said:
            changes["said"] = said.at_start(procedure.said)
    if move.state in FINAL:
        changes["finished_at"] = move.at
        if procedure.said:
            changes["said"] = said.at_end(procedure.said)
    return changes


def row_of(procedure: Procedure, move: Move) -> ProcedureHistory:
    """The row of its history, for a procedure that has moved."""
    return ProcedureHistory(
        procedure_id=procedure.pk,
        sequence=procedure.sequence,
        state=move.state.value,
        at=move.at,
        cause=move.cause,
        who=move.who,
        function=move.function,
        stacktrace=move.stacktrace,
        details=move.details,
    )


def news_of(procedure: Procedure, move: Move, previous: str, more: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Topics and payloads of what is announced, for a procedure that has moved; `more` goes with them."""
    payload = {
        "state": move.state.value,
        "previous": previous,
        "sequence": procedure.sequence,
        "runs": procedure.runs,
        "at": move.at.timestamp(),
        "cause": move.cause,
        "who": move.who,
        "function": move.function,
        "deadline_at": procedure.deadline_at.timestamp() if procedure.deadline_at else None,
        **({"said": said.whole(procedure.said)} if procedure.said else {}),
        **more,
    }
    yield LIFECYCLE + "statechange", payload
    if name := _NAMED.get(move.state):
        yield LIFECYCLE + name, payload
    if move.stacktrace:
        yield LIFECYCLE + "stacktrace", {"stacktrace": move.stacktrace, "cause": move.cause}


def _deadline(procedure: Procedure, move: Move) -> datetime | None:
    """When what begins with the move is out of time; loading, `init` and each function have the whole timeout for themselves."""
    if procedure.part_of:  # of a trial's script the whole life is timed, from its start on
        return None if move.state in FINAL or move.state is ProcedureState.UNKNOWN else procedure.deadline_at
    timeout_s = procedure.timeout_s if move.timeout_s is None else move.timeout_s
    if timeout_s is None or move.state not in _TIMED:
        return None
    return move.at + timedelta(seconds=timeout_s)
