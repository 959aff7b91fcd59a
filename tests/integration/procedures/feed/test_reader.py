"""The reader of a web process, and connections whose login ends, without a server between."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import OperationalError
from django.test import Client
from knox.models import AuthToken

from oet_site.web.handler import ThreadedHandler
from procedures import bells, consumers, logins
from procedures.bells import listen
from procedures.consumers import EventsConsumer
from procedures.feed import encoded, reader
from procedures.feed.cursor import Reading
from procedures.feed.encoded import Wanted
from procedures.feed.reader import EventFeed
from procedures.rest import stream
from tests.fixtures.people import Users
from tests.integration.procedures.feed.conftest import announce

pytestmark = pytest.mark.django_db(transaction=True)

TIMEOUT_S = 30.0
in_database = partial(database_sync_to_async, thread_sensitive=True)


@pytest.fixture
async def feed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EventFeed]:
    """A feed of its own, whose reader ends soon."""
    monkeypatch.setattr(reader, "LINGER_S", 0.1)
    monkeypatch.setattr(reader, "RECHECK_S", 0.05)
    monkeypatch.setattr(reader, "NODES_S", 0.05)
    fresh = EventFeed()
    monkeypatch.setattr(consumers, "feed", fresh)
    monkeypatch.setattr(stream, "feed", fresh)
    yield fresh
    await until(lambda: not fresh.is_reading)


async def until(condition: Any) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.01)


async def test_each_event_is_encoded_once_for_all_clients(feed: EventFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def counting(event: Any) -> encoded.Encoded:
        nonlocal count
        count += 1
        return encoded.encode(event)

    monkeypatch.setattr(reader, "encode", counting)

    async def follow() -> list[str]:
        with feed.listening() as listener:
            await feed.begun(listener)
            assert feed.ring is not None
            reading = Reading(feed, listener, feed.ring.last, Wanted())
            joined.release()
            topics: list[str] = []
            while len(topics) < 3:
                found = await reading.next(time.monotonic() + TIMEOUT_S)
                topics += [event.topic for event in found.events] if found else []
            return topics

    joined = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as tasks:
        clients = [tasks.create_task(follow()) for _ in range(20)]
        for _ in clients:
            await joined.acquire()
        await in_database(announce)("a", "b", "c")
    assert all(client.result() == ["a", "b", "c"] for client in clients)
    assert count == 3


async def test_the_reader_ends_when_nobody_listens_and_begins_anew(feed: EventFeed) -> None:
    for _ in range(2):
        with feed.listening() as listener:
            await feed.begun(listener)
            assert feed.is_reading
        await until(lambda: not feed.is_reading)
        assert feed.ring is None


async def test_events_that_came_while_nobody_read_come_from_the_database(feed: EventFeed) -> None:
    await in_database(announce)(*["a"] * 700)
    with feed.listening() as listener:
        await feed.begun(listener)
        reading = Reading(feed, listener, 0, Wanted())
        seen = 0
        while seen < 700:
            found = await reading.next(time.monotonic() + TIMEOUT_S)
            assert found
            seen += len(found.events)
        assert seen == 700


@pytest.mark.parametrize(("clients", "apart_s"), [(60, 0.05), (1, 0.0)])
async def test_batches_for_one_client_keep_their_distance_where_there_are_many(
    feed: EventFeed, clients: int, apart_s: float
) -> None:
    with ExitStack() as stack:
        listener, *_ = [stack.enter_context(feed.listening()) for _ in range(clients)]
        await feed.begun(listener)
        assert feed.ring is not None
        reading = Reading(feed, listener, feed.ring.last, Wanted())
        times = []
        for _ in range(3):
            await in_database(announce)("a")
            assert await reading.next(time.monotonic() + TIMEOUT_S)
            times.append(time.monotonic())
    assert times[1] - times[0] >= apart_s * 0.8
    assert times[2] - times[1] >= apart_s * 0.8


async def test_a_database_that_fails_is_said_to_clients_and_read_on_when_it_is_back(
    feed: EventFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with feed.listening() as listener:
        await feed.begun(listener)

        def fail() -> None:
            raise OperationalError("gone")

        with monkeypatch.context() as failing:
            failing.setattr(reader, "nodes", fail)
            await until(lambda: feed.problem == "the database does not answer")
        await until(lambda: feed.problem == "")


async def test_a_reader_that_fails_says_so_and_begins_again(
    feed: EventFeed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(bells, "listen", fail)
    with feed.listening() as listener:
        await until(lambda: feed.problem == reader.FAILED)
        monkeypatch.setattr(bells, "listen", listen)
        await until(lambda: feed.problem == "" and feed.ring is not None)
        assert feed.ring is not None
        reading = Reading(feed, listener, feed.ring.last, Wanted())
        await in_database(announce)("a")
        assert await reading.next(time.monotonic() + TIMEOUT_S)
    assert "too many open files" in caplog.text


def websocket(token: str) -> WebsocketCommunicator:
    headers = [(b"host", b"localhost"), (b"authorization", f"Token {token}".encode())]
    return WebsocketCommunicator(EventsConsumer.as_asgi(), "/ws/events/", headers=headers)


async def test_a_connection_ends_with_its_token(feed: EventFeed, users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "RECHECK_S", 0.1)
    monkeypatch.setattr(consumers, "TICK_S", 0.05)
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer)
    client = websocket(token)
    assert (await client.connect(TIMEOUT_S))[0]
    assert json.loads(await client.receive_from(TIMEOUT_S))["type"] == "hello"
    await in_database(AuthToken.objects.all().delete)()
    while (said := json.loads(await client.receive_from(TIMEOUT_S)))["type"] == "tick":
        pass
    assert (said["type"], said["code"]) == ("closed", 4401)
    assert (await client.receive_output(TIMEOUT_S))["code"] == 4401
    await client.wait()


async def test_a_connection_ends_with_the_right_to_see(
    feed: EventFeed, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "RECHECK_S", 0.1)
    monkeypatch.setattr(consumers, "TICK_S", 0.05)
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer)
    client = websocket(token)
    assert (await client.connect(TIMEOUT_S))[0]
    await in_database(users.viewer.groups.clear)()
    while (said := json.loads(await client.receive_from(TIMEOUT_S)))["type"] != "closed":
        pass
    assert said["code"] == 4403
    await client.wait()


async def test_a_fault_of_our_own_is_logged_and_closes_the_connection(
    feed: EventFeed, users: Users, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(consumers, "Reading", fail)
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer)
    client = websocket(token)
    await client.connect(TIMEOUT_S)
    await client.receive_from(TIMEOUT_S)
    said = json.loads(await client.receive_from(TIMEOUT_S))
    assert (said["code"], "secret" in said["reason"]) == (1011, False)
    assert "ZeroDivisionError" in caplog.text
    await client.wait()


async def streaming(token: str, leave: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    """What the stream of events sends, until `leave` is set: then the client has gone."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    has_sent = False

    async def receive() -> dict[str, Any]:
        nonlocal has_sent
        if has_sent:
            await leave.wait()
            return {"type": "http.disconnect"}
        has_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/stream",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Token {token}".encode())],
    }
    handler = ThreadedHandler(1024)
    running = asyncio.create_task(handler(scope, receive, sent.put))  # type: ignore[arg-type] # put takes any message
    while not running.done() or not sent.empty():
        waiting = asyncio.create_task(sent.get())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            continue
        yield waiting.result()
    running.result()
    handler.close()


async def test_a_stream_ends_when_its_client_goes(feed: EventFeed, users: Users) -> None:
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer)
    leave = asyncio.Event()
    sent = []
    async with asyncio.timeout(TIMEOUT_S):
        async for part in streaming(token, leave):
            sent.append(part)
            if part["type"] == "http.response.body":
                leave.set()
    assert sent[0]["status"] == 200
    await until(lambda: not feed.is_reading)


async def test_a_stream_keeps_itself_alive_and_ends_with_its_token(
    feed: EventFeed, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "RECHECK_S", 0.05)
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", 0.05)
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer, expiry=timedelta(hours=1))
    text = b""
    async with asyncio.timeout(TIMEOUT_S):
        async for part in streaming(token, asyncio.Event()):
            text += part.get("body", b"")
            if text.count(b": still here") == 2:
                await in_database(AuthToken.objects.all().delete)()
    assert text.endswith(b": log in: the session or token is missing, unknown or has expired.\n\n")


async def test_a_stream_whose_events_never_pause_ends_with_its_token(
    feed: EventFeed, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "RECHECK_S", 0.05)
    _, token = await in_database(AuthToken.objects.create)(user=users.viewer)
    events, text = 0, b""
    async with asyncio.timeout(TIMEOUT_S):
        async for part in streaming(token, asyncio.Event()):
            text += part.get("body", b"")
            events += b"data: " in part.get("body", b"")
            if events == 3:
                await in_database(AuthToken.objects.all().delete)()
            assert events < 200, "it goes on without a login"
            if part.get("more_body"):
                await in_database(announce)("a")
    assert text.endswith(b": log in: the session or token is missing, unknown or has expired.\n\n")


async def test_a_session_that_logs_out_is_no_login(users: Users) -> None:
    browser = Client()
    await in_database(browser.force_login)(users.viewer)
    login = logins.Login(session_key=browser.cookies["oet_session"].value)
    assert await in_database(login.user)() == users.viewer
    await in_database(browser.logout)()
    assert await in_database(login.user)() is None


async def test_a_session_ends_with_a_new_password(users: Users) -> None:
    browser = Client()
    await in_database(browser.force_login)(users.viewer)
    login = logins.Login(session_key=browser.cookies["oet_session"].value)
    users.viewer.set_password("another")
    await in_database(users.viewer.save)()
    assert await in_database(login.user)() is None
