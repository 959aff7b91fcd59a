"""The confirmations of an abort: they name what ends, what never starts and what goes on. They work with and without JavaScript."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from procedures.domain.people import Right
from procedures.pages.page import Page, page_view, wants_json
from trials.domain.states import UNFINISHED
from trials.graphs import trial_graph
from trials.pages.shown import shown_task, shown_trial
from trials.pages.words import abort_effects
from trials.selectors import task_for, task_summaries, trial_for
from trials.service import TrialService


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def abort_trial(request: HttpRequest, trial_id: int) -> HttpResponseBase:
    """Ask whether to abort a trial (GET), and do it (POST)."""
    page = Page.of(request)
    page.actor.require(Right.STOP)
    url = reverse("trial", args=[trial_id])
    if request.method == "POST":
        TrialService(page.actor).abort_trial(trial_id)
        return _done(request, url)
    trial = trial_for(page.actor, trial_id)
    graph = trial_graph(trial)
    shown = shown_trial(graph, page.now)
    return page.render(
        "trials/abort.html",
        here="trials",
        what=f"trial {trial.number} of {shown['title']}",
        state=trial.state,
        is_over=trial.state not in UNFINISHED,
        effects=[(f"Trial {trial.number}", abort_effects(graph["nodes"]))],
        url=url,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page_view
def abort_task(request: HttpRequest, task_id: int) -> HttpResponseBase:
    """Ask whether to abort a task (GET), and do it (POST): its unfinished trials, and it makes no new ones."""
    page = Page.of(request)
    page.actor.require(Right.STOP)
    url = reverse("task", args=[task_id])
    if request.method == "POST":
        TrialService(page.actor).abort_task(task_id)
        return _done(request, url)
    task = task_for(page.actor, task_id)
    shown = shown_task(task_summaries([task])[0], page.now)
    return page.render(
        "trials/abort.html",
        here="trials",
        what=f"task {shown['title']}",
        state=task.state,
        is_over=not shown["is_unfinished"],
        effects=[_effects_of(page, trial) for trial in shown["trials"] if trial["is_unfinished"]],
        is_task=True,
        url=url,
    )


def _effects_of(page: Page, trial: Mapping[str, Any]) -> tuple[str, dict[str, list[str]]]:
    graph = trial_graph(trial_for(page.actor, trial["id"]))
    return f"Trial {trial['number']}", abort_effects(graph["nodes"])


def _done(request: HttpRequest, url: str) -> HttpResponseBase:
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)
