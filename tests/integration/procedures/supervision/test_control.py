"""Talking to a worker."""

import pytest

from procedures.supervision.control import WorkerUnreachable
from tests.integration.procedures.supervision.conftest import Nursery


async def test_a_message_is_answered_and_a_run_is_taken_once(nursery: Nursery) -> None:
    process = await nursery.spawn(1, "import time\ndef main(): time.sleep(600)")
    await nursery.until(process, "state", "READY")
    run = {"op": "RUN", "command": 5, "function": "main", "args": [], "kwargs": {}}
    assert await process.tell(run, 10) == {"ok": True}
    assert await process.tell(run, 10) == {"ok": True, "seen": True}
    assert "busy" in (await process.tell({**run, "command": 6}, 10))["error"]


async def test_a_process_that_is_not_there_is_unreachable(nursery: Nursery) -> None:
    directory = nursery.directory(1, "pass")
    from procedures.supervision.script_process import ScriptProcess

    with pytest.raises(WorkerUnreachable, match="FileNotFoundError"):
        await ScriptProcess(directory, nursery.launchers, "default").tell({"op": "STOP", "command": 1}, 1)
