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
    asking: int
    """Waits for an answer; it has attached something, logged, and published an event."""


def record_past(product: Product, nights: int) -> None:
    """Give the product a past, and environments (`tests/past.py`)."""
    product.manage("shell", "--command", f"from tests.past import *; record_nights({nights}); record_environments()")


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
    asking = _ask(product)
    task, trial = _play_trial(product)
    return Scene(running, ready, failed, stopped, complete, task, trial, asking)


def _ask(product: Product) -> int:
    script = {"script_type": "embedded", "script_body": _ASKING, "name": "pointing_offset.py"}
    body = {"script": script, "resources": [], "start": True}
    body["script_args"] = {"main": {"kwargs": {"subarray_id": 3}}}
    number = int(product.http.post("procedures/", json=body).raise_for_status().json()["id"])
    wait_until(lambda: product.http.get(f"procedures/{number}/questions/").json(), what="a question", timeout_s=60)
    return number


_ASKING = """\
import logging, time
import oet
def main(subarray_id: int):
    log = logging.getLogger("obs.dome")
    log.warning("wind is rising: 9.8 m/s")
    oet.publish("qa.metric", {"closure_phase_deg": 0.82, "is_ok": True})
    oet.attach("pointing.json", {"offset_arcsec": [0.31, -0.12], "dishes": 62})
    oet.progress(0.4, "raster 2 of 5")
    print("\\x1b[33mWARNING\\x1b[0m wind gusts 11.8 m/s", flush=True)
    print(oet.ask("Wind gusts 11.8 m/s, limit 12. Go on with the raster?", choices=["Go on", "Wait 10 min", "Stow and end"], timeout=3600))
    time.sleep(600)
"""


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
