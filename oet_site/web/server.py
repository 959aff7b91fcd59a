"""Daphne, with what an operator's console needs: bounded bodies, streams that may last for days, a socket from outside."""

import asyncio
import resource
import socket
from collections.abc import Callable
from typing import Any

from autobahn.exception import Disconnected
from daphne.server import Server, reactor
from twisted.internet import defer
from twisted.logger import globalLogBeginner

from oet_site.web.flow import PacedWebSocketFactory
from oet_site.web.requests import BoundedHTTPFactory

WANTED_DESCRIPTORS = 8192
"""One for each client; the usual soft limit of 1024 is soon reached."""
NO_LIMIT = -1
READ_BYTES = 64 * 1024
FRAME_BYTES = 64 * 1024
"""Of what clients send: browsers send a few words at most."""
MESSAGE_BYTES = 32 * 1024 * 1024
"""Autobahn holds what *we* send to this as well; the event feed makes no message longer than 16 MiB."""
HANDSHAKE_S = 10
PING_S = 20
"""A client that has silently gone is noticed after PING_S + PONG_S."""
PONG_S = 20
CLOSE_S = 10


class WebServer(Server):  # type: ignore[misc] # Daphne has no types
    """Serves an ASGI application on a socket that listens already."""

    def __init__(self, application: Callable[..., Any], listening: socket.socket, body_limit_bytes: int) -> None:
        super().__init__(
            application,
            endpoints=["none: the socket is given"],
            http_timeout=None,  # streams of events last as long as somebody listens
            websocket_timeout=NO_LIMIT,
            websocket_handshake_timeout=HANDSHAKE_S,
            websocket_max_message_size=MESSAGE_BYTES,
            websocket_max_frame_size=FRAME_BYTES,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            application_close_timeout=CLOSE_S,
            request_buffer_size=READ_BYTES,
            server_name="",
        )
        self.listening = listening
        self.body_limit_bytes = body_limit_bytes

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. As Server.run, but on our socket and with our factory."""
        _allow_many_clients()
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = BoundedHTTPFactory(self)
        self.ws_factory = PacedWebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,  # the application checks the origin
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        # Twisted's own log tells of every connection: nowhere with it, as in Server.
        nowhere: list[Any] = [lambda _: None]
        globalLogBeginner.beginLoggingTo(nowhere, redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(reactor._asyncioEventloop)  # Daphne does the same; there is no other way
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.adoptStreamPort(self.listening.fileno(), self.listening.family, self.http_factory)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send what an application says; it goes on when the client's connection takes more."""
        try:
            await super().handle_reply(protocol, message)
        except Disconnected:
            return  # the client has just left; the application hears of that by itself
        if protocol.gate is not None:
            await protocol.gate.wait()

    def kill_all_applications(self) -> Any:
        """Cancel every application; as in Server, which stumbles over connections whose application has ended."""
        applications = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details
        ]
        running = [application for application in applications if not application.done()]
        for application in running:
            application.cancel()
        return defer.Deferred.fromFuture(asyncio.ensure_future(asyncio.wait(running))) if running else None


def _allow_many_clients() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(WANTED_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
