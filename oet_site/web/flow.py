"""Back pressure: whoever sends to a client waits while the client's connection is full, instead of filling this process's memory."""

import asyncio
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class Gate:
    """Open while the connection takes more. Twisted calls the methods, as if this were what makes the data."""

    def __init__(self) -> None:
        self._is_open = asyncio.Event()
        self._is_open.set()

    async def wait(self) -> None:
        """Wait until the connection takes more, or is gone."""
        if not self._is_open.is_set():
            await self._is_open.wait()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The connection is full."""
        self._is_open.clear()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The connection takes more."""
        self._is_open.set()

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The connection is gone."""
        self._is_open.set()


class PacedWebSocket(WebSocketProtocol):  # type: ignore[misc] # Daphne has no types
    """A websocket with a gate; and it tells the client the reason why it is closed, which Daphne keeps to itself."""

    gate: Gate | None = None

    def onOpen(self) -> None:  # noqa: N802 - Autobahn's name
        """The websocket is open. Until now the transport paced the HTTP request that it was."""
        super().onOpen()
        self.gate = Gate()
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.gate, True)  # noqa: FBT003 - Twisted's interface

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Send or do what the application says."""
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self.sendClose(code=message.get("code") or 1000, reason=message.get("reason") or None)
        else:
            super().handle_reply(message)


class PacedWebSocketFactory(WebSocketFactory):  # type: ignore[misc] # Daphne has no types
    """Makes PacedWebSockets."""

    protocol = PacedWebSocket
