"""Followers of the event log, which begin anew wherever their connection breaks, with the last event that they have seen."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

RETRY_S = 0.1


class Follower:
    """One client in a thread of its own. `ids` are the events it has seen, in its order."""

    def __init__(self, url: str, token: str) -> None:
        self.ids: list[int] = []
        self.connections = 0
        self._url = url
        self._headers = {"Authorization": f"Token {token}"}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=type(self).__name__, daemon=True)

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    @property
    def cursor(self) -> int:
        """The last event it has seen."""
        return self.ids[-1] if self.ids else 0

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                with self._events() as events:
                    self.connections += 1
                    for number in events:
                        if number is not None:
                            self.ids.append(number)
                        if self._over.is_set():
                            return
            except (OSError, httpx.HTTPError, WebSocketException):
                self._over.wait(RETRY_S)

    @contextmanager
    def _events(self) -> Iterator[Iterator[int | None]]:
        """The ids of events after the cursor; None now and again."""
        raise NotImplementedError


class WebsocketFollower(Follower):
    """As a browser does."""

    @contextmanager
    def _events(self) -> Iterator[Iterator[int | None]]:
        url = f"{self._url.replace('http', 'ws', 1)}ws/events/?after={self.cursor}"
        with connect(url, additional_headers=self._headers, open_timeout=10, close_timeout=1, max_size=None) as socket:
            yield self._read(socket)

    def _read(self, socket) -> Iterator[int | None]:  # type: ignore[no-untyped-def] # noqa: ANN001
        while True:
            try:
                frame = json.loads(socket.recv(timeout=5))
            except TimeoutError:
                return  # it ticks every 2 s, so this connection is dead
            if frame["type"] == "closed":
                return
            for event in frame.get("events", ()):
                yield event["id"]
            yield None


class StreamFollower(Follower):
    """As a program does, with Server-Sent Events."""

    @contextmanager
    def _events(self) -> Iterator[Iterator[int | None]]:
        headers = {**self._headers, "Accept": "text/event-stream", "Last-Event-ID": str(self.cursor)}
        with (
            httpx.Client(timeout=httpx.Timeout(20, connect=10)) as client,
            client.stream("GET", f"{self._url}api/v1/stream", headers=headers) as answer,
        ):
            answer.raise_for_status()
            yield (int(line[3:]) if line.startswith("id:") else None for line in answer.iter_lines())
