"""What a script does now, seen while it runs."""

import pytest

from oet.rundir import Script
from tests.integration.oet.running import RunningLauncher

WAITS = """
import threading, time
def helper(event):
    event.wait()
def main():
    event = threading.Event()
    threading.Thread(target=helper, args=(event,), name="watcher", daemon=True).start()
    print("up", flush=True)
    deep(3)
def deep(n):
    if n:
        deep(n - 1)
    time.sleep(60)
"""
TASKS = """
import asyncio
async def dish(number):
    await slew(number)
async def slew(number):
    print("up", flush=True)
    await asyncio.sleep(60)
async def main():
    await asyncio.gather(asyncio.create_task(dish(1), name="dish 1"))
"""


def test_all_threads_of_a_running_script_are_shown_with_their_source(launcher: RunningLauncher) -> None:
    script = launcher.run(WAITS)
    script.wait_for_output("up")
    seen = script.tell(op="LOOK")
    assert seen["ok"]
    main, watcher = seen["threads"][0], next(t for t in seen["threads"] if t["name"] == "watcher")
    assert (main["name"], main["is_main"]) == ("main thread", True)
    own = [frame for frame in main["frames"] if frame["kind"] == "script"]
    assert [frame["function"] for frame in own] == ["main", "deep", "deep", "deep", "deep"]
    assert dict(own[0]["code"])[own[0]["line"]] == "    deep(3)"
    assert dict(own[-1]["code"])[own[-1]["line"]].strip() == "time.sleep(60)"
    assert len(own[-1]["code"]) > 2
    assert {frame["kind"] for frame in main["frames"]} == {"script", "oet"}
    assert "helper" in [frame["function"] for frame in watcher["frames"]]
    assert watcher["frames"][-1]["kind"] == "library"
    assert 0 <= seen["took_s"] < 10


def test_where_asyncio_tasks_wait_is_shown(launcher: RunningLauncher) -> None:
    script = launcher.run(TASKS)
    script.wait_for_output("up")
    task = next(t for t in script.tell(op="LOOK")["threads"] if t["name"] == "asyncio dish 1")
    assert task["is_task"]
    assert [frame["function"] for frame in task["frames"]][:2] == ["dish", "slew"]


def test_looking_at_a_script_that_waits_for_its_next_function_shows_only_oet(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    script.wait_for("state READY")
    frames = script.tell(op="LOOK")["threads"][0]["frames"]
    assert {frame["kind"] for frame in frames} <= {"oet", "library"}


@pytest.mark.parametrize("depth", [5, 500])
def test_a_failure_brings_its_frames_with_source_and_what_it_came_from(launcher: RunningLauncher, depth: int) -> None:
    text = (
        "def down(n):\n    if n:\n        down(n - 1)\n    else:\n        {}['dish']\n"
        f"def main():\n    try:\n        down({depth})\n    except KeyError as error:\n        raise ValueError('no dish') from error\n"
    )
    script = launcher.launch(Script("embedded", text=text))
    script.run()
    raised, cause = script.wait_for("raised main").payload["chain"]
    assert (raised["type"], raised["message"]) == ("ValueError", "no dish")
    assert [frame["function"] for frame in raised["frames"]] == ["main"]
    assert cause["type"] == "KeyError"
    assert dict(cause["frames"][-1]["code"])[5] == "        {}['dish']"
    assert len(cause["frames"]) <= 41
    assert {frame["kind"] for frame in cause["frames"]} <= {"script", "oet"}
