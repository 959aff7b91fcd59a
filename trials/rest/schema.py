"""The shapes of requests and answers, for OpenAPI alone."""

from typing import Any

from rest_framework import serializers as s

from procedures.rest.schema.values import AnyJSON, Error, Time, TimeOrNull
from trials.domain.rehearsal import Fate
from trials.models import SCRIPT_STATES, TRIAL_STATES, TrialIssue


class TrialOfTask(s.Serializer[Any]):
    """A trial, as its task shows it."""

    id = s.IntegerField()
    number = s.IntegerField(help_text="1, 2, … in the task.")
    state = s.ChoiceField(TRIAL_STATES)
    started_at = TimeOrNull(allow_null=True)
    finished_at = TimeOrNull(allow_null=True)


class TaskSummary(s.Serializer[Any]):
    """A task."""

    id = s.IntegerField()
    key = s.CharField()
    name = s.CharField()
    state = s.ChoiceField(TRIAL_STATES)
    aggregate_state = s.ChoiceField(["satisfy-any", "satisfy-last"])
    max_trials = s.IntegerField()
    eager_trials = s.IntegerField()
    priority = s.IntegerField()
    load = s.FloatField()
    created_by = s.CharField()
    created_at = Time()
    aborted_by = s.CharField()
    aborted_at = TimeOrNull(allow_null=True)
    trials = TrialOfTask(many=True)
    uri = s.CharField()


class SpecificationWarning(s.Serializer[Any]):
    """What is legal in a document but hardly meant; errors have the same shape."""

    path = s.CharField()
    code = s.CharField()
    message = s.CharField()
    hint = s.CharField()
    line = s.IntegerField(allow_null=True)


class TaskDetail(TaskSummary):
    """A task with its document."""

    description = s.CharField()
    spec = AnyJSON(help_text="The task after inheritance and defaults.")
    warnings = SpecificationWarning(many=True)

    def get_fields(self) -> dict[str, Any]:
        """`source` cannot be an attribute: fields have one of that name."""
        return {**super().get_fields(), "source": s.CharField(help_text="The document as it was submitted.")}


class Issue(s.Serializer[Any]):
    """Something that went wrong, or is hardly meant."""

    key = s.CharField(allow_null=True, help_text="The script it is about.")
    level = s.ChoiceField(TrialIssue.Level.choices)
    title = s.CharField()
    description = s.CharField()
    at = Time()


class ScriptOfTrial(s.Serializer[Any]):
    """A script of a trial."""

    key = s.CharField()
    name = s.CharField()
    state = s.ChoiceField(SCRIPT_STATES)
    reason = s.CharField()
    kill = s.ChoiceField(["terminate_when", "abort", "timeout"], allow_null=True, help_text="Why it is, or was, ended.")
    exit_status = s.IntegerField(allow_null=True)
    resource = s.ListField(child=s.CharField())
    eligible_at = TimeOrNull(allow_null=True, help_text="When its start conditions all matched.")
    started_at = TimeOrNull(allow_null=True)
    finished_at = TimeOrNull(allow_null=True)
    procedure = s.IntegerField(allow_null=True)
    procedure_state = s.CharField(allow_null=True)
    deadline_at = TimeOrNull(allow_null=True)
    last_line = s.CharField(help_text="What it printed last.")
    output_lines = s.IntegerField()


class ScriptWithIssues(ScriptOfTrial):
    """A script of a trial, with what went wrong."""

    issues = Issue(many=True)


class TrialSummary(s.Serializer[Any]):
    """A trial."""

    id = s.IntegerField()
    task = s.IntegerField()
    task_name = s.CharField()
    number = s.IntegerField()
    state = s.ChoiceField(TRIAL_STATES)
    node = s.CharField(help_text="Empty until it is dispatched.")
    working_dir = s.CharField()
    ports = s.DictField(child=s.IntegerField())
    created_by = s.CharField(help_text="Empty if it came about by itself.")
    created_at = Time()
    started_at = TimeOrNull(allow_null=True)
    finished_at = TimeOrNull(allow_null=True)
    abort_requested_by = s.CharField()
    abort_requested_at = TimeOrNull(allow_null=True)
    retry_of = s.IntegerField(allow_null=True, help_text="The trial from which it took over what had passed.")
    removed_at = TimeOrNull(allow_null=True, help_text="When its working directory was removed.")
    error = s.CharField(help_text="Why it could not be set up, or was lost.")
    counts = s.DictField(child=s.IntegerField(), help_text="Number of scripts in each state.")
    uri = s.CharField()


class TrialDetail(TrialSummary):
    """A trial with its scripts."""

    scripts = ScriptWithIssues(many=True)
    issues = Issue(many=True, help_text="Those of no script.")


class Node(ScriptOfTrial):
    """A script in a graph."""

    description = s.CharField()
    kind = s.ChoiceField(["shell", "filesystem", "git", "embedded"])
    timeout = s.FloatField(help_text="Seconds.")
    ignore_state = s.BooleanField()
    ignore_abort = s.BooleanField()
    exclusive_executor_resource = s.CharField(allow_null=True, help_text="As written.")


class Edge(s.Serializer[Any]):
    """A condition in a graph: from the script that is looked at to the one that starts, or is ended."""

    to = s.CharField()
    use = s.ChoiceField(["start_when", "terminate_when"])
    states = s.ListField(child=s.ChoiceField(SCRIPT_STATES))
    exists = s.BooleanField(help_text="Such a script is in the trial.")
    is_satisfied = s.BooleanField(help_text="It matches now.")
    is_impossible = s.BooleanField(help_text="It will never match again.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, and fields have a `label`."""
        return {"from": s.CharField(), **super().get_fields(), "label": s.CharField()}


class TrialGraph(TrialSummary):
    """A trial as a graph."""

    issues = Issue(many=True)
    nodes = Node(many=True)
    edges = Edge(many=True)


class Abort(s.Serializer[Any]):
    """The body of a PUT."""

    state = s.ChoiceField(["aborted"])


class RetryOrder(s.Serializer[Any]):
    """The body of `POST tasks/{id}/trials/`, which may be empty."""

    only_not_passed = s.BooleanField(required=False, help_text="Take over what has passed in the last trial.")


class RehearsalOrder(s.Serializer[Any]):
    """The body of `POST tasks/rehearse/`."""

    document = s.CharField(required=False, help_text="The text of a specification; or `task`.")
    task = s.IntegerField(required=False)
    fates = s.DictField(child=s.ChoiceField([fate.value for fate in Fate]), required=False, help_text="By script key.")
    durations = s.DictField(child=s.FloatField(), required=False, help_text="Imagined seconds, by script key.")
    abort_at = s.FloatField(
        required=False, allow_null=True, help_text="When the trial is aborted, in imagined seconds."
    )


class SpecificationError(Error):
    """Why a document is no specification."""

    def get_fields(self) -> dict[str, Any]:
        """`errors` cannot be an attribute: serializers have one of that name."""
        return {**super().get_fields(), "errors": SpecificationWarning(many=True)}
