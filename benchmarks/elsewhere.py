"""Procedures of a node that does not exist, so that no manager minds them: what a page shows of them is what the benchmark writes."""

from datetime import UTC, datetime


def made(*states: str) -> int:
    """A procedure that has gone through READY and these states; its number."""
    from procedures.domain.states import ProcedureState
    from procedures.models import Procedure
    from procedures.moves import Move
    from procedures.recorder import recording

    now = datetime.now(UTC)
    procedure = Procedure(
        script_type="filesystem",
        script_uri="file:///srv/talks.py",
        script_name="talks.py",
        node="elsewhere",
        state_at=now,
        created_at=now,
    )
    with recording() as record:
        record.create(procedure, {})
        for state in ("IDLE", "LOADING", "IDLE", "READY", *states):
            record.move(procedure.pk, Move(ProcedureState(state), datetime.now(UTC)))
    return int(procedure.pk)
