"""The command prepare: a run directory, a spec, a process."""

import asyncio

from procedures.manager.context import Context
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.manager.preparation import Preparation
from procedures.manager.preparing_git import prepare_git
from procedures.manager.spawning import bring_into_being
from procedures.models import Command
from procedures.supervision.launchers import DEFAULT
from procedures.supervision.run_directories import RunDirectory
from procedures.supervision.script_process import ScriptProcess


def new_live(context: Context, procedure_id: int, launcher: str = DEFAULT) -> LiveProcedure:
    """A procedure that is live from now on."""
    directory = RunDirectory(context.settings.procedures_dir, procedure_id)
    live = LiveProcedure(procedure_id, ScriptProcess(directory, context.launchers, launcher))
    context.procedures.add(live)
    return live


async def prepare(
    context: Context, live: LiveProcedure, command: QueuedCommand, preparation: Preparation | None = None
) -> None:
    """Bring the process of a procedure into being; from then on it is followed to its end."""
    live.prepare_command = command.id
    if live.directory.was_spawned:
        await bring_into_being(context, live, None)
        return
    wanted = preparation or await context.database.read(lambda: context.preparations.read(live.id))
    if wanted is None:
        context.procedures.forget(live)
        await context.database.write(lambda record: record.answer(command.id, Command.State.DONE))
        await asyncio.to_thread(live.directory.remove)
        return
    live.abort_of = wanted.abort_of
    if wanted.git is not None:
        await prepare_git(context, live, wanted, wanted.git)
    else:
        await bring_into_being(context, live, wanted)
