"""The websocket `/ws/events/`, with real clients of a real server."""

import asyncio
import json
import random
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.test import Client
from knox.models import AuthToken
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from procedures.models import Event
from procedures.recorder import recording
from tests.fixtures.people import Users
from tests.integration.procedures.feed.conftest import Web, announce

pytestmark = pytest.mark.django_db(transaction=True)

TIMEOUT_S = 60
Message = dict[str, Any]


@asynccontextmanager
async def listening(web: Web, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    """A client with the token of a viewer."""
    options.setdefault("additional_headers", web.headers)
    async with connect(
        f"{web.events}{query}", max_size=None, ping_interval=None, open_timeout=TIMEOUT_S, **options
    ) as client:
        yield client


async def message(client: ClientConnection, kind: str = "") -> Message:
    """The next message, or the next of its kind."""
    while True:
        async with asyncio.timeout(TIMEOUT_S):
            found: Message = json.loads(await client.recv())
        if found["type"] == (kind or found["type"]):
            return found


async def events_until(client: ClientConnection, last: int) -> list[int]:
    """The ids of the events up to `last`."""
    seen: list[int] = []
    while not seen or seen[-1] < last:
        seen += [event["id"] for event in (await message(client, "events"))["events"]]
    return seen


async def reason_of_closing(client: ClientConnection) -> tuple[int, str]:
    """Code and reason with which the server closes; it has said them before."""
    said = await message(client)
    with pytest.raises(ConnectionClosed) as closed:
        await message(client)
    assert closed.value.rcvd is not None
    assert (said["type"], said["code"]) == ("closed", closed.value.rcvd.code)
    assert said["reason"].startswith(closed.value.rcvd.reason)
    return closed.value.rcvd.code, said["reason"]


@partial(database_sync_to_async, thread_sensitive=True)
def written(*topics: str, **payload: object) -> None:
    announce(*topics, **payload)


@partial(database_sync_to_async, thread_sensitive=True)
def all_ids() -> list[int]:
    return list(Event.objects.order_by("pk").values_list("pk", flat=True))


async def test_hello_says_where_things_stand_and_ticks_that_they_live(web: Web) -> None:
    await written("a", "b")
    first, last = await all_ids()
    async with listening(web) as client:
        hello = await message(client)
        assert (hello["type"], hello["cursor"], hello["oldest"], hello["reset"]) == ("hello", last, first, False)
        assert hello["version"] == settings.OET_VERSION
        assert abs(hello["time"] - time.time()) < TIMEOUT_S
        assert [node["name"] for node in hello["nodes"]] == ["test-node"]
        tick = await message(client)
        assert (tick["type"], tick["cursor"], tick["problem"]) == ("tick", last, "")
        assert tick["nodes"][0]["heartbeat_age_s"] >= 0
        again = await message(client)
        assert 1 < again["time"] - tick["time"] < 10


async def test_hello_says_how_much_there_is_to_catch_up_with(web: Web) -> None:
    await written("a", "b")
    first, last = await all_ids()
    async with listening(web, f"?after={first}") as late, listening(web) as new:
        hello = await message(late)
        assert (hello["cursor"], hello["latest"]) == (first, last)
        hello = await message(new)
        assert (hello["cursor"], hello["latest"]) == (last, last)


async def test_an_event_arrives_with_everything_it_has(web: Web) -> None:
    async with listening(web) as client:
        cursor = (await message(client, "hello"))["cursor"]
        await written("my.topic", words="Grüße \u2028", number=1.5)
        batch = await message(client, "events")
    (event,) = batch["events"]
    assert event.keys() == {"id", "at", "topic", "procedure", "payload"}
    assert (event["topic"], event["procedure"], event["payload"]) == (
        "my.topic",
        None,
        {"words": "Grüße \u2028", "number": 1.5},
    )
    assert isinstance(event["at"], float)
    assert batch["cursor"] == event["id"] > cursor


async def test_after_zero_everything_comes_from_the_start_and_then_what_is_new(web: Web) -> None:
    await written(*["old"] * 1200)
    async with listening(web, "?after=0") as client:
        old = await all_ids()
        assert await events_until(client, old[-1]) == old
        await written("new")
        new = await all_ids()
        assert await events_until(client, new[-1]) == new[-1:]


async def test_topics_and_procedures_can_be_chosen(web: Web) -> None:
    async with listening(web, "?topic=a.*&topic=b") as client, listening(web, "?procedure=77") as other:
        await message(client, "hello")
        await message(other, "hello")
        await written("a.x", "ab", "b", "c")
        assert [event["topic"] for event in (await message(client, "events"))["events"]] == ["a.x", "b"]
        await database_sync_to_async(_announce_of_procedure)(77)
        assert [event["procedure"] for event in (await message(other, "events"))["events"]] == [77]
    async with listening(web, "?procedure=77&after=0") as late:
        assert [event["procedure"] for event in (await message(late, "events"))["events"]] == [77]
        assert (await message(late, "tick"))["cursor"] == (await all_ids())[-1]


def _announce_of_procedure(number: int) -> None:
    with recording() as record:
        record.announce("x", {}, procedure_id=number)


async def test_a_cursor_of_another_database_is_reset(web: Web) -> None:
    await written("a")
    async with listening(web, "?after=999999") as client:
        hello = await message(client)
        assert (hello["reset"], hello["cursor"]) == (True, (await all_ids())[-1])
        await written("b")
        assert [event["topic"] for event in (await message(client, "events"))["events"]] == ["b"]


async def test_a_query_that_makes_no_sense_closes_with_4400(web: Web) -> None:
    for query, word in (
        ("?after=x", "after"),
        ("?after=-1", "after"),
        ("?after=99999999999999999999", "after"),
        ("?procedure=1.5", "procedure"),
        ("?afer=1", "afer"),
        ("?" + "topic=a&" * 50, "query"),
    ):
        async with listening(web, query) as client:
            code, reason = await reason_of_closing(client)
        assert (code, word in reason) == (4400, True), (query, reason)


async def test_without_a_login_it_closes_with_4401_and_without_the_right_with_4403(web: Web, users: Users) -> None:
    for headers in (
        {},
        {"Authorization": "Token nonsense"},
        {"Cookie": f"{settings.SESSION_COOKIE_NAME}=nonsense"},
        {"Cookie": "\xff;="},
    ):
        async with listening(web, additional_headers=headers) as client:
            code, reason = await reason_of_closing(client)
        assert code == 4401
        assert reason.startswith("log in")
    _, token = await database_sync_to_async(AuthToken.objects.create)(user=users.nobody)
    async with listening(web, additional_headers={"Authorization": f"Token {token}"}) as client:
        code, reason = await reason_of_closing(client)
    assert code == 4403
    assert "nobody may not see procedures" in reason


async def test_a_token_in_the_address_is_no_login(web: Web) -> None:
    token = web.headers["Authorization"].removeprefix("Token ")
    async with listening(web, f"?token={token}", additional_headers={}) as client:
        code, _ = await reason_of_closing(client)
    assert code in {4400, 4401}


async def test_a_browser_of_this_site_comes_in_with_its_session_and_a_foreign_page_does_not(
    web: Web, users: Users
) -> None:
    browser = Client()
    await database_sync_to_async(browser.force_login)(users.viewer)
    session = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
    own = web.url.rstrip("/")
    async with listening(web, additional_headers=session, origin=own) as client:
        assert (await message(client))["type"] == "hello"
    port = own.rpartition(":")[2]
    for origin in (
        "http://evil.example",
        f"http://localhost:{int(port) + 1}",
        "null",
        "",
        f"{own}.evil.example",
        "http://[::1",
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with listening(web, additional_headers=session, origin=origin):
                pass
        assert refused.value.response.status_code in {400, 403}, origin


async def test_an_address_without_a_websocket_is_refused(web: Web) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(web.events.replace("events", "other"), additional_headers=web.headers):
            pass
    assert refused.value.response.status_code == 403
    assert "Traceback" not in web.log_file.read_text()


@pytest.mark.both_databases
async def test_every_event_comes_once_and_in_order_over_a_hundred_cuts_under_load(web: Web) -> None:
    have_enough = threading.Event()
    writers = [threading.Thread(target=_write_events, args=(seed, have_enough)) for seed in range(3)]
    for writer in writers:
        writer.start()
    dice = random.Random(7)
    seen: list[int] = []
    for _ in range(100):
        async with listening(web, f"?after={seen[-1] if seen else 0}") as client:
            for _ in range(dice.randrange(4)):
                seen += [event["id"] for event in (await message(client)).get("events", [])]
            client.transport.abort()  # no closing handshake: as if the cable was cut
    have_enough.set()
    for writer in writers:
        await asyncio.to_thread(writer.join)
    everything = await all_ids()
    async with listening(web, f"?after={seen[-1]}") as client:
        seen += await events_until(client, everything[-1]) if seen[-1] < everything[-1] else []
    assert len(everything) > 300
    assert seen == everything
    assert "Traceback" not in web.log_file.read_text()


def _write_events(seed: int, have_enough: threading.Event) -> None:
    dice = random.Random(seed)
    try:
        while not have_enough.wait(dice.random() * 0.02):  # so that commits of the writers fall between each other
            announce(*[f"load.{seed}"] * dice.randrange(1, 4))
    finally:
        connection.close()


@pytest.mark.both_databases
async def test_two_hundred_clients_each_see_every_event(web: Web) -> None:
    async def follow(client: ClientConnection, count: int) -> list[int]:
        seen: list[int] = []
        while len(seen) < count:
            seen += [event["id"] for event in (await message(client, "events"))["events"]]
        return seen

    clients: list[ClientConnection] = []
    try:
        for _ in range(200):
            clients.append(
                await connect(web.events, additional_headers=web.headers, ping_interval=None, open_timeout=TIMEOUT_S)
            )
        for client in clients:
            await message(client, "hello")
        before = len(await all_ids())
        async with asyncio.TaskGroup() as tasks:
            following = [tasks.create_task(follow(client, 50)) for client in clients]
            for number in range(50):
                await written("many", number=number)
        expected = (await all_ids())[before:]
        assert all(task.result() == expected for task in following)
    finally:
        for client in clients:
            client.transport.abort()


async def test_a_client_that_does_not_read_takes_no_memory_and_loses_nothing(web: Web) -> None:
    for _ in range(30):
        await written(*["large"] * 100, text="x" * 10_000)  # 30 MB
    everything = await all_ids()
    async with listening(web) as client:  # so that whatever is read for the first time has been read
        await message(client, "tick")
    before = web.memory_bytes
    async with listening(web, "?after=0", max_queue=1) as slow, listening(web, "?after=0") as fast:
        assert await events_until(fast, everything[-1]) == everything
        await message(fast, "tick")
        assert web.memory_bytes - before < 20 * 2**20
        assert await events_until(slow, everything[-1]) == everything
