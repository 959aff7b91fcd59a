"""Takes queued commands in their order and hands each to the work that it asks for, once."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Final

from procedures.domain.errors import WrongState
from procedures.domain.states import FINAL, ProcedureState
from procedures.manager.aborting import announce_abort_failure
from procedures.manager.context import Context
from procedures.manager.database import DatabaseClosed
from procedures.manager.following import follow
from procedures.manager.hearing import Heard, take_news
from procedures.manager.inbox import Inbox, QueuedCommand
from procedures.manager.looking import look
from procedures.manager.preparation import Preparation
from procedures.manager.preparing import new_live, prepare
from procedures.manager.starting import start
from procedures.manager.steering import steer
from procedures.manager.stopping import stop
from procedures.models import Command, Procedure
from procedures.moves import Move
from procedures.recorder import Recording
from procedures.supervision.run_directories import RunDirectory

log = logging.getLogger(__name__)

RECHECK_S = 1.0
_DEEDS: Final[Mapping[str, str]] = {
    Command.Kind.START: "started",
    Command.Kind.STOP: "stopped",
    Command.Kind.PAUSE: "paused",
    Command.Kind.RESUME: "resumed",
    Command.Kind.ANSWER: "answered",
    Command.Kind.LOOK: "looked at",
}


class Dispatcher:
    """The commands of this node."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inbox = Inbox(context.settings.node)
        self._under_way: set[int] = set()
        self.is_sure = True
        """Look at the commands even if nothing seems to have changed."""

    async def take_commands(self) -> None:
        """Take commands whenever there are some, for ever."""
        while True:
            await self._context.commands_due.wait()
            self._context.commands_due.clear()
            await self.take_queued()

    async def take_queued(self) -> None:
        """Take every command that waits and is not under way."""
        is_sure, self.is_sure = self.is_sure, False
        queued, events = await self._context.database.read(lambda: self._read(is_sure=is_sure))
        take_news(self._context, events)  # first: whoever is prepared now knows what was decided before
        self._under_way &= {command.id for command in queued} if is_sure else self._under_way
        for command in queued:
            self.take(command)

    def _read(self, *, is_sure: bool) -> tuple[list[QueuedCommand], list[Heard]]:
        """In the database thread. A command and the events before it are read together."""
        queued = self._inbox.queued(is_sure=is_sure)
        has_changed = self._inbox.has_changed or bool(queued)
        return queued, self._context.events.read(self._context.events.cursor) if has_changed else []

    def know(self, commands: set[int]) -> None:
        """These are under way already."""
        self._under_way |= commands

    def take(self, command: QueuedCommand, preparation: Preparation | None = None) -> None:
        """Carry out one command, unless that is being done already."""
        if command.id in self._under_way:
            return
        self._under_way.add(command.id)
        live = self._context.procedures.get(command.procedure_id)
        is_late = command.expires_at < datetime.now(UTC)
        match command.kind:
            case Command.Kind.PREPARE if live is None and is_late:
                work = self._expire(command)
            case Command.Kind.PREPARE if live is None:
                work = prepare(self._context, new_live(self._context, command.procedure_id), command, preparation)
            case Command.Kind.PREPARE:
                return  # it was adopted with this command
            case Command.Kind.STOP if live is not None and (live.ladder is not None or not is_late):
                work = stop(self._context, live, command)
            case Command.Kind.START if live is not None and not is_late:
                work = start(self._context, live, command)
            case Command.Kind.LOOK if live is not None and not is_late:
                work = look(self._context, live, command)
            case Command.Kind.PAUSE | Command.Kind.RESUME | Command.Kind.ANSWER if live is not None and not is_late:
                work = steer(self._context, live, command)
            case _ if is_late:
                work = self._expire(command)
            case _:
                work = self._reject(command)
        self._context.begin(self._attempt(command, work), f"{command.kind} {command.procedure_id}")

    async def _attempt(self, command: QueuedCommand, work: Coroutine[None, None, None]) -> None:
        """Do the work; whoever asked for it hears of a fault of ours too."""
        try:
            await work
        except DatabaseClosed:
            raise
        except Exception as error:
            # The border of one command: what is wrong with it is logged there, and told to who waits for it.
            words = f"{command.kind} failed inside the process manager: {error!r}; see its log"
            live = self._context.procedures.get(command.procedure_id)
            if command.kind == Command.Kind.PREPARE and live is not None:
                live.lost = words
                live.process.spawned.set()
                live.news.set()
                self._context.begin(follow(self._context, live), f"follow {live.id}")
            else:
                await self._context.database.write(
                    lambda record: record.answer(command.id, Command.State.REJECTED, reason=words, refusal="internal")
                )
            raise

    async def _expire(self, command: QueuedCommand) -> None:
        await self._context.database.write(lambda record: _write_expiry(record, command), [command.procedure_id])
        if (
            command.kind == Command.Kind.PREPARE
        ):  # a predecessor may have died between making its directory and its process
            directory = RunDirectory(self._context.settings.procedures_dir, command.procedure_id)
            await asyncio.to_thread(directory.remove)

    async def _reject(self, command: QueuedCommand) -> None:
        await self._context.database.write(lambda record: _write_rejection(record, command), [command.procedure_id])


def _write_expiry(record: Recording, command: QueuedCommand) -> None:
    seconds = (command.expires_at - command.issued_at).total_seconds()
    record.answer(command.id, Command.State.EXPIRED, reason=f"expired after {seconds:g} s: no process manager took it")
    procedure = record.procedure(command.procedure_id)
    cause = f"no process manager took it within {seconds:g} s"
    if command.kind == Command.Kind.PREPARE and procedure.state not in FINAL:
        record.move(procedure.pk, Move(ProcedureState.FAILED, datetime.now(UTC), cause=cause))
    if procedure.abort_of_id is not None and command.kind != Command.Kind.STOP:
        announce_abort_failure(record, procedure, cause)


def _write_rejection(record: Recording, command: QueuedCommand) -> None:
    """The procedure is final; or it is not this manager's, which cannot be as long as nobody writes such commands.

    A script that its trial has not started yet has no process: to stop it is to see to it that it never gets one.
    """
    procedure = record.procedure(command.procedure_id)
    if procedure.part_of and procedure.state == ProcedureState.CREATING and command.kind == Command.Kind.STOP:
        cause = f"stopped on request by {command.issued_by} before it was started"
        record.move(procedure.pk, Move(ProcedureState.STOPPED, datetime.now(UTC), cause=cause, who=command.issued_by))
        record.answer(command.id, Command.State.DONE)
        return
    done = _DEEDS[command.kind]
    refusal = WrongState(procedure.pk, procedure.state, done, _remedy(procedure, command))
    record.answer(command.id, Command.State.REJECTED, reason=str(refusal), refusal=refusal.code)


def _remedy(procedure: Procedure, command: QueuedCommand) -> str:
    if procedure.state in FINAL:
        return "Prepare it again." if command.kind == Command.Kind.START else "There is nothing left to stop."
    return "It is not prepared yet: wait until it is READY."
