"""Every address of the API, each with and without a trailing slash."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, re_path

from procedures.rest.api_schema import SchemaView, ui
from procedures.rest.audit import CommandsOfProcedureView, CommandsView, HistoryView
from procedures.rest.environments import BuildLogView, EnvironmentsView, EnvironmentView, RebuildView
from procedures.rest.messages import EventsView, OverridesView, OverrideView
from procedures.rest.output import OutputView
from procedures.rest.output_search import OutputSearchView
from procedures.rest.past import DayView, OutcomesView, SearchView
from procedures.rest.presets import PresetsView, PresetView
from procedures.rest.procedures import ProceduresView, ProcedureView
from procedures.rest.sayings import (
    AttachmentsView,
    AttachmentView,
    LogView,
    QuestionsOfProcedureView,
    QuestionsView,
    QuestionView,
)
from procedures.rest.site import NodesView, ScriptsView, UnknownView
from procedures.rest.stack import StackView
from procedures.rest.steering import PauseView, ResumeView
from procedures.rest.stream import StreamView
from procedures.rest.tokens import LogoutView, TokenView

app_name = "api"

_ONE = r"procedures/(?P<procedure_id>[0-9]{1,30})"
_NUMBER = r"(?P<number>[0-9]{1,9})"
_ENVIRONMENT = r"environments/(?P<environment_id>[0-9]{1,18})"


def _address(pattern: str, view: Callable[..., Any], name: str) -> URLPattern:
    return re_path(rf"^{pattern}/?$", view, name=name)


urlpatterns = [
    _address("procedures", ProceduresView.as_view(), "procedures"),
    _address(_ONE, ProcedureView.as_view(), "procedure"),
    _address(f"{_ONE}/output", OutputView.as_view(), "output"),
    _address(f"{_ONE}/output/search", OutputSearchView.as_view(), "output-search"),
    _address(f"{_ONE}/stack", StackView.as_view(), "stack"),
    _address(f"{_ONE}/history", HistoryView.as_view(), "history"),
    _address(f"{_ONE}/commands", CommandsOfProcedureView.as_view(), "procedure-commands"),
    _address(f"{_ONE}/pause", PauseView.as_view(), "pause"),
    _address(f"{_ONE}/resume", ResumeView.as_view(), "resume"),
    _address(f"{_ONE}/questions", QuestionsOfProcedureView.as_view(), "procedure-questions"),
    _address(f"{_ONE}/questions/{_NUMBER}", QuestionView.as_view(), "question"),
    _address(f"{_ONE}/attachments", AttachmentsView.as_view(), "attachments"),
    _address(f"{_ONE}/attachments/(?P<name>[^/]{{1,600}})", AttachmentView.as_view(), "attachment"),
    _address(f"{_ONE}/log", LogView.as_view(), "log"),
    _address("questions", QuestionsView.as_view(), "questions"),
    _address("events", EventsView.as_view(), "events"),
    _address("overrides", OverridesView.as_view(), "overrides"),
    _address("overrides/(?P<name>[^/]{1,60})", OverrideView.as_view(), "override"),
    _address("presets", PresetsView.as_view(), "presets"),
    _address("presets/(?P<preset_id>[0-9]{1,18})", PresetView.as_view(), "preset"),
    _address("commands", CommandsView.as_view(), "commands"),
    _address("environments", EnvironmentsView.as_view(), "environments"),
    _address(_ENVIRONMENT, EnvironmentView.as_view(), "environment"),
    _address(f"{_ENVIRONMENT}/log", BuildLogView.as_view(), "environment-log"),
    _address(f"{_ENVIRONMENT}/rebuild", RebuildView.as_view(), "environment-rebuild"),
    _address("nodes", NodesView.as_view(), "nodes"),
    _address("search", SearchView.as_view(), "search"),
    _address("outcomes", OutcomesView.as_view(), "outcomes"),
    _address(r"days/(?P<day>[^/]{1,40})", DayView.as_view(), "day"),
    _address("scripts", ScriptsView.as_view(), "scripts"),
    _address("stream", StreamView.as_view(), "stream"),
    _address("auth/token", TokenView.as_view(), "token"),
    _address("auth/logout", LogoutView.as_view(), "logout"),
    _address("schema", SchemaView.as_view(), "schema"),
    _address("ui", ui, "ui"),
    re_path(r"^[\s\S]*$", UnknownView.as_view(), name="unknown"),  # not `(?s)`, which reverse() cannot read
]
