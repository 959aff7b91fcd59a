"""Procedures that are not final, as the manager keeps them in memory.

What must survive a crash is in the database and the run directories.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from procedures.domain.arguments import ProcedureInput
from procedures.manager.hearing import Ears
from procedures.manager.inbox import QueuedCommand
from procedures.supervision.run_directories import RunDirectory
from procedures.supervision.script_process import ScriptProcess
from procedures.supervision.stop_ladder import StopLadder
from procedures.supervision.story import Story

OUTPUT_PAUSE_S = 0.2
"""The first output is recorded at once, then at most once in this time, however fast a script prints."""


@dataclass(frozen=True)
class StartOrder:
    """A start that has been accepted: the worker is to be told."""

    command_id: int
    function: str
    call: ProcedureInput
    expires_at: datetime
    by: str = ""


@dataclass
class LiveProcedure:
    """One of them. `news` is set when there may be something to read in its run directory."""

    id: int
    process: ScriptProcess
    story: Story = field(default_factory=Story)
    journal_offset: int = 0
    output_position: int = 0
    output_due: float = 0.0
    """When output may be recorded again (monotonic)."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its final state is recorded."""
    pid: int | None = None
    prepare_command: int | None = None
    """The command to be answered with the next thing that is recorded."""
    stops: list[QueuedCommand] = field(default_factory=list)
    """Stop commands to be answered when it has ended."""
    ladder: StopLadder | None = None
    held_start: QueuedCommand | None = None
    """A start to be carried out as soon as it is READY (of an abort procedure)."""
    abort_of: int | None = None
    was_ready: bool = False
    is_stop_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    """It is to be stopped: what is being prepared for it is not wanted any more."""
    is_pid_due: bool = False
    """Its pid is to be recorded with the next thing, although nobody waits for an answer."""
    is_from_git: bool = False
    """It holds a commit, and perhaps an environment, until its end."""
    gave_up: str = ""
    """Why the manager itself had it killed; empty if it had not."""
    lost: str = ""
    """Why nothing will be known of its end; empty while something may."""
    unread: str = ""
    """Why its journal cannot be read (any more); empty if it can."""
    answers_due: list[int] = field(default_factory=list)
    """Commands that the worker has obeyed, to be answered when what it wrote about them is recorded."""
    ears: Ears = field(init=False)
    _is_timer_set: bool = False

    def __post_init__(self) -> None:
        self.ears = Ears(self.id)

    @property
    def directory(self) -> RunDirectory:
        """Its run directory."""
        return self.process.directory

    def look(self, output_limit_bytes: int) -> None:
        """Set `news` if there is something to read, at once or when output may be recorded again; a few calls of stat."""
        directory = self.directory
        if directory.journal_size_bytes() > self.journal_offset or directory.has_ended:
            self.news.set()
        elif directory.may_have_output(self.output_position, output_limit_bytes):
            self.look_later()

    def look_later(self) -> None:
        """Set `news` as soon as output may be recorded again."""
        wait_s = self.output_due - time.monotonic()
        if wait_s <= 0:
            self.news.set()
        elif not self._is_timer_set:
            self._is_timer_set = True
            asyncio.get_running_loop().call_later(wait_s, self._on_timer)

    def _on_timer(self) -> None:
        self._is_timer_set = False
        self.news.set()


class LiveProcedures:
    """All of them, by id."""

    def __init__(self) -> None:
        self._procedures: dict[int, LiveProcedure] = {}

    def __len__(self) -> int:
        return len(self._procedures)

    def __iter__(self) -> Iterator[LiveProcedure]:
        return iter(list(self._procedures.values()))

    def get(self, procedure_id: int) -> LiveProcedure | None:
        """The procedure, if it is live."""
        return self._procedures.get(procedure_id)

    def add(self, live: LiveProcedure) -> None:
        """It lives from now on."""
        self._procedures[live.id] = live

    def forget(self, live: LiveProcedure) -> None:
        """It is final."""
        self._procedures.pop(live.id, None)
