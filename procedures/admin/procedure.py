"""Procedures: the list of all there ever were, the page of each, and their export."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Left
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from procedures.admin.changelist import KeysetChangeList
from procedures.admin.detail import detail
from procedures.admin.export import export_response
from procedures.admin.filters import CreatedFilter, PersonFilter, ScriptFilter, StateFilter
from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import brief, cut, moment, state_mark, took
from procedures.domain.arguments import ProcedureInput, arguments_in_brief
from procedures.models import ArgCapture, Procedure

MAX_CAUSE = 160
MAX_ARGUMENTS = 400
"""Characters of stored arguments that are read for a list; longer ones show their beginning."""

_LISTED = ("id", "state", "script_name", "script_uri", "created_by", "created_at", "started_at", "finished_at")


@admin.register(Procedure)
class ProcedureAdmin(ReadOnlyAdmin):
    """The history of procedures."""

    list_display = ("number", "in_state", "script", "arguments", "who", "created", "lasted", "why")
    list_display_links = ("number", "script")
    list_filter = (StateFilter, ScriptFilter, PersonFilter, CreatedFilter)
    searched_columns = ("script_uri", "script_name", "created_by", "cause")
    search_help_text = (
        "A number finds that procedure. Words are looked for in script, user and cause, newest procedures first; "
        "where a search is long, “Older” goes on with it. A filter narrows it down and makes it fast."
    )
    actions = ("export_selected_csv", "export_selected_json")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Procedure]:
        """Procedures with what the list shows of them; the big columns stay where they are."""
        return Procedure.objects.only(*_LISTED).annotate(cause_start=Left("cause", MAX_CAUSE + 1))

    def completed(self, rows: list[Any]) -> list[Any]:
        """Each procedure with its arguments in brief."""
        briefs = _arguments_in_brief([row.pk for row in rows])
        for row in rows:
            row.arguments_brief = briefs.get(row.pk, "")
        return rows

    def exports(self, shown: KeysetChangeList) -> list[dict[str, str]]:
        """Both kinds of file."""
        everything = "everything found" if shown.has_active_filters or shown.query else "everything"
        return [
            {
                "url": reverse(f"admin:procedures_procedure_export_{kind}") + shown.newest_url,
                "words": f"Export {everything} as {kind.upper()}",
            }
            for kind in ("csv", "json")
        ]

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The exports beside the list and the page."""
        exports: list[URLPattern | URLResolver] = [
            path(
                f"export.{kind}",
                self.admin_site.admin_view(self.export_view),
                {"kind": kind},
                name=f"procedures_procedure_export_{kind}",
            )
            for kind in ("csv", "json")
        ]
        return [*exports, *super().get_urls()]

    @admin.display(description="id")
    def number(self, row: Procedure) -> str:
        """The number."""
        return f"#{row.pk}"

    @admin.display(description="state")
    def in_state(self, row: Procedure) -> SafeString:
        """The state."""
        return state_mark(row.state)

    @admin.display(description="script")
    def script(self, row: Procedure) -> str:
        """The script's name."""
        return row.script_name

    @admin.display(description="arguments")
    def arguments(self, row: Any) -> SafeString:
        """With what it was called."""
        return brief(row.arguments_brief)

    @admin.display(description="who")
    def who(self, row: Procedure) -> str:
        """Who created it."""
        return row.created_by

    @admin.display(description="created (UTC)")
    def created(self, row: Procedure) -> str:
        """When."""
        return moment(row.created_at)

    @admin.display(description="took")
    def lasted(self, row: Procedure) -> str:
        """From its last start, or its creation if it was never started, to its end."""
        return took(row.started_at or row.created_at, row.finished_at)

    @admin.display(description="cause")
    def why(self, row: Any) -> SafeString:
        """Why it is in its state, in brief."""
        cause: str = row.cause_start
        return brief(cause if len(cause) <= MAX_CAUSE else f"{cause[:MAX_CAUSE]}…")

    @admin.action(permissions=["view"], description="Export selected procedures as CSV")
    def export_selected_csv(self, request: HttpRequest, queryset: QuerySet[Procedure]) -> HttpResponseBase:
        """The ticked procedures as CSV."""
        return export_response("csv", queryset, None)

    @admin.action(permissions=["view"], description="Export selected procedures as JSON")
    def export_selected_json(self, request: HttpRequest, queryset: QuerySet[Procedure]) -> HttpResponseBase:
        """The ticked procedures as JSON."""
        return export_response("json", queryset, None)

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Everything that filters and search leave."""
        return require_safe(self._export)(request, kind)

    def row_view(self, request: HttpRequest, object_id: int) -> Any:
        """The page of one procedure."""
        return require_safe(self._show)(request, object_id)

    def _export(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            wanted: Any = self.get_changelist_instance(request)
        except IncorrectLookupParameters:  # what the list does with an address that makes no sense
            return HttpResponseRedirect(f"{reverse('admin:procedures_procedure_changelist')}?e=1")
        return export_response(kind, wanted.narrowed, wanted.match)

    def _show(self, request: HttpRequest, object_id: int) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        procedure = get_object_or_404(Procedure.objects.defer("functions"), pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Procedure {procedure.pk}: {cut(procedure.script_name, 100)}",
            "opts": self.opts,
            "original": procedure,
            "media": self.media,
            **detail(procedure),
        }
        return TemplateResponse(request, "admin/procedures/procedure/detail.html", context)


def _arguments_in_brief(ids: list[int]) -> dict[int, str]:
    """One line about the latest arguments of each procedure; of long ones only the beginning is read."""
    captures = ArgCapture.objects.filter(procedure_id__in=ids).order_by("id")
    texts = captures.values_list(
        "procedure_id",
        "function",
        Left(Cast("args", TextField()), MAX_ARGUMENTS),
        Left(Cast("kwargs", TextField()), MAX_ARGUMENTS),
    )
    whole: dict[int, dict[str, ProcedureInput]] = {}
    cut_short: dict[int, str] = {}
    for procedure_id, function, args, kwargs in texts:
        if len(args) < MAX_ARGUMENTS and len(kwargs) < MAX_ARGUMENTS:
            call = ProcedureInput(tuple(json.loads(args)), json.loads(kwargs))
            whole.setdefault(procedure_id, {})[function] = call
        else:
            cut_short[procedure_id] = f"{args if len(args) >= MAX_ARGUMENTS else kwargs}"[:120] + "…"
    return {number: arguments_in_brief(calls) for number, calls in whole.items()} | cut_short
