"""A disk that is full for a while: said on the dashboard's data, and when there is room again everything goes on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.home import clean_environment
from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product
from tests.waiting import wait_until

pytestmark = pytest.mark.acceptance

SIZE_MB = 48
WAITS = """
import os, time
def main(gate):
    while not os.path.exists(gate):
        time.sleep(0.02)
    return "went on"
"""


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Product]:
    """The product on a disk of its own that is easily filled: a tmpfs in a mount namespace, which needs no root."""
    home, log_file = tmp_path / "home", tmp_path / "up.log"
    home.mkdir()
    environment = {
        **clean_environment(),
        "OET_HOME": str(home),
        "OET_PORT": "0",
        "OET_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "OET_SCRIPT_ROOTS": str(tmp_path),
    }
    mount = f'mount -t tmpfs -o size={SIZE_MB}m oet "$OET_HOME" && exec "$0" manage.py up'
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, sys.executable],
            cwd=PROJECT_DIR,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    product = Product(process, home, log_file, environment)
    try:
        product.wait_until_ready()
        with closing(product.client()) as product.http:
            yield product
    finally:
        product.end()


def fill(product: Product) -> Path:
    """Take what room is left on the product's disk; the file that does."""
    filler = Path(f"/proc/{product.process.pid}/root{product.home}/filler")
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(os.urandom(65536))
    return filler


def is_told(product: Product) -> bool:
    """Whether whoever looks at the node sees that something is wrong."""
    [node] = product.http.get("nodes/").raise_for_status().json()
    return bool(node["problems"]) or not node["is_alive"]


def test_a_full_disk_is_told_and_when_there_is_room_again_everything_goes_on(cramped: Product, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = {"script_type": "embedded", "script_body": WAITS}
    procedure_id = cramped.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"]
    cramped.wait_for_state(procedure_id, "READY")
    start = {"state": "RUNNING", "script_args": {"main": {"args": [str(gate)]}}}
    cramped.http.put(f"procedures/{procedure_id}/", json=start).raise_for_status()

    filler = fill(cramped)
    wait_until(lambda: is_told(cramped), what="the full disk to be told", timeout_s=30)
    assert cramped.http.post("procedures/", json={"script": script}).status_code in {503, 504}
    assert cramped.http.get(f"procedures/{procedure_id}/").json()["state"] == "RUNNING"

    filler.unlink()
    gate.touch()
    done = cramped.wait_for_state(procedure_id, "COMPLETE", "FAILED", "STOPPED", timeout_s=60)
    assert done["state"] == "COMPLETE", done["cause"]
    states = [state for state, _ in done["history"]["process_states"]]
    assert states == ["CREATING", "IDLE", "LOADING", "IDLE", "READY", "RUNNING 1", "READY", "COMPLETE"]
    wait_until(lambda: not is_told(cramped), what="all to be well again", timeout_s=30)
    again = cramped.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"]
    cramped.wait_for_state(again, "READY")
