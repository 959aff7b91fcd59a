"""After an emergency stop the manager records the truth, whether it lived meanwhile or not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from oet_site.configuration import PROJECT_DIR
from procedures.domain.states import ProcedureState as S
from procedures.models import Event, Procedure
from tests.integration.procedures.manager.station import TIMEOUT_S, Station, is_gone, last
from tests.integration.procedures.manager.test_stopping import STUBBORN
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def emergency_stop(station: Station, **variables: str) -> str:
    """Run the command on the station's home, with no way to its database; what it printed."""
    unusable = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(
        [sys.executable, "manage.py", "emergency_stop"],
        cwd=PROJECT_DIR,
        env={**station.environment, **unusable, **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pid_of(procedure_id: int) -> int:
    return Procedure.objects.get(pk=procedure_id).pid or 0


def the_announcement() -> Event:
    """The one event that tells of the emergency stop, as soon as it is there."""
    found = Event.objects.filter(topic="operator.emergency_stop")
    wait_until(found.exists, what="the event", timeout_s=TIMEOUT_S)
    return found.get()


def check_stopped(procedure_id: int) -> None:
    assert last(procedure_id).cause.startswith("emergency stop by ")


@pytest.mark.parametrize("launcher", ["obedient", "frozen"])
def test_manager_that_lives_records_stopped_and_announces_it(station: Station, launcher: str) -> None:
    with station.manager():
        running, ready = station.running(STUBBORN), station.ready("def main(): pass")
        pids = [pid_of(running), pid_of(ready)]
        if launcher == "frozen":
            os.kill(station.launcher_pid(), signal.SIGSTOP)
        said = emergency_stop(station)
        assert all(is_gone(pid) for pid in pids)
        assert f"killed: procedure {running}, process {pids[0]}: " in said
        for procedure_id in (running, ready):
            station.wait_for(procedure_id, S.STOPPED)
            check_stopped(procedure_id)
        assert set(the_announcement().payload["procedures"]) == {running, ready}
        station.wait_for(station.ready("def main(): pass"), S.READY)  # and it goes on


@pytest.mark.parametrize("launcher", ["obedient", "frozen", "dead"])
def test_manager_that_was_dead_records_it_when_it_comes_back(station: Station, launcher: str) -> None:
    manager = station.process()
    procedure_id = station.running(STUBBORN)
    pid = pid_of(procedure_id)
    manager.kill()
    manager.wait()
    if launcher == "frozen":
        os.kill(station.launcher_pid(), signal.SIGSTOP)
    if launcher == "dead":
        os.kill(station.launcher_pid(), signal.SIGKILL)
        wait_until(lambda: is_gone(pid), what="the end of the worker", timeout_s=TIMEOUT_S)
    emergency_stop(station)
    assert is_gone(pid)
    with station.manager():
        station.wait_for(procedure_id, S.STOPPED)
        check_stopped(procedure_id)
        assert the_announcement().payload["procedures"] == [procedure_id]
    with station.manager():  # one event is enough
        wait_until(lambda: not list((station.run_dir / "procedures").iterdir()), what="an empty folder")
        station.ready("def main(): pass")
        the_announcement()


def test_a_manager_that_hangs_is_no_hindrance(station: Station) -> None:
    manager = station.process()
    procedure_id = station.running(STUBBORN)
    manager.send_signal(signal.SIGSTOP)
    emergency_stop(station)
    assert is_gone(pid_of(procedure_id))
    manager.send_signal(signal.SIGCONT)
    station.wait_for(procedure_id, S.STOPPED)
    check_stopped(procedure_id)


def test_home_can_be_named(station: Station, tmp_path_factory: pytest.TempPathFactory) -> None:
    with station.manager():
        procedure_id = station.running(STUBBORN)
        other = str(tmp_path_factory.mktemp("other"))
        command = [sys.executable, "manage.py", "emergency_stop", "--home", str(station.home), "--json"]
        environment = {**station.environment, "OET_HOME": other}
        done = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, timeout=TIMEOUT_S)
        assert done.returncode == 0
        station.wait_for(procedure_id, S.STOPPED)
        assert not (Path(other) / "run" / "emergency-stop.json").exists()
