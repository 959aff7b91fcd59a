"""An admin that shows and never writes: history is made by the system alone."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path

from procedures.admin.changelist import KeysetChangeList
from procedures.domain.people import Right

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Shows a table to staff who may see procedures. There is no address under which anything of it could be changed.

    The rights are OET's own: the tables have none of Django's add, change, delete and view.
    """

    actions: Sequence[Callable[..., Any] | str] | None = None
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 100
    empty_value_display = ""
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    searched_columns: tuple[str, ...] = ()
    """Where the search looks for words. Not Django's `search_fields`: those would open this table to its autocompletion, which counts."""

    class Media:
        css = {"all": ["admin_oet/history.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the table is named on the index."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever may see procedures may see all of history; Django's site asks for staff besides."""
        return request.user.has_perm(Right.VIEW.value)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The list and the page of one row; nothing else exists."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<int:object_id>/change/", view(self.row_view), name=f"{name}_change"),
        ]

    def row_view(self, request: HttpRequest, object_id: int) -> Any:
        """The page of one row."""
        return self.change_view(request, str(object_id))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Lists go by key."""
        return KeysetChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter offers: any other column could be searched only by reading the whole table."""
        return any(lookup in getattr(known, "parameters", ()) for known in self.list_filter)

    def completed(self, rows: list[Any]) -> list[Any]:
        """The rows of a page with what the list shows beside their own columns."""
        return rows

    def exports(self, shown: KeysetChangeList) -> list[dict[str, str]]:
        """Links, with their words, to files of everything that the list's filters and search leave."""
        return []
