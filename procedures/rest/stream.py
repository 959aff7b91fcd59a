"""`stream`: the event log as Server-Sent Events."""

import time
from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from procedures.domain.errors import NotAllowed
from procedures.domain.people import Right
from procedures.feed.cursor import Reading, start_at
from procedures.feed.encoded import Batch, Wanted
from procedures.feed.reader import feed
from procedures.logins import Login, LoginEnded, ViewerCheck
from procedures.rest import described
from procedures.rest.parsing import JSON
from procedures.rest.queries import Query
from procedures.rest.view import View

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_S = 15.0
RETRY_MS = 2000
MAX_TOPICS = 20


class StreamView(View):
    """Events as they happen."""

    media_types = (EVENT_STREAM, JSON)

    @described.stream
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every event after `after` (or the header Last-Event-ID, which outranks it), once and in order; by default from now on."""
        self.actor.require(Right.VIEW)
        query = Query(request.query_params, ("after", "topic", "procedure"))
        after, procedure_id = query.number("after"), query.number("procedure")
        topics = query.texts("topic")
        if len(topics) > MAX_TOPICS:
            query.errors["topic"] = f"at most {MAX_TOPICS} are allowed."
        query.check()
        seen = request.META.get("HTTP_LAST_EVENT_ID", "")
        if seen.isascii() and seen.isdigit() and len(seen) < 19:
            after = int(seen)
        login = Login.of({name: request.META.get(f"HTTP_{name.upper()}", "") for name in ("authorization", "cookie")})
        answer = StreamingHttpResponse(
            _events(ViewerCheck(login), after, Wanted(tuple(topics), procedure_id)), content_type=EVENT_STREAM
        )
        answer["Cache-Control"] = "no-cache"
        answer["X-Accel-Buffering"] = "no"  # nginx would hold events back
        return answer


async def _events(viewer: ViewerCheck, after: int | None, wanted: Wanted) -> AsyncIterator[bytes]:
    with feed.listening() as listener:
        start = await start_at(after)
        yield f"retry: {RETRY_MS}\n: from {start.cursor}\n\n".encode()
        reading = Reading(feed, listener, start.cursor, wanted)
        while True:
            found = await reading.next(time.monotonic() + KEEP_ALIVE_S)
            try:
                await viewer.when_due()  # also where events come without a pause: they are for those who may see them
            except (LoginEnded, NotAllowed) as ended:
                yield f": {ended}\n\n".encode()
                return
            yield b": still here\n\n" if found is None else _text(found)


def _text(batch: Batch) -> bytes:
    return "".join(f"id: {event.id}\ndata: {event.text}\n\n" for event in batch.events).encode()
