"""Timeouts: the same ladder, and FAILED at its end."""

from datetime import datetime, timedelta, tzinfo

import pytest

from procedures.domain.states import ProcedureState as S
from procedures.models import Procedure
from tests.integration.procedures.manager.station import (
    Station,
    check_history,
    details,
    events,
    history,
    output,
    wait_until_gone,
)
from tests.integration.procedures.manager.test_stopping import STUBBORN, TIDY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

NAP = "import time\ndef nap(seconds): time.sleep(seconds)\ndef main(): time.sleep(600)\n"


def test_a_function_that_is_out_of_time_may_tidy_up_and_is_failed(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(TIDY, timeout_s=0.5)
        station.start(procedure_id)
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause == "timed out after 0.5 seconds in main; it ended when it was asked to"
    assert output(procedure_id).endswith(b"tidied up\n")
    assert procedure.deadline_at is None
    report = details(procedure_id)["stop"]
    assert report["asked_by"] == "timeout"
    assert [rung["rung"] for rung in report["rungs"]] == ["asked", "empty"]
    [stopping] = events(procedure_id, "procedure.stopping")
    assert stopping.payload["timeout_s"] == 0.5
    check_history(procedure_id)


def test_who_does_not_heed_the_timeout_is_killed_with_all_its_children(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(STUBBORN)
        pid = Procedure.objects.get(pk=procedure_id).pid
        assert pid is not None
        station.start(procedure_id, timeout_s=0.5)
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause.startswith("timed out after 0.5 seconds in main; it was killed after the grace period")
    assert len(details(procedure_id)["stop"]["killed"]) >= 2
    wait_until_gone(pid)


def test_a_clock_that_is_set_back_prolongs_no_timeout(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    class SetBack(datetime):
        """A clock that is set back by an hour as soon as the timer is set."""

        by = timedelta()

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "datetime":  # type: ignore[override]
            now, SetBack.by = datetime.now(tz) - SetBack.by, timedelta(hours=1)
            return now

    monkeypatch.setattr("procedures.manager.deadlines.datetime", SetBack)
    with station.manager():
        procedure_id = station.ready(NAP)
        station.start(procedure_id, timeout_s=0.5)
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause.startswith("timed out after 0.5 seconds in main")


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("import time\ntime.sleep(600)", [S.CREATING, S.IDLE, S.LOADING, S.FAILED]),
        ("import time\ndef init(): time.sleep(600)", [S.CREATING, S.IDLE, S.LOADING, S.IDLE, S.INITIALISING, S.FAILED]),
    ],
)
def test_loading_and_init_may_run_out_of_time_too(station: Station, text: str, states: list[S]) -> None:
    with station.manager():
        procedure_id = station.prepare(text, timeout_s=0.5)
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert "timed out after 0.5 seconds" in procedure.cause
    assert history(procedure_id) == states


def test_waiting_does_not_count_and_each_start_has_its_own_time(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(NAP, timeout_s=60)
        station.answer(station.start(procedure_id, "nap", 0.6, timeout_s=30))
        station.wait_for(procedure_id, S.READY)
        assert Procedure.objects.get(pk=procedure_id).deadline_at is None
        station.answer(station.start(procedure_id, "nap", 600, timeout_s=0.3))
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause.startswith("timed out after 0.3 seconds in nap")


def test_a_timeout_that_came_while_no_manager_ran_is_carried_out_by_the_next(station: Station) -> None:
    process = station.process()
    procedure_id = station.ready(NAP)
    station.answer(station.start(procedure_id, timeout_s=0.2))
    process.kill()
    process.wait()
    with station.manager():
        assert station.wait_for(procedure_id, S.FAILED).timed_out_s == 0.2


def test_a_stop_that_an_operator_asked_for_is_no_timeout(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(STUBBORN, timeout_s=2)
        station.answer(station.stop(procedure_id, 3))
        procedure = Procedure.objects.get(pk=procedure_id)
    assert procedure.state == S.STOPPED
    assert procedure.cause.startswith("stopped on request by eve")
