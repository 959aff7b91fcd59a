"""Bells: "there is something new to read". They carry no data, may get lost, and never make the ringer wait or fail."""

from __future__ import annotations

import itertools
import os
import select
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from oet import sockets

if TYPE_CHECKING:
    from types import TracebackType

_numbers = itertools.count(1)


class Doorbell:
    """A bell to be rung by others: a datagram socket `<role>-<pid>-<n>` in the folder of bells, there while the block lasts."""

    def __init__(self, directory: str | os.PathLike[str], role: str) -> None:
        self.path = Path(directory).absolute() / f"{role}-{os.getpid()}-{next(_numbers)}"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket = sockets.receive_datagrams(self.path)

    def __enter__(self) -> Doorbell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bell away."""
        self._socket.close()
        with suppress(OSError):
            self.path.unlink()

    def fileno(self) -> int:
        """The descriptor that becomes readable when somebody rings; for a loop of one's own."""
        return self._socket.fileno()

    def drain(self) -> bool:
        """Forget all rings so far; True where there were any. Read the logs *after* this."""
        rung = False
        while True:
            try:
                self._socket.recv(16)
            except BlockingIOError:
                return rung
            rung = True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a ring, at most `timeout_s` seconds, and drain; False where none came."""
        ringing = select.poll()  # not select(2), which fails where a process has more than 1024 descriptors open
        ringing.register(self, select.POLLIN)
        ringing.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)
        return self.drain()


def ring(directory: str | os.PathLike[str], role: str) -> None:
    """Ring every bell of `role` in the folder. Never blocks, never raises; sockets of dead processes are removed."""
    try:
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # nobody has ever listened there
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(role + "-")]
        if names:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0)
                for name in names:
                    _ring_one(sock, folder, name)
    except OSError:
        pass  # no descriptors left: whoever listens looks by itself once a second
    finally:
        os.close(folder)


def _ring_one(sock: socket.socket, folder: int, name: str) -> None:
    try:
        sock.sendto(b"", f"/proc/self/fd/{folder}/{name}")
    except ConnectionRefusedError:  # the file is there, its process is gone
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    except OSError:
        pass  # a full queue has been rung enough; a missing file is nobody
