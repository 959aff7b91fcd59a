"""Commands: the audit trail of who asked for what, and the answer."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from procedures.admin.filters import ProcedureFilter
from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import cut, exact_moment, pretty_json, procedure_link, took
from procedures.models import Command


@admin.register(Command)
class CommandAdmin(ReadOnlyAdmin):
    """The audit trail."""

    list_display = ("id", "kind", "about", "issued_by", "issued", "state", "answered_after", "why")
    list_display_links = ("id",)
    list_filter = (ProcedureFilter,)
    searched_columns = ("issued_by", "kind", "state", "reason")
    search_help_text = (
        "A number finds that command. Words are looked for in person, kind, outcome and reason, newest first."
    )
    fields = (
        "kind", "about", "node", "arguments_text", "issued_by", "issued", "expires", "state", "answered", "refusal", "reason",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the arguments, which may be big; the page of one command reads them."""
        return super().get_queryset(request).defer("arguments")

    @admin.display(description="procedure")
    def about(self, row: Command) -> SafeString | str:
        """The procedure."""
        return procedure_link(row.procedure_id)

    @admin.display(description="issued (UTC)")
    def issued(self, row: Command) -> str:
        """When it was asked."""
        return exact_moment(row.issued_at)

    @admin.display(description="expires (UTC)")
    def expires(self, row: Command) -> str:
        """When it would no longer be carried out."""
        return exact_moment(row.expires_at)

    @admin.display(description="answered (UTC)")
    def answered(self, row: Command) -> str:
        """When the manager answered."""
        return exact_moment(row.answered_at) or "not yet"

    @admin.display(description="answered after")
    def answered_after(self, row: Command) -> str:
        """How long the answer took."""
        return took(row.issued_at, row.answered_at)

    @admin.display(description="reason")
    def why(self, row: Command) -> str:
        """Why it was refused."""
        return cut(row.reason, 160)

    @admin.display(description="arguments")
    def arguments_text(self, row: Command) -> str:
        """What was sent along."""
        return pretty_json(row.arguments)
