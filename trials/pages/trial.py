"""The page of one trial: its graph, its times, its scripts; live."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from procedures.domain.people import Right
from procedures.pages.page import Page, page_view
from procedures.words import clock, took
from trials.announcing import issue_to_json
from trials.graphs import trial_graph
from trials.pages.shown import shown_trial, shown_trial_of_task
from trials.pages.task import may_repeat_rest
from trials.pages.words import abort_effects, conditions_of, judged_edges, note
from trials.selectors import task_summaries, trial_for

_SIBLINGS = 30
_MAX_ISSUES = 200


@require_safe
@page_view
def show(request: HttpRequest, trial_id: int) -> HttpResponseBase:
    """The page."""
    page = Page.of(request)
    trial = trial_for(page.actor, trial_id)
    graph = trial_graph(trial)
    edges = judged_edges(graph)
    nodes = [{**node, "note": note(node, graph["nodes"], edges)} for node in graph["nodes"]]
    siblings = [shown_trial_of_task(it, page.now) for it in task_summaries([trial.task])[0]["trials"]]
    shown = shown_trial(graph, page.now)
    issues = trial.issues.select_related("script").order_by("id")[:_MAX_ISSUES]
    return page.render(
        "trials/trial.html",
        here="trials",
        trial=shown,
        task_by=trial.task.created_by,
        scripts=[_shown_script(node, edges) for node in nodes],
        issues=[issue_to_json(issue) for issue in issues],
        siblings=siblings[-_SIBLINGS:],
        last_number=siblings[-1]["number"],
        trial_data={**_record(graph), "nodes": [_node(node) for node in nodes], "edges": edges},
        effects=abort_effects(nodes),
        may_run=page.actor.may(Right.PREPARE) and page.actor.may(Right.START),
        may_repeat_rest=siblings[-1]["id"] == trial.pk and may_repeat_rest(shown),
    )


_OF_TRIAL = ("id", "task", "task_name", "number", "state", "created_at", "started_at", "finished_at")


def _record(graph: dict[str, Any]) -> dict[str, Any]:
    return {name: graph[name] for name in _OF_TRIAL}


def _node(node: dict[str, Any]) -> dict[str, Any]:
    return {**node, "url": _url(node)}


def _url(node: dict[str, Any]) -> str:
    return reverse("procedure", args=[node["procedure"]]) if node["procedure"] else ""


def _shown_script(node: dict[str, Any], edges: list[dict[str, Any]]) -> dict[str, Any]:
    started, finished = node["started_at"], node["finished_at"]
    return {
        **_node(node),
        "conditions": conditions_of(node["key"], edges),
        "started": clock(started) if started else "",
        "took": took(finished - started) if started and finished else "",
        "limit": f"{node['timeout']:g} s",
    }
