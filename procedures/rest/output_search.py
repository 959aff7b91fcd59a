"""`procedures/{id}/output/search/`: where a text or an error stands in what a procedure printed."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.lines import Hit, error_finder, text_finder
from procedures.models import Procedure
from procedures.output import STREAM_NAMES, STREAMS, line_offset
from procedures.output_search import Found, Search, search_back, search_forward
from procedures.rest import described
from procedures.rest.queries import Query
from procedures.rest.view import View
from procedures.selectors import procedure_for

DEFAULT_HITS = 100
MAX_HITS = 1000
SHOWN_BYTES = 2000
_PLACES = ("offset", "after", "before")


class OutputSearchView(View):
    """Finding lines in what a procedure printed."""

    @described.output_search
    def get(self, request: Request, procedure_id: str) -> Response:
        """The lines that contain `q`, or where errors begin, so many at a time; go on at `next_offset` until `is_complete`."""
        procedure = procedure_for(self.actor, int(procedure_id))
        query = Query(request.query_params, ("q", "errors", "stream", "limit", "count", *_PLACES))
        words, is_for_errors, is_counting = query.text("q"), query.flag("errors"), query.flag("count")
        stream = STREAMS.get(query.choice("stream", tuple(STREAMS)))
        limit = query.number("limit", lowest=1, highest=MAX_HITS) or DEFAULT_HITS
        offset, after, before = (query.number(name) for name in _PLACES)
        _check(query, words, is_for_errors=is_for_errors, before=before, after=after)
        find = error_finder() if is_for_errors else text_finder(words)
        search = Search(find, stream, after, before, limit)
        if before is not None:
            found = search_back(procedure.pk, search, line_offset(procedure.pk, before) if offset is None else offset)
        else:
            start = line_offset(procedure.pk, after + 1) if offset is None and after else offset or 0
            found = search_forward(procedure.pk, search, start, is_counting=is_counting)
        return Response(_as_json(procedure, found))


def _check(query: Query, words: str, *, is_for_errors: bool, before: int | None, after: int | None) -> None:
    if "\n" in words:
        query.errors["q"] = "is looked for within lines, so it cannot contain a line break."
    if words and is_for_errors:
        query.errors["errors"] = "cannot be given together with q."
    if before is not None and after is not None:
        query.errors["before"] = "cannot be given together with after."
    query.check()


def _as_json(procedure: Procedure, found: Found) -> dict[str, Any]:
    return {
        "hits": [_hit_json(hit) for hit in found.hits],
        "count": found.count,
        "next_offset": found.next_offset,
        "is_complete": found.is_complete,
        "total_bytes": procedure.output_bytes,
    }


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "offset": hit.offset,
        "line": hit.line,
        "time": hit.time,
        "stream": STREAM_NAMES[hit.stream],
        "text": hit.text[:SHOWN_BYTES].decode(errors="replace"),
    }
