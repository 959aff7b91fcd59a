"""What a script does now: a page of its own, whose part the procedure's page brings in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from procedures.domain.errors import Refusal
from procedures.looking import look
from procedures.pages.page import Page, page_view, status_of
from procedures.pages.row_words import shown
from procedures.pages.rows import row_of
from procedures.pages.trace import ShownStack, shown_stack
from procedures.selectors import procedure_for
from procedures.words import precise_clock, took


@dataclass(frozen=True)
class ShownThread:
    """A thread, or a task of asyncio."""

    name: str
    is_open: bool
    stack: ShownStack


@require_safe
@page_view
def stack(request: HttpRequest, procedure_id: int) -> HttpResponseBase:
    """Look at it now, and show what was seen."""
    page = Page.of(request)
    procedure = procedure_for(page.actor, procedure_id)
    row = row_of(procedure)
    words: dict[str, Any] = {"row": row, "shown": shown(row, page.now), "here": "stack"}
    try:
        seen = look(page.actor, procedure_id)
    except Refusal as refusal:
        return page.render("procedures/stack.html", status=status_of(refusal), refusal=str(refusal), **words)
    threads = [
        ShownThread(t["name"], t["is_main"], shown_stack(t["frames"], procedure.script_name)) for t in seen["threads"]
    ]
    return page.render(
        "procedures/stack.html",
        threads=_own_first(threads),
        taken=f"taken {precise_clock(seen['at'])} in {took(seen['took_s'])}",
        note=seen["note"],
        left_out=seen["left_out"],
        **words,
    )


def _own_first(threads: Sequence[ShownThread]) -> list[ShownThread]:
    """The main thread, then those in which the script's own code runs."""
    return sorted(threads, key=lambda thread: (not thread.is_open, not thread.stack.own))
