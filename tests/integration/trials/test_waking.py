"""What makes something due for the desk of a node rings for it: in these tests there is no tick that would find it (`conftest`)."""

from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import connection, transaction

from procedures.claims import SITE
from procedures.domain.arguments import ProcedureInput
from procedures.domain.scripts import EmbeddedStringScript
from procedures.draining import drain, end_drain
from procedures.models import ResourceClaim
from procedures.moves import Move
from procedures.recorder import recording
from procedures.service import PrepareProcessCommand, new_procedure
from tests.integration.procedures.manager.station import S
from tests.integration.trials.night import Night
from tests.integration.trials.test_service import elsewhere
from tests.waiting import wait_until
from trials.models import Trial

pytestmark = pytest.mark.django_db(transaction=True)


def running_elsewhere(resource: str) -> int:
    """A procedure that another node runs, and that holds something of the whole installation."""
    now = datetime.now(UTC)
    wanted = PrepareProcessCommand(EmbeddedStringScript("def main(): pass"), {}, resources=[resource])
    procedure = new_procedure(wanted, path="", node="another-node", who="ann", at=now)
    with recording() as record:
        record.create(procedure, {"init": ProcedureInput()})
    with recording() as record:
        for state in (S.IDLE, S.READY, S.RUNNING):
            record.move(procedure.pk, Move(state, now))
        record.claim(procedure.pk, SITE, [resource], now)
    return procedure.pk


def test_a_trial_that_came_before_the_manager_is_taken_when_it_comes(night: Night) -> None:
    task = night.submit("{max_trials: 1, scripts: {a: {}}}")
    with night.manager():
        assert night.finished(task).state == "passed"


@pytest.mark.both_databases
def test_what_another_node_gives_back_wakes_the_script_that_waits_for_it(night: Night) -> None:
    holder = running_elsewhere("dish")
    with night.manager():
        task = night.submit('{max_trials: 1, scripts: {a: {exclusive_executor_resource: "site:dish"}}}')
        night.script_of(task, "a", state="waiting")
        with recording() as record:
            record.move(holder, Move(S.READY, datetime.now(UTC)))
        assert night.finished(task).state == "passed"
    assert not ResourceClaim.objects.exists()


def test_the_end_of_draining_wakes_the_trials_that_wait_for_the_node(night: Night) -> None:
    with night.manager():
        first = night.submit("{max_trials: 1, scripts: {a: {body: sleep 100}}}")
        night.script_of(first, "a", state="executing")
        drain(night.configuration.node, "ann")
        second = night.submit("{max_trials: 1, load: 0.01, scripts: {a: {}}}")
        night.service.abort_task(first.pk)
        night.finished(first)
        assert night.trial(second).state == "pending"
        end_drain(night.configuration.node)
        assert night.finished(second).state == "passed"


@pytest.mark.postgres
def test_a_trial_that_another_node_has_looked_at_and_left_is_taken(night: Night) -> None:
    task = night.submit("{max_trials: 1, scripts: {a: {}}}")
    may_go, is_locked = Event(), Event()

    def look() -> None:
        with transaction.atomic():
            Trial.objects.select_for_update().get(task=task)
            is_locked.set()
            may_go.wait(60)

    def is_waited() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    other = elsewhere(look)
    assert is_locked.wait(60)
    with night.manager():
        wait_until(is_waited, what="the desk to wait", timeout_s=60)
        may_go.set()
        assert night.finished(task).state == "passed"
    other.join()
