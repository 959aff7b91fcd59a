"""The abort: a procedure of its own, created by the very transaction that records the stop, and started as soon as it is READY."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from procedures.domain.arguments import ProcedureInput, inputs_from_json
from procedures.domain.scripts import FileSystemScript, script_from_json
from procedures.manager.inbox import QueuedCommand
from procedures.manager.preparation import Preparation, preparation_of
from procedures.manager.settings import ManagerSettings
from procedures.models import Command, Procedure
from procedures.recorder import Recording
from procedures.service import PrepareProcessCommand, new_procedure

ABORT_FAILED_TOPIC = "procedure.abort.failed"
MAIN = "main"


@dataclass(frozen=True)
class AbortOrder:
    """An abort procedure that exists in the database, and is to be prepared and started at once."""

    preparation: Preparation
    prepare: QueuedCommand
    start: QueuedCommand


def create_abort(record: Recording, settings: ManagerSettings, stopped: Procedure, stop: QueuedCommand) -> AbortOrder:
    """Create the abort that `stop` asked for.

    It claims no resource: the telescope must be stoppable whoever holds it. Its commands are rows like all others, so that a manager
    that takes over carries it on, unless it comes too late.
    """
    order = stop.arguments["abort_procedure"]
    script = script_from_json(order["script"], max_body_bytes=0)
    assert isinstance(script, FileSystemScript)
    inputs = inputs_from_json(order["inputs"])
    now = datetime.now(UTC)
    procedure = new_procedure(
        PrepareProcessCommand(script, inputs, resources=[]),
        path=str(Path(script.path).resolve()),
        node=settings.node,
        who=stop.issued_by,
        at=now,
        abort_of=stopped,
    )
    call = inputs.pop(MAIN).as_json()
    record.create(procedure, inputs)
    expires_at = now + timedelta(seconds=settings.reply_timeout_s)
    return AbortOrder(
        preparation_of(procedure, inputs.get("init", ProcedureInput())),
        _queue(Command.Kind.PREPARE, procedure, {}, stop.issued_by, expires_at),
        _queue(Command.Kind.START, procedure, {"function": MAIN, **call}, stop.issued_by, expires_at),
    )


def announce_abort_failure(record: Recording, abort: Procedure, cause: str) -> None:
    """Say aloud that an abort was asked for and did not do its work."""
    failure = {"procedure": abort.pk, "abort_of": abort.abort_of_id, "cause": cause}
    record.announce(ABORT_FAILED_TOPIC, failure, procedure_id=abort.pk)


def _queue(
    kind: Command.Kind, procedure: Procedure, arguments: Mapping[str, Any], who: str, expires_at: datetime
) -> QueuedCommand:
    row = Command.objects.create(
        kind=kind,
        procedure=procedure,
        node=procedure.node,
        arguments=dict(arguments),
        issued_by=who,
        issued_at=procedure.created_at,
        expires_at=expires_at,
    )
    return QueuedCommand(row.pk, kind.value, procedure.pk, arguments, who, row.issued_at, expires_at)
