"""Talking to a worker."""

import asyncio
from pathlib import Path

import pytest

from oet import rundir, sockets
from procedures.supervision.control import WorkerUnreachable, tell_worker
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


@pytest.mark.parametrize("answer", [b"[]\n", b"\xff\n", b"[" * 100_000 + b"\n", b"", b"x" * 100_000])
async def test_an_answer_that_is_none_is_as_good_as_no_answer(tmp_path: Path, answer: bytes) -> None:
    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(1000)
            client.sendall(answer)

    with sockets.listen(tmp_path / rundir.CONTROL) as listener:
        serving = asyncio.create_task(asyncio.to_thread(serve))
        with pytest.raises(WorkerUnreachable):
            await tell_worker(tmp_path, {"op": "STOP", "command": 1}, 20)
        await serving
