"""What a node says of itself once a second.

It is written by the thread that writes everything, so a manager that hangs has no heartbeat.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import django

from oet import processes
from procedures.manager.context import Context
from procedures.models import Node
from procedures.recorder import Recording

CONDITION_TOPIC = "node.condition"
LITTLE_DISK_BYTES = 1 << 30
LITTLE_DISK_SHARE = 0.05


@dataclass
class Heartbeat:
    """Describes this node, and remembers what it said last."""

    context: Context
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    boot_id: str = field(default_factory=processes.boot_id)
    _problems: list[str] | None = None

    async def beat(self) -> None:
        """Write a heartbeat; an event where the problems have changed."""
        condition = self._condition()
        has_changed = condition["problems"] != self._problems
        await self.context.database.write(lambda record: self._write(record, condition, has_changed=has_changed))
        self._problems = condition["problems"]

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
            "problems": problems,
        }
