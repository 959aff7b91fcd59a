"""Operators: threads that create, start, stop and look, over REST, each with dice of its own."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from procedures.domain.states import FINAL
from tests.chaos.evidence import Answer, Creation, Start, Stop
from tests.chaos.script import TEXT
from tests.chaos.sight import scripts_of

MOST_LIVE = 4
REQUEST_TIMEOUT_S = 40.0
NOBODY_THERE_S = 0.5
_ACCEPTED = {httpx.codes.OK, httpx.codes.CREATED}
_REFUSED = {httpx.codes.CONFLICT, httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}
_AMBIGUOUS = {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}


@dataclass
class Operator:
    """One of them, and what it did."""

    number: int
    seed: str
    url: str
    token: str
    home: Path
    proofs: Path
    creations: list[Creation] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}/operator/{self.number}")
        self._live: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"operator {self.number}", daemon=True)

    def begin(self) -> None:
        """Work until told to end."""
        self._thread.start()

    def end(self) -> None:
        """Finish the request that is under way, and no other one."""
        self._over.set()
        self._thread.join(2 * REQUEST_TIMEOUT_S)
        if self._thread.is_alive():
            self.unexpected.append(f"operator {self.number} is stuck in a request")

    def _work(self) -> None:
        headers = {"Authorization": f"Token {self.token}"}
        try:
            with httpx.Client(base_url=f"{self.url}api/v1/", headers=headers, timeout=REQUEST_TIMEOUT_S) as self._http:
                while not self._over.wait(self._dice.uniform(0, 0.15)):
                    self._act()
        except BaseException as error:  # noqa: BLE001 - a thread of a test: whatever it is must be told
            self.unexpected.append(f"operator {self.number}: {error!r}")

    def _act(self) -> None:
        choice = self._dice.random()
        if not self._live or (choice < 0.35 and len(self._live) < MOST_LIVE):
            self._create()
        elif choice < 0.75:
            self._start(self._dice.choice(self._live))
        elif choice < 0.9:
            self._stop(self._dice.choice(self._live))
        else:
            self._look(self._dice.choice(self._live))

    def _create(self) -> None:
        tag = f"t{self.number}-{len(self.creations)}"
        arguments = {"tag": tag, "dish": self._dice.randrange(4)}
        script = {"script_type": "embedded", "script_body": TEXT}
        body = {"script": script, "script_args": {"init": {"kwargs": arguments}}}
        answer, document = self._ask("POST", "procedures/", body)
        self.creations.append(Creation(tag, answer, document.get("id")))
        if answer is Answer.ACCEPTED:
            self._live.append(document["id"])

    def _start(self, procedure: int) -> None:
        function, lines = self._dice.choice(["main", "main", "observe"]), self._dice.choice([1, 20, 100, 400])
        start = Start(f"t{self.number}-s{len(self.starts)}", procedure, function, lines, Answer.AMBIGUOUS, time.time())
        call = {"attempt": start.attempt, "folder": str(self.proofs), "lines": lines}
        call["pause"] = self._dice.choice([0, 0.001, 0.005])
        self.starts.append(start)
        body = {"state": "RUNNING", "script_args": {function: {"kwargs": call}}}
        start.answer, _ = self._ask("PUT", f"procedures/{procedure}/", body)
        self._look(procedure)

    def _stop(self, procedure: int) -> None:
        body = {"state": "STOPPED", "abort": False, "grace": self._dice.choice([0, 0, 0.2, 2])}
        answer, _ = self._ask("PUT", f"procedures/{procedure}/", body)
        if answer is Answer.ACCEPTED:
            alive = [f"{p.pid} {p.name}" for number, p in scripts_of(self.home) if number == procedure]
            self.stops.append(Stop(procedure, alive))
        self._look(procedure)

    def _look(self, procedure: int) -> None:
        answer, document = self._ask("GET", f"procedures/{procedure}/", None)
        if answer is Answer.ACCEPTED and document["state"] in FINAL:
            self._live.remove(procedure)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[Answer, dict[str, Any]]:
        try:
            response = self._http.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self.answers["nobody there"] += 1
            self._over.wait(NOBODY_THERE_S)
            return Answer.REFUSED, {}
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return Answer.AMBIGUOUS, {}
        self.answers[f"{method} {response.status_code}"] += 1
        if response.status_code in _ACCEPTED:
            return Answer.ACCEPTED, response.json()
        if response.status_code not in _REFUSED | _AMBIGUOUS or response.status_code == httpx.codes.BAD_REQUEST:
            self.unexpected.append(f"{method} {path} {response.status_code}: {response.text[:300]}")
        return Answer.REFUSED if response.status_code in _REFUSED else Answer.AMBIGUOUS, {}
