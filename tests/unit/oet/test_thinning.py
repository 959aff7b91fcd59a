import threading
import time
from collections.abc import Callable
from typing import Any

from oet.thinning import PAUSE_S, Thinner
from tests.waiting import wait_until


class Written:
    def __init__(self) -> None:
        self.values: list[tuple[float, Any]] = []
        self._lock = threading.Lock()

    def __call__(self, take: Callable[[], Any]) -> None:
        with self._lock:
            value = take()
            if value is not None:
                self.values.append((time.monotonic(), value))


def test_first_value_is_written_at_once_by_the_caller() -> None:
    written = Written()
    Thinner(written).offer("a")
    assert [value for _, value in written.values] == ["a"]


def test_newest_value_is_written_even_if_nothing_follows() -> None:
    written = Written()
    thinner = Thinner(written)
    for i in range(100):
        thinner.offer(i)
    offered = time.monotonic()
    wait_until(lambda: written.values[-1][1] == 99, what="the newest value")
    assert (
        written.values[-1][0] - offered < PAUSE_S + 0.2
    )  # a busy machine may be late; the pause itself is checked below
    thinner.close()


def test_values_are_written_no_more_than_twenty_times_a_second() -> None:
    written = Written()
    thinner = Thinner(written)
    end = time.monotonic() + 0.5
    count = 0
    while time.monotonic() < end:
        count += 1
        thinner.offer(count)
    thinner.flush()
    thinner.close()
    assert written.values[-1][1] == count
    assert 3 <= len(written.values) <= 0.5 / PAUSE_S + 2
    values = [value for _, value in written.values]
    assert values == sorted(set(values))


def test_flush_writes_what_is_held_back_once() -> None:
    written = Written()
    thinner = Thinner(written)
    thinner.offer("a")
    thinner.offer("b")
    thinner.flush()
    thinner.flush()
    thinner.close()
    assert [value for _, value in written.values] == ["a", "b"]
