"""Every example does what it says, in the running product."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.product import ADMIN_PASSWORD, PROJECT_DIR, Product
from tests.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.both_databases, pytest.mark.timeout(180)]

FINAL = ("COMPLETE", "STOPPED", "FAILED", "UNKNOWN")


def prepare(product: Product, example: str, **init: Any) -> int:
    script = {"script_type": "filesystem", "script_uri": f"file://{PROJECT_DIR / 'examples' / example}"}
    body: dict[str, Any] = {"script": script}
    if init:
        body["script_args"] = {"init": {"kwargs": init}}
    return int(product.http.post("procedures/", json=body).raise_for_status().json()["id"])


def run(product: Product, procedure_id: int, function: str = "main", **arguments: Any) -> None:
    product.wait_for_state(procedure_id, "READY")
    body = {"state": "RUNNING", "script_args": {function: {"kwargs": arguments}}}
    product.http.put(f"procedures/{procedure_id}/", json=body).raise_for_status()


def output(product: Product, procedure_id: int) -> str:
    return product.http.get(f"procedures/{procedure_id}/output/").raise_for_status().text


def states(summary: dict[str, Any]) -> list[str]:
    return [state for state, *_ in summary["history"]["process_states"]]


def test_hello_greets_in_the_language_that_init_chose(product: Product) -> None:
    procedure_id = prepare(product, "hello.py", greet_in="Zulu", subarray_id=2)
    run(product, procedure_id, name="MeerKAT", count_to=2, pause_s=0.01)
    summary = product.wait_for_state(procedure_id, *FINAL)
    assert summary["state"] == "COMPLETE"
    assert states(summary)[-3:] == ["RUNNING 1", "READY", "COMPLETE"]
    assert output(product, procedure_id) == "Subarray 2 is ours; we greet in Zulu.\nSawubona, MeerKAT!\n1\n2\n"


def test_hello_waves_as_often_as_it_is_asked_to(product: Product) -> None:
    procedure_id = prepare(product, "hello.py")
    run(product, procedure_id, "wave")
    wait_until(lambda: output(product, procedure_id).count("o/") == 1, what="a wave")
    run(product, procedure_id, "wave")
    wait_until(lambda: output(product, procedure_id).count("o/") == 2, what="another wave")
    run(product, procedure_id, count_to=0)
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "COMPLETE"


def test_observation_goes_through_its_phases(product: Product) -> None:
    procedure_id = prepare(product, "observation.py", subarray_id=3)
    run(product, procedure_id, target="Vela", duration_s=0.5)
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "COMPLETE"
    printed = output(product, procedure_id)
    assert re.findall(r"^(\w+): Vela", printed, re.MULTILINE) == [
        *("slew", "acquire", *["integrate"] * 4, "calibrate"),
    ]
    assert "WARNING antenna 3 was slow to lock" in printed
    assert "Stowing the antennas." in printed


def test_stopped_observation_still_stows_the_antennas(product: Product) -> None:
    procedure_id = prepare(product, "observation.py")
    run(product, procedure_id)
    wait_until(lambda: "slew: " in output(product, procedure_id), what="the first phase")
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "abort": False}).raise_for_status()
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "STOPPED"
    wait_until(lambda: "Stowing the antennas." in output(product, procedure_id), what="the last words")


def test_failure_in_init_is_in_the_history_with_its_stacktrace(product: Product) -> None:
    summary = product.wait_for_state(prepare(product, "fails_in_init.py"), *FINAL)
    assert summary["state"] == "FAILED"
    assert "READY" not in states(summary)
    assert "KeyError: 'band 5'" in summary["history"]["stacktrace"]


def test_failure_in_main_tells_its_cause_too(product: Product) -> None:
    procedure_id = prepare(product, "fails_in_main.py")
    run(product, procedure_id)
    summary = product.wait_for_state(procedure_id, *FINAL)
    assert summary["state"] == "FAILED"
    stacktrace = summary["history"]["stacktrace"]
    assert "ValueError: could not convert string to float: 'about two'" in stacktrace
    assert "direct cause of the following exception" in stacktrace
    assert "CalibrationError: m001 cannot be calibrated" in stacktrace


def test_script_that_will_not_go_is_killed_with_its_child(product: Product) -> None:
    procedure_id = prepare(product, "ignores_sigterm.py")
    run(product, procedure_id)
    wait_until(lambda: "do not take orders" in output(product, procedure_id), what="its pid and its child's")
    pids = [int(pid) for pid in re.findall(r"\d+", output(product, procedure_id))]
    assert len(pids) == 2
    body = {"state": "STOPPED", "abort": False, "grace": 0.2}
    product.http.put(f"procedures/{procedure_id}/", json=body).raise_for_status()
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "STOPPED"
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_heavy_import_is_loading_for_a_while_and_then_ready(product: Product) -> None:
    procedure_id = prepare(product, "heavy_import.py")
    product.wait_for_state(procedure_id, "LOADING")
    run(product, procedure_id, show=1)
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "COMPLETE"
    assert output(product, procedure_id).strip().isdigit()


def test_abort_makes_the_subarray_safe(product: Product) -> None:
    procedure_id = prepare(product, "abort.py")
    run(product, procedure_id, subarray_id=7)
    assert product.wait_for_state(procedure_id, *FINAL)["state"] == "COMPLETE"
    assert "INFO    subarray 7 is safe" in output(product, procedure_id)


def test_commands_of_the_readme_run_the_first_example(product: Product) -> None:
    block = re.findall(r"```console\n(\$ OET=.*?)```", (PROJECT_DIR / "README.md").read_text(), re.DOTALL)[0]
    log_in, prepare_it, start_it, read_it = _commands(block, product)
    created = _shell(log_in, prepare_it)
    procedure_id = int(re.findall(r'"id": ?(\d+)', created)[0])
    product.wait_for_state(procedure_id, "READY")
    at = f"procedures/{procedure_id}/"
    assert '"state"' in _shell(log_in, start_it.replace("procedures/1/", at))
    product.wait_for_state(procedure_id, *FINAL)
    assert "Hello, sky!" in _shell(log_in, read_it.replace("procedures/1/", at))


def _commands(block: str, product: Product) -> list[str]:
    """The commands of a block, with the address and password of `product`; the address and the log-in are one."""
    commands = [command.strip() for command in block.replace("\\\n", " ").split("$ ") if command.strip()]
    address = re.compile(r"http://127\.0\.0\.1:8000/")
    commands = [address.sub(product.url, command) for command in commands]
    password = re.findall(r'"password": "([^"]+)"', block)[0]
    return [f"{commands[0]}; {commands[1].replace(password, ADMIN_PASSWORD)}", *commands[2:]]


def _shell(*commands: str) -> str:
    script = "set -e; " + "; ".join(commands)
    return subprocess.run(
        ["bash", "-c", script], cwd=PROJECT_DIR, capture_output=True, text=True, check=True, timeout=60
    ).stdout
