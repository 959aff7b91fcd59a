"""What a node says of itself once a second.

It is written by the thread that writes everything, so a manager that hangs has no heartbeat.
"""

import asyncio
import os
import platform
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import django

from oet import processes
from procedures.manager.context import Context
from procedures.models import Node
from procedures.recorder import Recording
from procedures.supervision.usage import TreeUsage, UsageSampler

CONDITION_TOPIC = "node.condition"
LITTLE_DISK_BYTES = 1 << 30
LITTLE_DISK_SHARE = 0.05
_USAGE_PAUSE_S = 1.5
_MOST_LOOKED_AT = 50
"""Procedures, the newest ones: every page gets this with every tick."""


@dataclass
class Heartbeat:
    """Describes this node, and remembers what it said last."""

    context: Context
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    boot_id: str = field(default_factory=processes.boot_id)
    _problems: list[str] | None = None
    _sampler: UsageSampler = field(default_factory=UsageSampler)
    _usage: Mapping[int, TreeUsage] = field(default_factory=dict)
    _usage_due: float = 0.0

    async def beat(self) -> None:
        """Write a heartbeat; an event where the problems have changed."""
        await self._look_at_usage()
        condition = self._condition()
        has_changed = condition["problems"] != self._problems
        await self.context.database.write(lambda record: self._write(record, condition, has_changed=has_changed))
        self._problems = condition["problems"]

    async def _look_at_usage(self) -> None:
        """What the scripts take of the machine, every other heartbeat: nobody reads faster."""
        if time.monotonic() < self._usage_due:
            return
        self._usage_due = time.monotonic() + _USAGE_PAUSE_S
        newest = sorted((live.id for live in self.context.procedures), reverse=True)[:_MOST_LOOKED_AT]
        found = (self.context.procedures.get(procedure_id) for procedure_id in newest)
        roots = {live.id: live.pid for live in found if live is not None and live.pid is not None}
        self._usage = await asyncio.to_thread(self._sampler.sample, roots)

    def _write(self, record: Recording, condition: Mapping[str, Any], *, has_changed: bool) -> None:
        columns = {
            "heartbeat_at": datetime.now(UTC),
            "started_at": self.started_at,
            "manager_pid": os.getpid(),
            "boot_id": self.boot_id,
            "versions": {
                "oet": self.context.settings.version,
                "python": platform.python_version(),
                "django": django.get_version(),
            },
            "condition": condition,
        }
        name = self.context.settings.node
        if not Node.objects.filter(name=name).update(**columns):
            Node.objects.create(name=name, **columns)
        if has_changed:
            record.announce(CONDITION_TOPIC, {"node": name, "problems": condition["problems"]})

    def _condition(self) -> dict[str, Any]:
        problems = list(self.context.problems.values())
        disk: dict[str, int | None] = {"free_bytes": None, "total_bytes": None}
        try:
            usage = shutil.disk_usage(self.context.settings.home)
        except OSError as error:
            problems.append(f"{self.context.settings.home} cannot be looked at: {error}")
        else:
            disk = {"free_bytes": usage.free, "total_bytes": usage.total}
            if usage.free < min(LITTLE_DISK_BYTES, usage.total * LITTLE_DISK_SHARE):
                problems.append(
                    f"the disk of {self.context.settings.home} is nearly full: {usage.free / 1e6:.0f} MB are free"
                )
        if not os.access(self.context.settings.run_dir, os.W_OK):
            problems.append(f"{self.context.settings.run_dir} cannot be written")
        return {
            "load": list(os.getloadavg()),
            "disk": disk,
            "launchers": self.context.launchers.described(),
            "live_procedures": len(self.context.procedures),
            "usage": {str(procedure_id): usage.as_json() for procedure_id, usage in self._usage.items()},
            "problems": problems,
        }
