"""`search/`, `outcomes/` and `days/{day}/`: the history as the pages show it, for programs."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from procedures.domain.errors import InvalidInput
from procedures.domain.nights import Night, night_on
from procedures.domain.search import parse_search
from procedures.nights import Entry, Stop, report_of
from procedures.outcomes import outcomes
from procedures.rest import past_described
from procedures.rest.queries import DEFAULT_PAGE, Query
from procedures.rest.view import View
from procedures.search import find
from procedures.selectors import MAX_PAGE, summaries

_OVER = timedelta(days=90)


class SearchView(View):
    """Procedures of all time."""

    @past_described.search
    def get(self, request: Request) -> Response:
        """What the line `q` finds, newest first; a line that is not understood is refused."""
        query = Query(request.query_params, ("q", "limit", "before"))
        line, before = query.text("q"), query.number("before")
        limit = query.number("limit", lowest=1, highest=MAX_PAGE) or DEFAULT_PAGE
        query.check()
        wanted = parse_search(line, datetime.now(UTC))
        if wanted.faults:
            raise InvalidInput({"q": list(wanted.faults)})
        found = find(self.actor, wanted, size=limit, before=before)
        shown = [self.with_uri(summary) for summary in summaries(found.procedures, with_bodies=False)]
        return Response({"procedures": shown, "older": found.older})


class OutcomesView(View):
    """How long scripts take and how they end."""

    @past_described.outcomes
    def get(self, request: Request) -> Response:
        """Figures of every script, the most run first."""
        query = Query(request.query_params, ("since", "script"))
        since, script = query.time("since"), query.text("script")
        query.check()
        found = outcomes(self.actor, since or datetime.now(UTC) - _OVER, script=script)
        scripts = [
            {
                "script": one.script,
                "runs": one.runs,
                "complete": one.complete,
                "stopped": one.stopped,
                "failed": one.failed,
                "median_s": one.median_s,
                "usual_s": one.usual_s,
            }
            for one in found.scripts
        ]
        return Response({"since": found.since.timestamp(), "runs": found.runs, "scripts": scripts})


class DayView(View):
    """The report of a day."""

    @past_described.day
    def get(self, request: Request, day: str) -> Response:
        """What ran from the site's noon of this day to the next, what failed, and who stopped what."""
        Query(request.query_params, ()).check()
        night = _night(day)
        report = report_of(self.actor, night, datetime.now(UTC))
        return Response(
            {
                "begin": night.begin.timestamp(),
                "end": night.end.timestamp(),
                "is_cut_short": report.is_cut_short,
                "procedures": [_entry(entry) for entry in report.entries],
                "stops": [_stop(stop) for stop in report.stops],
            }
        )


def _night(day: str) -> Night:
    try:
        night = night_on(date.fromisoformat(day), settings.OET.longitude)
        _ = night.begin - _OVER
    except (ValueError, OverflowError):
        raise InvalidInput({"day": f"must be a day such as 2026-03-18, not “{day[:40]}”."}) from None
    return night


def _entry(entry: Entry) -> dict[str, Any]:
    run = entry.run
    return {
        "id": run.id,
        "script": run.name,
        "state": run.state,
        "lane": run.lane,
        "arguments": entry.arguments,
        "prepared_by": entry.prepared_by,
        "started_by": entry.started_by,
        "begin": run.begin.timestamp(),
        "end": None if run.is_open else run.end.timestamp(),
        "cause": entry.cause,
        "stacktrace_end": list(entry.trace),
        "output_end": list(entry.output),
    }


def _stop(stop: Stop) -> dict[str, Any]:
    return {**asdict(stop), "at": stop.at.timestamp()}
