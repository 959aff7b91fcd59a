"""What the parts of a manager share."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from procedures.manager.companions import Companion
from procedures.manager.database import Database, DatabaseClosed
from procedures.manager.environment_desk import EnvironmentDesk
from procedures.manager.hearing import EventLog
from procedures.manager.inbox import QueuedCommand
from procedures.manager.live import LiveProcedures
from procedures.manager.preparation import Preparation, PreparationReader
from procedures.manager.settings import ManagerSettings
from procedures.supervision.launchers import Launchers

log = logging.getLogger(__name__)


@dataclass
class Context:
    """One manager's belongings."""

    settings: ManagerSettings
    database: Database
    launchers: Launchers
    tasks: asyncio.TaskGroup
    procedures: LiveProcedures = field(default_factory=LiveProcedures)
    commands_due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when commands may have been written."""
    events_due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the event log may have grown."""
    events: EventLog = field(default_factory=EventLog)
    preparations: PreparationReader = field(default_factory=PreparationReader)
    desk: EnvironmentDesk = field(default_factory=EnvironmentDesk)
    """Commits and environments for scripts from git."""
    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong with this node, in words, by subject."""
    take: Callable[[QueuedCommand, Preparation | None], None] = field(init=False)
    """Carries out a command that this manager has written itself, without reading it back."""
    know_deadlines: Callable[[Mapping[int, datetime | None]], None] = field(init=False)
    """Hears the deadlines of procedures, by id, whenever they are recorded."""
    companions: list[Companion] = field(default_factory=list)
    """Who else works on what is recorded here."""
    is_stopping_scripts: bool = False
    """It ends, and stops every script first: no new one is begun."""
    jobs: set[asyncio.Task[None]] = field(default_factory=set)
    """Work on single procedures that is under way."""

    def begin(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do some work on one procedure beside everything else."""
        job = self.tasks.create_task(self._guarded(work, name), name=name)
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)
        job.add_done_callback(lambda _: work.close())  # else one that is cancelled before it begins is complained about

    def report(self, subject: str, words: str) -> None:
        """Note what is wrong with `subject`; empty words mean that it is well."""
        if words:
            self.problems[subject] = words
        else:
            self.problems.pop(subject, None)

    async def _guarded(self, work: Coroutine[None, None, None], name: str) -> None:
        try:
            await work
        except DatabaseClosed as error:
            log.warning("%s is left to the next manager: %s", name, error)
        except Exception:
            # The border of one procedure's work: whatever is wrong with it must not end the supervision of all others.
            log.exception("%s failed", name)
            self.report(name, f"{name} failed; see the manager's log")
