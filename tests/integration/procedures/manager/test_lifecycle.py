"""From prepare to the end, on a real launcher and a real database."""

import os
import signal

import pytest

from procedures.domain.states import ProcedureState as S
from procedures.models import ArgCapture, Procedure, ResourceClaim
from tests.integration.procedures.manager.station import (
    Station,
    check_history,
    details,
    events,
    history,
    last,
    output,
    wait_until_gone,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

OBSERVE = """
def init(subarray_id):
    print("prepared", subarray_id)
    return {"subarray": subarray_id}

def main(target="Cen A", *, count=1):
    '''Observe a target.'''
    print("observing", target)
    return [target, count]

def calibrate():
    print("calibrating")
"""


def test_a_script_lives_from_creating_to_complete_with_every_state_in_its_history(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(OBSERVE, init={"subarray_id": 3})
        assert history(procedure_id) == ["CREATING", "IDLE", "LOADING", "IDLE", "INITIALISING", "READY"]
        assert last(procedure_id).details == {
            "function": "init",
            "result": {"subarray": 3},
            "result_repr": "{'subarray': 3}",
        }
        assert station.answer(station.start(procedure_id, "calibrate")).state == "done"
        wait_until(lambda: history(procedure_id)[-2:] == ["RUNNING", "READY"], what="calibrate to return")
        station.start(procedure_id, "main", "Vela", kwargs={"count": 2})
        procedure = station.wait_for(procedure_id, S.COMPLETE)
    assert history(procedure_id)[6:] == ["RUNNING", "READY", "RUNNING", "READY", "COMPLETE"]
    assert procedure.runs == 2
    assert procedure.pid is None
    assert output(procedure_id) == b"prepared 3\ncalibrating\nobserving Vela\n"
    assert procedure.last_line == "observing Vela"
    assert procedure.output_lines == 3
    captured = ArgCapture.objects.get(procedure_id=procedure_id, function="main")
    assert (captured.args, captured.kwargs) == (["Vela"], {"count": 2})
    check_history(procedure_id)


def test_what_a_script_offers_is_known_once_it_is_loaded(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(OBSERVE, init={"subarray_id": 3})
        procedure = Procedure.objects.get(pk=procedure_id)
    assert [function["name"] for function in procedure.functions or ()] == ["init", "main", "calibrate"]
    assert procedure.pid
    assert procedure.launcher == "default"


def test_the_run_directory_is_gone_when_a_procedure_is_final(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready("def main(): pass")
        assert (station.run_dir / "procedures" / str(procedure_id) / "journal").exists()
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)
        wait_until(lambda: not (station.run_dir / "procedures" / str(procedure_id)).exists(), what="its removal")


@pytest.mark.parametrize(
    ("text", "cause", "trace"),
    [
        (
            "import nonsense_of_mine",
            "ModuleNotFoundError: No module named 'nonsense_of_mine' (in loading the script)",
            "import nonsense",
        ),
        ("def main(:", "SyntaxError", "def main(:"),
        ("def init(): raise ValueError('no beam')", "ValueError: no beam (in init)", "raise ValueError"),
        ("import sys\ndef init(): sys.exit(3)", "init called sys.exit(3)", "sys.exit(3)"),
        ("import os\ndef init(): os._exit(5)", "exit status 5 while init ran", ""),
        ("import os, signal\ndef init(): os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV (a segmentation fault", ""),
    ],
    ids=["no module", "syntax", "exception", "sys.exit", "os._exit", "segfault"],
)
def test_a_script_that_fails_says_why(station: Station, text: str, cause: str, trace: str) -> None:
    with station.manager():
        procedure = station.wait_for(station.prepare(text), S.FAILED)
    assert cause in procedure.cause
    assert trace in last(procedure.pk).stacktrace
    assert bool(events(procedure.pk, "procedure.lifecycle.stacktrace")) == bool(trace)
    check_history(procedure.pk)


def test_a_worker_that_is_killed_is_failed_with_the_signal_named_and_its_resources_are_free(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(
            "import time\ndef main():\n    print('up')\n    time.sleep(600)", resources=["dish"]
        )
        assert ResourceClaim.objects.get().procedure_id == procedure_id
        pid = Procedure.objects.get(pk=procedure_id).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause.startswith("killed by SIGKILL")
    assert "while main ran" in procedure.cause
    assert not ResourceClaim.objects.exists()
    wait_until_gone(pid)


def test_a_launcher_that_is_killed_takes_its_scripts_along_and_the_next_script_gets_a_new_one(station: Station) -> None:
    with station.manager():
        lost = [station.running("import time\ndef main():\n    print('up')\n    time.sleep(600)") for _ in range(2)]
        pids = [Procedure.objects.get(pk=procedure_id).pid for procedure_id in lost]
        os.kill(station.launcher_pid(), signal.SIGKILL)
        for procedure_id, pid in zip(lost, pids, strict=True):
            assert station.wait_for(procedure_id, S.FAILED).cause.startswith("launcher lost")
            wait_until_gone(pid or 0)
            check_history(procedure_id)
        station.ready("def main(): pass")


def test_what_a_script_publishes_is_in_the_event_log(station: Station) -> None:
    text = """
import oet
def init():
    oet.publish("scan.started", {"scan": 1, "odd": "\\0 \\ud800"})
    oet.publish("procedure.lifecycle.complete", "not mine to say")
"""
    with station.manager():
        procedure_id = station.ready(text)
    assert events(procedure_id, "scan.started")[0].payload == {"scan": 1, "odd": "\ufffd ?"}
    assert events(procedure_id, "script.procedure.lifecycle.complete")[0].payload == {"value": "not mine to say"}
    assert not events(procedure_id, "procedure.lifecycle.complete")


def test_scripts_see_no_secrets(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setenv("OET_SECRET_KEY", "secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with station.manager():
        procedure_id = station.ready("import os\ndef init(): return sorted(os.environ)")
        seen = details(procedure_id)["result"]
    assert "LC_ALL" in seen
    assert "PATH" in seen
    assert not {"DATABASE_URL", "OET_SECRET_KEY", "OET_HOME", "DJANGO_SETTINGS_MODULE"} & set(seen)
