"""How long a hard stop takes, from the request until nothing of the script is left, for every trick that scripts may play."""

import time
from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.figures import Sample, bare_python, show
from benchmarks.running import running_product
from tests.escapes import TRICKS
from tests.product import Product
from tests.waiting import wait_until

ROUNDS = 20
ABORT_SCRIPT = Path(__file__).parents[1] / "examples" / "abort.py"
HEAD = ["what main does", "rounds", "killed", "to empty tree", "p99", "to answer", "p99"]


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(2, int(ROUNDS * scale))
    rows, to_empty, to_answer = [], Sample("all"), Sample("all")
    with running_product(OET_ABORT_SCRIPT=f"file://{ABORT_SCRIPT}") as product:
        _stopped(product, TRICKS["sleeps"])  # warm
        for name, text in TRICKS.items():
            empty, answer = Sample(name), Sample(name)
            killed = 0
            for _ in range(rounds):
                empty_s, answer_s, count = _stopped(product, text)
                empty.seconds.append(empty_s)
                answer.seconds.append(answer_s)
                killed = max(killed, count)
            rows.append(_row(name, empty, answer, str(killed)))
            to_empty.seconds += empty.seconds
            to_answer.seconds += answer.seconds
        yardstick = bare_python(20)
        _aborts(product, rounds, yardstick)
    rows.append(_row("all", to_empty, to_answer, ""))
    rows.append(["beside it: python3 -c pass", "20", "", *_figures(yardstick), "", ""])
    show("Hard stop (grace 0) through REST", HEAD, rows)


def _aborts(product: Product, rounds: int, yardstick: Sample) -> None:
    """How long after the script is stopped its abort script runs, by the times in the history."""
    to_abort = Sample("STOPPED → abort RUNNING")
    for _ in range(rounds):
        body: dict[str, Any] = {"script": {"script_type": "embedded", "script_body": TRICKS["sleeps"]}}
        body["script_args"] = {"main": {"kwargs": {"subarray_id": 1}}}
        procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
        product.wait_for_state(procedure_id, "READY")
        product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
        product.http.put(
            f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": True, "grace": 0}
        ).raise_for_status()
        stopped = product.http.get(f"procedures/{procedure_id}/").json()
        abort = next(p for p in product.http.get("procedures/").json() if p["abort_of"] == procedure_id)
        abort = product.wait_for_state(abort["id"], "COMPLETE", "FAILED")
        to_abort.seconds.append(_time_of(abort, "RUNNING 1") - _time_of(stopped, "STOPPED"))
    show("Abort", figures.HEAD, [yardstick.row(), to_abort.row(yardstick)])


def _time_of(summary: dict[str, Any], state: str) -> float:
    return next(float(at) for name, at in summary["history"]["process_states"] if name == state)


def _row(name: str, empty: Sample, answer: Sample, killed: str) -> list[str]:
    return [name, str(len(empty.seconds)), killed, *_figures(empty), *_figures(answer)]


def _figures(sample: Sample) -> list[str]:
    return [f"{seconds * 1000:.1f} ms" for seconds in (sample.median, sample.percentile(99))]


def _stopped(product: Product, text: str) -> tuple[float, float, int]:
    """Seconds from the request to the empty tree, and to the answer; and how many processes were killed."""
    body = {"script": {"script_type": "embedded", "script_body": text}}
    procedure_id = product.http.post("procedures/", json=body).raise_for_status().json()["id"]
    product.wait_for_state(procedure_id, "READY")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
    wait_until(lambda: "on\n" in _printed(product, procedure_id), what="the trick", timeout_s=30)
    asked_at = time.time()
    stop = {"state": "STOPPED", "abort": False, "grace": 0}
    product.http.put(f"procedures/{procedure_id}/", json=stop).raise_for_status()
    answered_at = time.time()
    report = _stop_report(procedure_id)
    times = {str(rung["rung"]): rung for rung in report["rungs"]}
    return times["empty"]["at"] - asked_at, answered_at - asked_at, int(times["killed"]["count"])


def _printed(product: Product, procedure_id: int) -> str:
    return product.http.get(f"procedures/{procedure_id}/output/", params={"limit": 100}).raise_for_status().text


def _stop_report(procedure_id: int) -> dict[str, Any]:
    from procedures.models import ProcedureHistory

    row = ProcedureHistory.objects.get(procedure_id=procedure_id, state="STOPPED")
    report: dict[str, Any] = (row.details or {})["stop"]
    return report
