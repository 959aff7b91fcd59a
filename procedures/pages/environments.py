"""Environments: the list, and one of them with its packages and its build log."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from environments import log
from environments.models import Environment
from environments.selectors import is_unanswered
from procedures.environments import EnvironmentService, holders, is_building
from procedures.pages.page import Page, page_view
from procedures.pages.words import age

_LISTED = 200
_LOG_LINES = 400
_MIB = 1 << 20
_GLYPHS = {"READY": "READY", "FAILED": "FAILED", "BUILDING": "LOADING", "REQUESTED": "CREATING", "EVICTED": "STOPPED"}


@dataclass(frozen=True)
class ShownEnvironment:
    """One environment, in words."""

    row: Environment
    glyph: str
    commit: str
    size: str
    used: str
    is_unanswered: bool


@require_safe
@page_view
def environments(request: HttpRequest) -> HttpResponseBase:
    """All of them, the most recently requested first."""
    page = Page.of(request)
    rows = EnvironmentService(page.actor).all()[:_LISTED]
    return page.render(
        "environments/list.html", here="environments", environments=[_shown(row, page.now) for row in rows]
    )


@require_safe
@page_view
def environment(request: HttpRequest, environment_id: int) -> HttpResponseBase:
    """One of them; while it is built the page reads itself again."""
    page = Page.of(request)
    row = EnvironmentService(page.actor).get(environment_id)
    context: dict[str, Any] = {
        "environment": _shown(row, page.now),
        "holders": holders(row),
        "is_building": is_building(row),
        "log": log.tail(row.pk, _LOG_LINES),
    }
    return page.render("environments/detail.html", here="environments", **context)


def _shown(row: Environment, now: float) -> ShownEnvironment:
    return ShownEnvironment(
        row=row,
        glyph=_GLYPHS[row.state],
        commit=row.commit[:12],
        size=f"{row.size_bytes / _MIB:.0f} MiB" if row.size_bytes else "",
        used=f"{age(max(0.0, now - row.last_used_at.timestamp()))} ago" if row.last_used_at else "",
        is_unanswered=is_unanswered(row),
    )
