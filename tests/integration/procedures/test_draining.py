import io
import threading
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from procedures.domain.errors import Draining, NoAnswer
from procedures.domain.people import Actor, Right
from procedures.domain.scripts import EmbeddedStringScript
from procedures.domain.states import ProcedureState
from procedures.draining import drain
from procedures.models import Command, Event, Node, Procedure
from procedures.moves import Move
from procedures.recorder import recording
from procedures.selectors import nodes
from procedures.service import PrepareProcessCommand, ScriptExecutionService, StartProcessCommand, StopProcessCommand

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

TEXT = PrepareProcessCommand(EmbeddedStringScript("def main(): pass"))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> ScriptExecutionService:
    from django.conf import settings

    from procedures import commanding, service

    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now, started_at=now)
    monkeypatch.setattr(commanding, "_SLACK_S", 0.0)
    monkeypatch.setattr(service, "_KILL_S", 0.0)
    monkeypatch.setitem(
        settings.OET.__dict__, "reply_timeout", 0.01
    )  # nobody answers: there is a heartbeat, but no manager
    return ScriptExecutionService(Actor("ann", frozenset(Right)))


def procedure(state: str) -> Procedure:
    now = datetime.now(UTC)
    return Procedure.objects.create(
        script_type="embedded", script_name="x", state=state, state_at=now, created_at=now, node="test-node"
    )


def test_a_node_that_drains_refuses_what_is_new_and_lets_be_stopped(service: ScriptExecutionService) -> None:
    ready, running = procedure("READY"), procedure("RUNNING")
    drain("test-node", "eve")
    with pytest.raises(Draining, match=r"node test-node takes no new work: eve is draining it since .* drain --end"):
        service.prepare(TEXT)
    with pytest.raises(Draining):
        service.start(StartProcessCommand(ready.pk))
    assert not Command.objects.exists()
    with pytest.raises(NoAnswer):
        service.stop(StopProcessCommand(running.pk, grace_s=0))
    assert Command.objects.get().kind == "stop"
    assert nodes()[0]["condition"]["draining"]
    assert Event.objects.get(topic="node.draining").payload == {"node": "test-node", "is_draining": True, "by": "eve"}


def test_new_work_goes_to_a_node_that_does_not_drain(service: ScriptExecutionService) -> None:
    now = datetime.now(UTC)
    Node.objects.create(name="other", heartbeat_at=now, started_at=now)
    drain("test-node", "eve")
    with pytest.raises(NoAnswer):
        service.prepare(TEXT)
    assert Procedure.objects.get().node == "other"


def test_the_end_of_the_drain_takes_work_again(service: ScriptExecutionService) -> None:
    drain("test-node", "eve")
    call_command("drain", "--end", "--node", "test-node", stdout=io.StringIO())
    with pytest.raises(NoAnswer):
        service.prepare(TEXT)


@pytest.mark.usefixtures("service")
def test_drain_waits_for_what_runs_and_names_it_and_what_is_left() -> None:
    running, ready = procedure("RUNNING"), procedure("READY")
    printed = io.StringIO()

    def run() -> None:
        call_command("drain", "--node", "test-node", stdout=printed)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    with recording() as record:
        record.move(running.pk, Move(ProcedureState.FAILED, datetime.now(UTC)))
    thread.join(20)
    assert not thread.is_alive()
    assert f"waiting for #{running.pk} x (RUNNING)" in printed.getvalue()
    assert f"#{ready.pk} x (READY) is prepared and would be started by nobody" in printed.getvalue()
    assert "nothing runs on node test-node" in printed.getvalue()


@pytest.mark.usefixtures("service")
def test_drain_gives_up_waiting_after_its_timeout_and_goes_on_refusing() -> None:
    procedure("RUNNING")
    with pytest.raises(SystemExit) as caught:
        call_command("drain", "--node", "test-node", "--timeout", "0.1", stdout=io.StringIO())
    assert caught.value.code == 2
    assert Node.objects.get().draining_since is not None


def test_an_unknown_node_is_named() -> None:
    with pytest.raises(CommandError, match="there is no node 'nowhere'"):
        call_command("drain", "--node", "nowhere", stdout=io.StringIO())
