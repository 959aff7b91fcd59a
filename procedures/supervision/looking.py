"""What a script does now: its worker is asked; where that does not answer, it is looked at from outside.

A worker does not answer where C code holds the interpreter's lock. It has told `faulthandler` to write its stacks into the run
directory at a signal, which needs no lock; the signal is sent only to a process that catches it.
"""

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

from oet import frames, rundir
from oet.looking import LOOK_SIGNAL
from procedures.supervision.control import WorkerUnreachable
from procedures.supervision.script_process import ScriptProcess

ASK_TIMEOUT_S = 1.0
DUMP_TIMEOUT_S = 2.0
_PAUSE_S = 0.02
_MAX_DUMP_BYTES = 1 << 20
_MAX_SOURCE_BYTES = 1 << 20
_HEADING = re.compile(r"^(?:Current thread|Thread) 0x[0-9a-f]+(?: \[(?P<name>.*)\])? \(most recent call first\):$")
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')
_STATES = {
    "D": "it waits for a disk or a device, and cannot be interrupted",
    "T": "it is stopped by a signal",
    "t": "it is held by a debugger",
    "Z": "it has just ended",
}
HELD = "C code holds the interpreter's lock, so no Python code runs; this is where each thread entered it"


async def look(process: ScriptProcess, pid: int | None) -> dict[str, Any]:
    """The stacks as `oet.looking.look` gives them, with `how` they were got (`asked`, `signal`, `none`) and a `note` for people."""
    try:
        answer = await process.tell({"op": "LOOK"}, ASK_TIMEOUT_S)
    except WorkerUnreachable as error:
        return await _look_from_outside(process.directory.path, pid, str(error))
    if answer.pop("ok", False):
        return {**answer, "how": "asked", "note": ""}
    return await _look_from_outside(process.directory.path, pid, str(answer.get("error")))


async def _look_from_outside(directory: Path, pid: int | None, words: str) -> dict[str, Any]:
    begun = time.monotonic()
    text = await _dumped(directory / rundir.STACK, pid) if pid is not None else ""
    threads = await asyncio.to_thread(_threads_with_code, text)
    state = _STATES.get(_state(pid)) if pid is not None else "it has no process"
    note = HELD if threads else f"nothing could be seen: {state or words}"
    return {
        "at": time.time(),
        "took_s": time.monotonic() - begun,
        "threads": threads,
        "left_out": 0,
        "how": "signal" if threads else "none",
        "note": note,
    }


async def _dumped(path: Path, pid: int) -> str:
    """What the process writes into the file when it gets the signal; empty if it does not."""
    begin = _size(path)
    if not _signalled(pid):
        return ""
    deadline, seen = time.monotonic() + DUMP_TIMEOUT_S, begin
    while time.monotonic() < deadline:
        await asyncio.sleep(_PAUSE_S)
        size = _size(path)
        if size > begin and size == seen:
            break
        seen = size
    return await asyncio.to_thread(_read, path, begin)


def _signalled(pid: int) -> bool:
    """Send the signal, if the process catches it: it would end any other."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        if not caught >> (LOOK_SIGNAL - 1) & 1:
            return False
        signal.pidfd_send_signal(descriptor, LOOK_SIGNAL)
    except (OSError, ValueError, IndexError):
        return False
    finally:
        os.close(descriptor)
    return True


def threads_of_dump(text: str) -> list[dict[str, Any]]:
    """The threads in what `faulthandler` wrote, the main thread first; frames outermost first, without code."""
    threads: list[dict[str, Any]] = []
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            threads.append({"name": heading["name"] or "a thread", "is_main": False, "is_task": False, "frames": []})
        elif threads and (frame := _FRAME.match(line)):
            place = {"file": frame["file"], "line": int(frame["line"]), "function": frame["function"]}
            threads[-1]["frames"].insert(0, place | {"kind": frames.kind_of(frame["file"]), "code": []})
    if threads:  # faulthandler writes the threads that began last first
        threads[-1] |= {"name": "main thread", "is_main": True}
    return threads[::-1]


def _threads_with_code(text: str) -> list[dict[str, Any]]:
    threads = threads_of_dump(text)
    for thread in threads:
        for frame in thread["frames"]:
            if frame["kind"] == frames.SCRIPT:
                frame["code"] = frames.numbered(_source(Path(frame["file"])), frame["line"])
    return threads


def _source(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_SOURCE_BYTES).decode(errors="replace").split("\n")
    except OSError:
        return []


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read(path: Path, begin: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(_MAX_DUMP_BYTES).decode(errors="replace")
    except OSError:
        return ""
