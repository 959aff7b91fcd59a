"""The list of a table that may be long."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from procedures.admin.search import search_for
from procedures.keyset import WINDOW, Cursor, Page, page_of
from procedures.narrowing import led_by_best

if TYPE_CHECKING:
    from procedures.admin.read_only import ReadOnlyAdmin

CURSORS = ("before", "after")
_KEY = re.compile(r"[0-9]{1,18}")


class KeysetChangeList(ChangeList):
    """A change list that goes through its table by key, newest first, and never counts it."""

    model_admin: "ReadOnlyAdmin"
    narrowed: QuerySet[Any]
    """The rows to walk through by key."""
    match: Q | None
    """What the words of the search, and filters beside the one that leads, demand of them."""
    page: Page[Model]
    window = WINDOW

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.title = str(self.opts.verbose_name_plural).capitalize()

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The parameters that are filters: all but Django's own and the cursors."""
        filters = super().get_filters_params(params)
        return {name: value for name, value in filters.items() if name not in CURSORS}

    def get_query_string(self, new_params: dict[str, Any] | None = None, remove: Iterable[str] | None = None) -> str:
        """A link within the list; it begins with the newest row unless it names a cursor."""
        return super().get_query_string(new_params, [*(remove or []), *CURSORS])

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        """The rows that filters and search leave. The list itself shows them page by page."""
        rows = super().get_queryset(request, exclude_parameters)
        search = search_for(self.query, self.model_admin.searched_columns)
        if search.key is not None:
            rows = rows.filter(pk=search.key)
        narrowings = [narrowing for spec in self.filter_specs if (narrowing := getattr(spec, "narrowing", None))]
        self.narrowed, others = led_by_best(rows, narrowings, window=self.window)
        self.match = others & search.match if others and search.match else others or search.match
        return self.narrowed if self.match is None else self.narrowed.filter(self.match)

    def get_results(self, request: HttpRequest) -> None:
        """The page at the cursor; called last, when filters and search are known."""
        if all(name in request.GET for name in CURSORS):
            raise IncorrectLookupParameters("a page begins before or after a row, not both")
        cursor = Cursor(**{name: _key(request.GET[name]) for name in CURSORS if name in request.GET})
        for name in CURSORS:  # the search form and the filters begin with the newest row again
            self.params.pop(name, None)
        self.is_upward = cursor.after is not None
        self.page = page_of(self.narrowed, self.match, cursor, size=self.list_per_page, window=self.window)
        self.result_list: Any = self.model_admin.completed(self.page.rows)
        # What Django's own templates ask for. Equal counts hide "123 results", which nobody has counted.
        self.result_count = self.full_result_count = len(self.page.rows)
        self.show_full_result_count = False
        self.show_admin_actions = bool(self.page.rows)
        self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.get_paginator(request, self.narrowed, self.list_per_page)
        self.search_fields = self.model_admin.searched_columns
        self.exports = self.model_admin.exports(self)

    @property
    def first_and_last(self) -> str:
        """What the page shows: `#950 to #851`."""
        rows = self.page.rows
        return f"#{rows[0].pk} to #{rows[-1].pk}" if len(rows) > 1 else f"#{rows[0].pk}" if rows else ""

    @property
    def looked_to(self) -> int | None:
        """The last row that a search cut short has looked at."""
        if not self.page.is_cut_short:
            return None
        return self.page.newer if self.is_upward else self.page.older

    @property
    def newest_url(self) -> str:
        """The first page."""
        return self.get_query_string()

    @property
    def newer_url(self) -> str:
        """The page with newer rows; empty if this is the first."""
        return self.get_query_string({"after": self.page.newer}) if self.page.newer is not None else ""

    @property
    def older_url(self) -> str:
        """The page with older rows; empty if this is the last."""
        return self.get_query_string({"before": self.page.older}) if self.page.older is not None else ""


def _key(text: str) -> int:
    if not _KEY.fullmatch(text):
        raise IncorrectLookupParameters(f"{text!r} is not the number of a row")
    return int(text)
