"""What scripts asked, attached and logged, and what the operators have decided."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from procedures.admin.filters import ProcedureFilter
from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import cut, exact_moment, procedure_link
from procedures.models import Attachment, LogRecord, OperatorOverride, Question


class _OfProcedureAdmin(ReadOnlyAdmin):
    """Rows that belong to a procedure."""

    list_display_links = ("id",)
    list_filter = (ProcedureFilter,)

    @admin.display(description="procedure")
    def about(self, row: Any) -> SafeString | str:
        """The procedure."""
        return procedure_link(row.procedure_id)

    @admin.display(description="at (UTC)")
    def happened(self, row: Any) -> str:
        """When."""
        return exact_moment(row.at)


@admin.register(Question)
class QuestionAdmin(_OfProcedureAdmin):
    """Questions of scripts, and who answered what."""

    list_display = ("id", "about", "asked", "question", "state", "answer", "answered_by")
    searched_columns = ("text", "answer", "answered_by")
    search_help_text = (
        "A number finds that question. Words are looked for in question, answer and person, newest first."
    )
    fields = ("about", "number", "text", "choices", "asked", "deadline", "state", "answer", "answered_by", "closed")

    @admin.display(description="asked (UTC)")
    def asked(self, row: Question) -> str:
        """When it was asked."""
        return exact_moment(row.asked_at)

    @admin.display(description="question")
    def question(self, row: Question) -> str:
        """What was asked."""
        return cut(row.text, 160)

    @admin.display(description="waited until (UTC)")
    def deadline(self, row: Question) -> str:
        """Until when the script waited; empty: for ever."""
        return exact_moment(row.deadline_at)

    @admin.display(description="closed (UTC)")
    def closed(self, row: Question) -> str:
        """When it was answered, or given up."""
        return exact_moment(row.closed_at)


@admin.register(Attachment)
class AttachmentAdmin(_OfProcedureAdmin):
    """Small results."""

    list_display = ("id", "about", "happened", "name", "media_type", "size")
    searched_columns = ("name",)
    search_help_text = "A number finds that attachment. Words are looked for in the name, newest first."
    fields = ("about", "name", "media_type", "size", "happened", "content")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the data, which may be big."""
        return super().get_queryset(request).defer("data")

    @admin.display(description="content")
    def content(self, row: Attachment) -> SafeString:
        """A link to it."""
        return format_html(
            '<a href="{}">{}</a>', reverse("api:attachment", args=[row.procedure_id, row.name]), row.name
        )


@admin.register(LogRecord)
class LogRecordAdmin(_OfProcedureAdmin):
    """Records of Python's logging."""

    list_display = ("id", "about", "happened", "level_name", "logger", "words")
    searched_columns = ("level_name", "logger", "message")
    search_help_text = "A number finds that record. Words are looked for in level, logger and message, newest first."
    fields = ("about", "happened", "level_name", "logger", "message")

    @admin.display(description="message")
    def words(self, row: LogRecord) -> str:
        """What was logged."""
        return cut(row.message, 200)


@admin.register(OperatorOverride)
class OperatorOverrideAdmin(ReadOnlyAdmin):
    """Overrides as they were last set; they are set on their page, by REST or by an event."""

    list_display = ("name", "value", "set_by", "since")
    fields = ("name", "value", "set_by", "since")

    @admin.display(description="since (UTC)")
    def since(self, row: OperatorOverride) -> str:
        """Since when."""
        return exact_moment(row.set_at)
