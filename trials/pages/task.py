"""One task: its trials, its document as written and resolved; and running it again."""

from typing import Any

import yaml
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from procedures.domain.people import Right
from procedures.pages.page import Page, page_view, wants_json
from procedures.service import actor_of
from trials.domain.states import TrialState
from trials.pages.shown import shown_task, shown_trial
from trials.selectors import Narrowing, find_trials, task_detail, task_for, trial_summaries
from trials.service import TrialService

_TRIALS = 200


@require_safe
@page_view
def show(request: HttpRequest, task_id: int) -> HttpResponseBase:
    """The page of a task."""
    page = Page.of(request)
    task = task_for(page.actor, task_id)
    detail = task_detail(task)
    found = find_trials(page.actor, Narrowing(task_id=task.pk), _TRIALS)
    trials = [shown_trial(trial, page.now) for trial in trial_summaries(found)][::-1]
    return page.render(
        "trials/task.html",
        here="trials",
        task=shown_task(detail, page.now),
        trials=trials,
        resolved=resolved_text(detail["spec"]),
        may_run=page.actor.may(Right.PREPARE) and page.actor.may(Right.START),
        may_repeat_rest=bool(trials) and may_repeat_rest(trials[0]),
    )


@require_POST
@page_view
def run(request: HttpRequest, task_id: int) -> HttpResponseBase:
    """One more trial; with `only_not_passed` what has passed in the last one is taken over."""
    trial = TrialService(actor_of(request.user)).retry(task_id, only_not_passed="only_not_passed" in request.POST)
    url = reverse("trial", args=[trial.pk])
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


def may_repeat_rest(last: dict[str, Any]) -> bool:
    """Whether it makes sense to offer a retry of what did not pass in this trial, the last of its task."""
    is_over, has_passed = not last["is_unfinished"], last["counts"].get("passed", 0) > 0
    return is_over and has_passed and last["state"] != TrialState.PASSED and last["removed_at"] is None


def resolved_text(spec: dict[str, Any]) -> str:
    """The resolved form of a task as YAML, texts of several lines as they were written."""
    return yaml.dump(spec, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)
