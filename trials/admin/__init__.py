"""Administration: tasks, trials, their scripts and issues, to be looked at; nothing can be changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import cut, exact_moment, pretty_json, procedure_link, took
from trials.models import Task, Trial, TrialIssue, TrialScript


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """What people submitted."""

    list_display = ("id", "name", "state", "created_by", "created", "limits")
    list_display_links = ("id",)
    searched_columns = ("name", "key", "created_by", "state")
    search_help_text = "A number finds that task. Words are looked for in name, key, person and state, newest first."
    fields = (
        "key", "name", "description", "state", "aggregate_state", "limits", "priority", "load", "created_by", "created",
        "aborted_by", "aborted", "source", "spec_text", "warnings_text",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the documents, which may be big; the page of one task reads them."""
        return super().get_queryset(request).defer("source", "spec", "warnings")

    @admin.display(description="created (UTC)")
    def created(self, row: Task) -> str:
        """When it was submitted."""
        return exact_moment(row.created_at)

    @admin.display(description="aborted (UTC)")
    def aborted(self, row: Task) -> str:
        """When it was aborted."""
        return exact_moment(row.aborted_at)

    @admin.display(description="trials at most, at once")
    def limits(self, row: Task) -> str:
        """How many trials come about by themselves."""
        return f"{row.max_trials}, {row.eager_trials}"

    @admin.display(description="resolved")
    def spec_text(self, row: Task) -> str:
        """The task after inheritance and defaults."""
        return pretty_json(row.spec)

    @admin.display(description="warnings")
    def warnings_text(self, row: Task) -> str:
        """What is legal in it but hardly meant."""
        return pretty_json(row.warnings)


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    """Runs of tasks."""

    list_display = ("id", "of", "number", "state", "node", "created", "lasted", "why")
    list_display_links = ("id",)
    searched_columns = ("node", "state", "created_by", "error")
    search_help_text = "A number finds that trial. Words are looked for in node, state, person and error, newest first."
    fields = (
        "of", "number", "state", "error", "node", "working_dir", "ports_text", "created_by", "created", "started", "finished",
        "abort_requested_by", "abort_requested", "again", "removed",
    )  # fmt: skip

    @admin.display(description="task")
    def of(self, row: Trial) -> SafeString | str:
        """Its task."""
        return _link("task", row.task_id)

    @admin.display(description="retry of trial")
    def again(self, row: Trial) -> SafeString | str:
        """The trial whose results it took over."""
        return _link("trial", row.retry_of_id)

    @admin.display(description="created (UTC)")
    def created(self, row: Trial) -> str:
        """When it came about."""
        return exact_moment(row.created_at)

    @admin.display(description="set up (UTC)")
    def started(self, row: Trial) -> str:
        """When its scripts could start."""
        return exact_moment(row.started_at)

    @admin.display(description="finished (UTC)")
    def finished(self, row: Trial) -> str:
        """When it was over."""
        return exact_moment(row.finished_at)

    @admin.display(description="abort requested (UTC)")
    def abort_requested(self, row: Trial) -> str:
        """When somebody aborted it."""
        return exact_moment(row.abort_requested_at)

    @admin.display(description="cleared away (UTC)")
    def removed(self, row: Trial) -> str:
        """When its working directory was removed, or found kept."""
        return exact_moment(row.removed_at)

    @admin.display(description="took")
    def lasted(self, row: Trial) -> str:
        """How long it took."""
        return took(row.started_at, row.finished_at)

    @admin.display(description="ports")
    def ports_text(self, row: Trial) -> str:
        """What it held."""
        return pretty_json(row.ports)

    @admin.display(description="error")
    def why(self, row: Trial) -> str:
        """Why it could not be set up."""
        return cut(row.error, 160)


@admin.register(TrialScript)
class TrialScriptAdmin(ReadOnlyAdmin):
    """Scripts of trials."""

    list_display = ("id", "of", "key", "state", "why", "runs_as", "started", "lasted")
    list_display_links = ("id",)
    searched_columns = ("key", "name", "state", "reason")
    search_help_text = "A number finds that script. Words are looked for in key, name, state and reason, newest first."
    fields = (
        "of", "key", "name", "state", "reason", "kill", "exit_status", "runs_as", "eligible", "started", "finished", "resource_text",
        "environment_text", "spec_text",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what may be big; the page of one script reads it."""
        return super().get_queryset(request).defer("spec", "environment")

    @admin.display(description="trial")
    def of(self, row: TrialScript) -> SafeString | str:
        """Its trial."""
        return _link("trial", row.trial_id)

    @admin.display(description="procedure")
    def runs_as(self, row: TrialScript) -> SafeString | str:
        """The procedure that it is."""
        return procedure_link(row.procedure_id)

    @admin.display(description="reason")
    def why(self, row: TrialScript) -> str:
        """Why it is in its state."""
        return cut(row.reason, 160)

    @admin.display(description="ready (UTC)")
    def eligible(self, row: TrialScript) -> str:
        """When its start conditions all matched."""
        return exact_moment(row.eligible_at)

    @admin.display(description="started (UTC)")
    def started(self, row: TrialScript) -> str:
        """When it started."""
        return exact_moment(row.started_at)

    @admin.display(description="finished (UTC)")
    def finished(self, row: TrialScript) -> str:
        """When it ended."""
        return exact_moment(row.finished_at)

    @admin.display(description="took")
    def lasted(self, row: TrialScript) -> str:
        """How long it took."""
        return took(row.started_at, row.finished_at)

    @admin.display(description="resource")
    def resource_text(self, row: TrialScript) -> str:
        """What it needed for itself."""
        return pretty_json(row.resource)

    @admin.display(description="environment")
    def environment_text(self, row: TrialScript) -> str:
        """What it was given, as rendered."""
        return pretty_json(row.environment)

    @admin.display(description="resolved")
    def spec_text(self, row: TrialScript) -> str:
        """The script after inheritance and defaults."""
        return pretty_json(row.spec)


@admin.register(TrialIssue)
class TrialIssueAdmin(ReadOnlyAdmin):
    """What went wrong, or is hardly meant."""

    list_display = ("id", "of", "level", "title", "happened")
    list_display_links = ("id",)
    searched_columns = ("title", "level", "description")
    search_help_text = "Words are looked for in title, level and description, newest first."
    fields = ("of", "of_script", "level", "title", "description", "happened")

    @admin.display(description="trial")
    def of(self, row: TrialIssue) -> SafeString | str:
        """Its trial."""
        return _link("trial", row.trial_id)

    @admin.display(description="script")
    def of_script(self, row: TrialIssue) -> SafeString | str:
        """The script it is about."""
        return _link("trialscript", row.script_id)

    @admin.display(description="at (UTC)")
    def happened(self, row: TrialIssue) -> str:
        """When it was found."""
        return exact_moment(row.at)


def _link(model: str, pk: int | None) -> SafeString | str:
    if pk is None:
        return ""
    return format_html('<a href="{}">#{}</a>', reverse(f"admin:trials_{model}_change", args=[pk]), pk)
