"""The emergency stop ends every script, whatever else is broken."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import oet
from oet import emergency, processes, rundir
from tests.integration.oet.running import RunningLauncher, RunningScript, is_gone
from tests.waiting import wait_until

PROGRAM = Path(oet.__file__).parent / "emergency.py"
SLEEPER = """
import subprocess, time
def main():
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    print("pid", child.pid)
    while True:
        try: time.sleep(60)
        except BaseException: pass
"""


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[RunningLauncher]:
    """A launcher in the `run` folder of an OET_HOME."""
    (tmp_path / "run").mkdir()
    with RunningLauncher(tmp_path / "run") as running:
        yield running


def stop_everything(home: Path, *options: str, **environment: str) -> tuple[dict[str, Any], int]:
    """Run the program; what it says and its exit status."""
    command = [sys.executable, "-I", str(PROGRAM), "--home", str(home), "--json", *options]
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=60
    )
    assert not done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report, done.returncode


def sleeper_of(script: RunningScript) -> int:
    return int(script.wait_for_output("pid ").partition("pid ")[2].split()[0])


def killed(report: dict[str, Any]) -> dict[int, int | None]:
    return {process["pid"]: process["procedure"] for process in report["killed"]}


def test_obedient_launcher_kills_every_script_and_lives_on(launcher: RunningLauncher, tmp_path: Path) -> None:
    scripts = [launcher.run(SLEEPER) for _ in range(2)]
    sleepers = [sleeper_of(script) for script in scripts]
    report, status = stop_everything(tmp_path)
    assert status == 0
    assert report["is_empty"]
    assert killed(report) == {
        pid: script.procedure
        for script, sleeper in zip(scripts, sleepers, strict=True)
        for pid in (script.pid, sleeper)
    }
    assert all(is_gone(pid) for pid in killed(report))
    assert launcher.process.poll() is None
    for script in scripts:
        end = script.wait_for_exit()
        assert end.killed is not None
        assert report["began"] <= end.time <= report["ended"]
    again = launcher.run("def main(): pass")
    assert again.wait_for_exit().status == 0


def test_launcher_that_is_frozen_is_killed_with_everything_below_it(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper = sleeper_of(script)
    os.kill(launcher.process.pid, signal.SIGSTOP)
    report, status = stop_everything(tmp_path)
    assert status == 0
    found = killed(report)
    assert (found[script.pid], found[sleeper], found[launcher.process.pid]) == (
        script.procedure,
        script.procedure,
        None,
    )
    assert "did not answer" in report["checks"][0]
    assert launcher.process.wait(5) == -signal.SIGKILL
    assert not launcher.marked()


def test_what_a_dead_launcher_has_left_behind_is_found_by_its_mark(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper = sleeper_of(script)
    launcher.process.kill()
    launcher.process.wait()
    wait_until(lambda: is_gone(script.pid), what="the worker's death")
    assert not is_gone(sleeper)
    report, status = stop_everything(tmp_path)
    assert (status, killed(report)) == (0, {sleeper: script.procedure})
    assert report["procedures"] == [script.procedure]
    assert is_gone(sleeper)


@pytest.mark.parametrize("damage", ["no launcher.json", "damaged launcher.json", "no socket", "home removed"])
def test_scripts_die_although_files_are_missing(launcher: RunningLauncher, tmp_path: Path, damage: str) -> None:
    script = launcher.run(SLEEPER)
    sleeper = sleeper_of(script)
    log = launcher.log()
    match damage:
        case "no launcher.json":
            (launcher.directory / rundir.LAUNCHER).unlink()
        case "damaged launcher.json":
            (launcher.directory / rundir.LAUNCHER).write_text("{")
        case "no socket":
            (launcher.directory / rundir.LAUNCHER_SOCKET).unlink()
        case _:
            subprocess.run(["rm", "-r", str(tmp_path / "run")], check=True)
    report, status = stop_everything(tmp_path)
    assert status == 0
    assert {script.pid, sleeper} <= killed(report).keys()
    assert is_gone(script.pid)
    assert is_gone(sleeper)
    launcher.directory.mkdir(parents=True, exist_ok=True)  # the fixture reads it
    (launcher.directory / rundir.LAUNCHER_LOG).write_text(log)


def test_daemon_without_marks_dies_as_long_as_something_holds_it(launcher: RunningLauncher, tmp_path: Path) -> None:
    """`env -i` takes the marks away; but what a frozen launcher has below it is found by its parents."""
    script = launcher.run(
        """
        import subprocess, time
        def main():
            subprocess.run(["env", "-i", "setsid", "sh", "-c", "sleep 300 >/dev/null 2>&1 & echo pid $!"])
            time.sleep(300)
        """
    )
    daemon = sleeper_of(script)
    assert processes.environment_value(daemon, rundir.LAUNCHER_MARK) is None
    os.kill(launcher.process.pid, signal.SIGSTOP)
    report, status = stop_everything(tmp_path)
    assert (status, killed(report)[daemon]) == (0, script.procedure)
    assert is_gone(daemon)


def test_scripts_of_another_home_live_on(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper_of(script)
    other = tmp_path / "other"
    other.mkdir()
    report, status = stop_everything(other)
    assert (status, report["killed"]) == (0, [])
    assert not is_gone(script.pid)


def test_home_that_does_not_exist_is_an_error_and_no_success(tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(PROGRAM), "--home", str(tmp_path / "missing")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2
    assert "name the OET_HOME" in done.stdout


def test_a_script_is_not_let_freeze_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(PROGRAM), "--home", str(tmp_path)]
    environment = {"PATH": os.environ["PATH"], rundir.LAUNCHER_MARK: "x"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 2
    assert "Run it from a shell" in done.stdout


def test_home_given_by_a_link_and_needless_of_site_packages(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper_of(script)
    (tmp_path / "link").symlink_to(tmp_path)
    os.kill(launcher.process.pid, signal.SIGSTOP)  # so that it must be found by the mark, which knows the other name
    command = [sys.executable, "-I", "-S", str(PROGRAM), "--home", str(tmp_path / "link")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout
    assert f"killed: procedure {script.procedure}, process {script.pid}" in done.stdout
    assert "nothing is left" in done.stdout
    assert is_gone(script.pid)


def test_what_was_done_is_written_for_the_manager(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper_of(script)
    report, _ = stop_everything(tmp_path)
    stop_everything(tmp_path)
    first, second = emergency.read_stops(tmp_path / "run")
    assert (first.by, first.procedures, first.count) == (report["by"], [script.procedure], 2)
    assert first.ended == report["ended"]
    assert (second.procedures, second.killed) == ([], [])


def test_what_was_done_is_said_although_it_cannot_be_written(launcher: RunningLauncher, tmp_path: Path) -> None:
    script = launcher.run(SLEEPER)
    sleeper_of(script)
    (tmp_path / "run" / emergency.REPORT).mkdir()  # so that no file of that name can be made, by root neither
    report, status = stop_everything(tmp_path)
    assert (status, report["count"]) == (0, 2)
    assert is_gone(script.pid)


@pytest.mark.parametrize(
    "odd", [{"began": "x"}, {"began": 1e300}, {"began": 1, "ended": "x"}, {"began": 1, "ended": 1e300}, {"surprise": 1}]
)
def test_a_damaged_report_keeps_no_manager_from_working(tmp_path: Path, odd: dict[str, object]) -> None:
    (tmp_path / emergency.REPORT).write_text(json.dumps({"stops": [{"by": "ann", **odd}]}))
    assert emergency.read_stops(tmp_path) == []
