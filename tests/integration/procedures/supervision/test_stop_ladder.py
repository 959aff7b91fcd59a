"""The ladder, on real processes."""

import asyncio
import os
import signal
import time

import pytest

from procedures.supervision import stop_ladder
from procedures.supervision.script_process import ScriptProcess
from procedures.supervision.stop_ladder import NotConfirmed, StopLadder, StopReport
from tests.integration.procedures.supervision.conftest import Nursery

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


async def test_what_cannot_be_confirmed_dead_is_said_so(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    from procedures.supervision import launcher_link

    monkeypatch.setattr(launcher_link, "KILL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(stop_ladder, "LAST_TIMEOUT_S", 0.1)
    process = await nursery.spawn(1, STUBBORN)
    await nursery.until(process, "event")
    link = await nursery.launchers.get()
    os.kill(link.identity.pid, signal.SIGSTOP)
    try:
        with pytest.raises(NotConfirmed, match="did not answer within"):
            await ladder(process, 0).climb()
    finally:
        os.kill(link.identity.pid, signal.SIGCONT)
