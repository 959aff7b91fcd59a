"""JSON lines over a Unix stream socket, for the launcher's loop: many clients, many requests of each under way at once."""

from __future__ import annotations

import errno
import json
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from oet import reactor, sockets

if TYPE_CHECKING:
    from pathlib import Path

    from oet.reactor import Reactor

    Reply = Callable[[dict[str, Any]], None]

REQUEST_LIMIT_BYTES = 1 << 20
_ANSWERS_LIMIT_BYTES = 16 << 20
_PAUSE_S = 0.1


class Server:
    """Listens at `path` and hands each request to `handle(request, reply)`; `reply` may be called at once, later or never."""

    def __init__(self, path: Path, loop: Reactor, handle: Callable[[dict[str, Any], Reply], None]) -> None:
        self._loop = loop
        self._handle = handle
        self._listener = sockets.listen(path)
        self._listener.settimeout(0)
        self._clients: set[_Client] = set()
        self._loop.watch(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Stop listening, and let every client go once its answers are sent as far as they can be without waiting."""
        self._loop.forget(self._listener.fileno())
        self._listener.close()
        for client in list(self._clients):
            client.close()

    def _accept(self, _events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}:
                return
            self._loop.forget(self._listener.fileno())  # it would stay readable and spin the loop
            self._loop.later(_PAUSE_S, lambda: self._loop.watch(self._listener.fileno(), self._accept))
            return
        self._clients.add(_Client(sock, self._loop, self._handle, self._clients))


class _Client:
    """One connection."""

    def __init__(
        self,
        sock: socket.socket,
        loop: Reactor,
        handle: Callable[[dict[str, Any], Reply], None],
        all_clients: set[_Client],
    ) -> None:
        sock.settimeout(0)
        self._socket = sock
        self._loop = loop
        self._handle = handle
        self._all_clients = all_clients
        self._received = b""
        self._unsent = b""
        self._is_open = True
        loop.watch(sock.fileno(), self._on_ready)

    def close(self) -> None:
        """Let the client go."""
        if self._is_open:
            self._is_open = False
            self._all_clients.discard(self)
            self._loop.forget(self._socket.fileno())
            self._socket.close()

    def _on_ready(self, events: int) -> None:
        if events & reactor.WRITE:
            self._send()
        if self._is_open and events & ~reactor.WRITE:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(line)
        if len(self._received) > REQUEST_LIMIT_BYTES:
            self.close()

    def _take(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._answer({"id": None, "ok": False, "error": f"not JSON: {error}"})
            return
        if not isinstance(request, dict):
            self._answer({"id": None, "ok": False, "error": "a request is a JSON object"})
            return
        number = request.get("id")
        self._handle(request, lambda answer: self._answer({"id": number, **answer}))

    def _answer(self, answer: dict[str, Any]) -> None:
        if not self._is_open:
            return  # who asked has gone; what was asked for is done all the same
        self._unsent += json.dumps(answer).encode() + b"\n"
        if len(self._unsent) > _ANSWERS_LIMIT_BYTES:
            self.close()
            return
        self._send()

    def _send(self) -> None:
        try:
            sent = self._socket.send(self._unsent, socket.MSG_NOSIGNAL) if self._unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        self._unsent = self._unsent[sent:]
        with suppress(OSError):
            self._loop.change(self._socket.fileno(), reactor.READ | (reactor.WRITE if self._unsent else 0))
