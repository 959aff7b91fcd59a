"""What operators tell scripts: the overrides, by whom and since when; deciding them; and the form for other events."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from procedures.domain.errors import InvalidInput, Refusal
from procedures.domain.overrides import Kind
from procedures.domain.people import Right
from procedures.overrides import OverrideService
from procedures.pages.page import Page, page_view, status_of, wants_json
from procedures.words import age, moment


@dataclass(frozen=True)
class ShownOverride:
    """One override, in words."""

    name: str
    words: str
    """Its name, as people read it."""
    description: str
    kind: str
    choices: list[str]
    value: str
    is_on: bool
    is_default: bool
    since: str
    """Who set it and when; empty if nobody has."""


@require_safe
@page_view
def overrides(request: HttpRequest) -> HttpResponseBase:
    """All of them; the page reads itself again."""
    return overrides_page(Page.of(request), sent=request.GET.get("sent", ""))


@require_POST
@page_view
def change(request: HttpRequest, name: str) -> HttpResponseBase:
    """Set one of them."""
    page = Page.of(request)
    service = OverrideService(page.actor)
    try:
        service.set(name, _value(service.get(name), request.POST.get("value", "")))
    except Refusal as refused:
        if wants_json(request) or refused.code == "not_found":
            raise
        return overrides_page(page, refused)
    url = reverse("overrides")
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


def overrides_page(page: Page, refusal: Refusal | None = None, message: Any = None, *, sent: str = "") -> HttpResponse:
    """The page, with what was refused, the message that could not be sent, or the number of the event that was."""
    return page.render(
        "procedures/overrides.html",
        here="overrides",
        status=status_of(refusal) if refusal else 200,
        overrides=shown_overrides(page.overrides, page.now),
        may_override=page.actor.may(Right.OVERRIDE),
        may_publish=page.actor.may(Right.PUBLISH),
        message=message,
        sent=sent if sent.isascii() and sent.isdigit() else "",
        refusal=str(refusal) if refusal else "",
    )


def shown_overrides(overrides: Iterable[dict[str, Any]], now: float) -> list[ShownOverride]:
    """What the service says of them, in words."""
    return [_shown(one, now) for one in overrides]


def _shown(one: dict[str, Any], now: float) -> ShownOverride:
    value = one["value"]
    since = ""
    if one["set_at"] is not None:
        since = f"{one['set_by']}, {moment(one['set_at'], now)} ({age(max(0.0, now - one['set_at']))} ago)"
    return ShownOverride(
        name=one["name"],
        words=one["name"].replace("_", " "),
        description=one["description"],
        kind=one["type"],
        choices=one["choices"],
        value=("on" if value else "off") if one["type"] == Kind.BOOL else str(value),
        is_on=value is True,
        is_default=value == one["default"],
        since=since,
    )


def _value(one: dict[str, Any], text: str) -> Any:
    """What was sent, as the kind of the override; raises InvalidInput."""
    try:
        match one["type"]:
            case Kind.BOOL:
                return {"on": True, "off": False}[text]
            case Kind.INT:
                return int(text)
            case Kind.FLOAT:
                return float(text)
    except (KeyError, ValueError):
        wanted = {Kind.BOOL: "on or off", Kind.INT: "a whole number", Kind.FLOAT: "a number"}[one["type"]]
        raise InvalidInput({"value": f"of {one['name']} must be {wanted}, not “{text[:60]}”."}) from None
    return text
