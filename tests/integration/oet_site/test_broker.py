"""The file broker, by several threads at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Queue
from kombu.simple import SimpleQueue

from oet_site import celery
from tests.waiting import wait_until

QUEUE = Queue("work", routing_key="work")
MESSAGES = 100


@pytest.fixture
def broker(tmp_path: Path) -> Connection:
    assert celery.app
    with Connection("oetfiles://localhost", transport_options={"folder": str(tmp_path / "celery")}) as connection:
        yield connection


def put(connection: Connection, count: int) -> None:
    with connection.clone() as own, SimpleQueue(own, QUEUE) as queue:
        for number in range(count):
            queue.put({"number": number})


def take_all(connection: Connection) -> list[int]:
    taken = []
    with connection.clone() as own, SimpleQueue(own, QUEUE, no_ack=True) as queue:
        while True:
            try:
                taken.append(queue.get(timeout=0.5).payload["number"])
            except Empty:
                return taken


def test_messages_come_in_the_order_in_which_they_were_put(broker: Connection) -> None:
    put(broker, 5)
    assert take_all(broker) == [0, 1, 2, 3, 4]


def test_each_message_is_taken_once_while_others_are_still_written(broker: Connection) -> None:
    put(broker, 0)
    with ThreadPoolExecutor() as threads:
        writers = [threads.submit(put, broker, MESSAGES) for _ in range(2)]
        readers = [threads.submit(take_all, broker) for _ in range(3)]
        for writer in writers:
            writer.result()
        taken = Counter(number for reader in readers for number in reader.result())
    taken.update(take_all(broker))
    assert taken == Counter(dict.fromkeys(range(MESSAGES), 2))


def test_nothing_is_kept_of_a_message_that_was_taken(broker: Connection, tmp_path: Path) -> None:
    put(broker, 3)
    take_all(broker)
    assert list((tmp_path / "celery" / "messages").iterdir()) == []


def test_who_waits_hears_of_a_message_without_looking(
    broker: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oet_site.broker.Transport.polling_interval", 600)
    bells = tmp_path / "celery" / "bells"
    with ThreadPoolExecutor(1) as threads, broker.clone() as own, SimpleQueue(own, QUEUE, no_ack=True) as queue:
        waiting = threads.submit(queue.get, timeout=60)
        wait_until(lambda: bells.is_dir() and list(bells.iterdir()), what="the bell of who waits")
        put(broker, 1)
        assert waiting.result(60).payload == {"number": 0}
    assert not list(bells.iterdir())
