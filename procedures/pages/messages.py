"""Sending an event to scripts from a page, and what the form for it shows."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from procedures.domain.errors import InvalidInput, Refusal
from procedures.messages import MessageService
from procedures.pages.overrides import overrides_page
from procedures.pages.page import Page, page_view


@dataclass(frozen=True)
class Draft:
    """What somebody wanted to send and could not, to be mended."""

    topic: str = ""
    payload: str = ""


@require_POST
@page_view
def send(request: HttpRequest) -> HttpResponseBase:
    """Send an event to every script that listens to its topic."""
    page = Page.of(request)
    draft = Draft(request.POST.get("topic", "").strip(), request.POST.get("payload", "").strip())
    try:
        sent = MessageService(page.actor).publish(draft.topic, _payload(draft.payload))
    except Refusal as refusal:
        return overrides_page(page, refusal, draft)
    return redirect(f"{reverse('overrides')}?sent={sent['id']}")


def _payload(text: str) -> dict[str, Any]:
    try:
        payload = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"payload": f'is not JSON: {error}. Such as {{"speed": 12.5}}.'}) from None
    if not isinstance(payload, dict):
        raise InvalidInput({"payload": 'must be an object, such as {"speed": 12.5}.'})
    return payload
