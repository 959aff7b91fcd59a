"""Environments: what was built for which commit, from what, and how that went. They are managed on OET's own pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from environments import log
from environments.models import Environment
from procedures.admin.filters import EnvironmentStateFilter
from procedures.admin.read_only import ReadOnlyAdmin
from procedures.admin.words import brief, exact_moment, moment, procedure_link, took
from procedures.environments import LATEST_PROCEDURES, holders
from procedures.models import Procedure

_LOG_LINES = 400
_MIB = 1 << 20


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    """Every environment there is or was."""

    list_display = ("id", "state", "short_commit", "repository", "branch", "python_version", "is_pinned", "used", "why")
    list_display_links = ("id", "short_commit")
    list_filter = (EnvironmentStateFilter,)
    searched_columns = ("repository", "commit", "branch", "requested_by")
    search_help_text = "A number finds that environment. Words are looked for in repository, commit, branch and user."
    fields = (
        ("state", "state_since", "is_pinned"),
        "reason",
        ("repository", "commit", "branch"),
        ("python", "python_version", "node"),
        "recipe",
        ("requested", "requested_by"),
        ("building_took", "build", "attempts"),
        ("size", "folder"),
        ("used", "used_by"),
        "procedures",
        "package_list",
        "build_log",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the packages, which may be many; the page of one environment reads them."""
        return super().get_queryset(request).defer("packages")

    @admin.display(description="commit")
    def short_commit(self, row: Environment) -> str:
        """Its first digits."""
        return row.commit[:12]

    @admin.display(description="last used (UTC)")
    def used(self, row: Environment) -> str:
        """When a script last began or ended in it."""
        return moment(row.last_used_at)

    @admin.display(description="reason")
    def why(self, row: Environment) -> SafeString:
        """Why it is in its state, in brief."""
        return brief(row.reason[:200])

    @admin.display(description="since (UTC)")
    def state_since(self, row: Environment) -> str:
        """Since when it is in its state."""
        return exact_moment(row.state_at)

    @admin.display(description="requested (UTC)")
    def requested(self, row: Environment) -> str:
        """When it was last asked for."""
        return exact_moment(row.requested_at)

    @admin.display(description="latest build took")
    def building_took(self, row: Environment) -> str:
        """From the beginning of its latest build to its end."""
        return took(row.started_at, row.finished_at)

    @admin.display(description="size")
    def size(self, row: Environment) -> str:
        """On disk, with what it shares with the cache."""
        return f"{row.size_bytes / _MIB:.1f} MiB" if row.size_bytes else ""

    @admin.display(description="used by now")
    def used_by(self, row: Environment) -> str:
        """Who holds it."""
        return ", ".join(holders(row))

    @admin.display(description="procedures in it")
    def procedures(self, row: Environment) -> SafeString:
        """The latest that ran in it."""
        found = Procedure.objects.filter(environment_id=row.pk).order_by("-pk")[:LATEST_PROCEDURES]
        return format_html_join(
            ", ", "{} {}", ((procedure_link(pk), state) for pk, state in found.values_list("pk", "state"))
        )

    @admin.display(description="packages")
    def package_list(self, row: Environment) -> SafeString:
        """Name and version of each."""
        return format_html_join("", "{} {}<br>", row.packages)

    @admin.display(description="log of the latest build")
    def build_log(self, row: Environment) -> SafeString:
        """Its last lines."""
        return format_html('<pre class="oet-text" tabindex="0">{}</pre>', log.tail(row.pk, _LOG_LINES))
