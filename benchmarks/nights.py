"""What trials take beyond their scripts, beside a plain shell script that runs the same commands in the same run."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Sample, show, timed
from benchmarks.running import running_product
from oet_client.following import Following
from oet_client.server import Server
from tests.product import Product
from tests.waiting import wait_until

ROUNDS = 10
HEAD = ["what", "rounds", "median", "p99", "ratio", "goal"]
_OVER = "[aborted, defective, failed, passed, skipped]"
_TIMEOUT_S = 60

Trial = dict[str, Any]


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(2, int(ROUNDS * scale))
    with running_product() as product, _server(product) as server:
        night = Night(product, Following(server, ("trial.statechange",), print).events())
        night.trial(_chain(2))  # warm
        rows = [
            *_pair("10 scripts in a chain", rounds, lambda: _span(night.trial(_chain(10))), _shell_chain(10), "500 ms"),
            *_pair(
                "100 scripts at once",
                rounds,
                lambda: _span(night.trial(_parallel(100))),
                _shell_parallel(100),
                "3 s",
            ),
            *_pair("terminate_when to the end", rounds, lambda: _terminated(night), _shell_kill(), "150 ms"),
            *_pair("abort to the end", rounds, lambda: _aborted(night), _shell_kill(), "150 ms"),
            *_pair("deadline to the end", rounds, lambda: _timed_out(night), _shell_kill(), "150 ms"),
        ]
    show("Trials, and the same by a shell script", HEAD, rows)


def _pair(name: str, rounds: int, trial: Callable[[], float], shell: str, goal: str) -> list[list[str]]:
    beside = timed(f"  a shell script: {name}", rounds, lambda: subprocess.run(["bash", "-c", shell], check=False))
    mine = Sample(name, [trial() for _ in range(rounds)])
    return [[*mine.row(beside), goal], [*beside.row(), ""]]


# --- the trials


@dataclass(frozen=True)
class Night:
    """A product, and what it tells of its trials: whoever asks again and again takes of the processors that are being measured."""

    product: Product
    events: Iterator[dict[str, Any]]

    def submit(self, document: str) -> dict[str, Any]:
        answer = self.product.http.post("tasks/", content=document, headers={"Content-Type": "application/yaml"})
        task: dict[str, Any] = answer.raise_for_status().json()
        return task

    def trial(self, document: str) -> Trial:
        """One trial of a document, over."""
        return self.finished(self.submit(document)["trials"][0]["id"])

    def finished(self, trial_id: int) -> Trial:
        """A trial, once it is over."""
        for event in self.events:
            if event["payload"]["trial"] == trial_id and event["payload"]["finished_at"] is not None:
                break
        found: Trial = self.product.http.get(f"trials/{trial_id}/").raise_for_status().json()
        return found


def _server(product: Product) -> Server:
    return Server(product.url, str(product.http.headers["Authorization"]).removeprefix("Token "))


def _chain(count: int) -> str:
    scripts = [
        f"s{i}: {{body: exit 0{f', start_when: {{d: {{script_key: s{i - 1}}}}}' if i else ''}}}" for i in range(count)
    ]
    return f"{{max_trials: 1, scripts: {{{', '.join(scripts)}}}}}"


def _parallel(count: int) -> str:
    return f"{{max_trials: 1, scripts: {{{', '.join(f's{i}: {{body: exit 0}}' for i in range(count))}}}}}"


def _terminated(night: Night) -> float:
    """From the end of one script to the end of another that it ends."""
    service = f"service: {{body: exec sleep 1000, ignore_state: true, terminate_when: {{d: {{script_key: a, states: {_OVER}}}}}}}"
    waits = "a: {body: sleep 0.3, start_when: {d: {script_key: service, states: [executing]}}}"
    scripts = _scripts(night.trial(f"{{max_trials: 1, scripts: {{{service}, {waits}}}}}"))
    return float(scripts["service"]["finished_at"] - scripts["a"]["finished_at"])


def _aborted(night: Night) -> float:
    """From the request to the end of a script."""
    task = night.submit("{max_trials: 1, scripts: {a: {body: exec sleep 1000}}}")
    trial_id = task["trials"][0]["id"]

    def procedure() -> Any:
        found = night.product.http.get(f"trials/{trial_id}/").json()["scripts"][0]
        return found["procedure_state"] == "RUNNING"

    wait_until(procedure, what="a process", timeout_s=_TIMEOUT_S)
    night.product.http.put(f"trials/{trial_id}/", json={"state": "aborted"}).raise_for_status()
    trial = night.finished(trial_id)
    return float(_scripts(trial)["a"]["finished_at"] - trial["abort_requested_at"])


def _timed_out(night: Night) -> float:
    """From the deadline to the end of a script."""
    trial = night.trial('{max_trials: 1, scripts: {a: {body: exec sleep 1000, timeout: "0.5 seconds"}}}')
    script = _scripts(trial)["a"]
    return float(script["finished_at"] - script["started_at"] - 0.5)


def _span(trial: Trial) -> float:
    assert trial["state"] == "passed", trial
    return float(trial["finished_at"] - trial["started_at"])


def _scripts(trial: Trial) -> dict[str, Any]:
    return {script["key"]: script for script in trial["scripts"]}


# --- the same by a shell


def _shell_chain(count: int) -> str:
    return "; ".join(["bash -c 'exit 0'"] * count)


def _shell_parallel(count: int) -> str:
    return "\n".join([*["bash -c 'exit 0' &"] * count, "wait"])


def _shell_kill() -> str:
    return "sleep 1000 & kill -TERM $!; wait"
