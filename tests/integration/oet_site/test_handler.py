"""Django behind ASGI, without a server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.http import StreamingHttpResponse

from oet_site.web.handler import ThreadedHandler

pytestmark = pytest.mark.django_db

TIMEOUT_S = 30.0


def failing() -> Iterator[bytes]:
    yield b"a beginning"
    raise ZeroDivisionError


async def failing_later() -> AsyncIterator[bytes]:
    yield b"a beginning"
    raise ZeroDivisionError


@pytest.mark.parametrize("parts", [failing, failing_later])
async def test_a_stream_that_fails_is_closed_and_leaves_nobody_waiting_for_its_client(parts: Any) -> None:
    waiting: list[asyncio.Task[Any] | None] = []

    async def receive() -> Any:
        waiting.append(asyncio.current_task())
        await asyncio.Event().wait()

    async def send(_message: Any) -> None:
        """It is taken."""

    handler = ThreadedHandler(1024)
    response = StreamingHttpResponse(parts())
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(ZeroDivisionError):
            await handler._stream(response, receive, send)
    handler.close()
    assert response.closed
    assert [task.done() for task in waiting if task] == [True]
