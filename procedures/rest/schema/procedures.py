"""Procedures, what is asked of them, and their history."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers as s

from procedures.models import STATE_CHOICES, Command
from procedures.rest.schema.said import Said
from procedures.rest.schema.scripts import Call, Script
from procedures.rest.schema.values import AnyJSON, Duration, Time, TimeOrNull


class NewProcedure(s.Serializer[Any]):
    """The body of `POST procedures/`."""

    script = Script()
    script_args = s.DictField(child=Call(), required=False, help_text="By function; `init` runs at once.")
    resources = s.ListField(
        child=s.CharField(),
        required=False,
        allow_null=True,
        help_text="What it claims while RUNNING; by default OET_RESOURCES.",
    )
    timeout = Duration(required=False, allow_null=True, help_text="How long each function may run.")
    start = s.BooleanField(
        required=False,
        help_text="Start `main` with the arguments given here as soon as it is READY, if what it claims is free then.",
    )


class ProcedureChange(s.Serializer[Any]):
    """The body of `PUT procedures/{id}/`."""

    state = s.ChoiceField(["RUNNING", "STOPPED"])
    script_args = s.DictField(
        child=Call(),
        required=False,
        help_text="RUNNING: the one function named here (`init` aside) is started; none means `main`.",
    )
    timeout = Duration(required=False, allow_null=True, help_text="RUNNING: how long this run may take.")
    abort = s.BooleanField(required=False, help_text="STOPPED: run the abort script afterwards.")
    grace = s.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=3600,
        help_text="STOPPED: seconds to tidy up; 0 kills at once.",
    )


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "array", "items": {}, "minItems": 2, "maxItems": 2},
        "description": "State (RUNNING numbered: `RUNNING 1`) and Unix seconds.",
    }
)
class ProcessStates(s.JSONField):
    """States and times."""


class History(s.Serializer[Any]):
    """The states that a procedure has been in."""

    process_states = ProcessStates()
    stacktrace = s.CharField(allow_null=True)


class Stopping(s.Serializer[Any]):
    """A stop that is under way or was carried out."""

    by = s.CharField()
    at = Time()
    grace = s.FloatField(allow_null=True)


class OutputSummary(s.Serializer[Any]):
    """How much was printed."""

    bytes = s.IntegerField()
    lines = s.IntegerField()
    last_line = s.CharField()


class ProcedureSummary(s.Serializer[Any]):
    """A procedure."""

    id = s.IntegerField()
    script = Script()
    script_args = s.DictField(child=Call())
    history = History()
    state = s.ChoiceField(STATE_CHOICES)
    cause = s.CharField(help_text="Why it is in this state.")
    created_by = s.CharField()
    created_at = Time()
    started_at = TimeOrNull(allow_null=True, help_text="When a function was last started.")
    finished_at = TimeOrNull(allow_null=True)
    node = s.CharField()
    pid = s.IntegerField(allow_null=True)
    environment = s.IntegerField(allow_null=True, help_text="The environment that was made for its commit.")
    resources = s.ListField(child=s.CharField())
    timeout = s.FloatField(allow_null=True, help_text="Seconds each function may run.")
    deadline_at = TimeOrNull(allow_null=True)
    stopping = Stopping(allow_null=True)
    abort_of = s.IntegerField(allow_null=True)
    part_of = AnyJSON(allow_null=True, help_text="`task`, `trial` and `key` of the script of a trial that it is.")
    output = OutputSummary()
    said = Said()
    uri = s.CharField()


class AbortSummary(s.Serializer[Any]):
    """The answer to a stop."""

    abort_message = s.CharField()


SUMMARY_OR_ABORT = PolymorphicProxySerializer(
    component_name="SummaryOrAbort", serializers=[ProcedureSummary, AbortSummary], resource_type_field_name=None
)
"""The answer to a start or to a stop."""


class Transition(s.Serializer[Any]):
    """One row of a history."""

    sequence = s.IntegerField()
    state = s.ChoiceField(STATE_CHOICES)
    at = Time()
    cause = s.CharField()
    who = s.CharField()
    function = s.CharField()
    stacktrace = s.CharField(allow_null=True)
    details = AnyJSON(allow_null=True, help_text="Results, and the report of a stop.")


class CommandRow(s.Serializer[Any]):
    """What somebody asked for, and what became of it."""

    id = s.IntegerField()
    kind = s.ChoiceField(Command.Kind.choices)
    procedure = s.IntegerField()
    node = s.CharField()
    arguments = AnyJSON()
    issued_by = s.CharField()
    issued_at = Time()
    expires_at = Time()
    state = s.ChoiceField(Command.State.choices)
    reason = s.CharField()
    refusal = s.CharField()
    answered_at = TimeOrNull(allow_null=True)
