"""Kills a random process of the product with SIGKILL, and waits, or does not wait, until the product has recovered."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from oet.processes import Process, is_alive, send_signal
from tests.chaos.sight import launchers_of, programs_below, scripts_of
from tests.product import Product
from tests.waiting import wait_until

WEIGHTS = {"manager": 6, "script": 5, "web": 3, "launcher": 2, "celery": 1, "up": 1}
LONGEST_MOMENT_S = 0.8
RECOVERY_S = 90.0
HASTE = 0.25
"""The share of kills that do not wait until what was killed before is there again."""
COMMANDS = {"manager": "processmanager", "web": "web", "celery": "worker"}


@dataclass
class Killer:
    """Its dice decide whom and when; `restart` starts `up` again."""

    seed: str
    product: Product
    restart: Callable[[], Product]
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}/killer")
        self._due = list(WEIGHTS)  # each kind once, in random order, before chance decides
        self._dice.shuffle(self._due)

    def round(self) -> None:
        """One kill, at a random moment."""
        kind = self._due.pop() if self._due else self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        in_haste = self._dice.random() < HASTE
        time.sleep(self._dice.uniform(0, LONGEST_MOMENT_S))  # the random moment itself: nothing is waited for
        if (victim := self._victim(kind)) is None:  # it is dead already, or there is none just now
            kind, victim = "up", self._victim("up")
            if self._dice.random() < 0.9 and (others := [k for k in COMMANDS if self._victim(k) is not None]):
                kind = self._dice.choice(others)
                victim = self._victim(kind)
        if victim is None or not send_signal(victim, signal.SIGKILL):
            return
        self.kills[kind] += 1
        if kind == "up":
            self.product.process.wait()
            self.product = self.restart()
        elif not in_haste:
            wait_until(lambda: not is_alive(victim.pid, victim.started), what="its death", timeout_s=RECOVERY_S)
            self.wait_until_recovered()

    def wait_until_recovered(self) -> None:
        """Web, database and manager answer."""
        try:
            wait_until(self._is_ready, what="the product to be ready again", timeout_s=RECOVERY_S)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.product.log()[-5000:]}") from error

    def _is_ready(self) -> bool:
        if self.product.process.poll() is not None:
            raise AssertionError(f"`up` ended with {self.product.process.returncode}:\n{self.product.log()[-5000:]}")
        # A manager that was killed has a fresh heartbeat for some seconds: its process tells more.
        if not programs_below(self.product.process.pid, COMMANDS["manager"]):
            return False
        try:
            return httpx.get(f"{self.product.url}readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _victim(self, kind: str) -> Process | None:
        match kind:
            case "up":
                found = programs_below(self.product.process.pid, "up")[:1]
            case "launcher":
                found = launchers_of(self.product.home)
            case "script":
                found = sorted((process for _, process in scripts_of(self.product.home)), key=lambda p: p.pid)
            case _:
                found = programs_below(self.product.process.pid, COMMANDS[kind])[:1]
        return self._dice.choice(found) if found else None
