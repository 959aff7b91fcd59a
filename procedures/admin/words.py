"""States, times and links as people read them in the admin."""

import json
from datetime import UTC, datetime
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from procedures import words

MAX_JSON = 20_000
"""Characters of JSON that a page shows of one value."""


def state_mark(state: str) -> SafeString:
    """A state: its glyph and its word, in its colour."""
    return format_html(
        '<span class="oet-state" data-state="{}"><svg aria-hidden="true"><use href="{}#{}"/></svg>{}</span>',
        state,
        static("admin_oet/glyphs.svg"),
        state,
        state,
    )


def brief(text: str) -> SafeString:
    """Text of which a list shows three lines."""
    return format_html('<span class="oet-brief">{}</span>', text)


def procedure_link(procedure_id: int | None) -> SafeString | str:
    """The way to the page of a procedure."""
    if procedure_id is None:
        return ""
    return format_html(
        '<a href="{}">#{}</a>', reverse("admin:procedures_procedure_change", args=[procedure_id]), procedure_id
    )


def environment_link(environment_id: int | None) -> SafeString | str:
    """The way to the page of an environment."""
    if environment_id is None:
        return ""
    url = reverse("admin:environments_environment_change", args=[environment_id])
    return format_html('<a href="{}">environment {}</a>', url, environment_id)


def moment(at: datetime | None) -> str:
    """`2026-03-18 01:47:32`, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def exact_moment(at: datetime | None) -> str:
    """`2026-03-18 01:47:32.123`, in UTC."""
    return f"{moment(at)}.{at.microsecond // 1000:03}" if at else ""


def took(since: datetime | None, until: datetime | None) -> str:
    """How long it took; empty where it has not begun or not ended."""
    return words.took((until - since).total_seconds()) if since and until else ""


def pretty_json(value: Any) -> str:
    """JSON over several lines, cut where it would fill the page."""
    return cut(json.dumps(value, ensure_ascii=False, indent=2), MAX_JSON)


def cut(text: str, characters: int) -> str:
    """The text, or its beginning and how much there is."""
    return text if len(text) <= characters else f"{text[:characters]}… ({len(text)} characters)"
