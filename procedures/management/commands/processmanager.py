"""`manage.py processmanager`: supervises the scripts of this node."""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from procedures.manager.process_manager import Leave, ProcessManager, handling_signals
from procedures.manager.settings import ManagerSettings
from procedures.supervision.sole_manager import AlreadyManaged, sole_manager

log = logging.getLogger(__name__)

STATUS_TAKEN = 3


class Command(BaseCommand):
    """Run the ProcessManager until it is told to end."""

    requires_system_checks: list[str] = []  # a fault in the pages must not keep scripts without their supervisor
    help = (
        "Supervises the scripts of this node. SIGTERM ends it and leaves scripts running for its successor; "
        "SIGINT (Ctrl-C) stops all scripts first, a second one kills them at once. Exit status 3: another manager runs."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Hold the lock and manage."""
        values = ManagerSettings.of(settings.OET, settings.OET_VERSION)
        description = {
            "pid": os.getpid(),
            "node": values.node,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            with sole_manager(values.run_dir / "processmanager.lock", description):
                asyncio.run(_manage(values))
        except AlreadyManaged as error:
            self.stderr.write(str(error))
            sys.exit(STATUS_TAKEN)


async def _manage(values: ManagerSettings) -> None:
    leave = Leave()
    with handling_signals(leave):
        manager = ProcessManager(values, leave)
        announcing = asyncio.create_task(_announce(manager), name="announce")
        try:
            await manager.run()
        finally:
            announcing.cancel()


async def _announce(manager: ProcessManager) -> None:
    await manager.ready.wait()
    print("ready", flush=True)
    log.info("the process manager is ready: process %s", os.getpid())
