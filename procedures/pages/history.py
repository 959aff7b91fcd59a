"""History: search over all time, the timeline of a night, how long scripts take and how they end, and the report of a day."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from procedures.domain.errors import InvalidInput
from procedures.domain.figures import RunOf
from procedures.domain.nights import Night, night_on
from procedures.domain.search import MAX_LINE_CHARACTERS, Search, parse_search, with_setting
from procedures.domain.states import ProcedureState
from procedures.nights import night_of_site, report_of, runs_in, site
from procedures.outcomes import outcomes
from procedures.pages.day_report import report_context
from procedures.pages.night import draw_night
from procedures.pages.page import Page, page_view
from procedures.pages.plots import draw_plot
from procedures.pages.row_words import with_words
from procedures.pages.rows import Row, rows_of
from procedures.search import find

PAGE = 30
_FIGURES_OVER = timedelta(days=90)
_STATES = (ProcedureState.COMPLETE, ProcedureState.STOPPED, ProcedureState.FAILED, ProcedureState.UNKNOWN)


@dataclass(frozen=True)
class Choice:
    """A link that changes one thing of the search."""

    words: str
    url: str
    is_chosen: bool
    glyph: str = ""


@require_safe
@page_view
def history(request: HttpRequest) -> HttpResponseBase:
    """Search, the night, the figures."""
    page = Page.of(request)
    now = datetime.fromtimestamp(page.now, UTC)
    line = request.GET.get("q", "").replace("\0", "")[:MAX_LINE_CHARACTERS].strip()
    wanted = parse_search(line, now)
    before = _key(request.GET.get("before", ""))
    begin = time.perf_counter()
    found = find(page.actor, wanted, size=PAGE, before=before)
    rows = with_words(reversed(rows_of(found.procedures, with_usual=False)), page.now)
    took_ms = (time.perf_counter() - begin) * 1000
    night = _night(request.GET.get("night", ""), now)
    return page.render(
        "history/history.html",
        here="history",
        line=line,
        faults=wanted.faults,
        is_narrowed=wanted != Search(),
        states=_states(line, wanted),
        times=_times(line, now),
        rows=rows,
        took=f"{took_ms:.0f} ms",
        is_cut_short=found.is_cut_short,
        older=_url(line, before=found.older) if found.older is not None else "",
        newest=_url(line) if before is not None else "",
        night=draw_night(night, runs_in(page.actor, night, now), now, site()),
        keep_line=line,
        plot=_plot(page, now),
    )


@require_safe
@page_view
def day(request: HttpRequest, on: str) -> HttpResponseBase:
    """The report of one day, from noon to noon, to be read or printed."""
    page = Page.of(request)
    now = datetime.fromtimestamp(page.now, UTC)
    night = _night(on, now)
    report = report_of(page.actor, night, now)
    return page.render("history/day.html", here="history", **report_context(report, now, site()))


def _plot(page: Page, now: datetime) -> dict[str, object]:
    found = outcomes(page.actor, now - _FIGURES_OVER)
    live = [
        _run_of(row, page.now) for row in page.live if row.state in {ProcedureState.RUNNING, ProcedureState.UNKNOWN}
    ]
    return {"drawn": draw_plot(found, live), "found": found, "days": _FIGURES_OVER.days}


def _run_of(row: Row, now: float) -> RunOf:
    return RunOf(row.name, row.state, now - row.started_at if row.started_at else None, row.id)


def _states(line: str, wanted: Search) -> list[Choice]:
    """All, or any of the states that are looked for most; a click adds one or takes it away."""
    choices = [Choice("All", _url(with_setting(line, "state", "")), not wanted.states)]
    for state in _STATES:
        changed = wanted.states ^ {state}
        value = ",".join(sorted(one.value.lower() for one in changed))
        is_chosen = state in wanted.states
        choices.append(Choice(state.capitalize(), _url(with_setting(line, "state", value)), is_chosen, state.value))
    return choices


def _times(line: str, now: datetime) -> list[Choice]:
    begin = night_of_site(now).begin
    spans = {
        "Tonight": begin,
        "3 nights": begin - timedelta(days=2),
        "90 days": begin - timedelta(days=89),
    }
    said = parse_search(line, now).since
    bare = with_setting(with_setting(line, "since", ""), "until", "")
    return [
        *(
            Choice(words, _url(with_setting(bare, "since", f"{since:%Y-%m-%dT%H:%M}")), said == since)
            for words, since in spans.items()
        ),
        Choice("Ever", _url(bare), bare == line),
    ]


def _url(line: str, *, before: int | None = None) -> str:
    parameters = {"q": line} if line else {}
    if before is not None:
        parameters["before"] = str(before)
    return f"{reverse('history')}{'?' if parameters else ''}{urlencode(parameters)}"


def _key(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput({"before": f"must be the number of a procedure, not “{text[:40]}”."})
    return int(text)


def _night(text: str, now: datetime) -> Night:
    if not text:
        return night_of_site(now)
    try:
        night = night_on(date.fromisoformat(text), settings.OET.longitude)
        _ = night.begin - timedelta(days=30), night.end + timedelta(days=2)  # what is computed from it exists, too
    except (ValueError, OverflowError):
        raise InvalidInput({"night": f"must be a day such as 2026-03-18, not “{text[:40]}”."}) from None
    return night
