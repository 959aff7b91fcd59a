"""Events as they happen, each once and in order, however often the link is lost."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from oet_client.server import Server, Unreachable

GIVE_UP_S = 120.0
"""A server that is away for longer does not come back while somebody watches."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0


class Following:
    """The event log from the moment on in which it is made; `tell` hears that the link is lost, and that it is back."""

    def __init__(self, server: Server, topics: Sequence[str], tell: Callable[[str], None]) -> None:
        self._server = server
        self._topics = topics
        self._tell = tell
        self.cursor: int | None = None
        """The last event that was seen, or that came before what is wanted."""
        with server.stream(topics, None) as lines:
            self.cursor = next((_begin(line) for line in lines if line.startswith(": from ")), 0)

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event, for ever; raises ClientError when the server is gone for good, or refuses."""
        lost_at: float | None = None
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                with self._server.stream(self._topics, self.cursor) as lines:
                    for line in lines:
                        if lost_at is not None:
                            self._tell("the link is back")
                        lost_at, pause_s = None, _FIRST_PAUSE_S
                        if line.startswith("data:"):
                            event: dict[str, Any] = json.loads(line.removeprefix("data:"))
                            self.cursor = event["id"]
                            yield event
                words = "the server has ended the link"
            except Unreachable as error:
                words = str(error)
                if lost_at is not None and time.monotonic() - lost_at > GIVE_UP_S:
                    raise
            if lost_at is None:
                lost_at = time.monotonic()
                self._tell(f"{words}; trying again")
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _begin(line: str) -> int:
    return int(line.removeprefix(": from "))
