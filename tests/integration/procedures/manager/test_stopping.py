"""The command stop: the ladder, its report, and everything it must cope with."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from oet import treekill
from procedures.domain.states import ProcedureState as S
from procedures.models import Command, Procedure
from procedures.supervision import launcher_link
from tests.integration.procedures.manager.station import (
    Station,
    check_history,
    details,
    events,
    output,
    wait_for_event,
    wait_until_gone,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

SLEEPER = "import time\ndef main():\n    print('up')\n    time.sleep(600)"
TIDY = """
import time
def main():
    print("up")
    try:
        time.sleep(600)
    finally:
        print("tidied up")
"""
STUBBORN = """
import subprocess, time
def main():
    child = subprocess.Popen(["setsid", "sleep", "601"])
    print("up")
    while True:
        try:
            time.sleep(600)
        except BaseException:
            print("no")
"""


def test_a_soft_stop_lets_the_script_tidy_up(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(TIDY)
        assert station.answer(station.stop(procedure_id, 30)).state == "done"
        procedure = Procedure.objects.get(pk=procedure_id)
    assert procedure.state == S.STOPPED
    assert procedure.cause == "stopped on request by eve; it ended by itself"
    assert output(procedure_id) == b"up\ntidied up\n"
    report = details(procedure_id)["stop"]
    assert [rung["rung"] for rung in report["rungs"]] == ["asked", "empty"]
    assert (report["asked_by"], report["grace_s"], report["killed"]) == ("eve", 30, [])
    stopping = events(procedure_id, "procedure.stopping")
    assert [event.payload for event in stopping] == [{"by": "eve", "grace_s": 30, "abort": False}]
    check_history(procedure_id)


def test_a_script_that_does_not_give_in_is_killed_with_all_its_children_after_the_grace_period(
    station: Station,
) -> None:
    with station.manager():
        procedure_id = station.running(STUBBORN)
        pid = Procedure.objects.get(pk=procedure_id).pid or 0
        begun = time.monotonic()
        station.answer(station.stop(procedure_id, 0.5))
        took_s = time.monotonic() - begun
    assert took_s >= 0.5
    report = details(procedure_id)["stop"]
    assert [rung["rung"] for rung in report["rungs"]] == ["asked", "kill", "killed", "empty"]
    assert {"sleep 601"} < {process["command"] for process in report["killed"]}
    assert pid in {process["pid"] for process in report["killed"]}
    for process in report["killed"]:
        wait_until_gone(process["pid"])
    assert (
        Procedure.objects.get(pk=procedure_id).cause
        == "stopped on request by eve; it was killed after the grace period"
    )


def test_a_stop_without_grace_kills_at_once(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(TIDY)
        station.answer(station.stop(procedure_id, 0))
    assert output(procedure_id) == b"up\n"
    assert [rung["rung"] for rung in details(procedure_id)["stop"]["rungs"]] == ["kill", "killed", "empty"]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("import time\ntime.sleep(600)", S.LOADING),
        ("import time\ndef init(): time.sleep(600)", S.INITIALISING),
        ("def main(): pass", S.READY),
    ],
    ids=["LOADING", "INITIALISING", "READY"],
)
def test_a_stop_works_before_anything_was_started(station: Station, text: str, state: S) -> None:
    with station.manager():
        procedure_id = station.prepare(text)
        station.wait_for(procedure_id, state)
        assert station.answer(station.stop(procedure_id, 30)).state == "done"
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
    check_history(procedure_id)


def test_a_stop_right_behind_the_prepare_ends_in_stopped(station: Station) -> None:
    ids = [station.prepare(SLEEPER) for _ in range(5)]
    stops = [station.stop(procedure_id, 0) for procedure_id in ids]
    with station.manager():
        for procedure_id, stop in zip(ids, stops, strict=True):
            assert station.answer(stop).state == "done"
            assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
            check_history(procedure_id)
    assert not list((station.run_dir / "procedures").iterdir())


def test_a_second_stop_is_harmless_and_answered_with_the_first(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(TIDY.replace('print("tidied up")', 'time.sleep(0.3); print("tidied up")'))
        first, second = station.stop(procedure_id, 30), station.stop(procedure_id, 40)
        answers = [station.answer(first), station.answer(second)]
    assert [answer.state for answer in answers] == ["done", "done"]
    assert output(procedure_id) == b"up\ntidied up\n"
    assert len(events(procedure_id, "procedure.stopping")) == 1
    assert details(procedure_id)["stop"]["grace_s"] == 30


def test_a_stop_with_a_shorter_grace_shortens_the_one_under_way(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(STUBBORN)
        first = station.stop(procedure_id, 600)
        wait_until(lambda: b"no\n" in output(procedure_id), what="the script to refuse")
        assert station.answer(station.stop(procedure_id, 0)).state == "done"
        assert station.answer(first).state == "done"
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
    assert [event.payload["grace_s"] for event in events(procedure_id, "procedure.stopping")] == [600, 0]


def test_a_stop_of_a_finished_procedure_is_refused_with_its_state(station: Station) -> None:
    with station.manager():
        procedure_id = station.wait_for(station.prepare("1/0"), S.FAILED).pk
        command = station.answer(station.stop(procedure_id))
    assert command.state == Command.State.REJECTED
    assert command.refusal == "wrong_state"
    assert command.reason == f"procedure {procedure_id} is FAILED; it cannot be stopped. There is nothing left to stop."


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """While the block lasts the process does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_stop_is_a_stop_although_the_launcher_is_frozen(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher_link, "HELLO_TIMEOUT_S", 0.2)
    with station.manager():
        procedure_id = station.running(STUBBORN)
        with frozen(station.launcher_pid()):
            assert station.answer(station.stop(procedure_id, 0)).state == Command.State.DONE
    assert output(procedure_id) == b"up\n"
    procedure, report = Procedure.objects.get(pk=procedure_id), details(procedure_id)["stop"]
    assert procedure.state == S.STOPPED
    assert [rung["rung"] for rung in report["rungs"]] == ["kill", "launcher unreachable", "killed", "empty"]
    for process in report["killed"]:
        wait_until_gone(process["pid"])
    check_history(procedure_id)


def test_what_cannot_be_confirmed_dead_is_unknown_and_the_truth_is_recorded_when_it_is_known(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_link, "HELLO_TIMEOUT_S", 0.2)
    monkeypatch.setattr(treekill, "DEADLINE_S", 0)  # as if the kernel would not end it
    with station.manager():
        procedure_id = station.running(STUBBORN)
        with frozen(station.launcher_pid()):
            answer = station.answer(station.stop(procedure_id, 0))
            procedure = station.wait_for(procedure_id, S.UNKNOWN)
        assert answer.state == Command.State.REJECTED
        assert answer.refusal == "not_confirmed"
        assert "could not be confirmed dead" in procedure.cause
        station.wait_for(procedure_id, S.STOPPED)  # the launcher carries out the kill after all
    check_history(procedure_id)


ABORT = "def main(subarray_id):\n    print('aborting', subarray_id)\n"


def abort_of(station: Station, text: str = ABORT) -> dict[str, object]:
    uri = f"file://{station.script(text)}"
    return {
        "script": {"script_type": "filesystem", "script_uri": uri},
        "inputs": {"main": {"args": [], "kwargs": {"subarray_id": 7}}},
    }


def test_an_abort_runs_as_a_procedure_of_its_own_right_after_the_stop(station: Station) -> None:
    with station.manager():
        station.running(SLEEPER, resources=["telescope"])
        procedure_id = station.running(SLEEPER)
        station.answer(station.stop(procedure_id, 0, abort_procedure=abort_of(station)))
        abort = Procedure.objects.get(abort_of_id=procedure_id)
        station.wait_for(abort.pk, S.COMPLETE)
    assert output(abort.pk) == b"aborting 7\n"
    assert (abort.created_by, abort.resources) == ("eve", [])
    rows = {row.state: row for row in abort.history.all()}
    assert rows["CREATING"].cause == f"abort of procedure {procedure_id}"
    assert rows["RUNNING"].who == "eve"
    assert set(abort.commands.values_list("kind", "state")) == {("prepare", "done"), ("start", "done")}
    assert not events(abort.pk, "procedure.abort.failed")
    check_history(abort.pk)


def test_an_abort_that_fails_is_loud(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(SLEEPER)
        station.answer(station.stop(procedure_id, 0, abort_procedure=abort_of(station, "def main(subarray_id): 1 / 0")))
        abort = Procedure.objects.get(abort_of_id=procedure_id)
        failure = wait_for_event(abort.pk, "procedure.abort.failed").payload
    assert (failure["procedure"], failure["abort_of"]) == (abort.pk, procedure_id)
    assert "ZeroDivisionError" in failure["cause"]


def test_an_abort_that_cannot_be_prepared_is_loud_and_its_start_is_answered(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(SLEEPER)
        station.answer(station.stop(procedure_id, 0, abort_procedure=abort_of(station, "import nonsense_of_mine")))
        abort = Procedure.objects.get(abort_of_id=procedure_id)
        assert "ModuleNotFoundError" in wait_for_event(abort.pk, "procedure.abort.failed").payload["cause"]
        start = station.answer(abort.commands.get(kind="start").pk)
    assert (start.state, start.refusal) == ("rejected", "wrong_state")


def test_two_stops_with_abort_make_one_abort(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(SLEEPER)
        order = abort_of(station)
        stops = [station.stop(procedure_id, 0, abort_procedure=order) for _ in range(3)]
        for stop in stops:
            station.answer(stop)
        abort = Procedure.objects.get(abort_of_id=procedure_id)
        station.wait_for(abort.pk, S.COMPLETE)
