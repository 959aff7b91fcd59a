"""Talking to a ScriptWorker over its control socket: one line there, one line back."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from oet import rundir, sockets

ANSWER_LIMIT_BYTES = 4 << 20


class WorkerUnreachable(Exception):
    """The worker did not take or answer the message: it is not up yet, busy beyond measure, or gone."""


async def tell_worker(directory: Path, message: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Send `message` to the worker of a run directory; its answer. Raises WorkerUnreachable."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(0)
                with sockets.short_path(directory / rundir.CONTROL) as address:
                    sock.connect(address)  # a local socket answers at once: connected, refused, or its queue is full
                await loop.sock_sendall(sock, json.dumps(message).encode() + b"\n")
                return await _answer(loop, sock)
    except (OSError, ValueError, RecursionError) as error:  # whoever answers may be the script itself
        raise WorkerUnreachable(f"{directory.name}: {type(error).__name__}: {error}") from error


async def _answer(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> dict[str, Any]:
    received = b""
    while b"\n" not in received and len(received) < ANSWER_LIMIT_BYTES:
        part = await loop.sock_recv(sock, 1 << 16)
        if not part:
            raise ConnectionResetError("closed without an answer")
        received += part
    answer = json.loads(received)
    if not isinstance(answer, dict):
        raise ValueError(f"no answer: {received[:100]!r}")  # noqa: TRY004 - it is the peer's fault, not the type of an argument
    return answer
