"""The ProcessManager as a process: what runs in it, and how it ends."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from procedures.domain.people import PROCESS_MANAGER
from procedures.manager import companions
from procedures.manager.adopting import adopt_all
from procedures.manager.context import Context
from procedures.manager.database import Database, Recorded
from procedures.manager.deadlines import Deadlines
from procedures.manager.dispatch import RECHECK_S, Dispatcher
from procedures.manager.emergencies import Emergencies
from procedures.manager.hearing import follow_events
from procedures.manager.heartbeat import Heartbeat
from procedures.manager.idle_launchers import retire_idle_launchers
from procedures.manager.inbox import queued
from procedures.manager.losses import on_loss, watch_for_losses
from procedures.manager.settings import ManagerSettings
from procedures.manager.stopping import stop_unasked
from procedures.manager.waking import doorbell, notifications
from procedures.models import Command
from procedures.supervision.launcher_link import LauncherUnreachable
from procedures.supervision.launchers import LauncherProgram, Launchers, clean_environment

log = logging.getLogger(__name__)

STOPPED_BY = PROCESS_MANAGER
_STOP_LIMIT_S = 25.0
"""After the grace period: the time after which a script that is not dead is UNKNOWN, and some more."""
_FAREWELL_S = 2.0
"""How long work that is under way may take to reach its next commit when the manager leaves."""


@dataclass
class Leave:
    """How the manager is asked to end. Signal handlers set these and do nothing else."""

    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    stop_scripts: bool = False
    """End the scripts too; otherwise they run on for the successor."""
    at_once: asyncio.Event = field(default_factory=asyncio.Event)
    """Kill the scripts without a grace period."""

    def leave_scripts(self) -> None:
        """SIGTERM."""
        self.wanted.set()

    def end_scripts(self) -> None:
        """SIGINT; the second one is impatient."""
        if self.stop_scripts:
            self.at_once.set()
        self.stop_scripts = True
        self.wanted.set()


@contextmanager
def handling_signals(leave: Leave) -> Iterator[None]:
    """SIGTERM leaves the scripts running, SIGINT stops them first."""
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGTERM: leave.leave_scripts, signal.SIGINT: leave.end_scripts}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


class ProcessManager:
    """Supervises the procedures of one node. `run` returns when `leave` was asked for and obeyed."""

    def __init__(self, settings: ManagerSettings, leave: Leave) -> None:
        self._settings = settings
        self._leave = leave
        self.ready = asyncio.Event()
        """What a predecessor left is taken over, and commands are taken."""

    async def run(self) -> None:
        """Manage until told to leave. A task that must not end raises out of here, and so ends the process."""
        async with asyncio.TaskGroup() as tasks:
            context = self._context(tasks)
            dispatcher = Dispatcher(context)
            context.take = dispatcher.take
            context.know_deadlines = Deadlines(context).know
            context.database.on_recorded = lambda recorded: _on_recorded(context, recorded)
            context.companions = [make(context) for make in companions.makers]
            context.database.start()
            try:
                async with AsyncExitStack() as bells:
                    bells.enter_context(doorbell(self._settings.bells_dir, lambda: _on_ring(context)))
                    bells.enter_context(notifications(lambda: _on_notice(context)))
                    await context.database.read(context.events.begin)
                    dispatcher.know(await adopt_all(context))
                    await dispatcher.take_queued()  # what was decided before goes before what companions decide now
                    for companion in context.companions:
                        await companion.adopt()
                    duties = [
                        tasks.create_task(dispatcher.take_commands(), name="commands"),
                        tasks.create_task(follow_events(context), name="events"),
                        tasks.create_task(_pulse(context, dispatcher), name="pulse"),
                        tasks.create_task(_warm_up(context), name="warm up"),
                        tasks.create_task(watch_for_losses(context), name="watch for losses"),
                        tasks.create_task(retire_idle_launchers(context), name="idle launchers"),
                        tasks.create_task(context.database.watch(), name="database"),
                        *(tasks.create_task(it.work(), name=type(it).__name__) for it in context.companions),
                    ]
                    self.ready.set()
                    await self._leave.wanted.wait()
                    await self._end(context, duties)
            finally:
                context.desk.close()
                await context.database.close()
                await context.launchers.close()

    def _context(self, tasks: asyncio.TaskGroup) -> Context:
        settings = self._settings
        program = LauncherProgram(settings.python, settings.preload, clean_environment(os.environ, settings.script_env))
        context = Context(
            settings=settings,
            database=Database(lambda words: context.report("database", words)),
            launchers=Launchers(settings.run_dir, program, lambda launcher_id: on_loss(context, launcher_id)),
            tasks=tasks,
        )
        return context

    async def _end(self, context: Context, duties: list[asyncio.Task[None]]) -> None:
        """The order of leaving: no more commands; the scripts, if asked; what is being written; then everything else."""
        await _cancel(duties[:1])
        if self._leave.stop_scripts:
            await self._stop_scripts(context)
            await context.launchers.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await context.database.write(lambda _: None)  # when this is written everything before it is
        await _cancel([*duties, *context.jobs])
        log.info("the process manager ends; %s procedures live on", len(context.procedures))

    async def _stop_scripts(self, context: Context) -> None:
        context.is_stopping_scripts = True
        hurry = asyncio.create_task(self._hurry(context), name="hurry")
        try:
            await _stop_all(context, self._settings.grace_s)
        finally:
            await _cancel([hurry])

    async def _hurry(self, context: Context) -> None:
        await self._leave.at_once.wait()
        await _stop_all(context, 0.0)


async def _stop_all(context: Context, grace_s: float) -> None:
    """Stop every script; returns when all are final, or when it is certain that some will not be."""
    ends = [asyncio.create_task(live.over.wait(), name=f"end of {live.id}") for live in context.procedures]
    for live in context.procedures:
        context.begin(stop_unasked(context, live, grace_s, STOPPED_BY), f"stop {live.id}")
    if ends:
        _, missing = await asyncio.wait(ends, timeout=grace_s + _STOP_LIMIT_S)
        await _cancel(list(missing))


async def _pulse(context: Context, dispatcher: Dispatcher) -> None:
    """Once a second: a heartbeat, and a look at everything, for bells may get lost."""
    heartbeat, emergencies = Heartbeat(context), Emergencies(context)
    while True:
        await heartbeat.beat()
        await emergencies.look()
        for live in context.procedures:
            live.look(context.settings.output_limit_bytes)
            if live.prepare_command is not None:  # spawned, and silent: whoever prepared it need not wait any longer
                live.news.set()
        dispatcher.is_sure = True
        context.commands_due.set()
        context.events_due.set()
        await asyncio.sleep(RECHECK_S)


async def _warm_up(context: Context) -> None:
    """Start the default launcher before it is needed, so that the first script need not wait for it."""
    try:
        await context.launchers.get()
    except (LauncherUnreachable, OSError) as error:
        log.error("the launcher cannot be started: %s", error)  # noqa: TRY400 - an outcome; each procedure will say so too
        context.report("launcher", f"the launcher cannot be started: {error}")


def _on_ring(context: Context) -> None:
    for live in context.procedures:
        live.look(context.settings.output_limit_bytes)
    _on_notice(context)


def _on_notice(context: Context) -> None:
    context.desk.ring()
    context.commands_due.set()
    for companion in context.companions:
        companion.ring(None)


def _on_recorded(context: Context, recorded: Recorded) -> None:
    """What this manager has written itself, it need not read back."""
    context.know_deadlines(recorded.deadlines)
    for command in recorded.orders:
        if not (context.is_stopping_scripts and command.kind == Command.Kind.PREPARE):  # the next manager does it
            context.take(queued(command), None)
    if recorded.topics:
        context.events_due.set()
        for companion in context.companions:
            companion.ring(recorded.topics)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
