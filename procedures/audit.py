"""Finding what was done, by whom, and why: the history of a procedure and the commands that people gave."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from procedures.domain.people import Actor, Right
from procedures.keyset import WINDOW, Cursor, Page, page_of
from procedures.models import Command
from procedures.selectors import procedure_for


@dataclass(frozen=True)
class CommandFilter:
    """What a list of commands is narrowed to."""

    procedure_id: int | None = None
    who: str = ""
    kind: str = ""
    state: str = ""
    before_id: int | None = None
    after_id: int | None = None


def history_of(actor: Actor, procedure_id: int) -> list[dict[str, Any]]:
    """Every transition of a procedure, oldest first; raises NoSuchProcedure."""
    procedure = procedure_for(actor, procedure_id)
    return [
        {
            "sequence": row.sequence,
            "state": row.state,
            "at": row.at.timestamp(),
            "cause": row.cause,
            "who": row.who,
            "function": row.function,
            "stacktrace": row.stacktrace or None,
            "details": row.details,
        }
        for row in procedure.history.order_by("sequence")
    ]


def find_commands(actor: Actor, wanted: CommandFilter, size: int) -> Page[Command]:
    """At most `size` commands: the newest, or those next to `before_id` or `after_id`.

    All but the procedure is looked for among so many rows at a time; the page then says where to go on.
    """
    actor.require(Right.VIEW)
    rows = Command.objects.all()
    if wanted.procedure_id is not None:
        rows = rows.filter(procedure_id=wanted.procedure_id)
    exact = {"issued_by": wanted.who, "kind": wanted.kind, "state": wanted.state}
    match = Q(**{name: value for name, value in exact.items() if value})
    cursor = Cursor(wanted.before_id, wanted.after_id)
    return page_of(rows, match or None, cursor, size=size, window=WINDOW)


def command_summary(command: Command) -> dict[str, Any]:
    """What clients see of a command."""
    return {
        "id": command.pk,
        "kind": command.kind,
        "procedure": command.procedure_id,
        "node": command.node,
        "arguments": command.arguments,
        "issued_by": command.issued_by,
        "issued_at": command.issued_at.timestamp(),
        "expires_at": command.expires_at.timestamp(),
        "state": command.state,
        "reason": command.reason,
        "refusal": command.refusal,
        "answered_at": command.answered_at.timestamp() if command.answered_at else None,
    }
