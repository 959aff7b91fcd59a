"""A simulated observation of a minute: slew, acquire, integrate, and always stow the antennas.

It shows the three things that a real script does: it *prints* for people, it *logs* with levels, and it *publishes* events that dashboards
and other programs follow. Stop it while it integrates, and see that `finally` still stows the antennas.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import oet

logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(message)s")
log = logging.getLogger("observation")

PHASES = {"slew": 0.2, "acquire": 0.1, "integrate": 0.6, "calibrate": 0.1}
"""Each phase with its share of the whole time."""

STEP_S = 1.0


def init(subarray_id: int = 1) -> None:
    """Take the subarray. With `OET_RESOURCES=subarray_{subarray_id}` only one observation at a time may use it."""
    log.info("subarray %d: resources assigned, %d antennas", subarray_id, 4)


def main(subarray_id: int = 1, target: str = "Centaurus A", duration_s: float = 60.0) -> dict[str, object]:
    """Observe `target` for `duration_s` seconds in all."""
    began = time.monotonic()
    try:
        for phase, share in PHASES.items():
            with _announced(phase, subarray_id):
                _work(phase, target, share * duration_s)
    finally:
        print("Stowing the antennas.")
    took_s = round(time.monotonic() - began, 1)
    log.info("observed %s in %s s", target, took_s)
    return {"target": target, "took_s": took_s}


@contextmanager
def _announced(phase: str, subarray_id: int) -> Iterator[None]:
    """Tell the world when a phase begins and ends."""
    oet.publish("observation.phase", {"phase": phase, "subarray_id": subarray_id, "status": "begins"})
    yield
    oet.publish("observation.phase", {"phase": phase, "subarray_id": subarray_id, "status": "ends"})


def _work(phase: str, target: str, duration_s: float) -> None:
    """Pass the time as an observation would, with a word every STEP_S seconds."""
    print(f"{phase}: {target}, {duration_s:.1f} s")
    end = time.monotonic() + duration_s
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(STEP_S, left_s))
        done = 1 - max(0.0, end - time.monotonic()) / duration_s
        print(f"{phase}: {done:4.0%}")
    if phase == "acquire":
        log.warning("antenna 3 was slow to lock; going on without it")
