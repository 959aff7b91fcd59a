"""The command `oet`, against the product."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oet_client.main import main
from tests.product import PROJECT_DIR, Product

pytestmark = pytest.mark.acceptance

Captured = pytest.CaptureFixture[str]

CHAIN = """\
name: a chain
max_trials: 1
load: 0.01
scripts:
  first: {body: "exit %s"}
  second:
    start_when: {done: {script_key: first}}
"""


@pytest.fixture(autouse=True)
def logged_in(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an administrator, by the variables that people set."""
    monkeypatch.setenv("OET_URL", product.url)
    monkeypatch.setenv("OET_TOKEN", token_of(product))


@pytest.fixture(scope="module")
def viewer(product: Product) -> Iterator[str]:
    """The token of somebody who may only look."""
    product.add_users(command_line_viewer="viewer")
    with product.client("command_line_viewer") as client:
        yield client.headers["Authorization"].removeprefix("Token ")


def token_of(product: Product) -> str:
    return str(product.http.headers["Authorization"]).removeprefix("Token ")


def document(folder: Path, text: str) -> str:
    file = folder / "task.yml"
    file.write_text(text)
    return str(file)


def test_every_transition_is_told_and_what_passed_exits_0(tmp_path: Path, capsys: Captured) -> None:
    assert main(["trial", "run", document(tmp_path, CHAIN % 0)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("task ")
    assert "a chain: http://" in lines[0]
    told = [" ".join(line.split()[1:]) for line in lines[1:-1]]
    first = told.index("first executing")
    assert told[first:] == [
        "first executing", "first passed", "second executing", "second passed", told[-1]
    ]  # fmt: skip
    assert told[-1].startswith("trial 1 passed after ")
    assert lines[-1].endswith("a chain: passed")


def test_what_failed_exits_1_with_its_status(tmp_path: Path, capsys: Captured) -> None:
    assert main(["trial", "run", document(tmp_path, CHAIN % 3)]) == 1
    said = capsys.readouterr().out
    assert "failed: exit status 3" in said
    assert "skipped: unsatisfiable" in said


def test_a_document_is_checked_with_all_its_errors_and_their_places(tmp_path: Path, capsys: Captured) -> None:
    file = document(tmp_path, CHAIN.replace("done:", "done: {script_key: frist}, and:") % 0)
    assert main(["trial", "check", file]) == 0
    said = capsys.readouterr().out
    assert f"{file}:7: warning: scripts.second.start_when.done.script_key: there is no script 'frist'" in said
    assert f"{file}: a chain is valid: 2 scripts" in said
    wrong = document(tmp_path, "scripts:\n  a: {ignote_state: true}\n  b: {timeout: 5}\n")
    for command in ("check", "run"):
        assert main(["trial", command, wrong]) == 1
        told, noted = capsys.readouterr()
        assert [line.partition(": ")[0] for line in told.splitlines()] == [f"{wrong}:2", f"{wrong}:3"]
        assert "did you mean 'ignore_state'?" in told
        assert noted == "oet: the document has 2 errors\n"


def test_who_may_not_run_may_check(tmp_path: Path, viewer: str, capsys: Captured) -> None:
    file = document(tmp_path, CHAIN % 0)
    assert main(["trial", "check", file, "--token", viewer]) == 0
    assert main(["trial", "run", file, "--token", viewer]) == 1
    assert "Ask an administrator for a role that has the right." in capsys.readouterr().err
    assert main(["trial", "run", file, "--token", "0" * 64]) == 1
    assert "OET_TOKEN, or --token) is not valid, or has expired" in capsys.readouterr().err


def test_who_stops_watching_leaves_the_trial_alone(tmp_path: Path, product: Product) -> None:
    command = [sys.executable, "-m", "oet_client", "trial", "run", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT_DIR, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as watching:
        assert watching.stdin is not None
        assert watching.stdout is not None
        watching.stdin.write("{max_trials: 1, load: 0.01, scripts: {a: {body: sleep 100}}}")
        watching.stdin.close()
        task_id = int(watching.stdout.readline().split()[1].rstrip(","))
        while "executing" not in watching.stdout.readline():
            pass
        watching.send_signal(signal.SIGINT)
        watching.stdin = None
        _, said = watching.communicate(timeout=30)
    assert (watching.returncode, "it goes on, and can be aborted there" in said) == (1, True), said
    assert product.http.get(f"tasks/{task_id}/").json()["state"] == "executing"
    product.http.put(f"tasks/{task_id}/", json={"state": "aborted"}).raise_for_status()
