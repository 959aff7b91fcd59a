"""Now: what runs, what is prepared, what has ended."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from procedures.pages.health import checks
from procedures.pages.page import Page, page_view
from procedures.pages.rows import MAX_RECENT, recent_rows, with_words


@require_safe
@page_view
def now(request: HttpRequest) -> HttpResponseBase:
    """The dashboard."""
    page = Page.of(request)
    ended = sorted(recent_rows(page.actor), key=lambda row: (row.finished_at or 0, row.id), reverse=True)
    unknown = [row for row in page.live if row.section == "recent"]
    recent = [*reversed(unknown), *ended]
    ready = sum(row.state == "READY" for row in page.live)
    prepared = page.rows("prepared")
    is_new_site = not page.live and not ended
    return page.render(
        "procedures/dashboard.html",
        here="now",
        running_rows=page.rows("running"),
        prepared_rows=prepared,
        ready=ready,
        on_the_way=len(prepared) - ready,
        recent_rows=with_words(recent, page.now),
        recent_records=[row.as_record() for row in ended],
        max_recent=MAX_RECENT,
        is_new_site=is_new_site,
        checks=checks(page) if is_new_site else [],
    )
