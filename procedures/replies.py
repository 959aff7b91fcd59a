"""How a request waits for the ProcessManager's answer.

One thread of a web process listens for the bell and asks, with one query for all who wait, which commands have been answered. It
begins with the first who waits and ends when nobody has waited for a while.
"""

import logging
import threading
import time
from functools import cache

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection

from procedures.bells import Bell, Role, keep_listening
from procedures.models import Command
from procedures.statements import Question

log = logging.getLogger(__name__)

_RECHECK_S = 1.0
_LINGER_S = 5.0


class CommandReplies:
    """Everybody in this process who waits for the answer to a command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, threading.Event] = {}
        self._thread: threading.Thread | None = None

    def wait(self, command_id: int, timeout_s: float) -> Command | None:
        """The command once it is answered; None if it is not within `timeout_s`."""
        answered = threading.Event()
        with self._lock:
            self._waiting[command_id] = answered
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="command replies", daemon=True)
                self._thread.start()
        try:
            command = _answered(command_id)  # the answer may have come before anybody waited for it
            if command is None:
                _give_back_connection()
                answered.wait(timeout_s)
                command = _answered(command_id)
            return command
        finally:
            with self._lock:
                del self._waiting[command_id]

    def _listen(self) -> None:
        keep_listening(Role.WEB, self._answer_on, self._ends)

    def _answer_on(self, bell: Bell) -> None:
        """Tell whoever waits, until nobody has waited for a while."""
        wanted_at = time.monotonic()
        # Looks first: an answer may have come after the first who waits has looked, and before there was a bell.
        while True:
            now = time.monotonic()
            with self._lock:
                waiting = dict(self._waiting)
            wanted_at = now if waiting else wanted_at
            if now - wanted_at > _LINGER_S and self._ends():
                return
            if waiting:
                self._notify(waiting)
            bell.wait(_RECHECK_S)

    def _ends(self) -> bool:
        """Whether nobody waits; then nobody listens from now on."""
        with self._lock:
            if self._waiting:
                return False
            self._thread = None
            return True

    def _notify(self, waiting: dict[int, threading.Event]) -> None:
        try:
            answered = list(_ANSWERED.filter(pk__in=waiting).values_list("pk", flat=True))
        except DatabaseError:
            log.warning("cannot see whether commands were answered; trying again", exc_info=True)
            connection.close()
            return
        for command_id in answered:
            waiting[command_id].set()


_STAND_IN = -1
_ANSWERED = Command.objects.exclude(state=Command.State.QUEUED)


def _answered(command_id: int) -> Command | None:
    fields, question = _answer_question()
    rows = question.ask(command_id)
    return Command.from_db(DEFAULT_DB_ALIAS, fields, rows[0]) if rows else None


@cache
def _answer_question() -> tuple[list[str], Question]:
    fields = [field.attname for field in Command._meta.concrete_fields]
    return fields, Question(_ANSWERED.filter(pk=_STAND_IN).order_by().values_list(*fields), _STAND_IN)


def _give_back_connection() -> None:
    """Let others use this thread's connection while it waits: a pool may have fewer connections than there are clients."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()


replies = CommandReplies()
"""Those of this process."""
