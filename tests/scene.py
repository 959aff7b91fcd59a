"""A night at work, in a running product: example scripts in every state that a page can show, after nights that were never there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.product import PROJECT_DIR, Product
from tests.waiting import wait_until


@dataclass(frozen=True)
class Scene:
    """The numbers of the procedures to look at."""

    running: int
    ready: int
    failed: int
    stopped: int
    complete: int
    task: int
    trial: int
    """Under way: one script has passed, one failed, one runs, one waits, one is skipped."""


def record_past(product: Product, nights: int) -> None:
    """Give the product a past (`tests/past.py`)."""
    product.manage("shell", "--command", f"from tests.past import record_nights; record_nights({nights})")


def play_scene(product: Product, examples: Path = PROJECT_DIR / "examples") -> Scene:
    """Run examples until there is one in each state; the running one runs for ten minutes."""
    complete = _prepare(product, examples / "hello.py")
    _start(product, complete, "main")
    failed = _prepare(product, examples / "fails_in_main.py")
    _start(product, failed, "main")
    stopped = _prepare(product, examples / "ignores_sigterm.py")
    _start(product, stopped, "main")
    product.http.put(
        f"procedures/{stopped}/", json={"state": "STOPPED", "abort": False, "grace": 0.5}
    ).raise_for_status()
    running = _prepare(product, examples / "observation.py", init={"subarray_id": 1})
    _start(product, running, "main", subarray_id=1, target="Centaurus A", duration_s=600.0)
    ready = _prepare(
        product, examples / "observation.py", init={"subarray_id": 2}, main={"subarray_id": 2, "target": "Fornax A"}
    )
    product.wait_for_state(complete, "COMPLETE")
    product.wait_for_state(failed, "FAILED")
    product.wait_for_state(stopped, "STOPPED")
    task, trial = _play_trial(product)
    return Scene(running, ready, failed, stopped, complete, task, trial)


def _play_trial(product: Product) -> tuple[int, int]:
    """A trial that stays under way for ten minutes."""
    headers = {"Content-Type": "application/yaml"}
    task = product.http.post("tasks/", content=_TASK, headers=headers).raise_for_status().json()
    trial = int(task["trials"][0]["id"])
    wanted = {"passed": 1, "failed": 1, "executing": 1, "waiting": 1, "skipped": 1}

    def is_under_way() -> bool:
        return bool(product.http.get(f"trials/{trial}/").raise_for_status().json()["counts"] == wanted)

    wait_until(is_under_way, what="the trial to be under way", timeout_s=60)
    return int(task["id"]), trial


_TASK = """\
name: night survey
max_trials: 1
script_defaults: {timeout: 10 minutes}
scripts:
  prepare: {body: "echo allocated 4 subarrays"}
  calibrate: {body: "echo no flats; exit 3", start_when: {prepared: {script_key: prepare}}}
  observe:
    body: "echo scan 9: 30 of 120 s; sleep 600"
    exclusive_executor_resource: subarray_1
    start_when: {prepared: {script_key: prepare}}
    terminate_when: {watched: {script_key: no-such-script}}
  polarisation:
    exclusive_executor_resource: subarray_1
    start_when: {observes: {script_key: observe, states: [executing]}}
  quick-look: {start_when: {calibrated: {script_key: calibrate}}}
"""


def _prepare(product: Product, script: Path, **calls: dict[str, Any]) -> int:
    body = {
        "script": {"script_type": "filesystem", "script_uri": script.as_uri()},
        "script_args": {function: {"args": [], "kwargs": kwargs} for function, kwargs in calls.items()},
        "resources": [],
    }
    created = product.http.post("procedures/", json=body).raise_for_status().json()
    product.wait_for_state(created["id"], "READY", timeout_s=60)
    return int(created["id"])


def _start(product: Product, number: int, function: str, **kwargs: Any) -> None:
    body = {"state": "RUNNING", "script_args": {function: {"args": [], "kwargs": kwargs}}}
    product.http.put(f"procedures/{number}/", json=body).raise_for_status()
