"""What OpenAPI says of the history's addresses."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s

from procedures.models import STATE_CHOICES
from procedures.rest.described import PAGE, answers, query
from procedures.rest.schema.procedures import ProcedureSummary
from procedures.rest.schema.values import Time, TimeOrNull


class FoundProcedures(s.Serializer[Any]):
    """A page of what was found."""

    procedures = ProcedureSummary(many=True, help_text="Newest first.")
    older = s.IntegerField(
        allow_null=True, help_text="`before` of the next page; null on the last. A page may hold less than `limit`."
    )


class ScriptOutcomes(s.Serializer[Any]):
    """Figures of one script."""

    script = s.CharField()
    runs = s.IntegerField()
    complete = s.IntegerField()
    stopped = s.IntegerField()
    failed = s.IntegerField()
    median_s = s.FloatField(allow_null=True, help_text="Of those that are COMPLETE, in seconds.")
    usual_s = s.ListField(
        child=s.FloatField(),
        min_length=2,
        max_length=2,
        allow_null=True,
        help_text="Four fifths of them took between these.",
    )


class Outcomes(s.Serializer[Any]):
    """Figures of every script, the most run first."""

    since = Time(help_text="Of runs that ended from then on; of very many only the newest 5 000 are counted.")
    runs = s.IntegerField()
    scripts = ScriptOutcomes(many=True)


class DayProcedure(s.Serializer[Any]):
    """One procedure of a day."""

    id = s.IntegerField()
    script = s.CharField()
    state = s.ChoiceField(STATE_CHOICES)
    lane = s.CharField(help_text="Its subarray, or the resource that it claims.")
    arguments = s.CharField()
    prepared_by = s.CharField()
    started_by = s.CharField()
    begin = Time()
    end = TimeOrNull(allow_null=True)
    cause = s.CharField()
    stacktrace_end = s.ListField(child=s.CharField(), help_text="Last lines of the stacktrace.")
    output_end = s.ListField(child=s.CharField(), help_text="Last lines of the output, of what failed.")


class DayStop(s.Serializer[Any]):
    """A stop that somebody asked for."""

    procedure = s.IntegerField()
    script = s.CharField()
    who = s.CharField()
    at = Time()
    grace_s = s.FloatField(allow_null=True)
    with_abort = s.BooleanField()
    answer = s.CharField()
    ended = s.CharField(help_text="How the procedure ended.")


class Day(s.Serializer[Any]):
    """Everything that was done in a day, oldest first."""

    begin = Time()
    end = Time()
    is_cut_short = s.BooleanField(help_text="There were more procedures than are listed.")
    procedures = DayProcedure(many=True)
    stops = DayStop(many=True)


_DAY = OpenApiParameter(
    "day", OpenApiTypes.DATE, OpenApiParameter.PATH, description="The day on which it begins, at noon."
)

search = extend_schema(
    operation_id="search_procedures",
    parameters=[
        query("q", "Words, `script:…`, `by:…`, `subarray_id=…`, `state:…`, `since:…`, `until:…`, or a number."),
        *PAGE[:2],
    ],
    responses=answers(400, 401, 403, _200=FoundProcedures),
)
outcomes = extend_schema(
    operation_id="list_outcomes",
    parameters=[
        query("since", "Only runs that ended since then: Unix seconds or ISO 8601; by default 90 days."),
        query("script", "Only the script of this name."),
    ],
    responses=answers(400, 401, 403, _200=Outcomes),
)
day = extend_schema(operation_id="get_day", parameters=[_DAY], responses=answers(400, 401, 403, _200=Day))
