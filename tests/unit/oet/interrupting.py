"""Interrupts a scenario before each of its lines, one run for each: whatever may come between any two lines does come."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from oet import StopRequested
from oet.stopping import STOP_SIGNAL, StopGuard

OURS = ("oet", "contextlib")
"""Modules before whose lines it may come: before each line once, however often it is run."""

Strike = Callable[[], bool]


def stops(scenario: Callable[[StopGuard], object], modules: tuple[str, ...] = OURS) -> Iterator[bool]:
    """Stops at every line of what `scenario` does as user code; yields after each run, True if the stop was raised."""
    before = signal.getsignal(STOP_SIGNAL)
    try:
        for moment in range(100_000):
            guard = StopGuard()
            guard.install()
            was_raised = False

            def strike(guard: StopGuard = guard) -> bool:
                guard.request()
                return True

            with _interrupted(moment, strike, modules) as has_struck:
                try:
                    guard.expose(lambda guard=guard: scenario(guard))  # type: ignore[misc]
                except StopRequested:
                    was_raised = True
            guard.retire()
            guard.settle()
            yield was_raised
            if not has_struck():
                return
    finally:
        signal.signal(STOP_SIGNAL, before)


def signals(number: int, scenario: Callable[[], object], modules: tuple[str, ...] = OURS) -> Iterator[None]:
    """Sends a signal at every line at which somebody has taken it; yields after each run."""

    def strike() -> bool:
        if signal.getsignal(number) in {signal.SIG_DFL, signal.SIG_IGN, None}:
            return False
        signal.raise_signal(number)
        return True

    for moment in range(100_000):
        with _interrupted(moment, strike, modules) as has_struck:
            scenario()
        yield
        if not has_struck():
            return


@contextmanager
def _interrupted(moment: int, strike: Strike, modules: tuple[str, ...]) -> Iterator[Callable[[], bool]]:
    left, has_struck = moment, False
    seen: set[tuple[object, int]] = set()

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal left, has_struck
        if not str(frame.f_globals.get("__name__")).startswith(modules):
            return None
        if event == "line" and not has_struck:
            place = (frame.f_code, frame.f_lineno)
            left -= place not in seen
            seen.add(place)
            if left < 0:
                has_struck = True
                has_struck = strike()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: has_struck
    finally:
        sys.settrace(before)
