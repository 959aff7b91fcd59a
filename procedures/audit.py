"""Finding what was done, by whom, and why: the history of a procedure and the commands that people gave."""

from dataclasses import dataclass
from typing import Any

from procedures.domain.people import Actor, Right
from procedures.keyset import page
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


def find_commands(actor: Actor, wanted: CommandFilter, limit: int) -> list[Command]:
    """At most `limit` commands, newest last: the newest, or those next to `before_id` or `after_id`."""
    actor.require(Right.VIEW)
    rows = Command.objects.all()
    exact = {"procedure_id": wanted.procedure_id, "issued_by": wanted.who, "kind": wanted.kind, "state": wanted.state}
    rows = rows.filter(**{name: value for name, value in exact.items() if value not in (None, "")})
    return page(rows, limit, before_id=wanted.before_id, after_id=wanted.after_id)


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
