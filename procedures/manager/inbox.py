"""Queued commands of this node."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procedures.manager.foreign_changes import ForeignChanges
from procedures.models import Command
from procedures.statements import Question

_FIELDS = ("id", "kind", "procedure_id", "arguments", "issued_by", "issued_at", "expires_at")


@dataclass(frozen=True)
class QueuedCommand:
    """What somebody asked for, and has no answer to yet."""

    id: int
    kind: str
    procedure_id: int
    arguments: Mapping[str, Any]
    issued_by: str
    issued_at: datetime
    expires_at: datetime


def queued(command: Command) -> QueuedCommand:
    """A command that has just been written."""
    return QueuedCommand(*(getattr(command, name) for name in _FIELDS))


class Inbox:
    """Reads queued commands. To be used by the database thread."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._foreign_changes = ForeignChanges()
        self._question: Question | None = None
        self.has_changed = True
        """Whether somebody else may have changed the database before the last look."""

    def queued(self, *, is_sure: bool) -> list[QueuedCommand]:
        """The commands that wait, in the order in which they were written.

        Unless `is_sure`, nothing is returned where nobody else has changed the database since the last time: bells ring for many reasons.
        """
        self.has_changed = self._foreign_changes.since_last_look()
        if not self.has_changed and not is_sure:
            return []
        if self._question is None:
            rows = Command.objects.filter(node=self._node, state=Command.State.QUEUED).order_by("id")
            self._question = Question(rows.values_list(*_FIELDS), self._node)
        return [QueuedCommand(*row) for row in self._question.ask(self._node)]
