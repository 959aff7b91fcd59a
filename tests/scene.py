"""A night at work, in a running product: example scripts in every state that a page can show, after nights that were never there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.product import PROJECT_DIR, Product


@dataclass(frozen=True)
class Scene:
    """The numbers of the procedures to look at."""

    running: int
    ready: int
    failed: int
    stopped: int
    complete: int


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
    return Scene(running, ready, failed, stopped, complete)


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
