"""The desk: what is due for the trials of a node, found when somebody rings.

Whoever makes something due rings: who creates or aborts a trial, whose end leaves room on the node or frees what the installation
shares, who ends the draining of a node. Bells may get lost, so there is a net under them; nothing waits for that.
"""

import asyncio
import logging
from collections.abc import Iterable, Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings

from procedures.manager.context import Context
from procedures.recorder import Recording
from trials.announcing import TRIAL_TOPIC
from trials.manager.dispatching import dispatch
from trials.manager.inbox import Inbox
from trials.manager.setting_up import SettingUp
from trials.manager.working_directories import next_end, outlived, remove_outlived
from trials.models import UNFINISHED_STATES, Trial
from trials.settling import Settlement

log = logging.getLogger(__name__)

NET_S = 1.0
"""So often everything is looked at although nobody rang."""
_TIDY_S = 60.0
"""So often at least it is asked what is to be cleared away: somebody else may have declared a trial of this node lost."""


class TrialDesk:
    """Dispatches trials to this node, sets them up, aborts them, and clears away what they leave. A companion of the ProcessManager."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._node = context.settings.node
        self._due = asyncio.Event()
        self._due.set()  # something may have waited for this manager
        self._has_ended = asyncio.Event()
        """Perhaps a trial has, so that there will be something to clear away."""
        self._is_sure = True
        self._inbox = Inbox(self._node)
        self._setting_up = SettingUp(context)

    async def adopt(self) -> None:
        """Begin again what a predecessor was setting up, and evaluate every live trial once."""
        unready, ready = await self._context.database.read(partial(_read_legacy, self._node))
        for trial_id in unready:
            self._setting_up.begin(trial_id)
        for trial_id in ready:
            await self._context.database.write(partial(_settle, node=self._node, trial_id=trial_id))

    async def work(self) -> None:
        """Look whenever there may be something to do, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_for_ever(), name="trials")
            tasks.create_task(self._tidy_for_ever(), name="tidy trials")

    async def _look_for_ever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(NET_S):
                    await self._due.wait()
            self._is_sure = self._is_sure or not self._due.is_set()
            self._due.clear()
            await self._look()

    def ring(self, topics: Set[str] | None) -> None:
        """Something may have changed. This manager's own changes do not show in the database's version."""
        if topics is None:
            self._due.set()
        elif TRIAL_TOPIC in topics:
            self._is_sure = True
            self._due.set()
            self._has_ended.set()

    async def _look(self) -> None:
        is_sure, self._is_sure = self._is_sure, False
        database = self._context.database
        due = await database.read(partial(self._inbox.look, is_sure=is_sure))
        for trial_id in due.aborts:
            self._setting_up.stop(trial_id)
            await database.write(partial(_take_abort, node=self._node, trial_id=trial_id))
        if due.has_pending:
            await self._dispatch()
        for trial_id in due.waiting_for_site:
            await database.write(partial(_settle, node=self._node, trial_id=trial_id))

    async def _dispatch(self) -> None:
        database = self._context.database
        taken = await database.write(partial(dispatch, node=self._node))
        self._begin(taken.trials)
        if taken.has_passed_over:  # another node was looking at them, and may have left them
            self._begin((await database.write(partial(dispatch, node=self._node, waits=True))).trials)

    def _begin(self, trials: Iterable[int]) -> None:
        for trial_id in trials:
            self._setting_up.begin(trial_id)

    async def _tidy_for_ever(self) -> None:
        """Remove each working directory when it has been kept for long enough."""
        read = self._context.database.read
        while True:
            self._has_ended.clear()
            retention = timedelta(seconds=settings.OET.trial_retention)
            if due := await read(partial(outlived, self._node, datetime.now(UTC) - retention)):
                await remove_outlived(self._context, due)
                continue
            ended_at = await read(partial(next_end, self._node))
            with suppress(TimeoutError):
                async with asyncio.timeout(_wait_s(ended_at, retention)):
                    await self._has_ended.wait()


def _wait_s(ended_at: datetime | None, retention: timedelta) -> float:
    if ended_at is None:
        return _TIDY_S
    return min(_TIDY_S, max(0.0, (ended_at + retention - datetime.now(UTC)).total_seconds()))


def _read_legacy(node: str) -> tuple[list[int], list[int]]:
    """The trials of this node that were not set up yet, and those that were."""
    live = Trial.objects.filter(node=node, state__in=UNFINISHED_STATES).order_by("id")
    rows = list(live.values_list("pk", "started_at"))
    return [pk for pk, started_at in rows if started_at is None], [
        pk for pk, started_at in rows if started_at is not None
    ]


def _settle(record: Recording, node: str, trial_id: int) -> None:
    settlement = Settlement(record, node)
    settlement.settle(trial_id, datetime.now(UTC))
    settlement.close()


def _take_abort(record: Recording, node: str, trial_id: int) -> None:
    Trial.objects.filter(pk=trial_id).update(is_abort_taken=True)
    _settle(record, node, trial_id)
