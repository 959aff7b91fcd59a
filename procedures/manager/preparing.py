"""The command prepare: a run directory, a spec, a process."""

import logging

from oet.rundir import Arguments, Spec
from procedures.manager.context import Context
from procedures.manager.following import follow
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedure
from procedures.manager.preparation import Preparation
from procedures.models import Command
from procedures.supervision.launcher_link import LauncherUnreachable, Refused
from procedures.supervision.launchers import DEFAULT
from procedures.supervision.run_directories import RunDirectory
from procedures.supervision.script_process import ScriptProcess

log = logging.getLogger(__name__)

_SPAWN_TRIES = 2
"""A launcher may die with the request in hand; no user code has run as long as there is no journal."""


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
    try:
        if not live.directory.was_spawned:
            wanted = preparation or await context.database.read(lambda: context.preparations.read(live.id))
            if wanted is None:
                context.procedures.forget(live)
                await context.database.write(lambda record: record.answer(command.id, Command.State.DONE))
                return
            live.abort_of = wanted.abort_of
            live.directory.create(_spec(context, wanted))
        live.pid = await _spawn(live)
    except (OSError, Refused, LauncherUnreachable) as error:
        if not live.directory.has_ended:  # else it was spawned by a predecessor, and has ended meanwhile
            live.lost = f"its process could not be created: {error}"
    finally:
        live.process.spawned.set()
    if live.lost:
        live.news.set()
    live.look(context.settings.output_limit_bytes)
    await follow(context, live)


async def _spawn(live: LiveProcedure) -> int:
    for _ in range(_SPAWN_TRIES - 1):
        try:
            return await live.process.spawn()
        except LauncherUnreachable as error:
            if live.directory.was_spawned:
                raise
            log.warning("procedure %s: %s; trying once more", live.id, error)
    return await live.process.spawn()


def _spec(context: Context, preparation: Preparation) -> Spec:
    return Spec(
        procedure=preparation.procedure_id,
        script=preparation.script,
        init=Arguments(list(preparation.init.args), dict(preparation.init.kwargs)),
        environment={"OET_PROCEDURE_ID": str(preparation.procedure_id)},
        bells=str(context.settings.bells_dir),
        output_limit_bytes=context.settings.output_limit_bytes,
    )
