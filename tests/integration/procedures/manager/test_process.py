"""The ProcessManager as a process: alone, and leaving as it is told."""

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import connection

from procedures.domain.states import ProcedureState as S
from procedures.models import Node, Procedure
from tests.integration.procedures.manager.station import TIMEOUT_S, Station, details, is_gone, output, wait_until_gone
from tests.integration.procedures.manager.test_stopping import STUBBORN, TIDY
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_second_manager_says_who_holds_the_lock_and_exits_with_3(station: Station) -> None:
    first = station.process()
    second = station.start_process()
    assert second.wait(TIMEOUT_S) == 3
    assert (
        f"a process manager runs already (process {first.pid} on {station.configuration.node}, since" in station.log()
    )
    assert first.poll() is None


def test_sigterm_leaves_scripts_running_for_the_successor(station: Station) -> None:
    first = station.process()
    procedure_id = station.running(TIDY)
    pid = Procedure.objects.get(pk=procedure_id).pid or 0
    first.send_signal(signal.SIGTERM)
    assert first.wait(TIMEOUT_S) == 0
    assert not is_gone(pid)
    with station.manager():
        assert Procedure.objects.get(pk=procedure_id).state == S.RUNNING


def test_sigint_stops_every_script_through_the_ladder_and_ends_the_launcher(station: Station) -> None:
    manager = station.process(OET_GRACE="20")
    running, ready = station.running(TIDY), station.ready("def main(): pass")
    launcher = station.launcher_pid()
    manager.send_signal(signal.SIGINT)
    assert manager.wait(TIMEOUT_S) == 0
    for procedure_id in (running, ready):
        assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
        assert details(procedure_id)["stop"]["asked_by"] == "process manager"
    assert output(running) == b"up\ntidied up\n"
    wait_until_gone(launcher)


def test_a_second_sigint_kills_at_once(station: Station) -> None:
    manager = station.process(OET_GRACE="600")
    procedure_id = station.running(STUBBORN)
    manager.send_signal(signal.SIGINT)
    wait_until(lambda: b"no\n" in output(procedure_id), what="the script to refuse", timeout_s=TIMEOUT_S)
    manager.send_signal(signal.SIGINT)
    assert manager.wait(TIMEOUT_S) == 0
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED


def test_a_node_has_a_heartbeat_that_tells_its_condition(station: Station) -> None:
    manager = station.process()
    node = wait_until(lambda: Node.objects.filter(name=station.configuration.node).first(), what="a heartbeat")
    assert node.manager_pid == manager.pid
    assert set(node.versions) == {"oet", "python", "django"}
    assert set(node.condition) == {"load", "disk", "launchers", "live_procedures", "problems", "usage"}
    assert node.condition["problems"] == []
    wait_until(lambda: Node.objects.get(pk=node.pk).heartbeat_at > node.heartbeat_at, what="the next heartbeat")
    assert Node.objects.get(pk=node.pk).started_at == node.started_at


def test_a_stopped_manager_has_no_heartbeat(station: Station) -> None:
    manager = station.process()
    wait_until(lambda: Node.objects.exists(), what="a heartbeat")
    os.kill(manager.pid, signal.SIGSTOP)
    try:
        frozen = Node.objects.get().heartbeat_at
        deadline = time.monotonic() + 1.5
        wait_until(lambda: time.monotonic() > deadline, what="a second and a half")
        assert Node.objects.get().heartbeat_at == frozen
    finally:
        os.kill(manager.pid, signal.SIGCONT)


@pytest.mark.skipif("os.environ.get('DATABASE_URL', '').startswith('postgres')")
def test_a_database_that_is_locked_for_a_while_loses_nothing(station: Station) -> None:
    manager = station.process(OET_GRACE="0")
    procedure_id = station.running("import time\ndef main():\n    print('up')\n    time.sleep(0.3)")
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        assert manager.poll() is None
        wait_until(
            lambda: (station.run_dir / f"procedures/{procedure_id}/exit.json").exists(),
            what="its end",
            timeout_s=TIMEOUT_S,
        )
        cursor.execute("ROLLBACK")
    station.wait_for(procedure_id, S.COMPLETE)


def test_many_lifecycles_leave_no_descriptor_and_no_process_behind(station: Station) -> None:
    manager = station.process()

    def lifecycle() -> None:
        procedure_id = station.ready("def main(): print('x')")
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)

    def belongings() -> tuple[int, int]:
        launcher = station.launcher_pid()
        return len([*Path(f"/proc/{manager.pid}/fd").iterdir()]), len([*Path(f"/proc/{launcher}/fd").iterdir()])

    for _ in range(3):
        lifecycle()
    before = belongings()
    for _ in range(12):
        lifecycle()
    wait_until(lambda: belongings() <= before, what=f"descriptors to be as before, {before}")
    wait_until(lambda: not list((station.run_dir / "procedures").iterdir()), what="run directories to be removed")
