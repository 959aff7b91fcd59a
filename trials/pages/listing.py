"""Trials: what is under way, and every task with its trials."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from procedures.domain.errors import InvalidInput
from procedures.domain.people import Right
from procedures.pages.page import Page, page_view
from trials.domain.states import UNFINISHED
from trials.pages.shown import shown_task, shown_trial
from trials.selectors import Narrowing, find_tasks, find_trials, task_summaries, trial_summaries

_TASKS = 50
_UNDER_WAY = 100
_MAX_DIGITS = 18


@require_safe
@page_view
def trials(request: HttpRequest) -> HttpResponseBase:
    """The lists; `before` leads to older tasks."""
    page = Page.of(request)
    before_id = _before(request.GET.get("before", ""))
    under_way = find_trials(page.actor, Narrowing(states=sorted(UNFINISHED)), _UNDER_WAY)
    found = find_tasks(page.actor, Narrowing(before_id=before_id), _TASKS + 1)
    has_older, found = len(found) > _TASKS, found[-_TASKS:]
    return page.render(
        "trials/list.html",
        here="trials",
        under_way=[shown_trial(trial, page.now) for trial in trial_summaries(under_way)][::-1],
        tasks=[shown_task(task, page.now) for task in task_summaries(found)][::-1],
        older=found[0].pk if has_older else None,
        is_first_page=before_id is None,
        may_run=page.actor.may(Right.PREPARE) and page.actor.may(Right.START),
    )


def _before(text: str) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    raise InvalidInput({"before": "must be the number of a task."})
