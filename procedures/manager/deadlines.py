"""Deadlines: what is out of time is stopped by the ladder, and ends FAILED.

The deadline of a procedure is a column, set with the transition that begins something (see `recorder`), so a manager that takes over goes
on with it. Here are only the timers.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from procedures.domain.durations import in_words
from procedures.domain.states import FINAL
from procedures.manager.context import Context
from procedures.manager.live import LiveProcedure
from procedures.manager.stopping import NO_COMMAND, STOPPING_TOPIC, climb
from procedures.recorder import Recording
from procedures.supervision.stop_ladder import StopReport

log = logging.getLogger(__name__)

TIMEOUT = "timeout"
"""Who asks for such a stop."""


class Deadlines:
    """One timer for each procedure that may run out of time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._timers: dict[int, tuple[datetime, asyncio.TimerHandle]] = {}

    def know(self, deadlines: Mapping[int, datetime | None]) -> None:
        """These are the deadlines of these procedures from now on."""
        for procedure_id, deadline_at in deadlines.items():
            known = self._timers.get(procedure_id)
            if known is not None and known[0] == deadline_at:
                continue
            if known is not None:
                known[1].cancel()
                del self._timers[procedure_id]
            if deadline_at is not None:
                wait_s = max(0.0, (deadline_at - datetime.now(UTC)).total_seconds())
                timer = asyncio.get_running_loop().call_later(wait_s, self._fire, procedure_id, deadline_at)
                self._timers[procedure_id] = (deadline_at, timer)

    def _fire(self, procedure_id: int, deadline_at: datetime) -> None:
        self._timers.pop(procedure_id, None)
        live = self._context.procedures.get(procedure_id)
        if live is not None and live.ladder is None:
            self._context.begin(_time_out(self._context, live, deadline_at), f"timeout {procedure_id}")


async def _time_out(context: Context, live: LiveProcedure, deadline_at: datetime) -> None:
    grace_s = context.settings.grace_s
    begun = await context.database.write(
        lambda record: _begin(record, live.id, deadline_at, grace_s), [live.id], is_fresh=True
    )
    if begun is not None:
        await climb(context, live, StopReport(TIMEOUT, begun.timestamp(), grace_s), NO_COMMAND)


def _begin(record: Recording, procedure_id: int, deadline_at: datetime, grace_s: float) -> datetime | None:
    """Write down that it is out of time; when, or None where it has gone on, has ended or is being stopped anyway.

    The timer has measured the time, which a clock that is set does not disturb; so that it is over is not asked of the clock.
    """
    procedure, now = record.procedure(procedure_id), datetime.now(UTC)
    if procedure.state in FINAL or procedure.deadline_at != deadline_at:
        return None
    if procedure.stop_asked_at is not None:
        return None
    span = procedure.deadline_at - procedure.state_at
    timeout_s = procedure.timeout_s or 0.0 if procedure.part_of else span.total_seconds()
    record.change(procedure_id, stop_asked_at=now, stop_asked_by=TIMEOUT, stop_grace_s=grace_s, timed_out_s=timeout_s)
    log.warning("procedure %s is %s for more than %s: stopping it", procedure_id, procedure.state, in_words(timeout_s))
    said = {"by": TIMEOUT, "grace_s": grace_s, "abort": False, "timeout_s": timeout_s}
    record.announce(STOPPING_TOPIC, said, procedure_id=procedure_id, at=now)
    return now
