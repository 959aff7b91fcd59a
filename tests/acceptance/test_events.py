"""Two scripts and a program that talks HTTP exchange events: in order, none lost, none twice, though the manager is killed meanwhile."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.acceptance.test_up import running_program
from tests.product import Product
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(180),
]  # on PostgreSQL: tests/integration/procedures/manager/test_hearing.py

COUNT = 60
KILL_AT, DEAF_UNTIL = 20, 30
ECHO = """
import oet

def main(count):
    "Answers every ping, and writes down what the program says."
    heard, said = [], []
    with oet.subscribe("game.ping") as pings, oet.subscribe("program.word") as words:
        oet.publish("echo.ready")
        while len(heard) < count:
            ping = pings.get(120)
            heard.append(ping["number"])
            oet.publish("game.pong", number=ping["number"])
        while len(said) < count:
            said.append(words.get(120)["number"])
    return [heard, said]
"""
PLAYER = """
import oet

def main(count):
    "Sends a ping for each word of the program, and waits for the pongs."
    heard = []
    with oet.subscribe("program.word") as words, oet.subscribe("game.pong") as pongs:
        oet.publish("player.ready")
        for _ in range(count):
            assert oet.publish("game.ping", number=words.get(120)["number"])
        for _ in range(count):
            heard.append(pongs.get(120)["number"])
    return heard
"""


def test_scripts_and_a_program_exchange_events_though_the_manager_is_killed(product: Product) -> None:
    with listening(product) as heard:
        echo, player = (running(product, text, resource) for text, resource in ((ECHO, "dish_1"), (PLAYER, "dish_2")))
        for topic in ("echo.ready", "player.ready"):
            wait_until(lambda topic=topic: numbers(heard, topic) != [], what=topic, timeout_s=60)  # type: ignore[misc]
        killed = running_program(product, "processmanager")
        for number in range(COUNT):
            if number == KILL_AT:
                os.kill(killed, signal.SIGKILL)
            if number == DEAF_UNTIL:  # what was said until then, nobody managed
                wait_until(lambda: manager_after(product, killed), what="another manager", timeout_s=60)
            answer = product.http.post("events/", json={"topic": "program.word", "payload": {"number": number}})
            assert answer.status_code == httpx.codes.CREATED, answer.text
        everything = list(range(COUNT))
        results = [result(product, procedure_id) for procedure_id in (echo, player)]
        assert results == [[everything, everything], everything]
        wait_until(lambda: len(numbers(heard, "game.pong")) >= COUNT, what="the last pong", timeout_s=60)
    assert numbers(heard, "program.word") == numbers(heard, "game.ping") == numbers(heard, "game.pong") == everything
    ids = [event["id"] for event in heard]
    assert ids == sorted(set(ids))


@contextmanager
def listening(product: Product) -> Iterator[list[dict[str, Any]]]:
    """The events that a program hears over HTTP while the block lasts."""
    heard: list[dict[str, Any]] = []
    is_following = threading.Event()

    def follow() -> None:
        with (
            httpx.Client(base_url=product.http.base_url, headers=product.http.headers, timeout=60) as client,
            client.stream("GET", "stream", params={"topic": "program.*,game.*,*.ready"}) as stream,
        ):
            for line in stream.iter_lines():
                is_following.set()  # with its first line the server has begun to follow
                event = json.loads(line[5:]) if line.startswith("data:") else {"topic": ""}
                if event["topic"] == "program.silence":
                    return
                if event["topic"]:
                    heard.append(event)

    thread = threading.Thread(target=follow)
    thread.start()
    assert is_following.wait(60)
    try:
        yield heard
    finally:
        product.http.post("events/", json={"topic": "program.silence"}).raise_for_status()
        thread.join(60)
    assert not thread.is_alive()


def numbers(heard: list[dict[str, Any]], topic: str) -> list[int | None]:
    return [event["payload"].get("number") for event in list(heard) if event["topic"] == topic]


def running(product: Product, text: str, resource: str) -> int:
    body = {"script": {"script_type": "embedded", "script_body": text}, "resources": [resource]}
    procedure_id: int = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    product.wait_for_state(procedure_id, "READY")
    started = {"state": "RUNNING", "script_args": {"main": {"kwargs": {"count": COUNT}}}}
    product.http.put(f"procedures/{procedure_id}/", json=started).raise_for_status()
    return procedure_id


def result(product: Product, procedure_id: int) -> Any:
    product.wait_for_state(procedure_id, "COMPLETE", timeout_s=120)
    history = product.http.get(f"procedures/{procedure_id}/history/").raise_for_status().json()
    return next(row["details"]["result"] for row in history if (row.get("details") or {}).get("function") == "main")


def manager_after(product: Product, killed: int) -> bool:
    return running_program(product, "processmanager") != killed
