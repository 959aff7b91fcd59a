"""Events between scripts, and from people and programs to scripts: in order, each once, whoever is killed."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from procedures.domain.people import Actor, Right
from procedures.domain.states import ProcedureState
from procedures.messages import MessageService
from procedures.models import Event, ProcedureHistory
from procedures.overrides import OverrideService
from tests.integration.procedures.manager.station import TIMEOUT_S, Station, details, wait_for_event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

S = ProcedureState
ANN = Actor("ann", frozenset(Right))

ECHO = """
import oet

def main(count):
    "Answers every ping, until it has heard them all."
    heard = []
    with oet.subscribe("game.ping") as pings:
        oet.publish("game.ready")
        while len(heard) < count:
            ping = pings.get(60)
            heard.append([ping.procedure, ping["number"]])
            oet.publish("game.pong", number=ping["number"])
    return heard
"""
PLAYER = """
import time
import oet

def main(count, pause_s):
    "Sends pings, and hears the pongs and what people say meanwhile."
    with oet.subscribe("game.pong") as pongs, oet.subscribe("people.*") as people:
        oet.publish("player.ready")
        for number in range(count):
            assert oet.publish("game.ping", number=number)
            time.sleep(pause_s)
        heard = [pongs.get(60)["number"] for _ in range(count)]
        said = [people.get(60)["number"] for _ in range(count)]
    return {"heard": heard, "said": said, "override": oet.context.overrides["wait_for_qa_ready"]}
"""
OVERRIDE = """
import time
import oet

def main(context):
    before = oet.context.overrides["wait_for_qa_ready"]
    oet.publish("override.ready")
    deadline = time.monotonic() + 60
    while oet.context.overrides["wait_for_qa_ready"] == before and time.monotonic() < deadline:
        time.sleep(0.001)
    return [before, context.overrides["wait_for_qa_ready"], context.started_by, context.prepared_by]
"""


def said_by_people(number: int) -> None:
    MessageService(ANN).publish("people.word", {"number": number})


def test_two_scripts_and_people_exchange_events_in_order_and_none_is_lost(station: Station) -> None:
    with station.manager():
        exchange(station, 60)


def test_killing_the_manager_loses_and_doubles_no_event(station: Station) -> None:
    """People go on talking, and an override is set, while no manager lives."""
    killed = station.process()

    def kill() -> None:
        killed.kill()
        killed.wait()
        for number in (20, 21, 22):
            said_by_people(number)
        OverrideService(ANN).set("wait_for_qa_ready", value=True)
        station.process()

    exchange(station, 60, kill)


def exchange(station: Station, count: int, interrupt: Callable[[], None] | None = None) -> None:
    """Ping and pong between two scripts, and words of people; `interrupt` says the words 20 to 22."""
    echo, player = station.ready(ECHO), station.ready(PLAYER)
    station.start(echo, "main", count)
    wait_for_event(echo, "game.ready")
    station.start(player, "main", count, 0.02)
    wait_for_event(player, "player.ready")
    for number in range(count):
        if number == 20 and interrupt is not None:
            interrupt()
        elif interrupt is None or number not in (20, 21, 22):
            said_by_people(number)
    for procedure_id in (echo, player):
        station.wait_for(procedure_id, S.COMPLETE, timeout_s=3 * TIMEOUT_S)
    everything = list(range(count))
    assert result_of(echo) == [[player, number] for number in everything]
    assert result_of(player) == {"heard": everything, "said": everything, "override": interrupt is not None}
    pings = Event.objects.filter(topic="game.ping").order_by("id")
    assert [event.payload["number"] for event in pings] == everything
    assert all(one.pk < other.pk for one, other in pairwise(pings))


def result_of(procedure_id: int) -> object:
    rows = ProcedureHistory.objects.filter(procedure_id=procedure_id, details__function="main")
    row = rows.get()
    assert row.details is not None
    return row.details["result"]


def test_override_reaches_the_running_script_and_the_next_one_at_its_start(station: Station) -> None:
    OverrideService(ANN).set("wait_for_qa_ready", value=False)
    with station.manager():
        running = station.ready(OVERRIDE, who="ann")
        station.start(running, who="bob")
        wait_for_event(running, "override.ready")
        MessageService(ANN).publish("operator.wait_for_qa_ready.enable", {})
        station.wait_for(running, S.COMPLETE)
        assert result_of(running) == [False, True, "bob", "ann"]
        station.prepare("import oet\ndef init(): return oet.context.overrides['wait_for_qa_ready']")
        OverrideService(ANN).set("wait_for_qa_ready", value=False)
        following = station.ready("import oet\ndef init(): return dict(oet.context.overrides)")
        assert details(following)["result"] == {"wait_for_qa_ready": False}


def test_script_hears_neither_itself_nor_what_was_said_before_it_listened(station: Station) -> None:
    text = """
import oet
def main():
    with oet.subscribe("word.*") as words:
        oet.publish("word.own")
        oet.publish("listening")
        return [words.get(60).topic]
"""
    said_by_people(1)
    with station.manager():
        procedure_id = station.ready(text)
        MessageService(ANN).publish("word.early", {})
        station.start(procedure_id)
        wait_for_event(procedure_id, "word.own")
        MessageService(ANN).publish("word.late", {})
        station.wait_for(procedure_id, S.COMPLETE)
    assert result_of(procedure_id) == ["word.late"]


def test_flood_slows_the_script_that_makes_it_and_nobody_else(station: Station) -> None:
    flood = """
import time
import oet
def main(seconds):
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        sent += oet.publish("flood.drop", number=sent)
        oet.progress(0.5, f"drop {sent}")
    return sent
"""
    with station.manager():
        loud = station.ready(flood)
        station.start(loud, "main", 600)
        wait_for_event(loud, "flood.drop")
        quiet = station.ready(OVERRIDE)
        station.start(quiet)
        wait_for_event(quiet, "override.ready")
        OverrideService(ANN).set("wait_for_qa_ready", value=True)
        station.wait_for(quiet, S.COMPLETE)
        station.answer(station.stop(loud, 0))
    numbers = [event.payload["number"] for event in Event.objects.filter(topic="flood.drop").order_by("id")]
    assert numbers == list(range(len(numbers)))


def test_floods_of_five_scripts_at_once_are_heard_whole_and_in_order(station: Station) -> None:
    flood = """
import oet
def main(count):
    with oet.subscribe("flood.begin") as begin:
        oet.publish("flood.is_ready")
        begin.get(120)
    return sum(oet.publish("flood.drop", number=number) for number in range(count))
"""
    listener = """
import oet
def main(count):
    heard = {}
    with oet.subscribe("flood.drop") as drops:
        oet.publish("flood.begin")
        for _ in range(count):
            drop = drops.get(120)
            heard.setdefault(str(drop.procedure), []).append(drop["number"])
    return {sender: numbers == list(range(len(numbers))) and len(numbers) for sender, numbers in heard.items()}
"""
    with station.manager():
        floods = [station.ready(flood) for _ in range(5)]
        ear = station.ready(listener)
        for procedure_id in floods:
            station.start(procedure_id, "main", 300)
            wait_for_event(procedure_id, "flood.is_ready")
        station.start(ear, "main", 1500)
        for procedure_id in (*floods, ear):
            station.wait_for(procedure_id, S.COMPLETE, timeout_s=3 * TIMEOUT_S)
    assert result_of(ear) == {str(procedure_id): 300 for procedure_id in floods}
    assert [result_of(procedure_id) for procedure_id in floods] == [300] * 5


SKA_SCRIPT = '''
"""As scripts for SKA's OET are written."""
import functools
import logging
import os

from pubsub import pub

LOG = logging.getLogger(__name__)
FORMAT = "%(asctime)s - %(message)s"

logging.basicConfig(level=logging.INFO, format=FORMAT)


class topics:
    class request:
        class subarray:
            class used:
                def msgDataSpec(msg_src, request_id):
                    "- msg_src: who asks"


pub.addTopicDefnProvider(topics, pub.TOPIC_TREE_FROM_CLASS)


def announce_subarray_id(subarray_id):
    LOG.info("Running on subarray %s", subarray_id)
    pub.sendMessage(topics.request.subarray.used, msg_src=os.path.basename(__file__), request_id=subarray_id)


def init(subarray_id: int):
    global main
    announce_subarray_id(subarray_id)
    main = functools.partial(_main, subarray_id)
    LOG.info("Script bound to subarray %s", subarray_id)


def _main(subarray_id: int, *args, **kwargs):
    heard = []
    def listener(msg_src, value):
        heard.append([msg_src, value])
        pub.sendMessage("answer.given", msg_src=msg_src, value=value * 2)
    pub.subscribe(listener, "question.put")
    pub.sendMessage("script.listens", msg_src="main")
    import time
    deadline = time.monotonic() + 60
    while not heard and time.monotonic() < deadline:
        time.sleep(0.01)
    LOG.warning("heard %s", heard)
    return heard
'''


def test_script_written_for_ska_oet_runs_unchanged(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready(SKA_SCRIPT, init={"subarray_id": 3})
        assert wait_for_event(procedure_id, "request.subarray.used").payload["request_id"] == 3
        station.start(procedure_id)
        wait_for_event(procedure_id, "script.listens")
        MessageService(ANN).publish("question.put", {"msg_src": "ann", "value": 21})
        station.wait_for(procedure_id, S.COMPLETE)
    assert result_of(procedure_id) == [["ann", 21]]
    assert wait_for_event(procedure_id, "answer.given").payload == {"msg_src": "ann", "value": 42}
    assert not Event.objects.filter(procedure_id=procedure_id, topic="question.put").exists(), "it came back"
