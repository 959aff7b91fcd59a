"""Harness scripts in the running product: started in part, stopped, failing, and the events that they leave."""

import json
from typing import Any

import pytest

from procedures.domain.actions import fold
from tests.product import PROJECT_DIR, Product
from tests.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.both_databases, pytest.mark.timeout(180)]

FINAL = ("COMPLETE", "STOPPED", "FAILED", "UNKNOWN")
STOPPABLE = """
import time
from oet import harness
def one(ctx): print("one")
def two(ctx):
    harness.progress(0.5, "half way")
    print("waiting")
    time.sleep(60)
script = harness.Script(harness.get_actions({"one": True, "two": True}))
script.add_listener(lambda ctx: print("closed"), harness.POST_FATAL)
init, main = harness.entry_points(script)
"""


def prepare(product: Product, script: dict[str, Any]) -> int:
    procedure_id = int(product.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"])
    product.wait_for_state(procedure_id, "READY")
    return procedure_id


def start(product: Product, procedure_id: int, **kwargs: Any) -> None:
    body = {"state": "RUNNING", "script_args": {"main": {"kwargs": kwargs}}}
    product.http.put(f"procedures/{procedure_id}/", json=body).raise_for_status()


def output(product: Product, procedure_id: int) -> str:
    return product.http.get(f"procedures/{procedure_id}/output/").raise_for_status().text


def events(product: Product, procedure_id: int) -> list[tuple[str, Any]]:
    """What the script told, out of the event log."""

    printed = product.manage(
        "shell",
        "--verbosity=0",
        "--command",
        "import json; from procedures.models import Event;"
        f"print(json.dumps([[e.topic, e.payload] for e in Event.objects.filter(procedure_id={procedure_id}).order_by('id')]))",
    )
    return [(topic, payload) for topic, payload in json.loads(printed) if topic.startswith("script.")]


def test_example_is_run_in_part(product: Product) -> None:
    path = PROJECT_DIR / "examples" / "harness" / "night.py"
    procedure_id = prepare(product, {"script_type": "filesystem", "script_uri": f"file://{path}"})
    start(product, procedure_id, actions=["open-dome", "flat-field"], exposure=2)
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "COMPLETE"
    assert "### Action flat-field: finished successfully" in output(product, procedure_id)
    run = fold(events(product, procedure_id))
    assert run is not None
    assert [(row.name, row.state.value) for row in run.rows] == [
        ("open-dome", "success"),
        ("flat-field", "success"),
        ("park", "skipped"),
    ]


def test_stop_closes_the_dome_and_leaves_the_procedure_stopped(product: Product) -> None:
    procedure_id = prepare(product, {"script_type": "embedded", "script_body": STOPPABLE})
    start(product, procedure_id)
    wait_until(lambda: "waiting" in output(product, procedure_id), what="the second action")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False}).raise_for_status()
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "STOPPED"
    assert "closed" in output(product, procedure_id)
    run = fold(events(product, procedure_id))
    assert run is not None
    assert [(row.state.value, row.message) for row in run.rows] == [("success", ""), ("stopped", "half way")]


def test_fatal_error_fails_the_procedure_with_its_message(product: Product) -> None:
    text = STOPPABLE.replace("time.sleep(60)", "raise harness.ScriptHarnessFatal('the dome is jammed')")
    procedure_id = prepare(product, {"script_type": "embedded", "script_body": text})
    start(product, procedure_id)
    summary = product.wait_for_state(procedure_id, *FINAL)
    assert summary["state"] == "FAILED"
    assert "the dome is jammed" in str(summary)
    assert "sys.exit" not in str(summary)
