"""Every address of the API of trials, each with and without a trailing slash."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path

from trials.rest.tasks import RehearseView, SchemaView, TasksView, TaskTrialsView, TaskView, ValidateView
from trials.rest.trials import GraphView, OneTrialView, TrialsView

app_name = "trials_api"

_TASK = r"tasks/(?P<task_id>[0-9]{1,30})"
_TRIAL = r"trials/(?P<trial_id>[0-9]{1,30})"


def _address(pattern: str, view: Callable[..., Any], name: str) -> URLPattern:
    return re_path(rf"^{pattern}/?$", view, name=name)


urlpatterns = [
    _address("tasks", TasksView.as_view(), "tasks"),
    _address("tasks/validate", ValidateView.as_view(), "validate"),
    _address("tasks/rehearse", RehearseView.as_view(), "rehearse"),
    _address("tasks/schema", SchemaView.as_view(), "document-schema"),
    _address(_TASK, TaskView.as_view(), "task"),
    _address(f"{_TASK}/trials", TaskTrialsView.as_view(), "task-trials"),
    _address("trials", TrialsView.as_view(), "trials"),
    _address(_TRIAL, OneTrialView.as_view(), "trial"),
    _address(f"{_TRIAL}/graph", GraphView.as_view(), "graph"),
]
