"""The launcher's own life: requests, clients, limits, other Pythons."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import oet
from oet import processes, rundir
from oet.rundir import Script
from tests.integration.oet.running import LAUNCHER, RunningLauncher
from tests.waiting import wait_until


def _oldest_python() -> str | None:
    """A Python 3.9 that works, where there is one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for candidate in (shutil.which("python3.9"), *sorted(pyenv.glob("versions/3.9*/bin/python3.9"))):
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    return None


OLDEST = _oldest_python()


def test_launcher_says_who_it_is(launcher: RunningLauncher) -> None:
    pid = launcher.process.pid
    assert launcher.document == {
        "id": launcher.document["id"],
        "pid": pid,
        "started": processes.start_time(pid),
        "boot_id": processes.boot_id(),
        "python": sys.executable,
        "version": oet.__version__,
    }
    hello = launcher.ask(id="a", op="hello")
    assert hello.pop("python").startswith("3.")
    assert hello == {"id": "a", "ok": True, "launcher": launcher.document["id"], "pid": pid, "version": oet.__version__}
    assert processes.environment_value(pid, rundir.LAUNCHER_MARK) == launcher.document["id"]


def test_second_launcher_in_the_same_directory_is_refused(launcher: RunningLauncher) -> None:
    command = [
        sys.executable,
        "-I",
        str(LAUNCHER),
        "--directory",
        str(launcher.directory),
        "--bells",
        str(launcher.bells),
    ]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 3
    assert "another launcher lives in" in second.stderr
    assert launcher.ask(op="hello")["ok"]


def test_spawn_of_a_living_procedure_answers_with_its_process(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    again = launcher.ask(id=1, op="spawn", procedure=script.procedure, directory=str(script.directory))
    assert again == {"id": 1, "ok": True, "pid": script.pid, "started": script.started, "already": True}
    assert launcher.ask(id=2, op="list") == {
        "id": 2,
        "ok": True,
        "procedures": [{"procedure": script.procedure, "pid": script.pid, "started": script.started}],
    }


def test_spawn_into_a_directory_where_a_script_has_ended_is_refused(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): pass")
    script.wait_for_exit()
    wait_until(lambda: not launcher.ask(op="list")["procedures"], what="an empty list")
    answer = launcher.ask(op="spawn", procedure=script.procedure, directory=str(script.directory))
    assert answer["ok"] is False
    assert "has run and ended" in answer["error"]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"op": 5}',
        b'{"op": "spawn"}',
        b'{"op": "spawn", "procedure": "x", "directory": 5}',
        b'{"op": "spawn", "procedure": 1, "directory": "/nowhere"}',
        b'{"op": "spawn", "procedure": null, "directory": null}',
        b'{"op": "kill"}',
        b'{"op": "kill", "procedure": []}',
        b'{"op": "kill", "procedure": 1e400}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_malformed_request_is_answered_and_harms_nobody(launcher: RunningLauncher, line: bytes) -> None:
    connection = launcher.connect()
    connection.send(line + b"\n")
    assert connection.receive()["ok"] is False
    assert connection.ask(id=1, op="hello")["ok"]
    connection.close()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"script": {"type": "filesystem", "path": None, "text": None}}, "script.path is None, not a str"),
        ({"script": {"type": "tape"}}, "script type 'tape' is not one of"),
        ({"environment": {"A": 1}}, "environment A is 1"),
        ({"environment": []}, "environment is [], not a dict"),
        ({"procedure": 99}, "belongs to procedure 99"),
    ],
)
def test_spec_that_makes_no_sense_is_refused(
    launcher: RunningLauncher, change: dict[str, object], complaint: str
) -> None:
    spec = launcher.prepare("def main(): pass")
    directory = launcher.home / "p"
    directory.mkdir()
    spec.write(directory)
    document = json.loads((directory / "spec.json").read_text())
    (directory / "spec.json").write_text(json.dumps({**document, **change}))
    answer = launcher.ask(op="spawn", procedure=spec.procedure, directory=str(directory))
    assert answer["ok"] is False
    assert complaint in answer["error"]


def test_client_that_leaves_in_the_middle_of_a_request_harms_nobody(launcher: RunningLauncher) -> None:
    script = launcher.launch("import time\ntime.sleep(60)")
    for half in (b'{"op": "hel', json.dumps({"op": "kill", "procedure": script.procedure}).encode() + b"\n"):
        connection = launcher.connect()
        connection.send(half)
        connection.close()
    assert script.wait_for_exit().killed is not None
    assert launcher.ask(op="hello")["ok"]


def test_end_is_refused_while_a_script_lives(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    assert launcher.ask(op="end") == {"id": None, "ok": False, "error": "1 procedures live here: 1"}
    script.kill()
    assert launcher.ask(op="end")["ok"]
    assert launcher.process.wait(10) == 0
    assert not (launcher.directory / "socket").exists()


def test_launcher_is_left_alone_by_ctrl_c_and_hangup(launcher: RunningLauncher) -> None:
    for number in (2, 1):
        os.kill(launcher.process.pid, number)
    assert launcher.ask(op="hello")["ok"]


def test_run_directory_that_vanishes_harms_nobody(launcher: RunningLauncher) -> None:
    script = launcher.launch("import time\ndef main():\n    while True: print('x'); time.sleep(0.001)")
    script.run()
    shutil.rmtree(script.directory)
    assert script.kill()["ok"]
    assert launcher.run("def main(): pass").wait_for_exit().status == 0


def test_many_spawns_leave_no_descriptor_and_no_process_behind(launcher: RunningLauncher) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path(f"/proc/{launcher.process.pid}/fd").iterdir())

    def names_below() -> list[str]:
        return [process.name for process in processes.process_tree(launcher.process.pid)]

    def is_at_rest() -> bool:
        return not launcher.ask(op="list")["procedures"] and names_below() == ["oet-launcher", "oet-newborn"]

    wait_until(is_at_rest, what="a launcher with one newborn")
    before = descriptors()
    text = launcher.script("def main(): pass")
    for script in [launcher.launch(text) for _ in range(40)]:
        script.run()
        script.wait_for_exit()
    wait_until(is_at_rest, what="a launcher with one newborn again")
    assert descriptors() == before


def _newborn(launcher: RunningLauncher) -> processes.Process | None:
    below = processes.process_tree(launcher.process.pid)
    return next((process for process in below if process.name == "oet-newborn"), None)


def test_newborn_that_is_killed_is_replaced(launcher: RunningLauncher) -> None:
    first = wait_until(lambda: _newborn(launcher), what="a newborn")
    assert processes.send_signal(first, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(first.pid, first.started), what="its death")
    assert launcher.run("def main(): pass").wait_for_exit().status == 0
    assert launcher.run("def main(): pass").wait_for_exit().status == 0


def test_newborn_dies_with_its_launcher(launcher: RunningLauncher) -> None:
    newborn = wait_until(lambda: _newborn(launcher), what="a newborn")
    launcher.process.kill()
    wait_until(lambda: not processes.is_alive(newborn.pid, newborn.started), what="its death")


def test_run_directory_with_a_very_long_path(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 50)
    home.mkdir()
    with RunningLauncher(home) as launcher:
        assert launcher.run("def main(): pass").wait_for_exit().status == 0


def test_preloaded_modules_are_there_and_missing_ones_harm_nobody(tmp_path: Path) -> None:
    with RunningLauncher(tmp_path, "--preload", "decimal, no_such_module") as launcher:
        script = launcher.run("import sys\ndef main(): return 'decimal' in sys.modules")
        assert script.wait_for("returned main").payload["result"] is True
        assert "cannot preload no_such_module" in launcher.log()


@pytest.mark.parametrize(
    ("python", "flags"),
    [
        (sys.executable, ("-I", "-S")),
        pytest.param(OLDEST, ("-I", "-S"), marks=pytest.mark.skipif(OLDEST is None, reason="no Python 3.9 here")),
    ],
)
def test_nothing_but_the_standard_library_is_needed(tmp_path: Path, python: str, flags: tuple[str, ...]) -> None:
    text = """
import multiprocessing
import oet
def same(x): return x
def main(n: int = 1):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(same, [n])
"""
    with RunningLauncher(tmp_path, python=python, flags=flags) as launcher:
        script = launcher.launch(Script("embedded", text=text))
        script.run("main", 2)
        assert script.wait_for("returned main").payload["result"] == [2]
        assert script.wait_for_exit().status == 0
        waiting = launcher.run("import time\ndef main():\n    print('on')\n    time.sleep(60)")
        waiting.wait_for_output("on")
        waiting.stop()
        assert waiting.wait_for_exit().status == 0
