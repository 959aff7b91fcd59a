"""Procedures as rows, for tests of what clients are shown of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from procedures.domain.arguments import ProcedureInput
from procedures.domain.states import ProcedureState
from procedures.models import Node, Procedure
from procedures.moves import Move
from procedures.recorder import recording

MakeProcedure = Callable[..., Procedure]


@pytest.fixture
def make_procedure(db: None) -> MakeProcedure:
    """Record a procedure that has gone through `states`."""

    def make(
        *states: ProcedureState, uri: str = "file:///srv/observe.py", who: str = "ann", body: str = ""
    ) -> Procedure:
        now = datetime.now(UTC)
        procedure = Procedure(
            script_type="embedded" if body else "filesystem",
            script_uri=uri,
            script_name=uri.rpartition("/")[2],
            script_body=body,
            state_at=now,
            created_at=now,
            created_by=who,
            node="test-node",
            resources=["telescope"],
        )
        with recording() as record:
            record.create(procedure, {"init": ProcedureInput(kwargs={"subarray_id": 1})})
            for state in states:
                record.move(procedure.pk, Move(state, now, who="ben"))
        return procedure

    return make


@pytest.fixture
def silent_manager(db: None) -> None:
    """A node with a fresh heartbeat whose manager never answers."""
    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now, started_at=now)
