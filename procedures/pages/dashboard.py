"""Now: what runs, what is prepared, what has ended."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from procedures.pages.health import checks
from procedures.pages.page import Page, page_view, wants_json
from procedures.pages.rail import overrides_of
from procedures.pages.recent import LOOKED_THROUGH, RecentFilter, filter_states, find_recent
from procedures.pages.row_words import with_words
from procedures.pages.rows import MAX_RECENT, Row
from procedures.selectors import procedures_for
from procedures.words import number


@require_safe
@page_view
def now(request: HttpRequest) -> HttpResponseBase:
    """The dashboard; for a script of ours only what has ended, narrowed to what the address says."""
    page = Page.of(request)
    wanted = RecentFilter.of(request.GET)
    found, has_more = find_recent(page.actor, wanted)  # scripts of trials only where something is looked for
    more = wanted.longer if has_more else None
    if wants_json(request):
        records = [row.as_record() for row in found]
        return JsonResponse({"records": records, "time": page.now, "more": wanted.address(more) if more else ""})
    ended = sorted(found, key=lambda row: (row.finished_at or 0, row.id), reverse=True)
    unknown = [] if wanted.is_set else [row for row in page.live if row.section == "recent"]
    recent = [*reversed(unknown), *ended]
    prepared = page.alone("prepared")
    ready = sum(item.row.state == "READY" for item in prepared)
    has_run = bool(page.live or ended or wanted.is_set) or procedures_for(page.actor).exists()
    return page.render(
        "procedures/dashboard.html",
        here="now",
        running_rows=page.alone("running"),
        prepared_rows=prepared,
        ready=ready,
        on_the_way=len(prepared) - ready,
        recent_rows=with_words(recent, page.now),
        recent_records=[row.as_record() for row in ended],
        recent_count=_count(recent, wanted, has_more=has_more),
        max_recent=wanted.length,
        shortest=MAX_RECENT,
        filter=wanted,
        filter_states=filter_states(),
        looked_through=number(LOOKED_THROUGH),
        **overrides_of(page.actor, page.overrides, page.now),
        more_url=f"?{wanted.address(more)}" if more else "",
        is_new_site=not has_run,
        checks=[] if has_run else checks(page),
    )


def _count(rows: list[Row], wanted: RecentFilter, *, has_more: bool) -> str:
    if not has_more:
        return number(len(rows))
    return f"the last {number(wanted.length)}"
