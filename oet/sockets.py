"""Unix sockets whose paths may be longer than the 107 bytes AF_UNIX allows: addressed through /proc/self/fd."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def short_path(path: str | os.PathLike[str]) -> Iterator[str]:
    """A name for `path` that AF_UNIX takes, valid within the block; FileNotFoundError where its folder is missing."""
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - called for every bell; pathlib costs more than the call
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def listen(path: str | os.PathLike[str], backlog: int = 64) -> socket.socket:
    """A stream socket that listens at `path`; a file left there by a dead process is replaced."""
    return _bind(path, socket.SOCK_STREAM, backlog)


def connect(path: str | os.PathLike[str], timeout_s: float) -> socket.socket:
    """A stream connected to the socket at `path`; OSError where nobody listens."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        with short_path(path) as address:
            sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def receive_datagrams(path: str | os.PathLike[str]) -> socket.socket:
    """A datagram socket bound to `path`, not blocking."""
    sock = _bind(path, socket.SOCK_DGRAM, 0)
    sock.settimeout(0)
    return sock


def _bind(path: str | os.PathLike[str], kind: socket.SocketKind, backlog: int) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        with suppress(FileNotFoundError):
            Path(path).unlink()
        with short_path(path) as address:
            sock.bind(address)
        if backlog:
            sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock
