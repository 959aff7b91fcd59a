"""What a program does over REST, against the product as it is started."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.product import PROJECT_DIR, Product

pytestmark = pytest.mark.acceptance

ENDINGS = ("COMPLETE", "FAILED", "STOPPED", "UNKNOWN")
ECHO = """
import json

def init(*args, **kwargs):
    print("init", json.dumps([args, kwargs]), flush=True)

def main(*args, **kwargs):
    print("main", json.dumps([args, kwargs]), flush=True)
"""
WAITS = """
import time
from pathlib import Path

def main(proof):
    with Path(proof).open("a") as file:
        file.write("ran\\n")
    time.sleep(600)
"""


def embedded(body: str) -> dict[str, Any]:
    return {"script": {"script_type": "embedded", "script_body": body}}


def create(product: Product, request: dict[str, Any]) -> dict[str, Any]:
    answer = product.http.post("procedures/", json=request)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def ready(product: Product, body: str, **request: Any) -> int:
    procedure_id: int = create(product, {**embedded(body), **request})["id"]
    assert product.wait_for_state(procedure_id, "READY", *ENDINGS)["state"] == "READY"
    return procedure_id


def start(product: Product, procedure_id: int, *args: Any, **kwargs: Any) -> httpx.Response:
    arguments = {"main": {"args": list(args), "kwargs": kwargs}}
    return product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING", "script_args": arguments})


def stop(product: Product, procedure_id: int, **fields: Any) -> httpx.Response:
    return product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "grace": 0, **fields})


def test_a_procedure_from_create_to_complete_with_its_arguments_history_and_output(product: Product) -> None:
    call = {"args": [1, "two", None, 2.5], "kwargs": {"subarray_id": 1, "nested": {"a": [True]}}}
    created = create(product, {**embedded(ECHO), "script_args": {"init": call}})
    assert created["state"] == "CREATING"
    assert [state for state, _ in created["history"]["process_states"]] == ["CREATING"]
    assert created["uri"].endswith(f"/api/v1/procedures/{created['id']}/")
    product.wait_for_state(created["id"], "READY")

    started = start(product, created["id"], "x", y=[1])
    assert started.status_code == 200
    assert started.json()["state"] in {"RUNNING", "READY", "COMPLETE"}  # so short a run may be over already
    done = product.wait_for_state(created["id"], *ENDINGS)
    states, times = zip(*done["history"]["process_states"], strict=True)
    assert states == (
        *("CREATING", "IDLE", "LOADING", "IDLE", "INITIALISING", "READY"),
        *("RUNNING 1", "READY", "COMPLETE"),
    )
    assert list(times) == sorted(times)
    assert done["script_args"] == {"init": call, "main": {"args": ["x"], "kwargs": {"y": [1]}}}
    assert done["history"]["stacktrace"] is None
    output = product.http.get(f"procedures/{created['id']}/output/").text.splitlines()
    assert [line.split(" ", 1)[0] for line in output] == ["init", "main"]
    assert json.loads(output[0].split(" ", 1)[1]) == [call["args"], call["kwargs"]]
    assert json.loads(output[1].split(" ", 1)[1]) == [["x"], {"y": [1]}]


def test_other_functions_can_be_run_again_and_again_before_main(product: Product) -> None:
    procedure_id = ready(product, "def park(n): print('park', n)\ndef main(): pass\n")
    for number in (1, 2):
        call = {"state": "RUNNING", "script_args": {"park": {"args": [number]}}}
        assert product.http.put(f"procedures/{procedure_id}/", json=call).status_code == 200
        product.wait_for_state(procedure_id, "READY", *ENDINGS)
    assert start(product, procedure_id).status_code == 200
    done = product.wait_for_state(procedure_id, *ENDINGS)
    runs = [state for state, _ in done["history"]["process_states"] if state.startswith("RUNNING")]
    assert (done["state"], runs) == ("COMPLETE", ["RUNNING 1", "RUNNING 2", "RUNNING 3"])


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("def main(:\n", "SyntaxError"),
        ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"),
        ("def init(): raise ValueError('no dish')\ndef main(): pass\n", "ValueError: no dish (in init)"),
        ("def main(): raise ValueError('no sky')\n", "ValueError: no sky (in main)"),
        ("import sys\ndef main(): sys.exit(3)\n", "main called sys.exit(3)"),
        ("import os\ndef main(): os._exit(5)\n", "exit status 5 while main ran"),
        ("import ctypes\ndef main(): ctypes.string_at(0)\n", "SIGSEGV (a segmentation fault"),
    ],
)
def test_a_failure_is_explained_in_words(product: Product, body: str, cause: str) -> None:
    procedure_id = create(product, embedded(body))["id"]
    if product.wait_for_state(procedure_id, "READY", *ENDINGS)["state"] == "READY":
        start(product, procedure_id)
    failed = product.wait_for_state(procedure_id, *ENDINGS)
    assert failed["state"] == "FAILED"
    assert cause in failed["cause"]


def test_a_file_that_does_not_exist_fails_with_its_path_in_the_stacktrace(product: Product) -> None:
    path = PROJECT_DIR / "examples" / "not-there.py"
    script = {"script_type": "filesystem", "script_uri": f"file://{path}"}
    failed = product.wait_for_state(create(product, {"script": script})["id"], *ENDINGS)
    assert failed["state"] == "FAILED"
    assert "FileNotFoundError" in failed["history"]["stacktrace"]
    assert str(path) in failed["history"]["stacktrace"]


def test_a_second_start_names_the_holder_and_of_fifty_at_once_exactly_one_succeeds(
    product: Product, tmp_path: Any
) -> None:
    proof = tmp_path / "proof"
    first, second = ready(product, WAITS), ready(product, WAITS)
    together = threading.Barrier(10)

    def put(number: int) -> int:
        with httpx.Client(base_url=product.http.base_url, headers=product.http.headers, timeout=60) as client:
            if number < 10:
                together.wait()
            request = {"state": "RUNNING", "script_args": {"main": {"args": [str(proof)]}}}
            return client.put(f"procedures/{first}/", json=request).status_code

    with ThreadPoolExecutor(50) as threads:
        answers = sorted(threads.map(put, range(50)))
    assert answers == [200, *[409] * 49]

    refused = start(product, second, str(proof))
    assert refused.status_code == 409
    assert f"procedure {first}" in refused.json()["detail"]
    assert "telescope" in refused.json()["detail"]
    for procedure_id in (first, second):
        assert stop(product, procedure_id).status_code == 200
    assert proof.read_text() == "ran\n"


def test_start_before_ready_and_start_and_stop_of_the_finished_are_409_with_the_state(product: Product) -> None:
    slow = create(product, embedded("import time\ndef init(): time.sleep(600)\ndef main(): pass\n"))["id"]
    early = start(product, slow)
    assert early.status_code == 409
    assert any(state in early.json()["detail"] for state in ("CREATING", "IDLE", "LOADING", "INITIALISING"))
    assert stop(product, slow).json() == {"abort_message": f"Successfully stopped script with ID {slow}"}
    for answer in (start(product, slow), stop(product, slow)):
        assert answer.status_code == 409
        assert "STOPPED" in answer.json()["detail"]


def test_an_abort_stops_and_runs_the_abort_script_for_the_same_subarray(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    from tests.product import started_product

    script = PROJECT_DIR / "examples" / "abort.py"
    with started_product(tmp_path_factory.mktemp("abort"), OET_ABORT_SCRIPT=f"file://{script}") as product:
        body = "import time\ndef init(subarray_id): pass\ndef main(): time.sleep(600)\n"
        running = ready(product, body, script_args={"init": {"kwargs": {"subarray_id": 3}}})
        assert start(product, running).status_code == 200
        answer = stop(product, running, abort=True)
        words = f"Successfully stopped script with ID {running} and aborted subarray activity"
        assert (answer.status_code, answer.json()) == (200, {"abort_message": words})
        abort = product.http.get("procedures/").json()[-1]
        assert abort["abort_of"] == running
        ended = product.wait_for_state(abort["id"], *ENDINGS)
        assert ended["state"] == "COMPLETE"
        assert ended["script_args"]["main"]["kwargs"] == {"subarray_id": 3}

        without = ready(product, "import time\ndef main(): time.sleep(600)\n")
        start(product, without)
        refused = stop(product, without, abort=True)
        assert refused.status_code == 409
        assert "no subarray_id" in refused.json()["detail"]
        assert product.http.get(f"procedures/{without}/").json()["state"] == "RUNNING"
        assert stop(product, without).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "line 1"),
        (
            {"json": {"script": {"script_type": "filesystem", "script_uri": "test://a.py"}}},
            400,
            "must begin with file://",
        ),
        (
            {"json": {"script": {"script_type": "filesystem", "script_uri": "file:///etc/passwd"}}},
            400,
            "OET_SCRIPT_ROOTS",
        ),
        ({"json": {**embedded("a=1"), "script_args": {"init": {"args": {}}}}}, 400, "must be an array"),
        ({"json": {**embedded("a=1"), "script_args": {"init": {"kwargs": []}}}}, 400, "must be an object"),
        ({"content": b"x" * 50_000_000, "headers": {"Content-Type": "application/json"}}, 413, "bytes"),
    ],
)
def test_what_is_wrong_is_refused_with_the_reason(
    product: Product, request_: dict[str, Any], status: int, words: str
) -> None:
    answer = product.http.post("procedures/", **request_)
    assert answer.status_code == status
    assert words in answer.text


def test_an_unknown_id_is_404_and_says_so(product: Product) -> None:
    answer = product.http.get("procedures/987654321/")
    assert answer.status_code == 404
    assert "987654321" in answer.json()["detail"]
