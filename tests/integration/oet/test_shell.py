"""Scripts of type `shell`: what runs them, how they end, and how they are stopped."""

from typing import Any

import pytest

from oet.rundir import Run, Script, Spec
from tests.integration.oet.running import RunningLauncher, RunningScript
from tests.waiting import wait_until

BEGINNING = ["state IDLE", "state LOADING", "loaded", "state IDLE", "state READY", "began main"]


def spawn(launcher: RunningLauncher, text: str, number: int = 1, **fields: Any) -> RunningScript:
    """Run a text by itself, in a folder of its own."""
    folder = launcher.home / "work"
    folder.mkdir(exist_ok=True)
    spec = Spec(
        number, Script("shell", text=text), run=Run("main"), folder=str(folder), bells=str(launcher.bells), **fields
    )
    directory = launcher.home / f"p{number}"
    directory.mkdir()
    spec.write(directory)
    answer = launcher.ask(op="spawn", procedure=number, directory=str(directory))
    assert answer["ok"], answer
    return RunningScript(launcher, directory, number, answer)


def test_a_text_runs_by_itself_in_its_folder_and_ends(launcher: RunningLauncher) -> None:
    script = spawn(launcher, 'pwd; echo "$A|$PWD|$0"; cat', environment={"A": "x y"}, label="observe")
    end = script.wait_for_exit()
    folder = launcher.home / "work"
    assert script.output() == f"{folder}\nx y|{folder}|{script.directory}/body/observe\n"
    assert (end.status, end.leftovers) == (0, [])
    assert script.topics() == [*BEGINNING, "returned main", "state READY", "ended"]


@pytest.mark.parametrize(
    ("text", "status", "signal"),
    [
        ("exit 3", 3, None),
        ("false\ntrue\nfalse", 1, None),
        ("no-such-command", 127, None),
        ("kill -9 $$", None, 9),
        ("#!/usr/bin/env python3\nimport sys\nsys.exit(4)", 4, None),
    ],
)
def test_the_last_word_of_a_text_is_written_down(
    launcher: RunningLauncher, text: str, status: int | None, signal: int | None
) -> None:
    script = spawn(launcher, text)
    end = script.wait_for_exit()
    assert end.status == (status if status is not None else 128 + (signal or 0))
    last = script.records()[-1]
    assert (last.topic, last.payload) == ("exited", {"function": "main", "status": status, "signal": signal})
    assert "Traceback" not in script.output()


def test_a_text_without_its_program_is_not_begun(launcher: RunningLauncher) -> None:
    script = spawn(launcher, "#!/no/such/program\n")
    script.wait_for_exit()
    last = script.records()[-1]
    assert (last.topic, last.payload["function"]) == ("raised", None)
    assert "/no/such/program" in last.payload["message"]


def test_a_stop_is_sigterm_to_the_whole_group_and_may_be_tidied_up_after(launcher: RunningLauncher) -> None:
    script = spawn(launcher, "trap 'echo tidy; exit 7' TERM\necho up\nsleep 300 & wait")
    script.wait_for_output("up")
    script.stop()
    end = script.wait_for_exit()
    assert (end.status, end.killed, script.output()) == (0, None, "up\ntidy\n")
    assert script.topics()[-2:] == ["command STOP", "stopped main"]


def test_what_is_left_in_the_background_is_killed_at_once(launcher: RunningLauncher) -> None:
    script = spawn(launcher, "sleep 4323 & (setsid sleep 4323 &)\nexit 0")
    end = script.wait_for_exit()
    assert end.status == 0
    # The second may still be on its way from setsid to sleep.
    assert {left["command"].replace("setsid ", "") for left in end.leftovers} == {"sleep 4323"}
    assert len(end.leftovers) == 2
    wait_until(
        lambda: len(launcher.marked()) == 1, what="the launcher to be alone"
    )  # the next newborn is still nameless


def test_what_is_removed_is_not_in_the_environment(launcher: RunningLauncher) -> None:
    script = spawn(launcher, 'echo "${HOME-none}"', removed=["HOME"])
    script.wait_for_exit()
    assert script.output() == "none\n"


def test_broken_pipes_end_programs_as_they_do_in_any_shell(launcher: RunningLauncher) -> None:
    script = spawn(launcher, "yes | head -1; echo ${PIPESTATUS[0]}")
    script.wait_for_exit()
    assert script.output() == "y\n141\n"


def test_orphans_of_a_long_script_do_not_pile_up(launcher: RunningLauncher) -> None:
    text = "for i in 1 2 3 4 5; do (true &) ; done; sleep 0.3; ps -o stat= --ppid $PPID | grep -c Z; true"
    script = spawn(launcher, text)
    script.wait_for_exit()
    assert script.output() == "0\n"
