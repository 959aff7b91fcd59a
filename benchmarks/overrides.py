"""How long it takes until a script that runs sees an override that an operator has set, through REST; aim: 100 ms at the median."""

import json
import time

from benchmarks.figures import HEAD, Sample, bare_python, show
from benchmarks.running import running_product
from tests.product import Product
from tests.waiting import wait_until

ROUNDS = 200
NAME = "wait_for_qa_ready"
SCRIPT = f"""
import time
import oet
def main():
    value = oet.context.overrides["{NAME}"]
    print("up", flush=True)
    while True:
        if oet.context.overrides["{NAME}"] != value:
            value = not value
            print(repr(time.time()), flush=True)
        time.sleep(0.0005)
"""


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(5, int(ROUNDS * scale))
    yardstick = bare_python(20)
    with running_product() as product:
        seen, answered = _measure(product, rounds)
    show(
        "An override, from the request",
        HEAD,
        [yardstick.row(), seen.row(yardstick), answered.row(yardstick)],
    )


def _measure(product: Product, rounds: int) -> tuple[Sample, Sample]:
    body = {"script": {"script_type": "embedded", "script_body": SCRIPT}}
    procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    wait_until(lambda: _printed(product, procedure_id), what="the script")
    asked: list[float] = []
    answered = Sample("to the answer of REST")
    value = False
    for _ in range(rounds):
        value = not value
        asked.append(time.time())
        product.http.put(f"overrides/{NAME}/", json={"value": value}).raise_for_status()
        answered.seconds.append(time.time() - asked[-1])
        time.sleep(0.02)  # each change is to be seen by itself
    times = wait_until(lambda: _times(product, procedure_id, rounds), what=f"{rounds} changes", timeout_s=30)
    seen = Sample("to the script", [at - begun for at, begun in zip(times, asked, strict=True)])
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False, "grace": 0})
    return seen, answered


def _times(product: Product, procedure_id: int, rounds: int) -> list[float] | None:
    times = [json.loads(line) for line in _printed(product, procedure_id).splitlines()[1:]]
    return times if len(times) == rounds else None


def _printed(product: Product, procedure_id: int) -> str:
    return product.http.get(f"procedures/{procedure_id}/output/").raise_for_status().text
