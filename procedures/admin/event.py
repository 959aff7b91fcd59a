"""Events: the log that browsers and programs follow; it is pruned after OET_EVENT_DAYS."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from procedures.admin.filters import EventDateFilter, ProcedureFilter
from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import exact_moment, pretty_json, procedure_link
from procedures.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The event log."""

    list_display = ("id", "happened", "topic", "about")
    list_display_links = ("id",)
    list_filter = (ProcedureFilter, EventDateFilter)
    searched_columns = ("topic",)
    search_help_text = "A number finds that event. Words are looked for in the topic, newest first."
    fields = ("happened", "topic", "about", "payload_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the payload, which may be big; the page of one event reads it."""
        return super().get_queryset(request).defer("payload")

    @admin.display(description="at (UTC)")
    def happened(self, row: Event) -> str:
        """When."""
        return exact_moment(row.at)

    @admin.display(description="procedure")
    def about(self, row: Event) -> SafeString | str:
        """The procedure, which may have been deleted since."""
        return procedure_link(row.procedure_id)

    @admin.display(description="payload")
    def payload_text(self, row: Event) -> str:
        """What was told."""
        return pretty_json(row.payload)
