"""What a worker writes into its journal: what must not get lost, and what a script says as far as there is room for it."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from oet import doorbell, ending
from oet.journal import JournalWriter, RecordTooLarge

if TYPE_CHECKING:
    from pathlib import Path

    from oet.stopping import StopGuard

MANAGER = "manager"
STATUS_JOURNAL_LOST = 74
EVENT_JOURNAL_LIMIT_BYTES = 256 << 20
_DISK_PATIENCE_S = 10.0
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR})


class Diary:
    """One worker's journal, and the bell that tells of it. Any thread may write."""

    def __init__(self, path: Path, bells: str | None, guard: StopGuard, *, is_quiet: bool) -> None:
        """`bells` is the folder of the bells; None if nobody is to be told."""
        self.is_quiet = is_quiet
        """No bell is rung: what happens is not worth telling at once."""
        self._journal = JournalWriter(path)
        self._bells = bells
        self._guard = guard
        self._pid = os.getpid()
        self._appending = threading.local()

    def state(self, state: str) -> None:
        """Record a state of the procedure."""
        self.record("state", {"state": state})

    def record(self, topic: str, payload: dict[str, Any]) -> None:
        """Append a record that must not get lost: a full disk is waited for a while, then the process ends."""
        deadline = time.monotonic() + _DISK_PATIENCE_S
        while True:
            try:
                self.append(topic, payload)
            except OSError as error:
                if error.errno not in _PASSING or time.monotonic() > deadline:
                    print(f"OET: the journal cannot be written: {error}", file=sys.__stderr__)
                    ending.leave(STATUS_JOURNAL_LOST)
                time.sleep(0.1)
            else:
                return

    def append(self, topic: str, payload: dict[str, Any]) -> None:
        """Append a record, and ring; OSError where it cannot be written now."""
        self._appending.is_under_way = True
        try:
            self._journal.append(topic, payload)
        finally:
            self._appending.is_under_way = False
        if self._bells and not self.is_quiet:
            doorbell.ring(self._bells, MANAGER)

    def publish(self, topic: str, payload: Any) -> bool:
        """Append an event, from whichever thread; False where it cannot be."""
        return self.say("event", {"topic": topic, "payload": payload})

    def say(self, topic: str, payload: dict[str, Any]) -> bool:
        """Append what the script says, from whichever thread; False where it cannot be. A script cannot fill the disk with it.

        A destructor that speaks while its own thread writes a record would wait for itself for ever: it is not heard.
        """
        if self._journal.size_bytes > EVENT_JOURNAL_LIMIT_BYTES or os.getpid() != self._pid:
            return False
        if getattr(self._appending, "is_under_way", False):
            return False
        with self._guard.shielded():
            try:
                self.append(topic, payload)
            except (OSError, RecordTooLarge):
                return False
        return True
