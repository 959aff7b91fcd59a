"""Emergency stops, which are done without the manager: whose end they were, and that everybody hears of them."""

import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from oet.emergency import REPORT, EmergencyStop, read_stops
from procedures.manager.context import Context
from procedures.models import Event
from procedures.recorder import Recording
from procedures.supervision.run_directories import ExitReport

EMERGENCY_TOPIC = "operator.emergency_stop"
_LONGEST_S = 60.0
"""An emergency stop that has not said after this time that it is through was killed itself."""
_TOLD_FOR_S = 86_400.0
"""One that nobody has told of for so long (no manager ran) is history; the event log may have been pruned since."""


def emergency_behind(run_dir: Path, procedure_id: int, report: ExitReport | None) -> EmergencyStop | None:
    """The emergency stop that ended a process, if one did: it named it, or it was under way when the process was killed."""
    if report is not None and report.killed is None and report.signal != signal.SIGKILL:
        return None
    for stop in reversed(read_stops(run_dir)):
        until = stop.ended or stop.began + _LONGEST_S
        if report is None and procedure_id in stop.procedures:
            return stop
        if report is not None and stop.began <= report.time <= until + 1:
            return stop
    return None


class Emergencies:
    """Announces each emergency stop once, also one that was done while no manager ran."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._file = context.settings.run_dir / REPORT
        self._seen_at = 0.0

    async def look(self) -> None:
        """Announce what is new; a call of stat where nothing is."""
        try:
            changed_at = self._file.stat().st_mtime
        except OSError:
            return
        if changed_at == self._seen_at:
            return
        now = datetime.now(UTC).timestamp()
        recent = [stop for stop in read_stops(self._context.settings.run_dir) if stop.began > now - _TOLD_FOR_S]
        over = [stop for stop in recent if stop.ended is not None or stop.began < now - _LONGEST_S]
        if over:
            node = self._context.settings.node
            await self._context.database.write(lambda record: _announce(record, node, over))
        if len(over) == len(recent):
            self._seen_at = changed_at


def _announce(record: Recording, node: str, stops: Sequence[EmergencyStop]) -> None:
    for stop in stops:
        at = datetime.fromtimestamp(stop.began, UTC)
        if Event.objects.filter(at=at, topic=EMERGENCY_TOPIC).exists():
            continue
        said = {
            "node": node,
            "by": stop.by,
            "began": stop.began,
            "ended": stop.ended,
            "procedures": stop.procedures,
            "killed": stop.count,
            "alive": stop.alive,
            "checks": stop.checks,
        }
        record.announce(EMERGENCY_TOPIC, said, at=at)
