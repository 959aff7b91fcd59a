"""HTTP requests whose bodies are bounded while they arrive, and whose answers are made no faster than they are taken.

Daphne takes in a whole body, however large, before the application sees the request. Here a body above the limit is answered with 413 as
soon as that is known; what the client still sends is thrown away, so that a client which reads only after it has sent gets its answer.
"""

import json
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

from oet_site.web.flow import Gate

SWALLOWED_BYTES = 256 * 1024 * 1024
"""A client that goes on sending after this is cut off."""


class BoundedRequest(WebRequest):  # type: ignore[misc] # Daphne has no types
    """A request that is refused when its body is too large. Twisted calls these methods while the request arrives."""

    gate: Gate | None = None
    _received_bytes = 0
    _is_refused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        """As Twisted makes them, save that Twisted need not look into forms: Django does, and it costs as much as the request."""
        super().__init__(*args, **{**options, "parsePOSTFormSubmission": False})

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """The headers are there; `length` is None for a chunked body."""
        if length is not None and length > self._limit_bytes:
            self._refuse(f"{length}")
            length = 0
        super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """A piece of the body is there."""
        self._received_bytes += len(data)
        if not self._is_refused and self._received_bytes > self._limit_bytes:
            self._refuse(f"more than {self._limit_bytes}")
        if not self._is_refused:
            super().handleContentChunk(data)
        elif self._received_bytes > SWALLOWED_BYTES and self.channel is not None:
            self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 - Twisted's name
        """The whole body is there."""
        if not self._is_refused:
            super().requestReceived(command, path, version)
        elif self.channel is not None:
            self.channel.loseConnection()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Send what the application says."""
        if self.gate is None and message.get("more_body") and not self.finished and self.channel is not None:
            self.gate = Gate()
            self.registerProducer(self.gate, True)  # noqa: FBT003 - Twisted's interface
        super().handle_reply(message)

    def finish(self) -> None:
        """The answer is complete."""
        if self.gate is not None:
            self.unregisterProducer()
        super().finish()

    @property
    def _limit_bytes(self) -> int:
        limit: int = self.server.body_limit_bytes
        return limit

    def _refuse(self, size: str) -> None:
        """Answer at once: Twisted's own way to answer begins only when the body is there."""
        self._is_refused = True
        self.channel.transport.write(_refusal(size, self._limit_bytes))


class BoundedHTTPFactory(HTTPFactory):  # type: ignore[misc] # Daphne has no types
    """Makes BoundedRequests."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """The protocol of a new connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


def _refusal(size: str, limit_bytes: int) -> bytes:
    words = f"the body has {size} bytes; at most {limit_bytes} are allowed (OET_BODY_LIMIT)."
    body = json.dumps({"detail": words, "code": "too_large"}).encode()
    head = (
        "HTTP/1.1 413 Content Too Large",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
