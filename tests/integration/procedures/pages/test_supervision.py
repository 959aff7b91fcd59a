"""What the pages say of stops, aborts and health, as a browser without JavaScript gets them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from oet_site import worker_sign
from procedures.domain.arguments import ProcedureInput
from procedures.domain.states import ProcedureState
from procedures.models import Node, Procedure
from procedures.moves import Move
from procedures.recorder import recording
from tests.fixtures.people import Users

LIFE = ("IDLE", "LOADING", "IDLE", "READY", "RUNNING")


@pytest.fixture
def operator(users: Users) -> Client:
    now = datetime.now(UTC)
    Node.objects.create(
        name="atlas-1", heartbeat_at=now + timedelta(minutes=5), started_at=now, condition={"problems": []}
    )
    client = Client()
    client.force_login(users.operator)
    return client


def procedure(
    *states: str, abort_of: Procedure | None = None, cause: str = "", subarray_id: int | None = 3
) -> Procedure:
    now = datetime.now(UTC)
    made = Procedure(
        script_type="embedded", script_uri="embedded:drift.py", script_name="drift.py", state_at=now, node="atlas-1",
        resources=["telescope"], created_by="t.mokoena", created_at=now, abort_of=abort_of, pid=28114,
    )  # fmt: skip
    inputs = {} if subarray_id is None else {"main": ProcedureInput(kwargs={"subarray_id": subarray_id})}
    with recording() as record:
        record.create(made, inputs)
        for state in states:
            record.move(made.pk, Move(ProcedureState(state), now, cause=cause))
    return made


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_procedure_that_is_unknown_says_which_process_and_what_to_do(operator: Client) -> None:
    unknown = procedure(*LIFE, "UNKNOWN", cause="it could not be confirmed dead: still alive: 28114")
    page = text(operator, f"/procedures/{unknown.pk}/")
    assert "UNKNOWN: process 28114 on atlas-1 may still run, and nobody manages it." in page
    assert "ps -o pid,stat,etime,wchan:20,args -p 28114" in page
    assert "it still commands what it claims: telescope" in page
    assert f'href="/procedures/{unknown.pk}/stop/?how=kill"' in page
    assert f'<a href="/procedures/{unknown.pk}/">drift.py #{unknown.pk} is UNKNOWN' in text(operator, "/")


def test_a_stop_under_way_is_told_with_its_time_left(operator: Client) -> None:
    running = procedure(*LIFE)
    Procedure.objects.filter(pk=running.pk).update(
        stop_asked_at=datetime.now(UTC), stop_asked_by="l.okafor", stop_grace_s=60
    )
    for address in ("/", f"/procedures/{running.pk}/", f"/procedures/{running.pk}/stop/"):
        assert "stopping, by l.okafor, kill in" in text(operator, address)


def test_the_confirmation_says_why_an_abort_is_not_possible(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with_one, without = procedure(*LIFE), procedure(*LIFE, subarray_id=None)
    assert "Not possible: no abort script is set" in text(operator, f"/procedures/{with_one.pk}/stop/?how=abort")
    monkeypatch.setitem(settings.OET.__dict__, "abort_script", "/srv/abort.py")
    assert "Stop, then abort subarray 3" in text(operator, f"/procedures/{with_one.pk}/stop/")
    answer = operator.get(f"/procedures/{without.pk}/stop/", headers={"Accept": "application/json"}).json()
    assert "have no subarray_id" in answer["abort"]["fault"]


def test_a_failed_abort_is_told_everywhere_until_it_was_seen(operator: Client) -> None:
    stopped = procedure(*LIFE, "STOPPED")
    abort = procedure("FAILED", abort_of=stopped, cause="ValueError: no")
    assert f"The abort of #{stopped.pk} failed, so its subarray may still be active: ValueError: no." in text(
        operator, "/prepare/"
    )
    assert "The abort failed, so subarray 3 may still be active" in text(operator, f"/procedures/{stopped.pk}/")
    assert "did not do its work" in text(operator, f"/procedures/{abort.pk}/")
    operator.cookies["oet_seen_aborts"] = f"7.{abort.pk}"
    assert "The abort of" not in text(operator, "/prepare/")
    operator.cookies["oet_seen_aborts"] = "<script>.²." + "9" * 30
    assert "The abort of" in text(operator, "/prepare/")


def test_an_abort_that_did_its_work_is_no_alarm(operator: Client) -> None:
    procedure(*LIFE, "READY", "COMPLETE", abort_of=procedure(*LIFE, "STOPPED"))
    assert "The abort of" not in text(operator, "/")


def test_health_says_what_is_missing_and_what_to_do(
    operator: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(settings.OET.__dict__, "home", tmp_path)
    page = text(operator, "/health/")
    assert "Set OET_ABORT_SCRIPT before observing" in page
    assert "never seen" in page
    worker_sign.touch()
    assert "never seen" not in text(operator, "/health/")
    monkeypatch.setitem(settings.OET.__dict__, "abort_script", "file:///no/where.py")
    Node.objects.update(condition={"problems": ["the disk is full"]}, draining_since=datetime.now(UTC))
    page = text(operator, "/health/")
    assert "There is no file /no/where.py" in page
    assert "It takes no new starts: draining. the disk is full." in page
    Node.objects.all().delete()
    assert "Start it: make up" in text(operator, "/health/")


def test_the_empty_dashboard_asks_whether_everything_is_there_and_a_busy_one_does_not(operator: Client) -> None:
    assert "Is everything there?" in text(operator, "/")
    procedure(*LIFE)
    assert "Is everything there?" not in text(operator, "/")


def test_health_is_for_those_who_are_logged_in_and_the_icon_for_everybody(db: None) -> None:
    assert Client().get("/health/").status_code == 302
    icon = Client().get("/favicon.ico")
    assert (icon.status_code, icon.headers["Location"]) == (301, "/static/img/mark.svg")
