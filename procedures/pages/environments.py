"""Environments: the list, and one of them with its packages, its build log and who used it; what engineers may do with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from environments import log
from environments.domain.states import UNDER_WAY, EnvironmentState
from environments.models import Environment
from environments.selectors import is_unanswered
from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.people import Right
from procedures.environments import EnvironmentService, holders, is_building
from procedures.pages.page import Page, page_view, status_of, wants_json
from procedures.words import age, moment

_LISTED = 200
_LOG_LINES = 400
_MIB = 1 << 20
_GLYPHS = {"READY": "READY", "FAILED": "FAILED", "BUILDING": "LOADING", "REQUESTED": "CREATING", "EVICTED": "STOPPED"}
_FIELDS = {"git_repo": "repository", "git_branch": "branch", "git_commit": "commit"}

_DEEDS: Mapping[str, Callable[[EnvironmentService, int], Environment]] = {
    "pin": lambda service, number: service.pin(number, is_pinned=True),
    "unpin": lambda service, number: service.pin(number, is_pinned=False),
    "rebuild": lambda service, number: service.rebuild(number),
    "delete": lambda service, number: service.delete(number),
}


@dataclass(frozen=True)
class ShownEnvironment:
    """One environment, in words."""

    row: Environment
    glyph: str
    commit: str
    size: str
    used: str
    is_unanswered: bool


@dataclass(frozen=True)
class ShownUse:
    """One procedure that runs or ran in an environment."""

    id: int
    name: str
    state: str
    who: str
    at: str


@dataclass(frozen=True)
class Holder:
    """Somebody who needs the environment at this moment."""

    words: str
    procedure: int | None


@dataclass
class Ahead:
    """The form to build ahead, as it was filled in."""

    repository: str = ""
    branch: str = ""
    commit: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """By the name of the field."""
    fault: str = ""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Ahead":
        """What was sent."""
        repository, branch, commit = (data.get(name, "").strip() for name in _FIELDS.values())
        return cls(repository, branch, commit)


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def environments(request: HttpRequest) -> HttpResponseBase:
    """All of them, the most recently requested first; a POST has one built ahead."""
    page = Page.of(request)
    if request.method != "POST":
        return _list(page, Ahead())
    ahead = Ahead.read(request.POST)
    try:
        made = EnvironmentService(page.actor).build_ahead(ahead.repository, ahead.branch, ahead.commit)
    except InvalidInput as refused:
        ahead.errors = {_FIELDS.get(name, name): " ".join(words) for name, words in refused.errors.items()}
        if wants_json(request):
            raise InvalidInput(ahead.errors) from refused
        return _list(page, ahead, status=400)
    except Refusal as refused:
        if wants_json(request):
            raise
        ahead.fault = str(refused)
        return _list(page, ahead, status=status_of(refused))
    return _done(request, made.pk)


@require_safe
@page_view
def environment(request: HttpRequest, environment_id: int) -> HttpResponseBase:
    """One of them; the page reads itself again."""
    return _one(Page.of(request), environment_id)


@require_POST
@page_view
def manage(request: HttpRequest, environment_id: int) -> HttpResponseBase:
    """Pin, unpin, rebuild or delete it."""
    page = Page.of(request)
    deed = request.POST.get("deed", "")
    if deed not in _DEEDS:
        raise InvalidInput({"deed": f"must be one of {', '.join(_DEEDS)}."})
    try:
        _DEEDS[deed](EnvironmentService(page.actor), environment_id)
    except Refusal as refused:
        if wants_json(request) or refused.code == "not_found":
            raise
        return _one(page, environment_id, refusal=refused)
    return _done(request, environment_id)


def _list(page: Page, ahead: Ahead, status: int = 200) -> HttpResponse:
    rows = EnvironmentService(page.actor).all()[:_LISTED]
    return page.render(
        "environments/list.html",
        here="environments",
        status=status,
        environments=[_shown(row, page.now) for row in rows],
        ahead=ahead,
        may_manage=page.actor.may(Right.ENVIRONMENTS),
    )


def _one(page: Page, environment_id: int, refusal: Refusal | None = None) -> HttpResponse:
    service = EnvironmentService(page.actor)
    row = service.get(environment_id)
    context: dict[str, Any] = {
        "environment": _shown(row, page.now),
        "holders": [_holder(name) for name in holders(row)],
        "procedures": [
            ShownUse(p.pk, p.script_name, p.state, p.created_by, moment(p.created_at.timestamp(), page.now))
            for p in service.used_by(row.pk)
        ],
        "is_building": is_building(row),
        "may_manage": page.actor.may(Right.ENVIRONMENTS),
        "can_rebuild": row.state not in UNDER_WAY,
        "can_delete": row.state != EnvironmentState.EVICTED,
        "log": log.tail(row.pk, _LOG_LINES),
        "refusal": str(refusal) if refusal else "",
    }
    status = status_of(refusal) if refusal else 200
    return page.render("environments/detail.html", here="environments", status=status, **context)


def _done(request: HttpRequest, environment_id: int) -> HttpResponse:
    url = reverse("environment", args=[environment_id])
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


def _holder(name: str) -> Holder:
    kind, _, number = name.partition(":")
    if kind == "procedure" and number.isdigit():
        return Holder(f"procedure {number}", int(number))
    return Holder("an engineer, until it is built" if kind == "ahead" else name, None)


def _shown(row: Environment, now: float) -> ShownEnvironment:
    return ShownEnvironment(
        row=row,
        glyph=_GLYPHS[row.state],
        commit=row.commit[:12],
        size=f"{row.size_bytes / _MIB:.0f} MiB" if row.size_bytes else "",
        used=f"{age(max(0.0, now - row.last_used_at.timestamp()))} ago" if row.last_used_at else "",
        is_unanswered=is_unanswered(row),
    )
