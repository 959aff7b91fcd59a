"""The command start: who may run, and what is refused in which words."""

import pytest

from procedures.domain.states import ProcedureState as S
from procedures.models import Command, Procedure, ResourceClaim
from tests.integration.procedures.manager.station import Station, check_history, history, wait_for_event
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

SLEEPER = "import time\ndef main():\n    print('up')\n    time.sleep(600)"


def refused(station: Station, command_id: int) -> tuple[str, str]:
    command = station.answer(command_id)
    assert command.state == Command.State.REJECTED
    return command.refusal, command.reason


def test_of_fifty_starts_at_once_exactly_one_wins_and_the_script_runs_once(station: Station) -> None:
    ran = station.home / "ran"
    text = f"import time\ndef main():\n    open({str(ran)!r}, 'a').write('x')\n    time.sleep(600)"
    with station.manager():
        procedure_id = station.ready(text)
        commands = [station.start(procedure_id, who=f"client {n}") for n in range(50)]
        answers = [station.answer(command) for command in commands]
        wait_until(ran.exists, what="the script to run")
    assert [answer.state for answer in answers].count("done") == 1
    assert {answer.refusal for answer in answers if answer.state == "rejected"} == {"wrong_state"}
    assert ran.read_text() == "x"
    assert history(procedure_id).count("RUNNING") == 1


def test_a_start_is_refused_while_a_script_is_not_ready_yet(station: Station) -> None:
    with station.manager():
        procedure_id = station.prepare("import time\ndef init(): time.sleep(600)\ndef main(): pass")
        station.wait_for(procedure_id, S.INITIALISING)
        code, words = refused(station, station.start(procedure_id))
    assert code == "wrong_state"
    assert (
        words
        == f"procedure {procedure_id} is INITIALISING; it cannot be started. It is not prepared yet: wait until it is READY."
    )


def test_a_start_is_refused_while_a_script_runs_and_after_its_end(station: Station) -> None:
    with station.manager():
        procedure_id = station.running(SLEEPER)
        assert "is RUNNING; it cannot be started. It runs already" in refused(station, station.start(procedure_id))[1]
        station.answer(station.stop(procedure_id, 0))
        code, words = refused(station, station.start(procedure_id))
    assert code == "wrong_state"
    assert words == f"procedure {procedure_id} is STOPPED; it cannot be started. Prepare it again."


def test_a_function_that_the_script_does_not_offer_is_refused_with_those_it_offers(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready("def main(): pass\ndef calibrate(): pass\ndef _private(): pass")
        assert refused(station, station.start(procedure_id, "_private")) == (
            "no_such_function",
            f"the script of procedure {procedure_id} has no function “_private”; it offers: main, calibrate.",
        )
        assert Procedure.objects.get(pk=procedure_id).state == S.READY


def test_arguments_that_do_not_fit_are_refused_and_nothing_is_started(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready("def main(target, *, count=1): pass")
        code, words = refused(station, station.start(procedure_id, kwargs={"count": 2}))
        assert (code, "needs target" in words) == ("invalid", True)
        assert history(procedure_id)[-1] == S.READY


def test_a_resource_that_is_held_is_refused_with_its_holder_and_free_after_its_end(station: Station) -> None:
    with station.manager():
        holder = station.running(SLEEPER, resources=["telescope"])
        second = station.ready(SLEEPER, resources=["telescope"])
        code, words = refused(station, station.start(second))
        assert code == "resource_held"
        assert f"procedure {holder} (embedded script) holds “telescope”" in words
        assert Procedure.objects.get(pk=second).state == S.READY
        station.answer(station.stop(holder, 0))
        assert station.answer(station.start(second)).state == "done"
        assert ResourceClaim.objects.get().procedure_id == second


def test_a_start_may_name_its_own_resources(station: Station) -> None:
    with station.manager():
        station.running(SLEEPER, resources=["telescope"])
        second = station.ready(SLEEPER, resources=["telescope"])
        assert station.answer(station.start(second, resources=["subarray_2"])).state == "done"
        assert set(ResourceClaim.objects.values_list("name", flat=True)) == {"telescope", "subarray_2"}


def test_nothing_can_be_started_after_main_has_returned(station: Station) -> None:
    # A thread that outlives main keeps the process in READY, on its way to COMPLETE.
    text = (
        "import threading, time\ndef main(): threading.Thread(target=time.sleep, args=(1.5,)).start()\ndef more(): pass"
    )
    with station.manager():
        procedure_id = station.ready(text)
        station.answer(station.start(procedure_id))
        wait_until(lambda: history(procedure_id)[-2:] == ["RUNNING", "READY"], what="main to return")
        assert "about to end: prepare it again" in refused(station, station.start(procedure_id, "more"))[1]
        station.wait_for(procedure_id, S.COMPLETE)
    check_history(procedure_id)


def test_a_start_that_was_asked_for_with_the_preparation_comes_as_soon_as_it_is_ready(station: Station) -> None:
    with station.manager():
        procedure_id = station.prepare(
            "import time\ndef init(): time.sleep(0.3)\ndef main(n): print(n); time.sleep(600)"
        )
        command = station.start(procedure_id, kwargs={"n": 7}, expires_in_s=0.2, when_ready=True)
        station.wait_for(procedure_id, S.RUNNING)
        assert station.answer(command).state == Command.State.DONE
        wait_until(lambda: Procedure.objects.get(pk=procedure_id).last_line == "7", what="its main to print")
    check_history(procedure_id)


def test_a_start_that_cannot_follow_its_preparation_is_refused_aloud_and_it_stays_ready(station: Station) -> None:
    with station.manager():
        holder = station.running(SLEEPER, resources=["telescope"])
        procedure_id = station.prepare(SLEEPER, resources=["telescope"])
        command = station.start(procedure_id, who="bob", when_ready=True)
        code, words = refused(station, command)
        said = wait_for_event(procedure_id, "procedure.start.refused").payload
    assert (code, said["code"], said["who"]) == ("resource_held", "resource_held", "bob")
    assert f"procedure {holder}" in words
    procedure = Procedure.objects.get(pk=procedure_id)
    assert history(procedure_id)[-2:] == [S.READY, S.STOPPED]
    assert said["cause"] == f"not started: {words}"
    assert procedure.state == S.STOPPED


def test_a_start_that_was_held_when_the_manager_died_is_not_carried_out_late(station: Station) -> None:
    process = station.process()
    procedure_id = station.prepare("import time\ndef init(): time.sleep(2)\ndef main(): print('late')")
    command = station.start(procedure_id, expires_in_s=0.1, when_ready=True)
    station.wait_for(procedure_id, S.INITIALISING)
    process.kill()
    process.wait()
    with station.manager():
        assert station.answer(command).state == Command.State.EXPIRED
        station.wait_for(procedure_id, S.READY)
        assert S.RUNNING not in history(procedure_id)
