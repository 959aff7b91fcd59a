"""One process of `up`: its start, its output line by line, its end in words."""

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from procedures.domain.endings import signal_words

PIPE_BYTES = 1 << 20
"""What a process may print before somebody has to read it: none waits because a terminal is slow."""
MAX_LINE_BYTES = 16 * 1024
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Program:
    """What to start."""

    name: str
    arguments: tuple[str, ...]
    """Of `manage.py`."""
    descriptors: tuple[int, ...] = ()
    """Open files handed down."""
    patience_s: float = 10.0
    """How long it may take to end when it is asked to."""


class Child:
    """A process that runs."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process) -> None:
        self.program = program
        self.pid = process.pid
        self._process = process
        self._started = time.monotonic()

    @classmethod
    async def start(
        cls, program: Program, folder: Path, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> "Child":
        """Start `program`; every line that it prints goes to `say`, also after its end what is still in the pipe."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "manage.py",
                *program.arguments,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=program.descriptors,
                start_new_session=True,  # Ctrl-C reaches `up` alone, which ends them in order
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        Lines(reading, say).read_in_background()
        return cls(program, process)

    async def ended(self) -> str:
        """Wait for the end; how it ended, in words."""
        return end_in_words(await self._process.wait())

    @property
    def is_running(self) -> bool:
        """It has not ended."""
        return self._process.returncode is None

    @property
    def lived_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started

    def send(self, number: int) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self.is_running:
            self._process.send_signal(number)


def end_in_words(status: int) -> str:
    """What the status of an ended process means."""
    if status < 0:
        return f"was killed by {signal_words(-status)}"
    return f"ended with exit status {status}" if status else "ended although nobody asked it to (exit status 0)"


class Lines:
    """Reads a pipe until its last writer is gone and says every line."""

    def __init__(self, descriptor: int, say: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._say = say
        self._rest = b""
        os.set_blocking(descriptor, False)
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def read_in_background(self) -> None:
        """Let the running loop read whenever there is something."""
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        data = os.read(self._descriptor, READ_BYTES)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES or not data:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if line:
                self._say(line.decode(errors="replace").rstrip("\r"))
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
