"""Waiting for something that another process does, with a deadline and no guess about how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_S = 0.01


T = TypeVar("T")


def wait_until(condition: Callable[[], T | None], *, what: str, timeout_s: float = 10.0) -> T:
    """The first true value of `condition`; fails with `what` was waited for after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s for {what}")
        time.sleep(PAUSE_S)
