"""Filters of the lists, each on an indexed column; the values they offer are those of the latest rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from environments.domain.states import EnvironmentState
from procedures.keyset import key_span
from procedures.models import LIVE_STATES, STATE_CHOICES
from procedures.narrowing import Narrowing

LOOKED_AT = 500
OFFERED = 10
LIVE = "live"


class _StateFilter(SimpleListFilter):
    """A state, out of those that there are."""

    title = "state"
    parameter_name = "state"
    parameters: ClassVar = ("state",)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All of them: the list narrows them down, when it knows every filter."""
        return queryset

    @property
    def narrowing(self) -> Narrowing | None:
        """The state or states that are wanted."""
        wanted = self.value()
        if wanted is None:
            return None
        if wanted not in dict(self.lookup_choices):
            raise IncorrectLookupParameters(f"{wanted!r} is no state that this list has")
        return Narrowing("state", self.states_of(wanted))

    def states_of(self, wanted: str) -> tuple[str, ...]:
        """The states that a choice stands for."""
        return (wanted,)


class StateFilter(_StateFilter):
    """The state a procedure is in."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Live ones, then each state."""
        return [(LIVE, "live (not ended yet)"), *STATE_CHOICES]

    def states_of(self, wanted: str) -> tuple[str, ...]:
        """Those of procedures that are live, or the one."""
        return tuple(LIVE_STATES) if wanted == LIVE else (wanted,)


class EnvironmentStateFilter(_StateFilter):
    """The state an environment is in."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each state."""
        return [(state.value, state.value) for state in EnvironmentState]


class FormFilter(ListFilter):
    """A filter with fields to fill in; its form carries the other filters along."""

    parameters: ClassVar[tuple[str, ...]]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.model = model
        self.values = {name: params.pop(name)[-1].strip() if name in params else "" for name in self.parameters}
        self.used_parameters = {name: value for name, value in self.values.items() if value}
        self.others: list[tuple[str, str]] = []
        """Names and values of hidden fields."""

    def has_output(self) -> bool:
        """Always shown."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """The parameters of the address that are this filter's."""
        return list(self.parameters)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All of them: the list narrows them down, when it knows every filter."""
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Links that set the filter."""
        self.others = [
            (name, value)
            for name, value in changelist.params.items()
            if name not in (*self.parameters, "before", "after")
        ]
        for display, values in self.offers():
            yield {
                "display": display,
                "query_string": changelist.get_query_string(
                    {name: values.get(name) or None for name in self.parameters}
                ),
                "selected": self.used_parameters == values,
            }

    def offers(self) -> list[tuple[str, dict[str, str]]]:
        """What can be had with one click: words, and the parameters they stand for."""
        return [("All", {})]


class ValueFilter(FormFilter):
    """A column that has exactly the value typed or chosen."""

    template = "admin/procedures/filters/value.html"
    column: ClassVar[str]
    hint: ClassVar[str] = ""

    @property
    def parameter(self) -> str:
        """The name of the field."""
        return self.parameters[0]

    @property
    def value(self) -> str:
        """What was typed or chosen."""
        return self.values[self.parameter]

    @property
    def narrowing(self) -> Narrowing | None:
        """The value that is wanted."""
        if "\0" in self.value:
            raise IncorrectLookupParameters(f"{self.parameter} contains a NUL character")
        return Narrowing(self.column, (self.value,)) if self.value else None

    def offers(self) -> list[tuple[str, dict[str, str]]]:
        """The values that occur in the latest rows, most frequent first; a DISTINCT would read the whole table."""
        latest = self.model._default_manager.order_by("-pk").values_list(self.column, flat=True)[:LOOKED_AT]
        counts: dict[str, int] = {}
        for value in filter(None, latest):
            counts[value] = counts.get(value, 0) + 1
        frequent = sorted(counts, key=lambda value: (-counts[value], value))[:OFFERED]
        if self.value and self.value not in frequent:
            frequent.append(self.value)
        return [*super().offers(), *((value, {self.parameter: value}) for value in frequent)]


class ScriptFilter(ValueFilter):
    """The script, by its file name."""

    title = "script"
    parameters = ("script",)
    column = "script_name"
    hint = "whole file name"


class PersonFilter(ValueFilter):
    """Who created the procedure."""

    title = "user"
    parameters = ("who",)
    column = "created_by"
    hint = "user name"


class ProcedureFilter(FormFilter):
    """The procedure that a row is about."""

    title = "procedure"
    template = "admin/procedures/filters/procedure.html"
    parameters = ("procedure",)

    @property
    def value(self) -> str:
        """The number typed."""
        return self.values["procedure"]

    @property
    def narrowing(self) -> Narrowing | None:
        """The procedure that is wanted."""
        if not self.value:
            return None
        number = self.value.removeprefix("#")
        if not (number.isascii() and number.isdecimal() and len(number) <= 18):
            raise IncorrectLookupParameters(f"{self.value!r} is not the number of a procedure")
        return Narrowing("procedure_id", (int(number),))


class DateFilter(FormFilter):
    """A range of days in UTC, both included."""

    template = "admin/procedures/filters/dates.html"
    parameters = ("since", "until")
    column: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of those days, bounded by their keys too, so that the list can be walked by key from the right place."""
        span = self._span()
        if not span:
            return queryset
        keys = key_span(self.model._default_manager.filter(**span))
        return queryset.filter(**span, pk__range=keys) if keys else queryset.none()

    def offers(self) -> list[tuple[str, dict[str, str]]]:
        """The usual spans."""
        today = datetime.now(UTC).date()
        spans = {"Today": 0, "Past 7 days": 6, "Past 30 days": 29}
        named = [(words, {"since": (today - timedelta(days=days)).isoformat()}) for words, days in spans.items()]
        return [("Any date", {}), *named, ("This year", {"since": today.replace(month=1, day=1).isoformat()})]

    def _span(self) -> dict[str, datetime]:
        span = {}
        if since := self.values["since"]:
            span[f"{self.column}__gte"] = _midnight(since)
        if until := self.values["until"]:
            span[f"{self.column}__lt"] = _midnight(until, days=1)
        return span


class CreatedFilter(DateFilter):
    """When the procedure was created."""

    title = "date (UTC)"
    column = "created_at"


class EventDateFilter(DateFilter):
    """When it happened."""

    title = "date (UTC)"
    column = "at"


def _midnight(text: str, *, days: int = 0) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), UTC)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(f"{text!r} is not a date such as 2026-03-18") from error
