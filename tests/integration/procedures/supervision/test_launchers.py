"""Launchers: started when needed, found again, and cleaned up after."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from oet import processes
from procedures.supervision.launcher_link import LauncherIdentity, LauncherUnreachable, Refused
from procedures.supervision.launchers import LauncherProgram, Launchers, clean_environment
from tests.integration.procedures.supervision.conftest import TIMEOUT_S, Nursery, program
from tests.waiting import wait_until

SLEEPER = "import time\ntime.sleep(600)"


async def test_a_launcher_is_started_once_however_many_ask_for_it(nursery: Nursery) -> None:
    links = await asyncio.gather(*(nursery.launchers.get() for _ in range(5)))
    assert len({link.identity.id for link in links}) == 1
    assert nursery.launchers.described() == [{"name": "default", "pid": links[0].identity.pid}]


async def test_a_running_launcher_is_found_by_another_manager_with_its_processes(nursery: Nursery) -> None:
    process = await nursery.spawn(7, SLEEPER)
    others = Launchers(nursery.run_dir, program(), lambda _: None)
    link = await others.find("default")
    assert link is not None
    assert link.identity.id == process.launcher_id
    assert list(await link.living()) == [7]
    await others.close()


async def test_a_launcher_that_does_not_run_is_not_started_by_a_search(nursery: Nursery) -> None:
    assert await nursery.launchers.find("default") is None
    assert nursery.launchers.names == []


async def test_a_spawn_is_idempotent(nursery: Nursery) -> None:
    process = await nursery.spawn(7, SLEEPER)
    link = await nursery.launchers.get()
    again, already = await link.spawn(7, process.directory.path)
    assert already
    assert (await link.living())[7] == again


async def test_a_launcher_that_is_killed_is_noticed_at_once_and_what_it_left_behind_is_killed(nursery: Nursery) -> None:
    script = "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '602'])\nimport time\ntime.sleep(600)"
    process = await nursery.spawn(7, script)
    link = await nursery.launchers.get()
    marked = await nested(link.identity, "sleep 602")
    os.kill(link.identity.pid, signal.SIGKILL)
    await asyncio.to_thread(wait_until, lambda: nursery.losses, what="the loss", timeout_s=TIMEOUT_S)
    assert nursery.losses == [process.launcher_id]
    assert not processes.is_alive(*marked)
    fresh = await nursery.launchers.get()
    assert fresh.identity.id != link.identity.id


async def nested(identity: LauncherIdentity, command: str) -> tuple[int, int]:
    """The process below a launcher that runs `command`, once it is there."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            for process in await asyncio.to_thread(processes.process_tree, identity.pid):
                if processes.command_line(process.pid) == command:
                    return process.pid, process.started
            await asyncio.sleep(0.01)


async def test_requests_under_way_fail_when_the_launcher_dies(nursery: Nursery) -> None:
    link = await nursery.launchers.get()
    os.kill(link.identity.pid, signal.SIGSTOP)
    asking = asyncio.create_task(link.living())
    await asyncio.sleep(0)
    os.kill(link.identity.pid, signal.SIGKILL)
    with pytest.raises(LauncherUnreachable):
        await asking


async def test_a_refused_request_names_the_reason(nursery: Nursery) -> None:
    link = await nursery.launchers.get()
    with pytest.raises(Refused, match="procedure 99 has no process here"):
        await link.kill(99)


async def test_a_program_that_does_not_start_says_what_it_said(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 9\n")
    broken.chmod(0o700)
    launchers = Launchers(tmp_path, LauncherProgram(broken, (), {}), lambda _: None)
    with pytest.raises(LauncherUnreachable, match="launcher default ended with 9: out of order"):
        await launchers.get()


def test_scripts_see_an_allow_listed_environment_only() -> None:
    environment = {
        "PATH": "/bin",
        "LC_TIME": "C",
        "DATABASE_URL": "secret",
        "OET_SECRET_KEY": "secret",
        "TANGO_HOST": "h:1",
    }
    assert clean_environment(environment) == {"PATH": "/bin", "LC_TIME": "C"}
    assert clean_environment(environment, ("TANGO_HOST",))["TANGO_HOST"] == "h:1"
