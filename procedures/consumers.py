"""The websocket `/ws/events/`: the event log as it grows, and a tick that says that the connection is live."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host

from procedures.domain.errors import NotAllowed
from procedures.feed.cursor import Reading, Start, start_at
from procedures.feed.encoded import Wanted
from procedures.feed.reader import feed
from procedures.json_text import compact_json
from procedures.logins import Login, LoginEnded, ViewerCheck

log = logging.getLogger(__name__)

TICK_S = 2.0
BAD_REQUEST, NOT_LOGGED_IN, NOT_ALLOWED, TRY_AGAIN = 4400, 4401, 4403, 1013
MAX_ID = 2**63 - 1
MAX_TOPICS = 20


class Refused(Exception):
    """The connection is closed, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class EventsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """One client of the event feed."""

    async def connect(self) -> None:
        """Accept whoever comes from this site or is no browser; what else is wrong is said over the connection."""
        self._serving: asyncio.Task[None] | None = None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        if not is_own_origin(headers):
            log.warning("a page of %s tried to open a websocket", headers.get("origin"))
            await self.close()
            return
        await self.accept()
        self._serving = asyncio.create_task(self._serve(headers), name=f"events for {self.scope.get('client')}")

    async def disconnect(self, code: int) -> None:
        """End with the connection."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    async def _serve(self, headers: Mapping[str, str]) -> None:
        try:
            after, wanted = _parameters(self.scope["query_string"].decode("latin-1"))
            await self._send_events(ViewerCheck(Login.of(headers)), after, wanted)
        except Refused as refused:
            await self._refuse(refused)
        except LoginEnded as ended:
            await self._refuse(Refused(NOT_LOGGED_IN, str(ended)))
        except NotAllowed as refusal:
            await self._refuse(Refused(NOT_ALLOWED, str(refusal)))
        except DatabaseError as error:  # one line: pages try again until it answers
            log.warning("the database failed a websocket: %s", error)
            await self._refuse(Refused(TRY_AGAIN, "the database does not answer; try again."))
        except Exception:  # the task's end: without this nobody would hear of it, and the client would wait for ever
            log.exception("a websocket failed")
            await self._refuse(Refused(1011, "OET failed; the reason is in its log."))

    async def _send_events(self, viewer: ViewerCheck, after: int | None, wanted: Wanted) -> None:
        await viewer.when_due()
        with feed.listening() as listener:
            start = await start_at(after)
            await feed.begun(listener)
            await self.send(_hello(start))
            reading = Reading(feed, listener, start.cursor, wanted)
            tick_at = time.monotonic() + TICK_S
            while True:
                if (found := await reading.next(tick_at)) is not None:
                    await self.send(found.frame)
                    continue
                await viewer.when_due()
                await self.send(_tick(reading.cursor))
                tick_at = time.monotonic() + TICK_S

    async def _refuse(self, refused: Refused) -> None:
        # Daphne does not hand on reasons of closing, so they are said before.
        await self.send(compact_json({"type": "closed", "code": refused.code, "reason": str(refused)}))
        await self.close(refused.code, str(refused)[:100])


def is_own_origin(headers: Mapping[str, str]) -> bool:
    """Whether a page of this site asks, or no page at all: browsers always name the origin, and programs need a token anyway."""
    host = headers.get("host", "")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    origin = headers.get("origin")
    return origin is None or origin in settings.CSRF_TRUSTED_ORIGINS or _netloc(origin) == host.lower()


def _parameters(query_string: str) -> tuple[int | None, Wanted]:
    try:
        given = parse_qs(query_string, keep_blank_values=True, max_num_fields=2 * MAX_TOPICS)
    except ValueError as error:
        raise Refused(BAD_REQUEST, f"the query cannot be read: {error}.") from error
    if unknown := given.keys() - {"after", "topic", "procedure"}:
        raise Refused(
            BAD_REQUEST, f"there is no parameter {sorted(unknown)[0][:40]!r}; there are after, topic, procedure."
        )
    topics = [topic for value in given.get("topic", []) for topic in value.split(",") if topic]
    if len(topics) > MAX_TOPICS:
        raise Refused(BAD_REQUEST, f"topic: at most {MAX_TOPICS} are allowed.")
    return _id("after", given), Wanted(tuple(topics), _id("procedure", given))


def _id(name: str, given: Mapping[str, list[str]]) -> int | None:
    if name not in given:
        return None
    text = given[name][-1]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID):
        raise Refused(
            BAD_REQUEST,
            f"{name} must be the number of an {'event' if name == 'after' else 'existing procedure'}, not {text[:40]!r}.",
        )
    return int(text)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _hello(start: Start) -> str:
    words: dict[str, Any] = {
        "type": "hello",
        "cursor": start.cursor,
        "latest": start.latest,
        "oldest": start.oldest,
        "reset": start.was_reset,
        "time": time.time(),
        "version": settings.OET_VERSION,
    }
    return f'{compact_json(words)[:-1]},"nodes":{feed.nodes_json}}}'


def _tick(cursor: int) -> str:
    words = {"type": "tick", "time": time.time(), "cursor": cursor, "problem": feed.problem}
    return f'{compact_json(words)[:-1]},"nodes":{feed.nodes_json}}}'


class UnknownConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """An address that has no websocket."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close()
