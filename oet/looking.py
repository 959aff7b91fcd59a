"""What is it doing now: the stacks of all threads, asked for while the script runs.

The thread of the control socket reads them where it can. Where C code holds the interpreter's lock nothing that is Python runs; then
a signal has `faulthandler` write them into the file `stack` of the run directory, from within whatever runs. Source: the
documentation of `faulthandler.register`.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from oet import frames
from oet.control import moved_up

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

LOOK_SIGNAL = signal.SIGRTMAX - 4
MAX_THREADS = 30
MAX_TASKS = 20


def write_stacks_on_signal(path: Path) -> None:
    """Have LOOK_SIGNAL append the stacks of all threads to this file. Without it looking from outside is not possible, nothing else."""
    with suppress(OSError, ValueError):
        low = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            faulthandler.register(LOOK_SIGNAL, file=moved_up(low), all_threads=True, chain=False)
        finally:
            os.close(low)


def look() -> dict[str, Any]:
    """The stacks of all threads but this one, the main thread's first, and where asyncio's tasks wait."""
    begun = time.perf_counter()
    stacks = sys._current_frames()
    known = {thread.ident: thread for thread in threading.enumerate()}
    main = threading.main_thread().ident
    others = [ident for ident in stacks if ident not in {main, threading.get_ident()}]
    shown = [ident for ident in [main, *others] if ident in stacks][:MAX_THREADS]
    threads = [_thread(stacks[ident], known.get(ident), is_main=ident == main) for ident in shown if ident is not None]
    main_stack = stacks.get(main) if main is not None else None
    return {
        "at": time.time(),
        "took_s": time.perf_counter() - begun,
        "threads": threads + _tasks(main_stack),
        "left_out": max(0, len(others) + 1 - MAX_THREADS),
    }


def _thread(stack: FrameType, thread: threading.Thread | None, *, is_main: bool) -> dict[str, Any]:
    name = "main thread" if is_main else thread.name if thread is not None else "a thread that Python did not start"
    return {"name": name, "is_main": is_main, "is_task": False, "frames": frames.frames_of_stack(stack)}


def _tasks(stack: FrameType | None) -> list[dict[str, Any]]:
    """Where the tasks of the loop wait that runs in this stack: the stack itself only shows the loop."""
    asyncio: Any = sys.modules.get("asyncio")
    loop = _loop(stack)
    if asyncio is None or loop is None:
        return []
    try:
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: str(task.get_name()))[:MAX_TASKS]
    except RuntimeError:  # they change faster than they can be listed
        return []
    found = []
    for task in tasks:
        waiting = frames.frames_of_coroutine(task.get_coro())
        found.append({"name": f"asyncio {task.get_name()}", "is_main": False, "is_task": True, "frames": waiting})
    return found


def _loop(stack: FrameType | None) -> Any:
    while stack is not None:
        if stack.f_code.co_name == "run_forever" and stack.f_code.co_filename.endswith("base_events.py"):
            return stack.f_locals.get("self")
        stack = stack.f_back
    return None
