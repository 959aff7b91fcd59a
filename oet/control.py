"""The control socket of a worker: one JSON line in, one out. Served by a daemon thread, so that it answers while user code runs."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import select
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from oet import sockets

if TYPE_CHECKING:
    from pathlib import Path

    Answer = dict[str, Any]
    Taken = tuple[Answer, Optional[Callable[[], None]]]

REQUEST_LIMIT_BYTES = 4 << 20
_CLIENT_PATIENCE_S = 10.0
_TURN_S = 1.0
_FULL = frozenset({errno.EMFILE, errno.ENFILE})


class _Client:
    """A connection that has not sent its whole line yet."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.received = b""
        self.deadline = time.monotonic() + _CLIENT_PATIENCE_S


class ControlSocket:
    """Listens at `path`, and calls `take` for each request and `tick` every so often.

    `take` returns the answer and what is to be done once it is sent, or None: what is asked for may well end the process.
    `tick` returns the seconds until it wants to be called again, or None.
    """

    def __init__(self, path: Path, take: Callable[[dict[str, Any]], Taken], tick: Callable[[], float | None]) -> None:
        self._path = path
        self._take = take
        self._tick = tick
        self._clients: dict[int, _Client] = {}
        self._listener = self._listen()
        self._reserve = self._take_reserve()

    def _listen(self) -> socket.socket:
        """Listen under a high descriptor: scripts that "close everything" seldom go that far."""
        with sockets.listen(self._path) as low:
            low.settimeout(0)
            return socket.socket(fileno=moved_up(low.fileno()))

    def _take_reserve(self) -> int | None:
        """A descriptor more than is needed: where a script has used up all others, a client can still be let in instead of it."""
        try:
            return moved_up(self._listener.fileno())
        except OSError:
            return None

    def _give_reserve(self) -> bool:
        """Make room for a client; False where there is no reserve (any more)."""
        reserve, self._reserve = self._reserve, None
        if reserve is None:
            return False
        with suppress(OSError):
            if os.path.sameopenfile(
                reserve, self._listener.fileno()
            ):  # else the script has closed it, and it is the script's
                os.close(reserve)
        return True

    def serve(self) -> None:
        """Serve from now on, in a thread of its own."""
        while True:
            pause = self._tick()
            try:
                self._turn(_TURN_S if pause is None else pause)
            except (OSError, ValueError):  # the script closed our descriptors
                self._start_over()

    def _start_over(self) -> None:
        """Listen anew. The old descriptors are not closed: by now their numbers may name files of the script."""
        for sock in [self._listener, *(client.socket for client in self._clients.values())]:
            sock.detach()
        self._clients.clear()
        self._reserve = None
        try:
            self._listener = self._listen()
            self._reserve = self._take_reserve()
        except OSError:  # no descriptors left, or no folder
            time.sleep(_TURN_S / 10)

    def _turn(self, timeout_s: float) -> None:
        poll = select.poll()
        for descriptor in (self._listener.fileno(), *self._clients):
            poll.register(descriptor, select.POLLIN)
        for descriptor, event in poll.poll(timeout_s * 1000):
            if event & select.POLLNVAL:
                raise OSError(errno.EBADF, "the control socket was closed")
            if descriptor == self._listener.fileno():
                self._accept()
            else:
                self._receive(self._clients[descriptor])
        self._dismiss_the_silent()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in _FULL:
                raise
            if not self._give_reserve():
                time.sleep(_TURN_S / 20)  # somebody waits, so the next turn comes at once
            return
        sock.settimeout(_TURN_S)
        client = _Client(sock)
        self._clients[sock.fileno()] = client
        self._receive(client)

    def _receive(self, client: _Client) -> None:
        try:
            data = client.socket.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.received += data
        if b"\n" in client.received:
            answer, then = self._taken(client.received.partition(b"\n")[0])
            self._answer(client, answer)
            if then is not None:
                then()
        elif len(client.received) > REQUEST_LIMIT_BYTES:
            self._answer(client, {"ok": False, "error": f"a request may have {REQUEST_LIMIT_BYTES} bytes"})
        elif not data:
            self._dismiss(client)

    def _taken(self, line: bytes) -> Taken:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                return {"ok": False, "error": "a request is a JSON object"}, None
            return self._take(request)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            return {"ok": False, "error": f"not a request: {error}"}, None
        except OSError as error:
            return {"ok": False, "error": f"the journal cannot be written: {error}"}, None

    def _answer(self, client: _Client, answer: Answer) -> None:
        with suppress(OSError):  # whoever asked is gone
            client.socket.sendall(json.dumps(answer).encode() + b"\n")
        self._dismiss(client)

    def _dismiss(self, client: _Client) -> None:
        self._clients.pop(client.socket.fileno(), None)
        if self._reserve is not None:
            client.socket.close()
            return
        descriptor = client.socket.detach()
        try:  # what it had becomes the reserve, without a moment in which the script could take it
            self._reserve = os.dup2(self._listener.fileno(), descriptor, inheritable=False)
        except OSError:
            with suppress(OSError):
                os.close(descriptor)

    def _dismiss_the_silent(self) -> None:
        now = time.monotonic()
        for client in [client for client in self._clients.values() if client.deadline < now]:
            self._dismiss(client)


def moved_up(descriptor: int) -> int:
    """A duplicate with a high number, where there is one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = min(soft, 4096) - 32 if soft != resource.RLIM_INFINITY else 4096
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, highest))
    except OSError:
        return os.dup(descriptor)


def make_room() -> None:
    """Have the kernel enlarge the table of descriptors while there is one thread: with two it takes milliseconds."""
    os.close(moved_up(0))
