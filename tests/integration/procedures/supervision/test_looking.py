"""Looking at a script from the manager's side, also where it cannot answer."""

import os
import signal

from oet.looking import LOOK_SIGNAL
from procedures.supervision.looking import HELD, look
from procedures.supervision.script_process import ScriptProcess
from tests.integration.procedures.supervision.conftest import Nursery

HOLDS_THE_LOCK = """
import ctypes
def hold():
    ctypes.PyDLL(None).sleep(600)
def main():
    hold()
"""
PATIENT_S = 30.0


async def running(nursery: Nursery, procedure_id: int, text: str) -> tuple[ScriptProcess, int]:
    """A script whose main has been told to run, and its pid."""
    process = ScriptProcess(nursery.directory(procedure_id, text), nursery.launchers, "default")
    pid = await process.spawn()
    await nursery.until(process, "state", "READY")
    answer = await process.tell({"op": "RUN", "command": 1, "function": "main"}, PATIENT_S)
    assert answer == {"ok": True}
    return process, pid


async def test_a_script_that_can_answer_is_asked(nursery: Nursery) -> None:
    process, pid = await running(nursery, 1, "import time\ndef main():\n    time.sleep(600)\n")
    seen = await look(process, pid)
    while not any(frame["kind"] == "script" for frame in seen["threads"][0]["frames"]):  # it had not begun yet
        seen = await look(process, pid)
    assert (seen["how"], seen["note"]) == ("asked", "")
    assert seen["threads"][0]["frames"][-1]["function"] == "main"


async def test_a_script_in_c_code_that_holds_the_lock_is_seen_from_outside(nursery: Nursery) -> None:
    process, pid = await running(nursery, 2, HOLDS_THE_LOCK)
    seen = await look(process, pid)
    while seen["how"] == "asked":  # it was not in there yet
        seen = await look(process, pid)
    assert (seen["how"], seen["note"]) == ("signal", HELD)
    main = seen["threads"][0]
    assert main["is_main"]
    assert [frame["function"] for frame in main["frames"] if frame["kind"] == "script"] == ["main", "hold"]
    held = main["frames"][-1]
    assert dict(held["code"])[held["line"]] == "    ctypes.PyDLL(None).sleep(600)"


async def test_a_process_that_does_not_catch_the_signal_is_not_sent_it(nursery: Nursery) -> None:
    text = f"import signal\nsignal.signal({int(LOOK_SIGNAL)}, signal.SIG_DFL)\n{HOLDS_THE_LOCK}"
    process, pid = await running(nursery, 3, text)
    seen = await look(process, pid)
    while seen["how"] == "asked":
        seen = await look(process, pid)
    assert seen["how"] == "none"
    assert seen["note"].startswith("nothing could be seen")
    assert not process.directory.has_ended


async def test_a_process_that_is_stopped_says_so(nursery: Nursery) -> None:
    process, pid = await running(nursery, 4, "import time\ndef main():\n    time.sleep(600)\n")
    os.kill(pid, signal.SIGSTOP)
    seen = await look(process, pid)
    while seen["how"] == "asked":  # not all of its threads had stopped yet
        seen = await look(process, pid)
    assert (seen["how"], seen["note"]) == ("none", "nothing could be seen: it is stopped by a signal")
    os.kill(pid, signal.SIGCONT)
