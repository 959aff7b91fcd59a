"""Asking the ProcessManager for something: a Command, the bell, and the wait for its answer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from procedures.bells import Role, ring_at_commit
from procedures.domain.errors import NoAnswer, Refusal
from procedures.domain.people import Actor
from procedures.models import Command, Procedure
from procedures.replies import replies

_SLACK_S = 0.5
"""The manager decides at the last moment; this is how long its answer may take to arrive."""


class Rejected(Refusal):
    """The ProcessManager refused a command; `code` is the kind of its refusal."""

    def __init__(self, command: Command) -> None:
        self.code = command.refusal or "rejected"
        super().__init__(command.reason)


def queue(
    actor: Actor, kind: Command.Kind, procedure: Procedure, arguments: Mapping[str, Any] | None = None
) -> Command:
    """Write a command down, in the transaction that is open; the manager is rung when it is committed."""
    now = datetime.now(UTC)
    ring_at_commit(Role.MANAGER)
    return Command.objects.create(
        kind=kind,
        procedure=procedure,
        node=procedure.node,
        arguments=dict(arguments or {}),
        issued_by=actor.name,
        issued_at=now,
        expires_at=now + timedelta(seconds=settings.OET.reply_timeout),
    )


def wait_for_answer(queued: Command, timeout_s: float) -> None:
    """Return when the command is done; raises Rejected with the manager's reason, NoAnswer where there is none in time."""
    answered = replies.wait(queued.pk, timeout_s + _SLACK_S)
    if answered is None or answered.state == Command.State.EXPIRED:
        raise NoAnswer(timeout_s)
    if answered.state == Command.State.REJECTED:
        raise Rejected(answered)
