"""The chaos run: operators work, followers watch, the killer kills; then everything calms down and the evidence is gathered."""

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from oet.processes import is_alive
from procedures.domain.states import FINAL, LIVE
from tests.chaos.checks import violations
from tests.chaos.evidence import Evidence, as_facts, as_trial
from tests.chaos.following import Follower, StreamFollower, WebsocketFollower
from tests.chaos.killer import Killer
from tests.chaos.nights import Conductor
from tests.chaos.operators import Operator
from tests.chaos.script import account_of, proofs_of, proofs_of_trial
from tests.chaos.sight import NEWBORN, launchers_of, marked, of_home, scripts_of
from tests.product import PROJECT_DIR, Product, start
from tests.waiting import wait_until

OPERATORS = 3
CALM_S = 120.0
START_S = 120.0


@dataclass
class Outcome:
    """What a run was, and what was wrong."""

    seed: str
    rounds: int
    kills: Counter[str]
    evidence: Evidence
    violations: list[str]
    answers: Counter[str]
    connections: dict[str, int] = field(default_factory=dict)

    def table(self) -> str:
        """For people."""
        states = Counter(procedure.state for procedure in self.evidence.procedures)
        causes = Counter(p.cause.partition(":")[0][:70] for p in self.evidence.procedures if p.state == "FAILED")
        ran = sum(1 for start in self.evidence.starts if start.proofs)
        rows = [
            ("seed", self.seed),
            ("rounds", str(self.rounds)),
            *((f"killed: {kind}", str(count)) for kind, count in self.kills.most_common()),
            ("procedures", str(len(self.evidence.procedures))),
            *((f"  {state}", str(count)) for state, count in states.most_common()),
            *((f"    {cause}", str(count)) for cause, count in causes.most_common()),
            ("starts asked for", str(len(self.evidence.starts))),
            *((f"  {answer}", str(sum(s.answer == answer for s in self.evidence.starts))) for answer in _answers(self)),
            ("  that ran", str(ran)),
            ("tasks", str(len(self.evidence.task_keys))),
            *(
                (f"  trials {state}", str(count))
                for state, count in Counter(trial.state for trial in self.evidence.trials).most_common()
            ),
            ("stops that were answered", str(len(self.evidence.stops))),
            ("bytes of output", str(sum(len(p.stdout) for p in self.evidence.procedures))),
            ("events", str(len(self.evidence.event_ids))),
            *((f"  connections of the {name}", str(count)) for name, count in self.connections.items()),
            *((f"answers: {words}", str(count)) for words, count in sorted(self.answers.items())),
            ("violations", str(len(self.violations))),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name.ljust(width)}  {value}" for name, value in rows)


def _answers(outcome: Outcome) -> list[str]:
    return sorted({start.answer for start in outcome.evidence.starts})


def run(folder: Path, seed: str, rounds: int) -> Outcome:
    """Run it in an empty folder; at the end nothing of it is left but the folder."""
    storm = _Storm(folder, seed)
    with storm.running():
        try:
            with ExitStack() as watching:
                followers = {
                    "websocket": watching.enter_context(WebsocketFollower(storm.product.url, storm.token)),
                    "stream": watching.enter_context(StreamFollower(storm.product.url, storm.token)),
                }
                storm.rage(rounds)
                storm.calm_down()
                storm.gather(followers)
        finally:
            storm.end()
    connections = {name: follower.connections for name, follower in followers.items()}
    answers = sum((operator.answers for operator in storm.operators), storm.conductor.answers)
    found = violations(storm.evidence)
    return Outcome(seed, rounds, storm.killer.kills, storm.evidence, found, answers, connections)


class _Storm:
    """One run."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.evidence = Evidence()
        self.operators: list[Operator] = []
        self.token = ""
        self._folder = folder
        self._seed = seed
        self._port = _free_port()
        self._ups = 0
        self._proofs = folder / "proofs"
        self._proofs.mkdir()

    @property
    def product(self) -> Product:
        """The `up` that runs now."""
        return self.killer.product

    @contextmanager
    def running(self) -> Iterator[None]:
        """The product, ready, with its operators; all processes are gone afterwards, however it went."""
        self.killer = Killer(self._seed, self._start(), self._restart)
        try:
            self.product.wait_until_ready(START_S)
            with self.product.client() as client:
                self.token = client.headers["Authorization"].partition(" ")[2]
            yield
        finally:
            self._clear_away()

    def rage(self, rounds: int) -> None:
        """Operators work and processes are killed."""
        self.operators = [
            Operator(number, self._seed, self.product.url, self.token, self.product.home, self._proofs)
            for number in range(OPERATORS)
        ]
        self.conductor = Conductor(self._seed, self.product.url, self.token, self._proofs)
        for operator in self.operators:
            operator.begin()
        self.conductor.begin()
        for number in range(1, rounds + 1):
            self.killer.round()
            self._look_for_survivors()
            if number % 10 == 0:
                print(f"round {number}: {dict(self.killer.kills)}", flush=True)
        for operator in self.operators:
            operator.end()
        self.conductor.end()
        self.killer.wait_until_recovered()

    def _look_for_survivors(self) -> None:
        """A process that lived before its procedure was seen to be final, and lives after that, should not."""
        living = scripts_of(self.product.home)
        try:
            with self._client(timeout_s=5) as client:
                for procedure, process in living:
                    answer = client.get(f"procedures/{procedure}/")
                    is_final = answer.status_code == httpx.codes.OK and answer.json()["state"] in FINAL
                    if is_final and is_alive(process.pid, process.started):
                        self.evidence.surviving.append(f"{procedure}: {process.pid}, {answer.json()['state']}")
        except httpx.HTTPError:
            return  # it has just been killed

    def calm_down(self) -> None:
        """What is called live must be live; then everything is stopped, and must become final."""
        with self._client() as client:
            try:
                wait_until(lambda: not self._untrue(client), what="the truth", timeout_s=CALM_S / 2)
            except TimeoutError:
                self.evidence.not_true = self._untrue(client)
            self._abort_trials(client)
            for procedure in self._live(client):
                if procedure["part_of"]:
                    continue
                answer = client.put(
                    f"procedures/{procedure['id']}/", json={"state": "STOPPED", "abort": False, "grace": 1}
                )
                if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    self.evidence.unexpected.append(f"last stop: {answer.status_code} {answer.text[:200]}")
            try:
                wait_until(lambda: not self._live(client), what="the end of every procedure", timeout_s=CALM_S)
                folder = self.product.home / "run" / "procedures"
                wait_until(lambda: not any(folder.iterdir()), what="run directories to be removed", timeout_s=30)
            except TimeoutError as error:
                print(error)

    def _abort_trials(self, client: httpx.Client) -> None:
        """Abort every task that is not over, and wait until it is."""
        states = "pending,dispatching,executing,aborting"

        def live() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.get("trials/", params={"state": states}).raise_for_status().json()
            return found

        for task in {trial["task"] for trial in live()}:
            answer = client.put(f"tasks/{task}/", json={"state": "aborted"})
            if answer.status_code not in {httpx.codes.OK, httpx.codes.CONFLICT}:
                self.evidence.unexpected.append(f"last abort: {answer.status_code} {answer.text[:200]}")
        try:
            wait_until(lambda: not live(), what="the end of every trial", timeout_s=CALM_S)
        except TimeoutError as error:
            print(error)

    def _live(self, client: httpx.Client) -> list[dict[str, Any]]:
        states = sorted(LIVE)
        found: list[dict[str, Any]] = (
            client.get("procedures/", params={"state": ",".join(states)}).raise_for_status().json()
        )
        return found

    def _untrue(self, client: httpx.Client) -> list[str]:
        """Procedures that are not final and have no process, and processes whose procedures are not live."""
        living = {procedure for procedure, _ in scripts_of(self.product.home)}
        # A script of a trial that waits for its start has no process yet.
        waiting = {row["id"] for row in self._live(client) if row["part_of"] and row["state"] == "CREATING"}
        called = {row["id"]: row["state"] for row in self._live(client) if row["id"] not in waiting}
        return [f"{i} is {state} without a process" for i, state in called.items() if i not in living] + [
            f"{i} has a process and is not live" for i in living - called.keys()
        ]

    def gather(self, followers: dict[str, Follower]) -> None:
        """Everything that is judged."""
        evidence, home = self.evidence, self.product.home
        document = self._collect()
        evidence.procedures = [as_facts(row) for row in document["procedures"]]
        evidence.parts = [as_facts(row) for row in document["parts"]]
        evidence.trials = [as_trial(row) for row in document["trials"]]
        evidence.task_keys = document["task_keys"]
        evidence.queued_commands, evidence.claims = document["queued_commands"], document["claims"]
        with self._client() as client:
            for procedure in evidence.procedures:
                answer = client.get(f"procedures/{procedure.id}/output/", params={"stream": "stdout"})
                procedure.stdout = answer.raise_for_status().content
        evidence.event_ids = self._collect()["event_ids"]  # heartbeats may have announced something meanwhile
        for follower in followers.values():
            last = evidence.event_ids[-1]
            deadline = time.monotonic() + 30
            while follower.cursor < last and time.monotonic() < deadline:
                time.sleep(0.05)
        evidence.followers = {n: [i for i in f.ids if i <= evidence.event_ids[-1]] for n, f in followers.items()}
        for operator in self.operators:
            evidence.creations += operator.creations
            evidence.starts += operator.starts
            evidence.stops += operator.stops
            evidence.unexpected += operator.unexpected
        evidence.submissions = self.conductor.submissions
        evidence.unexpected += self.conductor.unexpected
        for trial in evidence.trials:
            for script in trial.scripts:
                script.proofs = proofs_of_trial(self._proofs, trial.id, script.key)
        for start_ in evidence.starts:
            start_.proofs = proofs_of(self._proofs, start_.attempt)
            account = account_of(self._proofs, start_.attempt)
            start_.intended_bytes, start_.done_bytes, start_.published, start_.last_sign_of_life = account
        evidence.run_directories = [entry.name for entry in (home / "run" / "procedures").iterdir()]
        evidence.left_processes = _strangers(home)

    def _collect(self) -> dict[str, Any]:
        environment = {**self.product.environment, "DJANGO_SETTINGS_MODULE": "oet_site.settings"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.collect"],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            timeout=120,
            check=True,
        )
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def end(self) -> None:
        """Ctrl-C."""
        if self.product.process.poll() is None:
            self.product.end()
            self.evidence.after_end = of_home(self.product.home)

    def _client(self, timeout_s: float = 60) -> httpx.Client:
        headers = {"Authorization": f"Token {self.token}"}
        return httpx.Client(base_url=f"{self.product.url}api/v1/", headers=headers, timeout=timeout_s)

    def _start(self) -> Product:
        self._ups += 1
        variables = {"OET_PORT": str(self._port), "OET_RESOURCES": "dish_{dish}", "OET_NODE": "chaos"}
        if self._ups > 1 and (url := self.product.environment.get("DATABASE_URL")):
            variables["DATABASE_URL"] = url
        return start(self._folder, log_name=f"up-{self._ups}.log", **variables)

    def _restart(self) -> Product:
        fresh = self._start()
        fresh.wait_until_ready(START_S)
        return fresh

    def _clear_away(self) -> None:
        if self.product.process.poll() is None:
            self.product.process.kill()
            self.product.process.wait()
        for _ in range(3):
            for line in of_home(self.product.home):
                try:
                    os.kill(int(line.split()[0]), 9)
                except ProcessLookupError:
                    continue


def _strangers(home: Path) -> list[str]:
    """What carries the mark of the home, and is neither its one launcher nor the process that this keeps ready."""
    launchers = launchers_of(home)
    document = home / "run" / "launchers" / "default" / "launcher.json"
    known = json.loads(document.read_text())["pid"] if document.exists() else 0
    return [
        f"{process.pid} {process.name}"
        for process in marked(home)
        if not (process.pid == known or (process.name == NEWBORN and process.parent == known))
    ] + [f"{len(launchers)} launchers"] * (len(launchers) > 1)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
