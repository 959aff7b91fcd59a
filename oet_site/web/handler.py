"""Django behind ASGI, with one crossing from the event loop to a thread and back for each request.

Django's own handler crosses once for each middleware, starts a thread for each request, and opens a database connection in it: all that
took three quarters of the time of a small request. Only streams are sent from the event loop.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from django.core import signals
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from procedures.threads import RequestThreads

Message = Mapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_THREADS = 512
"""Each may wait for the manager's answer, so there must be many more than processors."""
_END = b""


class RequestTooLarge(Exception):
    """The body has more bytes than are allowed."""


class ThreadedHandler(ASGIHandler):
    """Answers HTTP requests; middleware and view run in one thread."""

    def __init__(self, body_limit_bytes: int) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._body_limit_bytes = body_limit_bytes
        self._threads = RequestThreads(MAX_THREADS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # type: ignore[override] # its stub is too wide
        """Answer one request."""
        try:
            body = await self._read(receive)
        except RequestTooLarge:
            await self.send_response(HttpResponse(status=413), send)
            return
        if body is None:
            return
        response = await self._in_thread(partial(self._respond, scope, body))
        if isinstance(response, StreamingHttpResponse):
            await self._stream(response, receive, send)
        else:
            await self.send_response(response, send)

    def close(self) -> None:
        """End the threads that have nothing to do."""
        self._threads.close()

    async def _read(self, receive: Receive) -> bytes | None:
        """The body; None if the client has gone."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._body_limit_bytes:
                raise RequestTooLarge
            if not message.get("more_body", False):
                return b"".join(parts)

    def _respond(self, scope: Message, body: bytes) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        # A chunked body has no length of its own; REST framework takes that for an empty one.
        headers = [header for header in scope["headers"] if header[0] != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        request, refusal = self.create_request(scope, io.BytesIO(body))
        if request is None:
            return refusal or HttpResponse(status=400)
        response = self.get_response(request)
        if response.streaming:
            close_old_connections()  # it may last for days, and this thread has other things to do
        else:
            response.close()
        return response

    async def _stream(self, response: StreamingHttpResponse, receive: Receive, send: Send) -> None:
        """Send piece by piece, until the end or until the client goes."""
        sending = asyncio.create_task(self._send_stream(response, send), name="stream")
        leaving = asyncio.create_task(receive(), name="client of a stream")
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._in_thread(response.close)

    async def _send_stream(self, response: StreamingHttpResponse, send: Send) -> None:
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        headers += [
            (b"Set-Cookie", cookie.output(header="").strip().encode("ascii")) for cookie in response.cookies.values()
        ]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        async with aclosing(self._parts(response)) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async def _parts(self, response: StreamingHttpResponse) -> AsyncGenerator[bytes, None]:
        content = response.streaming_content
        if isinstance(content, Iterator):
            while part := await self._in_thread(partial(next, content, _END)):
                yield part
        else:
            async with aclosing(cast("AsyncGenerator[bytes, None]", content)) as parts:
                async for part in parts:
                    yield part

    def _in_thread(self, function: Callable[[], Any]) -> Awaitable[Any]:
        return asyncio.wrap_future(self._threads.submit(function))
