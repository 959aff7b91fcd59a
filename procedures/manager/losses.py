"""Processes that are gone without an exit report: their launcher died, or could not write it."""

import asyncio
import logging
from collections.abc import Iterable

from procedures.manager.context import Context
from procedures.manager.live import LiveProcedure
from procedures.supervision.launcher_link import LauncherUnreachable, Refused

log = logging.getLogger(__name__)

LAUNCHER_LOST = "launcher lost: the process that watched over it died, and it with it"
UNREPORTED = "its process is gone, but its launcher left no report of its end; perhaps the disk was full"
UNREPORTABLE = "its process is gone, and its run directory was gone before: nobody could write down how it ended"
_LOOK_S = 2.0


def on_loss(context: Context, launcher_id: str) -> None:
    """A launcher has died, and nothing of what it ran is left."""
    for live in context.procedures:
        if live.process.launcher_id == launcher_id and not live.directory.has_ended:
            _lose(live, LAUNCHER_LOST)


async def watch_for_losses(context: Context) -> None:
    """Every now and then, for ever: ask the launchers what they have. What is missing twice is lost."""
    missing: set[int] = set()
    while True:
        await asyncio.sleep(_LOOK_S)
        spawned = [live for live in context.procedures if live.process.spawned.is_set()]
        before, missing = missing, set()
        for name in {live.process.launcher for live in spawned}:
            theirs = [live for live in spawned if live.process.launcher == name]
            missing |= await _missing(context, name, theirs)
        for live in spawned:
            if live.id in missing & before and not live.directory.has_ended:
                _lose(live, UNREPORTED if live.directory.exists else UNREPORTABLE)


async def _missing(context: Context, name: str, procedures: Iterable[LiveProcedure]) -> set[int]:
    """Those of `procedures` that launcher `name` does not have; none if it does not answer."""
    subject = f"launcher {name}"
    try:
        found = await context.launchers.ask(name)
    except (LauncherUnreachable, Refused) as error:
        log.error("%s", error)  # noqa: TRY400 - an outcome, said once in a while
        context.report(subject, str(error))
        return set()
    context.report(subject, "")
    living = found[1] if found else {}
    return {live.id for live in procedures if live.id not in living and not live.directory.has_ended}


def _lose(live: LiveProcedure, words: str) -> None:
    live.lost = live.lost or words
    live.news.set()
