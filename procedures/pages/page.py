"""What every page needs: who looks, up to which event it is true, what is live, and how a refusal is shown."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from procedures.domain.errors import InvalidInput, NotAllowed, Refusal
from procedures.domain.people import Actor, Right
from procedures.domain.states import ProcedureState
from procedures.overrides import OverrideService
from procedures.pages.conditions import FailedAbort, conditions, failed_aborts
from procedures.pages.questions import ShownQuestion, questions
from procedures.pages.row_words import ShownRow, with_words
from procedures.pages.rows import Row, live_rows
from procedures.selectors import latest_event_id, nodes
from procedures.service import actor_of
from procedures.words import clock, sidereal

P = ParamSpec("P")

THEMES = ("light", "dark", "night")
THEME_COOKIE = "oet_theme"
SEEN_COOKIE = "oet_seen_aborts"
"""Ids of failed aborts whose alarm this browser need not show any more, such as `12.17`."""
_ROLES = ("engineer", "operator", "viewer")
_HEADINGS = {403: "Not allowed", 404: "Not here"}
_STATUS = {"invalid": 400, "forbidden": 403, "not_found": 404, "no_manager": 503, "no_answer": 504}


@dataclass(frozen=True)
class Page:
    """The state of the site when a page was asked for. The cursor is read before all else, so no event falls between."""

    request: HttpRequest
    actor: Actor
    cursor: int
    now: float
    live: list[Row]
    nodes: list[dict[str, Any]]
    failed_aborts: list[FailedAbort]
    overrides: list[dict[str, Any]]

    @classmethod
    def of(cls, request: HttpRequest) -> "Page":
        """Read what every page shows; raises NotAllowed."""
        actor = actor_of(request.user)
        cursor = latest_event_id()
        failed = failed_aborts(actor, seen=_seen_aborts(request))
        overrides = OverrideService(actor).all()
        return cls(request, actor, cursor, time.time(), live_rows(actor), nodes(), failed, overrides)

    def rows(self, section: str) -> list[ShownRow]:
        """The live procedures of one list, with their words."""
        return with_words((row for row in self.live if row.section == section), self.now)

    def alone(self, section: str) -> list[ShownRow]:
        """Those of them that are no scripts of trials."""
        return [item for item in self.rows(section) if item.row.trial is None]

    def render(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """The page, never kept by a cache: going back must not show what was true once."""
        response = render(self.request, template, {**self._context(), **context}, status=status)
        response["Cache-Control"] = "no-store"
        return response

    def _context(self) -> dict[str, Any]:
        running = sum(row.state == ProcedureState.RUNNING for row in self.live)
        return {
            "page": self,
            "live_records": [row.as_record() for row in self.live],
            "running": running,
            "blank": ShownRow(Row(), {}),
            "utc": clock(self.now),
            "lst": sidereal(self.now, settings.OET.longitude) if settings.OET.longitude is not None else "",
            "longitude": settings.OET.longitude,
            "role": role_of(self.request.user) if isinstance(self.request.user, User) else "",
            "may_prepare": self.actor.may(Right.PREPARE),
            "may_start": self.actor.may(Right.START),
            "may_stop": self.actor.may(Right.STOP),
            "may_steer": self.actor.may(Right.STEER),
            "questions": questions(self.live, self.now),
            "blank_question": ShownQuestion(),
            "heartbeat_timeout_s": settings.OET.heartbeat_timeout,
            "grace_s": settings.OET.grace,
            "can_abort": bool(settings.OET.abort_script),
            "conditions": conditions(self.nodes, self.live, self.failed_aborts),
            "failed_aborts": [failure.as_record() for failure in self.failed_aborts],
            "override_records": [{key: one[key] for key in ("name", "value", "default")} for one in self.overrides],
            "overrides_changed": sum(one["value"] != one["default"] for one in self.overrides),
        }


def theme_of(request: HttpRequest) -> str:
    """The theme that was chosen; empty leaves it to the operating system."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what the pages without a login need, too."""
    return {
        "telescope": settings.OET.site_name,
        "version": settings.OET_VERSION,
        "node": settings.OET.node,
        "theme": theme_of(request),
        "themes": THEMES,
    }


def role_of(user: User) -> str:
    """The person's role, as the strip names it."""
    if user.is_superuser:
        return "administrator"
    groups = set(user.groups.values_list("name", flat=True))
    return next((role for role in _ROLES if role in groups), "")


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of ours asks, which shows the answer itself."""
    return request.headers.get("Accept", "").startswith("application/json")


def status_of(refusal: Refusal) -> int:
    """The HTTP status that says what kind of refusal it is."""
    return _STATUS.get(refusal.code, 409)


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal, as a page or as JSON."""
    if wants_json(request):
        answer: dict[str, Any] = {"detail": str(refusal), "code": refusal.code}
        if isinstance(refusal, InvalidInput):
            answer["errors"] = refusal.errors
        return JsonResponse(answer, status=status_of(refusal))
    status = status_of(refusal)
    words = {"refusal": str(refusal), "heading": _HEADINGS.get(status, "Refused")}
    try:
        return Page.of(request).render("procedures/refused.html", status=status, **words)
    except NotAllowed:  # not even the strip may be shown
        return render(request, "procedures/refused.html", words, status=status)


def page_view(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view whose refusals are answered in words, here and nowhere else."""

    @wraps(view)
    def answering(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return refused(request, refusal)

    return answering


def _seen_aborts(request: HttpRequest) -> frozenset[int]:
    found = request.COOKIES.get(SEEN_COOKIE, "").split(".")
    return frozenset(int(text) for text in found if text.isascii() and text.isdigit() and len(text) < 19)
