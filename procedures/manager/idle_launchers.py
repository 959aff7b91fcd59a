"""Launchers of environments are kept warm for a while after their last script, and ended then."""

import asyncio
import logging
import time

from procedures.manager.context import Context
from procedures.supervision.launcher_link import LauncherUnreachable
from procedures.supervision.launchers import DEFAULT

log = logging.getLogger(__name__)

_LONGEST_LOOK_S = 5.0
PREFIX = "env-"
"""Names of launchers of environments begin so; what follows is the folder of the build, so that no build ever meets another's launcher."""


async def retire_idle_launchers(context: Context) -> None:
    """Every now and then, for ever."""
    idle_s = context.settings.launcher_idle_s
    idle_since: dict[str, float] = {}
    while True:
        await asyncio.sleep(min(_LONGEST_LOOK_S, idle_s))
        used = {live.process.launcher for live in context.procedures}
        names = {name for name in context.launchers.names if name != DEFAULT and name.startswith(PREFIX)} - used
        now = time.monotonic()
        idle_since = {name: idle_since.get(name, now) for name in names}
        for name, since in idle_since.items():
            if now - since >= idle_s:
                await _retire(context, name)


async def _retire(context: Context, name: str) -> None:
    try:
        if await context.launchers.retire(name):
            log.info("launcher %s was idle and has ended", name)
    except LauncherUnreachable as error:
        log.warning("launcher %s was to end: %s", name, error)
