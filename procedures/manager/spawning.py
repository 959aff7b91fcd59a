"""Bringing the process of a procedure into being: a run directory, a spec, a fork."""

import logging

from oet.rundir import Arguments, Run, Spec
from procedures.manager.context import Context
from procedures.manager.following import follow
from procedures.manager.live import LiveProcedure
from procedures.manager.preparation import Preparation
from procedures.supervision.launcher_link import LauncherUnreachable, Refused

log = logging.getLogger(__name__)

_SPAWN_TRIES = 2
"""A launcher may die with the request in hand; no user code has run as long as there is no journal."""


async def bring_into_being(context: Context, live: LiveProcedure, preparation: Preparation | None) -> None:
    """Spawn the process (of a run directory that is there already, without `preparation`) and follow it to its end."""
    if preparation is not None and preparation.errand is not None and preparation.errand.refused:
        live.lost = preparation.errand.refused
    try:
        if not live.lost:
            if preparation is not None:
                live.ears.cursor = context.events.cursor
                live.directory.create(_spec(context, preparation))
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
    errand = preparation.errand
    environment = dict(errand.environment) if errand else {}
    environment["OET_PROCEDURE_ID"] = str(preparation.procedure_id)
    is_shared = preparation.git is not None
    if is_shared:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # for what the script starts
    return Spec(
        procedure=preparation.procedure_id,
        script=preparation.script,
        init=Arguments(list(preparation.init.args), dict(preparation.init.kwargs)),
        environment=environment,
        bells=str(context.settings.bells_dir),
        output_limit_bytes=context.settings.output_limit_bytes,
        works_apart=is_shared,
        run=Run(errand.function, list(errand.call.args), dict(errand.call.kwargs)) if errand else None,
        folder=errand.folder if errand else None,
        removed=list(errand.removed) if errand else [],
        label=errand.label if errand else "",
        context={
            **preparation.known,
            "node": context.settings.node,
            "overrides": dict(context.events.overrides),
        },
        events_after=context.events.cursor,
    )
