"""Who runs trials during a chaos run: submits tasks whose scripts write down that they run, and aborts some of them."""

import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.evidence import Answer, Submission

MOST_LIVE = 3
_TIMEOUT_S = 40.0
_PAUSE_S = 0.5
_UNFINISHED = {"pending", "dispatching", "executing", "aborting"}
_T = ["aborted", "defective", "failed", "passed", "skipped"]


def document(tag: str, folder: Path, naps_s: list[float]) -> str:
    """A task: `b` and `c` need the same dish, `d` needs a service that runs, `e` comes after whatever became of `d`."""

    def body(key: str, then: str) -> str:
        return f'echo "$OET_PROCEDURE_ID" >> "{folder}/trial-$OET_TRIAL_ID-{key}.ran"; {then}'

    def after(*conditions: tuple[str, list[str]]) -> dict[str, Any]:
        return {"start_when": {key: {"script_key": key, "states": states} for key, states in conditions}}

    passed = ["passed"]
    dish = {"exclusive_executor_resource": "chaos dish"}
    scripts = {
        "a": {"body": body("a", f"sleep {naps_s[0]}")},
        "b": {"body": body("b", f"sleep {naps_s[1]}"), **after(("a", passed)), **dish},
        "c": {"body": body("c", f"sleep {naps_s[2]}"), **after(("a", passed)), **dish},
        "service": {
            "body": body("service", "exec sleep 1000"),
            "ignore_state": True,
            **after(("a", passed)),
            "terminate_when": {"d is over": {"script_key": "d", "states": _T}},
        },
        "d": {
            "body": body("d", f"sleep {naps_s[3]}"),
            **after(("b", passed), ("c", passed), ("service", ["executing"])),
        },
        "e": {"body": body("e", "exit 0"), **after(("d", _T))},
    }
    return json.dumps({"key": tag, "load": 0.2, "scripts": scripts})


@dataclass
class Conductor:
    """Works in a thread, with dice of its own."""

    seed: str
    url: str
    token: str
    proofs: Path
    submissions: list[Submission] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}/conductor")
        self._live: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="conductor", daemon=True)

    def begin(self) -> None:
        """Work until told to end."""
        self._thread.start()

    def end(self) -> None:
        """Finish the request that is under way, and no other one."""
        self._over.set()
        self._thread.join(2 * _TIMEOUT_S)
        if self._thread.is_alive():
            self.unexpected.append("the conductor is stuck in a request")

    def _work(self) -> None:
        headers = {"Authorization": f"Token {self.token}"}
        try:
            with httpx.Client(base_url=f"{self.url}api/v1/", headers=headers, timeout=_TIMEOUT_S) as self._http:
                while not self._over.wait(self._dice.uniform(0, _PAUSE_S)):
                    self._act()
        except BaseException as error:  # noqa: BLE001 - a thread of a test: whatever it is must be told
            self.unexpected.append(f"conductor: {error!r}")

    def _act(self) -> None:
        if len(self._live) < MOST_LIVE:
            self._submit()
            return
        task = self._dice.choice(self._live)
        if self._dice.random() < 0.15:
            self._ask("PUT", f"tasks/{task}/", json.dumps({"state": "aborted"}))
        answer, found = self._ask("GET", f"tasks/{task}/")
        if answer is Answer.ACCEPTED and found["state"] not in _UNFINISHED:
            self._live.remove(task)

    def _submit(self) -> None:
        tag = f"night-{len(self.submissions)}"
        naps = [round(self._dice.uniform(0, 0.6), 2) for _ in range(4)]
        answer, made = self._ask("POST", "tasks/", document(tag, self.proofs, naps))
        self.submissions.append(Submission(tag, answer))
        if answer is Answer.ACCEPTED:
            self._live.append(made["id"])

    def _ask(self, method: str, path: str, body: str = "") -> tuple[Answer, dict[str, Any]]:
        try:
            response = self._http.request(
                method, path, content=body or None, headers={"Content-Type": "application/json"} if body else {}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self.answers["nobody there"] += 1
            self._over.wait(_PAUSE_S)
            return Answer.REFUSED, {}
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return Answer.AMBIGUOUS, {}
        self.answers[f"{method} {response.status_code}"] += 1
        if response.is_success:
            return Answer.ACCEPTED, response.json()
        if response.status_code not in {409, 503, 504}:
            self.unexpected.append(f"{method} {path} {response.status_code}: {response.text[:300]}")
        return Answer.REFUSED if response.status_code == httpx.codes.CONFLICT else Answer.AMBIGUOUS, {}
