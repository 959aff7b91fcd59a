"""Trials on pages that are not theirs: procedures know nothing of trials, so templates ask for them."""

from collections.abc import Iterable
from typing import Any

from django import template

from procedures.pages.page import Page
from trials.pages.lines import Line, ShownLine, ended_lines, live_lines, with_words

register = template.Library()


@register.simple_tag
def trials_under_way(page: Page) -> list[Line]:
    """The trials that are under way."""
    return live_lines(page)


@register.filter
def as_records(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The form in which they go to the browser."""
    return [line.as_record() for line in lines]


@register.inclusion_tag("trials/_now.html", takes_context=True)
def trials_now(context: template.Context) -> dict[str, Any]:
    """The trials that are under way, which the page has asked for, and the last that have ended, a line each."""
    page: Page = context["page"]
    ended = ended_lines(page)
    return {
        "lines": with_words([*context["live_trials"], *ended], page),
        "ended": ended,
        "blank": ShownLine(Line()),
        "may_stop": context["may_stop"],
    }


@register.filter
def shown_on(lines: Iterable[Line], page: Page) -> list[ShownLine]:
    """With their words."""
    return with_words(lines, page)
