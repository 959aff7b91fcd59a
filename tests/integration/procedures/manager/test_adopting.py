"""Managers are killed; their successors find everything in the database and the run directories."""

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from oet import rundir
from procedures.domain.states import ProcedureState as S
from procedures.models import Command, Node, OutputChunk, Procedure, ProcedureHistory, ResourceClaim
from tests.integration.procedures.manager.station import (
    TIMEOUT_S,
    Station,
    check_history,
    details,
    events,
    history,
    last,
    output,
    wait_until_gone,
)
from tests.integration.procedures.manager.test_stopping import STUBBORN, TIDY, abort_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

GATED = """
import os, time
def main(gate):
    print("waiting")
    while not os.path.exists(gate):
        time.sleep(0.01)
    print("done")
"""


def kill(manager: subprocess.Popen[bytes]) -> None:
    manager.send_signal(signal.SIGKILL)
    manager.wait()


def test_a_running_script_does_not_notice_that_its_manager_was_killed(station: Station) -> None:
    gate = station.home / "gate"
    first = station.process()
    procedure_id = station.ready(GATED)
    station.answer(station.start(procedure_id, "main", str(gate)))
    wait_until(lambda: output(procedure_id) == b"waiting\n", what="its output")
    pid = Procedure.objects.get(pk=procedure_id).pid
    kill(first)
    with station.manager():
        assert Procedure.objects.get(pk=procedure_id).state == S.RUNNING
        assert Procedure.objects.get(pk=procedure_id).pid == pid
        gate.touch()
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id) == b"waiting\ndone\n"
    assert history(procedure_id).count("RUNNING") == 1
    check_history(procedure_id)


def test_an_end_that_came_while_no_manager_ran_is_not_lost(station: Station) -> None:
    gate = station.home / "gate"
    first = station.process()
    procedure_id = station.ready(GATED)
    station.answer(station.start(procedure_id, "main", str(gate)))
    wait_until(lambda: output(procedure_id) == b"waiting\n", what="its output", timeout_s=TIMEOUT_S)
    kill(first)
    gate.touch()
    wait_until(
        (station.run_dir / "procedures" / str(procedure_id) / rundir.EXIT).exists, what="exit.json", timeout_s=TIMEOUT_S
    )
    with station.manager():
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id) == b"waiting\ndone\n"
    check_history(procedure_id)


def test_a_stop_that_had_begun_goes_on_with_what_is_left_of_its_grace(station: Station) -> None:
    first = station.process()
    procedure_id = station.running(STUBBORN)
    stop = station.stop(procedure_id, 1.5, expires_in_s=0.2)
    wait_until(lambda: b"no\n" in output(procedure_id), what="the script to refuse")
    asked_at = Procedure.objects.get(pk=procedure_id).stop_asked_at
    kill(first)
    with station.manager():
        assert station.answer(stop).state == "done"
    assert Procedure.objects.get(pk=procedure_id).stop_asked_at == asked_at
    rungs = [rung["rung"] for rung in details(procedure_id)["stop"]["rungs"]]
    assert rungs == ["carried on", "asked before", "kill", "killed", "empty"]


def test_a_stop_that_was_over_while_no_manager_ran_is_answered_and_its_abort_follows(station: Station) -> None:
    first = station.process()
    procedure_id = station.running(TIDY.replace('print("tidied up")', "time.sleep(0.5)"))
    stop = station.stop(procedure_id, 30, abort_procedure=abort_of(station))
    wait_until(lambda: events(procedure_id, "procedure.stopping"), what="the stop to begin")
    kill(first)
    with station.manager():
        assert station.answer(stop).state == "done"
        abort = Procedure.objects.get(abort_of_id=procedure_id)
        station.wait_for(abort.pk, S.COMPLETE)
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED


def test_fifty_live_procedures_are_taken_over_before_the_manager_is_ready(station: Station) -> None:
    first = station.process()
    ids = [station.prepare("def main(): pass") for _ in range(50)]
    for procedure_id in ids:
        station.wait_for(procedure_id, S.READY)
    kill(first)
    with station.manager():  # how long it takes is measured by benchmarks/manager.py
        starts = [station.start(procedure_id) for procedure_id in ids]
        for procedure_id, start in zip(ids, starts, strict=True):
            assert station.answer(start).state == "done"
            station.wait_for(procedure_id, S.COMPLETE)
            check_history(procedure_id)


def test_without_its_run_directory_a_procedure_is_failed_with_the_true_reason(station: Station) -> None:
    with station.manager(stop_scripts=False):
        pass
    procedure_id = lost_procedure(station)
    with station.manager():
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause.startswith("its run directory")
    assert procedure.cause.endswith("is missing")


def test_after_a_restart_of_the_machine_what_was_alive_is_failed_as_such(station: Station) -> None:
    with station.manager():
        pass
    Node.objects.update(boot_id="another boot")
    procedure_id = lost_procedure(station)
    with station.manager():
        procedure = station.wait_for(procedure_id, S.FAILED)
    assert procedure.cause == "host restarted"


def lost_procedure(station: Station) -> int:
    """A procedure in READY of which nothing is left but its rows."""
    from procedures.moves import Move
    from procedures.recorder import recording

    procedure_id = station.prepare("def main(): pass")
    now = datetime.now(UTC)
    with recording() as record:
        for state in (S.IDLE, S.LOADING, S.IDLE, S.READY):
            record.move(procedure_id, Move(state, now))
    Command.objects.update(state=Command.State.DONE)
    return procedure_id


def test_when_launcher_and_manager_die_together_the_scripts_are_failed_and_nothing_of_them_runs(
    station: Station,
) -> None:
    first = station.process()
    procedure_id = station.running(STUBBORN)
    pid = Procedure.objects.get(pk=procedure_id).pid or 0
    launcher = station.launcher_pid()
    children = descendants(pid)
    assert children
    kill(first)
    os.kill(launcher, signal.SIGKILL)
    with station.manager():
        procedure = station.wait_for(procedure_id, S.FAILED)
        assert procedure.cause.startswith("launcher lost")
        for child in (pid, *children):
            wait_until_gone(child)


def descendants(pid: int) -> list[int]:
    from oet.processes import process_tree

    return [process.pid for process in process_tree(pid) if process.pid != pid]


def test_a_start_whose_manager_died_before_telling_the_worker_is_carried_out_by_the_next(station: Station) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = station.ready("def main(): print('ran')")
    start_behind_its_back(station, procedure_id, expires_in_s=60)
    with station.manager():
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id) == b"ran\n"


def test_a_start_whose_manager_died_and_that_has_expired_is_not_carried_out(station: Station) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = station.ready("def main(): print('ran')")
    start_behind_its_back(station, procedure_id, expires_in_s=-1)
    with station.manager():
        station.wait_for(procedure_id, S.READY)
        assert "the start was not carried out" in last(procedure_id).cause
        assert not ResourceClaim.objects.exists()
        assert output(procedure_id) == b""
        assert station.answer(station.start(procedure_id)).state == "done"
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id) == b"ran\n"
    check_history(procedure_id)


def start_behind_its_back(station: Station, procedure_id: int, expires_in_s: float) -> None:
    """Everything that a start commits, without the message to the worker."""
    from procedures.claims import SITE
    from procedures.moves import Move
    from procedures.recorder import recording

    command = station.start(procedure_id, expires_in_s=expires_in_s)
    now = datetime.now(UTC)
    with recording() as record:
        record.answer(command, Command.State.DONE)
        record.claim(procedure_id, SITE, ["telescope"], now)
        record.move(procedure_id, Move(S.RUNNING, now, function="main"))


def test_a_prepare_that_nobody_took_is_carried_out_late_or_expires(station: Station) -> None:
    in_time = station.prepare("def main(): pass")
    too_late = station.prepare("def main(): pass", expires_in_s=-1)
    with station.manager():
        station.wait_for(in_time, S.READY)
        procedure = station.wait_for(too_late, S.FAILED)
    assert procedure.cause.startswith("no process manager took it within")
    assert Command.objects.get(procedure_id=too_late).state == "expired"
    check_history(too_late)


def test_starts_and_stops_that_nobody_took_in_time_expire_and_are_not_carried_out(station: Station) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = station.ready("def main(): pass")
    commands = [station.start(procedure_id, expires_in_s=-1), station.stop(procedure_id, expires_in_s=-1)]
    with station.manager():
        answers = [station.answer(command) for command in commands]
        assert Procedure.objects.get(pk=procedure_id).state == S.READY
    assert [answer.state for answer in answers] == ["expired", "expired"]
    assert answers[0].reason == "expired after -1 s: no process manager took it"


def test_what_final_procedures_left_in_the_run_folder_is_cleared_away_with_its_output_saved(station: Station) -> None:
    gate = station.home / "gate"
    first = station.process()
    procedure_id = station.ready(GATED)
    station.answer(station.start(procedure_id, "main", str(gate)))
    wait_until(lambda: output(procedure_id) == b"waiting\n", what="its output")
    kill(first)
    gate.touch()
    directory = station.run_dir / "procedures" / str(procedure_id)
    wait_until((directory / rundir.EXIT).exists, what="exit.json", timeout_s=TIMEOUT_S)
    Procedure.objects.filter(pk=procedure_id).update(state=S.FAILED)  # as if its predecessor had come that far
    with station.manager():
        wait_until(lambda: not directory.exists(), what="its removal")
    assert output(procedure_id) == b"waiting\ndone\n"


def test_a_process_of_a_procedure_that_is_final_is_killed(station: Station) -> None:
    first = station.process()
    procedure_id = station.running(TIDY)
    pid = Procedure.objects.get(pk=procedure_id).pid or 0
    kill(first)
    Procedure.objects.filter(pk=procedure_id).update(state=S.FAILED)
    with station.manager():
        wait_until_gone(pid)


COUNTER = """
import os, time
def main(gate):
    number = 0
    while not os.path.exists(gate):
        for _ in range(20):
            print(number, "x" * 50)
            number += 1
        time.sleep(0.01)
    return number
"""


def test_nothing_of_the_output_is_lost_or_doubled_when_managers_are_killed_again_and_again(station: Station) -> None:
    gate = station.home / "gate"
    manager = station.process()
    procedure_id = station.ready(COUNTER)
    station.answer(station.start(procedure_id, "main", str(gate)))
    for _ in range(4):
        before = OutputChunk.objects.filter(procedure_id=procedure_id).count()
        wait_until(
            lambda before=before: OutputChunk.objects.filter(procedure_id=procedure_id).count() > before + 1,  # type: ignore[misc]
            what="chunks",
            timeout_s=TIMEOUT_S,
        )
        kill(manager)
        manager = station.process()
    gate.touch()
    station.wait_for(procedure_id, S.COMPLETE)
    kill(manager)
    row = ProcedureHistory.objects.get(procedure_id=procedure_id, state="READY", details__function="main")
    written = (row.details or {})["result"]
    assert output(procedure_id) == b"".join(b"%d %s\n" % (number, b"x" * 50) for number in range(written))
    check_history(procedure_id)


def test_the_exit_of_an_unreadable_run_directory_is_named(station: Station) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = station.ready("def main(): pass")
    pid = Procedure.objects.get(pk=procedure_id).pid or 0
    os.kill(pid, signal.SIGKILL)
    file = station.run_dir / "procedures" / str(procedure_id) / rundir.EXIT
    wait_until(file.exists, what="exit.json", timeout_s=TIMEOUT_S)
    file.write_text(json.dumps({"surprise": 1}))
    with station.manager():
        assert "its exit report cannot be read" in station.wait_for(procedure_id, S.FAILED).cause


def test_a_command_of_another_node_is_left_to_it(station: Station) -> None:
    procedure_id = station.prepare("def main(): pass")
    Command.objects.filter(procedure_id=procedure_id).update(node="elsewhere")
    Procedure.objects.filter(pk=procedure_id).update(node="elsewhere")
    with station.manager():
        station.ready("def main(): pass")
        assert Command.objects.get(procedure_id=procedure_id).state == "queued"
    assert Procedure.objects.get(pk=procedure_id).created_at < datetime.now(UTC) + timedelta(seconds=1)
