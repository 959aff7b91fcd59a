"""What scripts say about themselves, recorded; pauses and answers, brought to them."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from procedures.commanding import Rejected
from procedures.domain.errors import InvalidInput, NoSuchQuestion, NotAllowed, NotOpen, WrongState
from procedures.domain.people import Actor, Right
from procedures.domain.states import ProcedureState
from procedures.models import Attachment, Command, LogRecord, Procedure, Question
from procedures.sayings import LogFilter, log_of
from procedures.steering import SteeringService
from procedures.supervision.script_process import ScriptProcess
from tests.integration.procedures.manager.station import TIMEOUT_S, Station, events, wait_for_event
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

S = ProcedureState
ANN = Actor("ann", frozenset(Right))


def said(procedure_id: int) -> dict[str, Any]:
    found: dict[str, Any] = Procedure.objects.get(pk=procedure_id).said
    return found


def wait_until_said(procedure_id: int, what: str, is_it: Callable[[Any], bool]) -> Any:
    """What is said under `what`, as soon as it is so."""

    def found() -> Any:
        value = said(procedure_id).get(what)
        return value if value is not None and is_it(value) else None

    return wait_until(found, what=f"{what} of {procedure_id}", timeout_s=TIMEOUT_S)


SCANS = """
import logging
import oet
log = logging.getLogger("obs.scan")
def main(count):
    for number in range(count):
        oet.status(f"scan {number}")
        oet.progress(number / count, f"{number} of {count}")
        oet.checkpoint(f"before scan {number}")
    oet.progress(1, "done")
    log.info("observed %d", count)
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("and then this")
    oet.attach("result.json", {"scans": count})
    oet.attach("result.json", {"scans": count, "again": True})
    oet.attach("plot.png", b"\\x89PNG\\r\\n\\x1a\\n" + bytes(100))
"""


def test_progress_words_attachments_and_log_are_kept(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(SCANS)
        station.start(procedure_id, "main", 3)
        station.wait_for(procedure_id, S.COMPLETE)
    now = said(procedure_id)
    assert (now["progress"]["fraction"], now["progress"]["message"]) == (1.0, "done")
    assert (now["status"]["text"], now["checkpoint"]["name"]) == ("scan 2", "before scan 2")
    assert (now["attachments"], now["pause"]) == (2, None)
    kept = {row.name: (row.media_type, bytes(row.data)) for row in Attachment.objects.filter(procedure=procedure_id)}
    assert kept["result.json"] == ("application/json", b'{\n "scans": 3,\n "again": true\n}')
    assert kept["plot.png"][0] == "image/png"
    info, failure = LogRecord.objects.filter(procedure=procedure_id).order_by("id")
    assert (info.level, info.level_name, info.logger, info.message) == (20, "INFO", "obs.scan", "observed 3")
    assert "ZeroDivisionError: division by zero" in failure.message
    assert [row.message for row in log_of(ANN, procedure_id, LogFilter(level=40), 10)] == [failure.message]
    assert [row.pk for row in log_of(ANN, procedure_id, LogFilter(logger="obs"), 10)] == [info.pk, failure.pk]
    told = events(procedure_id, "procedure.progress")
    assert told[-1].payload["said"]["progress"]["message"] == "done"
    assert [event.payload["attachment"]["name"] for event in events(procedure_id, "procedure.attachment")] == [
        *("result.json", "result.json", "plot.png"),
    ]


WAITS = """
import oet
def main():
    print("up", flush=True)
    oet.publish("up")
    while True:
        oet.checkpoint("between scans")
        if oet.context.overrides["wait_for_qa_ready"]:
            return "on"
"""


def test_pause_waits_at_the_next_checkpoint_until_it_is_resumed(station: Station) -> None:
    from procedures.overrides import OverrideService

    steering = SteeringService(ANN)
    with station.manager():
        procedure_id = station.running(WAITS)
        steering.pause(procedure_id)
        pause = wait_until_said(procedure_id, "pause", lambda pause: pause["state"] == "paused")
        assert (pause["by"], pause["checkpoint"]) == ("ann", "between scans")
        assert steering.pause(procedure_id)["said"]["pause"]["state"] == "paused"
        OverrideService(ANN).set("wait_for_qa_ready", value=True)
        assert Procedure.objects.get(pk=procedure_id).state == S.RUNNING
        assert steering.resume(procedure_id)["said"]["pause"] is None
        station.wait_for(procedure_id, S.COMPLETE)
    kinds = list(Command.objects.filter(procedure=procedure_id).order_by("id").values_list("kind", "state"))
    assert kinds[-3:] == [("pause", "done"), ("pause", "done"), ("resume", "done")]


ASKS = """
import oet
def main():
    first = oet.ask("Continue?", choices=["yes", "no"])
    second = oet.ask("Why?", timeout=0.01, default="no reason")
    third = oet.ask("And now?")
    return [first, second, third]
"""


def asked(procedure_id: int, number: int) -> Question:
    return wait_until(
        lambda: Question.objects.filter(procedure=procedure_id, number=number).first(),
        what=f"question {number}",
        timeout_s=TIMEOUT_S,
    )


def test_questions_wait_for_an_answer_that_is_kept_with_who_gave_it(station: Station) -> None:
    steering = SteeringService(ANN)
    with station.manager():
        procedure_id = station.ready(ASKS)
        station.start(procedure_id)
        asked(procedure_id, 1)
        [shown] = said(procedure_id)["questions"]
        assert (shown["text"], shown["choices"], shown["deadline_at"]) == ("Continue?", ["yes", "no"], None)
        with pytest.raises(InvalidInput, match="one of yes, no"):
            steering.answer(procedure_id, 1, "perhaps")
        answer = steering.answer(procedure_id, 1, "yes")
        assert (answer["state"], answer["answer"], answer["answered_by"]) == ("answered", "yes", "ann")
        with pytest.raises(NotOpen, match="answered by ann"):
            steering.answer(procedure_id, 1, "no")
        asked(procedure_id, 3)
        assert steering.answer(procedure_id, 3, "go on")["answer"] == "go on"
        station.wait_for(procedure_id, S.COMPLETE)
        with pytest.raises(NoSuchQuestion):
            steering.answer(procedure_id, 9, "x")
    states = list(Question.objects.filter(procedure=procedure_id).order_by("number").values_list("state", "answer"))
    assert states == [("answered", "yes"), ("timed_out", ""), ("answered", "go on")]
    assert said(procedure_id)["questions"] == []


LAST_QUESTION = """
import oet
def main():
    return oet.ask("Park?")
"""


@pytest.mark.parametrize("has_ended", [False, True], ids=["being recorded", "recorded"])
def test_an_answer_that_lets_the_script_end_is_confirmed_whenever_the_manager_hears_that_it_was_taken(
    station: Station, monkeypatch: pytest.MonkeyPatch, *, has_ended: bool
) -> None:
    tell = ScriptProcess.tell

    async def tell_late(process: ScriptProcess, message: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        answer = await tell(process, message, timeout_s)
        if message["op"] == "ANSWER":
            await process.gone.wait()
            if has_ended:
                await asyncio.to_thread(station.wait_for, process.directory.procedure_id, S.COMPLETE)
        return answer

    monkeypatch.setattr(ScriptProcess, "tell", tell_late)
    with station.manager():
        procedure_id = station.ready(LAST_QUESTION)
        station.start(procedure_id)
        asked(procedure_id, 1)
        assert SteeringService(ANN).answer(procedure_id, 1, "yes")["answer"] == "yes"
        station.wait_for(procedure_id, S.COMPLETE)


@pytest.mark.parametrize("grace_s", [5.0, 0.0])
def test_stop_withdraws_the_question(station: Station, grace_s: float) -> None:
    with station.manager():
        procedure_id = station.ready(ASKS)
        station.start(procedure_id)
        asked(procedure_id, 1)
        station.answer(station.stop(procedure_id, grace_s))
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
    assert Question.objects.get(procedure=procedure_id).state == "withdrawn"
    assert said(procedure_id)["questions"] == []
    with pytest.raises(NotOpen, match="withdrawn"):
        SteeringService(ANN).answer(procedure_id, 1, "yes")
    with pytest.raises(WrongState, match="cannot be paused"):
        SteeringService(ANN).pause(procedure_id)


def test_of_two_answers_at_once_one_stands(station: Station) -> None:
    refusals: list[Exception] = []

    def answer(who: str) -> None:
        try:
            SteeringService(Actor(who, frozenset(Right))).answer(procedure_id, 1, "yes")
        except (NotOpen, Rejected) as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    with station.manager():
        procedure_id = station.ready(ASKS)
        station.start(procedure_id)
        asked(procedure_id, 1)
        people = [threading.Thread(target=answer, args=(name,)) for name in ("bob", "eve", "mia")]
        for person in people:
            person.start()
        for person in people:
            person.join(TIMEOUT_S)
        station.answer(station.stop(procedure_id, 0))
    assert len(refusals) == 2
    assert Question.objects.get(procedure=procedure_id, number=1).state == "answered"


def test_whoever_may_not_steer_is_told_so(station: Station) -> None:
    viewer = SteeringService(Actor("vic", frozenset({Right.VIEW})))
    for deed in (viewer.pause, viewer.resume, lambda i: viewer.answer(i, 1, "yes")):
        with pytest.raises(NotAllowed, match="pause or resume scripts"):
            deed(1)


PARKS = """
import time
from oet import harness
def expose(ctx):
    harness.progress(0.5, "half")
    print("exposing", flush=True)
    time.sleep(600)
def park(ctx): time.sleep(0.01)
def close_dome(ctx): raise RuntimeError("stuck")
def tell(ctx): pass
script = harness.Script(harness.get_actions_from_list(["expose"]), cmdln_args=[])
for listener in (park, close_dome, tell):
    script.add_listener(listener, harness.POST_FATAL)
init, main = harness.entry_points(script)
"""


def test_stop_during_an_action_runs_every_listener_of_post_fatal_once_and_shows_which(station: Station) -> None:
    from procedures.domain.actions import ActionState, fold

    with station.manager():
        procedure_id = station.running(PARKS)
        wait_until_said(procedure_id, "actions", lambda actions: actions["current"])
        assert station.answer(station.stop(procedure_id, 10.0)).state == "done"
    assert Procedure.objects.get(pk=procedure_id).state == S.STOPPED
    run = fold((e.topic, e.payload) for e in Procedure.objects.get(pk=procedure_id).events.order_by("id"))
    assert run is not None
    called = [(call.listener.rpartition(".")[2], call.error) for call in run.post_fatal]
    assert called == [("park", ""), ("close_dome", "RuntimeError: stuck"), ("tell", "")]
    assert [failed.error for failed in run.failures] == ["RuntimeError: stuck"]
    assert run.rows[0].state is ActionState.STOPPED
    assert said(procedure_id)["actions"]["failed"] == 0
    assert wait_for_event(procedure_id, "procedure.actions").payload["said"]["actions"]["total"] == 1
