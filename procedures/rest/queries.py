"""Query strings into filters, and the `Link` header that leads from page to page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from rest_framework.request import Request

from procedures.domain.errors import InvalidInput
from procedures.domain.states import ProcedureState
from procedures.keyset import Page
from procedures.rest.requests import unknown_fields
from procedures.selectors import MAX_PAGE, ProcedureFilter

DEFAULT_PAGE = 100
MAX_TEXT_CHARACTERS = 500
MAX_ID = 2**63 - 1


class Query:
    """Reads the parameters of a query string and collects their faults; `check()` raises them all."""

    def __init__(self, parameters: QueryDict, known: tuple[str, ...]) -> None:
        self._parameters = parameters
        self.errors: dict[str, str | list[str]] = unknown_fields(dict(parameters.lists()), known)

    def check(self) -> None:
        """Raise InvalidInput if anything was wrong."""
        if self.errors:
            raise InvalidInput(self.errors)

    def text(self, name: str) -> str:
        """A text; empty if it is not given."""
        value = self._parameters.get(name, "")
        if "\0" in value:
            self.errors[name] = "contains a NUL character."
        elif len(value) > MAX_TEXT_CHARACTERS:
            self.errors[name] = f"has {len(value)} characters; at most {MAX_TEXT_CHARACTERS} are allowed."
        else:
            return value
        return ""

    def texts(self, name: str) -> list[str]:
        """Several texts: the parameter repeated, or separated by commas."""
        return [part.strip() for value in self._parameters.getlist(name) for part in value.split(",") if part.strip()]

    def choice(self, name: str, choices: tuple[str, ...], default: str = "") -> str:
        """One of `choices`."""
        value = self._parameters.get(name, default)
        if value in (*choices, default):
            return value
        self.errors[name] = f"must be {' or '.join(choices)}, not “{value[:60]}”."
        return default

    def number(self, name: str, *, lowest: int = 0, highest: int = MAX_ID) -> int | None:
        """A whole number from `lowest` to `highest`; None if it is not given."""
        value = self._parameters.get(name)
        if value is None:
            return None
        if value.isascii() and value.isdigit() and len(value) < 30 and lowest <= int(value) <= highest:
            return int(value)
        self.errors[name] = f"must be a whole number from {lowest} to {highest}, not “{value[:60]}”."
        return None

    def flag(self, name: str) -> bool:
        """Whether it is 1, true or yes."""
        return self.choice(name, ("1", "0", "true", "false", "yes", "no")) in {"1", "true", "yes"}

    def time(self, name: str) -> datetime | None:
        """A time, in Unix seconds or ISO 8601; without a zone it is UTC."""
        value = self._parameters.get(name)
        if value is None:
            return None
        try:
            return _time(value)
        except (ValueError, OverflowError, OSError):
            self.errors[name] = f"must be Unix seconds or ISO 8601, such as 2026-05-17T20:15:00Z, not “{value[:60]}”."
            return None

    def page(self) -> tuple[int, int | None, int | None]:
        """`limit`, `before` and `after` of a list."""
        before, after = self.number("before"), self.number("after")
        if before is not None and after is not None:
            self.errors["after"] = "cannot be given together with before."
        return self.number("limit", lowest=1, highest=MAX_PAGE) or DEFAULT_PAGE, before, after


PAGE = ("limit", "before", "after")


def procedure_filter(parameters: QueryDict) -> tuple[ProcedureFilter, int]:
    """What `GET procedures/` is narrowed to, and how many are wanted; raises InvalidInput."""
    query = Query(parameters, ("state", "script", "since", "q", "who", *PAGE))
    states = query.texts("state")
    if unknown := [state for state in states if state not in ProcedureState.__members__]:
        query.errors["state"] = f"“{unknown[0][:60]}” is no state; there are: {', '.join(ProcedureState)}."
    script, text, who, since = query.text("script"), query.text("q"), query.text("who"), query.time("since")
    limit, before, after = query.page()
    query.check()
    wanted = ProcedureFilter([ProcedureState(s) for s in states], script, text, who, since, before, after)
    return wanted, limit


def cut_page(rows: list[Any], limit: int, after: int | None) -> tuple[list[Any], bool]:
    """The page, of `rows` that were read with one more than `limit`; and whether there is more in the direction of reading."""
    if len(rows) <= limit:
        return rows, False
    return (rows[:limit] if after is not None else rows[-limit:]), True


def link_header(request: Request, ids: list[int], *, has_more: bool) -> Mapping[str, str]:
    """The `Link` header to the pages next to one with `ids`, oldest first; empty where there are none."""
    parameters = _without_cursor(request)
    reads_back = "after" not in request.query_params
    links = []
    if ids and (has_more or not reads_back):
        links.append(_link(request, parameters | {"before": [str(ids[0])]}, "prev"))
    if ids and (has_more or reads_back) and (not reads_back or "before" in request.query_params):
        links.append(_link(request, parameters | {"after": [str(ids[-1])]}, "next"))
    return {"Link": ", ".join(links)} if links else {}


def page_links(request: Request, page: Page[Any]) -> Mapping[str, str]:
    """The `Link` header to the pages next to this one, which may be empty where only a part of the table has been looked through."""
    parameters = _without_cursor(request)
    links = []
    if page.older is not None:
        links.append(_link(request, parameters | {"before": [str(page.older)]}, "prev"))
    if page.newer is not None:
        links.append(_link(request, parameters | {"after": [str(page.newer)]}, "next"))
    return {"Link": ", ".join(links)} if links else {}


def _without_cursor(request: Request) -> dict[str, list[str]]:
    query = request.query_params
    return {name: query.getlist(name) for name in query if name not in {"before", "after"}}


def _link(request: Request, parameters: Mapping[str, list[str]], relation: str) -> str:
    address = request.build_absolute_uri(request.path)
    return f'<{address}?{urlencode(parameters, doseq=True)}>; rel="{relation}"'


def _time(value: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except ValueError:
        pass
    # A “+” that was not escaped arrives as a blank.
    parsed = datetime.fromisoformat(value.strip().replace(" ", "+") if "T" in value else value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
