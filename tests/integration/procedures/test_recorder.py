from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from procedures.claims import SITE
from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import NoSuchProcedure, ResourceHeld, TransitionRefused
from procedures.domain.states import ProcedureState
from procedures.models import ArgCapture, Event, Procedure, ProcedureHistory, ResourceClaim
from procedures.moves import Move
from procedures.recorder import ConcurrentChange, recording

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

S = ProcedureState
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def prepared(*states: ProcedureState, resources: tuple[str, ...] = ()) -> Procedure:
    procedure = Procedure(
        script_type="filesystem",
        script_uri="file:///srv/observe.py",
        script_name="observe.py",
        state_at=NOW,
        created_at=NOW,
        created_by="ann",
        node="n",
        resources=list(resources),
    )
    with recording() as record:
        record.create(procedure, {"init": ProcedureInput(kwargs={"subarray_id": 1})})
        for state in states:
            record.move(procedure.pk, Move(state, NOW))
    return Procedure.objects.get(pk=procedure.pk)


READY = (S.IDLE, S.LOADING, S.IDLE, S.READY)


def test_a_procedure_is_created_with_its_history_its_event_and_its_arguments() -> None:
    procedure = prepared()
    assert procedure.history.get().state == S.CREATING
    assert procedure.captures.get().kwargs == {"subarray_id": 1}
    created = Event.objects.get(topic="procedure.lifecycle.created")
    assert created.procedure_id == procedure.pk
    assert created.payload["arguments"] == "subarray_id=1"
    assert created.payload["who"] == "ann"


def test_a_start_announces_the_arguments_that_it_brings_beside_those_of_init() -> None:
    procedure = prepared(*READY)
    for target in ("Cen A", "Fornax A"):
        with recording() as record:
            record.capture(procedure.pk, "main", ProcedureInput(kwargs={"target": target}), NOW)
            record.move(procedure.pk, Move(S.RUNNING, NOW, function="main"))
        with recording() as record:
            record.move(procedure.pk, Move(S.READY, NOW))
    told = Event.objects.filter(topic="procedure.lifecycle.started").order_by("id")
    assert [event.payload["arguments"] for event in told] == [
        'subarray_id=1, target="Cen A"',
        'subarray_id=1, target="Fornax A"',
    ]
    quiet = Event.objects.filter(topic="procedure.lifecycle.statechange", payload__state="READY")
    assert not any("arguments" in event.payload for event in quiet)


def test_a_burst_of_transitions_is_one_update_and_keeps_every_step() -> None:
    procedure = prepared(*READY)
    assert procedure.state == S.READY
    assert procedure.sequence == 5
    rows = procedure.history.order_by("sequence").values_list("sequence", "state")
    assert list(rows) == [(1, S.CREATING), (2, S.IDLE), (3, S.LOADING), (4, S.IDLE), (5, S.READY)]
    changes = Event.objects.filter(topic="procedure.lifecycle.statechange").order_by("id")
    assert [event.payload["state"] for event in changes] == ["CREATING", "IDLE", "LOADING", "IDLE", "READY"]
    assert all(before.payload["state"] == after.payload["previous"] for before, after in pairwise(changes))


def test_a_move_that_the_table_does_not_have_is_refused_and_nothing_is_written() -> None:
    procedure = prepared(*READY)
    with pytest.raises(TransitionRefused, match="is READY; LOADING cannot follow"), recording() as record:
        record.move(procedure.pk, Move(S.RUNNING, NOW))
        record.move(procedure.pk, Move(S.READY, NOW))
        record.move(procedure.pk, Move(S.LOADING, NOW))
    procedure.refresh_from_db()
    assert procedure.state == S.READY
    assert procedure.runs == 0
    assert procedure.history.count() == 5


def test_if_somebody_else_moved_the_procedure_nothing_of_the_recording_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection.features, "has_select_for_update", False)  # as on SQLite, where rows are not locked
    procedure, other = prepared(*READY), prepared(*READY)
    with pytest.raises(ConcurrentChange), recording() as record:
        record.move(other.pk, Move(S.RUNNING, NOW))
        record.move(procedure.pk, Move(S.RUNNING, NOW))
        Procedure.objects.filter(pk=procedure.pk).update(state=S.FAILED)
    other.refresh_from_db()
    assert other.state == S.READY
    assert not ProcedureHistory.objects.filter(state=S.RUNNING).exists()


def test_an_unknown_procedure_is_named() -> None:
    with pytest.raises(NoSuchProcedure, match="no procedure 4711"), recording() as record:
        record.move(4711, Move(S.IDLE, NOW))


def test_running_counts_and_dates_and_the_end_frees_what_was_claimed() -> None:
    procedure = prepared(*READY)
    with recording() as record:
        record.claim(procedure.pk, SITE, ["telescope", "dish_1"], NOW)
        record.move(procedure.pk, Move(S.RUNNING, NOW, who="ann", function="main"))
    procedure.refresh_from_db()
    assert (procedure.runs, procedure.started_at) == (1, NOW)
    assert procedure.claims.count() == 2
    with recording() as record:
        record.move(procedure.pk, Move(S.FAILED, NOW, cause="ValueError: x", stacktrace="Traceback"))
    procedure.refresh_from_db()
    assert (procedure.finished_at, procedure.cause) == (NOW, "ValueError: x")
    assert not ResourceClaim.objects.exists()
    topics = list(Event.objects.order_by("-id").values_list("topic", flat=True)[:3])
    assert topics == [f"procedure.lifecycle.{name}" for name in ("stacktrace", "failed", "statechange")]


def test_a_claim_that_somebody_holds_names_the_holder_and_takes_nothing() -> None:
    holder, waiting = prepared(*READY), prepared(*READY)
    with recording() as record:
        record.claim(holder.pk, SITE, ["dish_2"], NOW)
    with (
        pytest.raises(ResourceHeld, match=rf"procedure {holder.pk} \(observe.py\) holds “dish_2”"),
        recording() as record,
    ):
        record.claim(waiting.pk, SITE, ["dish_1", "dish_2"], NOW)
    assert list(ResourceClaim.objects.values_list("name", "procedure")) == [("dish_2", holder.pk)]


def test_a_claim_is_repeated_without_harm() -> None:
    procedure = prepared(*READY)
    for _ in range(2):
        with recording() as record:
            record.claim(procedure.pk, SITE, ["telescope"], NOW)
    assert ResourceClaim.objects.count() == 1


def test_a_claim_in_one_scope_does_not_hinder_another() -> None:
    first, second = prepared(*READY), prepared(*READY)
    with recording() as record:
        record.claim(first.pk, "node-1", ["dish"], NOW)
        record.claim(second.pk, "node-2", ["dish"], NOW)
    assert ResourceClaim.objects.count() == 2


def test_every_capture_is_kept() -> None:
    procedure = prepared()
    with recording() as record:
        record.capture(procedure.pk, "main", ProcedureInput((1,), {"a": [1, {"b": None}]}), NOW)
    kept = ArgCapture.objects.get(function="main")
    assert (kept.args, kept.kwargs) == ([1], {"a": [1, {"b": None}]})


def test_what_may_run_out_of_time_has_a_deadline_and_what_waits_has_none() -> None:
    procedure = prepared()
    Procedure.objects.filter(pk=procedure.pk).update(timeout_s=60)
    deadlines = []
    for move in (
        *(Move(state, NOW) for state in (S.IDLE, S.LOADING, S.IDLE, S.INITIALISING, S.READY)),
        *(Move(S.RUNNING, NOW, timeout_s=5), Move(S.READY, NOW), Move(S.RUNNING, NOW), Move(S.FAILED, NOW)),
    ):
        with recording() as record:
            record.move(procedure.pk, move)
        procedure.refresh_from_db()
        deadlines.append(procedure.deadline_at and (procedure.deadline_at - NOW) / timedelta(seconds=1))
    assert deadlines == [None, 60, None, 60, None, 5, None, 60, None]
    told = [event.payload["deadline_at"] for event in Event.objects.filter(topic="procedure.lifecycle.started")]
    assert told == [NOW.timestamp() + 5, NOW.timestamp() + 60]


@pytest.fixture(autouse=True)
def _nothing_open() -> Iterator[None]:
    yield
    assert not connection.in_atomic_block
