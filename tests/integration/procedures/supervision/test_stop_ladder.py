"""The ladder, on real processes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from oet import processes, treekill
from procedures.supervision import launcher_link, stop_ladder
from procedures.supervision.script_process import ScriptProcess
from procedures.supervision.stop_ladder import NotConfirmed, StopLadder, StopReport
from tests.integration.procedures.supervision.conftest import TIMEOUT_S, Nursery

DAEMONISING = """
import subprocess
subprocess.Popen(["setsid", "sleep", "602"])
subprocess.Popen(["env", "-i", "setsid", "sleep", "603"])
"""
STUBBORN = """
import oet, time
oet.publish("here")
while True:
    try:
        time.sleep(600)
    except BaseException:
        pass
"""


def ladder(process: ScriptProcess, grace_s: float, *, is_stop_taken: bool = False) -> StopLadder:
    return StopLadder(process, StopReport("eve", time.time(), grace_s), command=1, is_stop_taken=is_stop_taken)


def rungs(climbed: StopLadder) -> list[str]:
    return [rung["rung"] for rung in climbed.report.rungs]


async def test_a_script_that_is_asked_ends_by_itself(nursery: Nursery) -> None:
    process = await nursery.spawn(1, "import time\ntime.sleep(600)")
    climbed = ladder(process, 60)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(process))
        tasks.create_task(climbed.climb())
    assert rungs(climbed) == ["asked"]
    report = process.directory.exit_report()
    assert report is not None
    assert (report.status, report.killed) == (0, None)


async def test_a_script_that_does_not_listen_is_killed_when_its_grace_is_over(nursery: Nursery) -> None:
    process = await nursery.spawn(1, STUBBORN)
    await nursery.until(process, "event")
    climbed = ladder(process, 0.3)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(process))
        tasks.create_task(climbed.climb())
    assert rungs(climbed)[-1] == "kill"
    assert time.monotonic() >= climbed.kill_at
    shown = climbed.report.as_json(process.directory.exit_report())
    assert [rung["rung"] for rung in shown["rungs"]][-3:] == ["kill", "killed", "empty"]
    assert shown["killed"]


async def test_a_grace_period_can_be_shortened_but_not_prolonged(nursery: Nursery) -> None:
    process = await nursery.spawn(1, STUBBORN)
    await nursery.until(process, "event")
    climbed = ladder(process, 600)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(process))
        tasks.create_task(climbed.climb())
        await nursery.until(process, "command")
        climbed.shorten(time.time(), 6000)
        assert climbed.kill_at < time.monotonic() + 601
        climbed.shorten(time.time(), 0)
    assert process.gone.is_set()


async def test_a_clock_that_is_set_back_prolongs_no_grace_period(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await nursery.spawn(1, STUBBORN)
    await nursery.until(process, "event")
    climbed = ladder(process, 0.3)
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() - 3600)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(process))
        tasks.create_task(climbed.climb())
    assert rungs(climbed)[-1] == "kill"
    assert ladder(process, 0.3).kill_at <= time.monotonic() + 0.3


async def test_a_process_that_was_asked_before_is_not_asked_again(nursery: Nursery) -> None:
    process = await nursery.spawn(1, STUBBORN)
    await nursery.until(process, "event")
    climbed = ladder(process, 0.1, is_stop_taken=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(process))
        tasks.create_task(climbed.climb())
    assert rungs(climbed)[0] == "asked before"


@pytest.fixture
async def frozen(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptProcess]:
    """A stubborn script with a child that daemonised, whose launcher does not answer any more."""
    monkeypatch.setattr(launcher_link, "HELLO_TIMEOUT_S", 0.2)
    monkeypatch.setattr(stop_ladder, "LAST_TIMEOUT_S", 10)
    process = await nursery.spawn(1, DAEMONISING + STUBBORN)
    await nursery.until(process, "event")
    link = await nursery.launchers.get()
    os.kill(link.identity.pid, signal.SIGSTOP)
    yield process
    os.kill(link.identity.pid, signal.SIGCONT)


async def test_a_frozen_launcher_does_not_keep_a_script_from_being_killed(
    nursery: Nursery, frozen: ScriptProcess
) -> None:
    climbed = ladder(frozen, 0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(frozen))
        tasks.create_task(climbed.climb())
    shown = climbed.report.as_json(frozen.directory.exit_report())
    assert [rung["rung"] for rung in shown["rungs"]] == ["kill", "launcher unreachable", "killed", "empty"]
    assert "the process manager, in the launcher's place" in shown["check"]
    commands = {process["command"] for process in shown["killed"]}
    assert "sleep 602" in commands
    for process in shown["killed"]:
        found = processes.read_process(process["pid"])
        assert found is None or found.is_dead


async def test_what_a_dead_worker_left_below_a_frozen_launcher_is_killed_although_it_has_no_mark(
    nursery: Nursery, frozen: ScriptProcess
) -> None:
    found = {processes.command_line(p.pid): p for p in processes.all_processes().values()}
    worker = next(p for p in processes.all_processes().values() if p.name == "oet-script-1")
    os.kill(worker.pid, signal.SIGKILL)
    daemon = found["sleep 603"]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(frozen))
        tasks.create_task(ladder(frozen, 0).climb())
    assert not processes.is_alive(daemon.pid, daemon.started)


async def test_a_launcher_that_was_frozen_goes_on_and_its_other_scripts_are_untouched(
    nursery: Nursery, frozen: ScriptProcess
) -> None:
    link = await nursery.launchers.get()
    os.kill(link.identity.pid, signal.SIGCONT)
    other = await nursery.spawn(2, STUBBORN)
    await nursery.until(other, "event")
    os.kill(link.identity.pid, signal.SIGSTOP)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nursery.watch(frozen))
        tasks.create_task(ladder(frozen, 0).climb())
    await asyncio.to_thread(frozen.directory.remove)  # as the manager does
    os.kill(link.identity.pid, signal.SIGCONT)
    async with asyncio.timeout(TIMEOUT_S):
        while list(await link.living()) != [2]:  # noqa: ASYNC110 - it is another program that is waited for
            await asyncio.sleep(0.01)


async def test_what_cannot_be_confirmed_dead_is_said_so(frozen: ScriptProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treekill, "DEADLINE_S", 0)  # as if the kernel would not end it
    climbed = ladder(frozen, 0)
    with pytest.raises(NotConfirmed, match="still alive after"):
        await climbed.climb()
    assert rungs(climbed) == ["kill", "launcher unreachable", "still alive"]


async def test_a_spawn_that_a_frozen_launcher_has_not_taken_is_not_called_dead(
    nursery: Nursery, frozen: ScriptProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_ladder, "LAST_TIMEOUT_S", 0.1)
    unborn = ScriptProcess(nursery.directory(3, STUBBORN), nursery.launchers, "default")
    unborn.spawned.set()
    with pytest.raises(NotConfirmed, match="did not answer within"):
        await ladder(unborn, 0).climb()
