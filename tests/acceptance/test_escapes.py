"""Stop means stopped: whatever a script does, nothing of it is left when the request for its end is answered."""

import pytest

from oet.processes import command_line
from tests.chaos.sight import NEWBORN, marked
from tests.escapes import LIFETIME_S, TRICKS
from tests.product import Product
from tests.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("escapes")]


def below_launchers(product: Product) -> dict[tuple[int, int], str]:
    """Everything that carries the product's mark, but for the process that waits for its script."""
    found = [process for process in marked(product.home) if process.name != NEWBORN]
    return {(process.pid, process.started): command_line(process.pid) for process in found}


def sleepers() -> set[str]:
    """Programs that a trick has started, of whatever parents and environment."""
    from oet.processes import all_processes

    lines = {
        f"{process.pid} {command_line(process.pid)}" for process in all_processes().values() if not process.is_dead
    }
    return {line for line in lines if f"sleep {LIFETIME_S}" in line}


def printed(product: Product, procedure_id: int) -> str | None:
    text = product.http.get(f"procedures/{procedure_id}/output/", params={"limit": 100}).raise_for_status().text
    return text if "on\n" in text else None


@pytest.mark.parametrize("grace", [0, 0.2])
@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_is_left_of_a_script_that(trick: str, grace: float, product: Product) -> None:
    earlier, sleeping = below_launchers(product), sleepers()
    body = {"script": {"script_type": "embedded", "script_body": TRICKS[trick]}, "resources": []}
    procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    wait_until(lambda: printed(product, procedure_id), what="the trick", timeout_s=30)

    stop = {"state": "STOPPED", "abort": False, "grace": grace}
    answer = product.http.put(f"procedures/{procedure_id}/", json=stop)
    left = {line for process, line in below_launchers(product).items() if process not in earlier}
    assert answer.status_code == 200, answer.text
    assert {line for line in left if "oet-launcher" not in line and "launcher.py" not in line} == set()
    assert sleepers() - sleeping == set()
    assert product.http.get(f"procedures/{procedure_id}/").json()["state"] == "STOPPED"
