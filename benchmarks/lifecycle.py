"""From create to READY and from start to COMPLETE, through REST; lifecycles per second; and whether it stays so."""

import threading
import time

from benchmarks.belongings import belongings
from benchmarks.figures import HEAD, Sample, bare_python, show
from benchmarks.running import Follower, running_product, script_json
from tests.product import Product

ROUNDS = 200
MANY = 1_000
ENDINGS = ("COMPLETE", "FAILED", "STOPPED")


def main(scale: float) -> None:
    """Print the tables."""
    rounds = max(5, int(ROUNDS * scale))
    with running_product() as product:
        _one_by_one(product, 5)  # warm
        baseline = bare_python(min(100, rounds))
        to_ready, to_complete, polled = _one_by_one(product, rounds)
        rows = [baseline.row(), *(sample.row(baseline) for sample in (to_ready, to_complete, polled))]
        show("Through REST, one by one", HEAD, rows)
        _per_second(product, rounds, baseline.median)
        for_ever(product, max(50, int(MANY * scale)))


def _one_by_one(product: Product, rounds: int) -> tuple[Sample, Sample, Sample]:
    to_ready, to_complete = Sample("create → READY (told by the event stream)"), Sample("start → COMPLETE (likewise)")
    polled = Sample("create → READY (asked by GET again and again)")
    follower = Follower(product)
    try:
        for _ in range(rounds):
            begin = time.perf_counter()
            procedure_id = _create(product)
            follower.wait_for(procedure_id, "READY", *ENDINGS)
            to_ready.seconds.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
            follower.wait_for(procedure_id, *ENDINGS)
            to_complete.seconds.append(time.perf_counter() - begin)
            follower.forget(procedure_id)
    finally:
        follower.close()
    for _ in range(rounds):
        begin = time.perf_counter()
        procedure_id = _create(product)
        while product.http.get(f"procedures/{procedure_id}/").json()["state"] != "READY":
            pass
        polled.seconds.append(time.perf_counter() - begin)
        product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    return to_ready, to_complete, polled


def _create(product: Product) -> int:
    answer = product.http.post("procedures/", json={"script": script_json(product)})
    answer.raise_for_status()
    created: int = answer.json()["id"]
    return created


def _per_second(product: Product, rounds: int, bare_s: float) -> None:
    rows = []
    for clients in (1, 4):
        took = _together(product, clients, rounds // clients)
        each = took / (rounds // clients * clients)
        rows.append([str(clients), str(rounds), f"{1 / each:.1f}", f"{bare_s / each:.2f}"])
    head = ["clients", "lifecycles", "per second", "per python3 -c pass"]
    show("Full lifecycles through REST (create, READY, start, COMPLETE)", head, rows)


def _together(product: Product, clients: int, rounds: int) -> float:
    """Seconds that so many clients take for so many lifecycles each; they have logged in before."""
    ready = threading.Barrier(clients + 1)
    threads = [threading.Thread(target=_lifecycles, args=(product, rounds, ready)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def _lifecycles(product: Product, rounds: int, ready: threading.Barrier) -> None:
    follower, http = Follower(product), product.client()
    try:
        ready.wait()
        for _ in range(rounds):
            procedure_id = (
                http.post("procedures/", json={"script": script_json(product)}).raise_for_status().json()["id"]
            )
            follower.wait_for(procedure_id, "READY", *ENDINGS)
            http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
            follower.wait_for(procedure_id, *ENDINGS)
            follower.forget(procedure_id)
    finally:
        follower.close()
        http.close()


def for_ever(product: Product, count: int) -> None:
    """Print the first tenth beside the last tenth of many lifecycles, and what each leaves behind."""
    before = belongings(product)
    tenth = max(5, count // 10)
    took = [_together(product, 2, tenth // 2) / (tenth // 2 * 2) for _ in range(10)]
    after = belongings(product)
    rows = [
        ["ms per lifecycle, first tenth", f"{took[0] * 1000:.2f}", ""],
        ["ms per lifecycle, last tenth", f"{took[-1] * 1000:.2f}", f"{took[-1] / took[0]:.2f}"],
        *([name, f"{before[name]}", f"{after[name]}"] for name in before),
    ]
    show(f"After {count} more lifecycles with 2 clients", ["", "before", "after / ratio"], rows)
