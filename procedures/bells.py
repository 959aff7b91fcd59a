"""Bells of the database: whoever commits rings, whoever reads on waits for the ring, or a second.

On SQLite everything is on one machine and a bell is a doorbell socket in `$OET_HOME/run/bells`. On PostgreSQL it is LISTEN/NOTIFY:
sent inside the transaction, so delivered exactly at commit, on every machine. A lost ring costs at most a second.
"""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction

from oet.doorbell import Doorbell, ring

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
"""Before listening begins again where it has failed."""


class Role(StrEnum):
    """Who listens."""

    MANAGER = "manager"
    """ProcessManagers: commands were written."""
    WEB = "web"
    """Web processes: events were written or commands answered."""


def bells_dir() -> Path:
    """Where the doorbells of this machine are."""
    return Path(settings.OET.run_dir) / "bells"


def ring_at_commit(role: Role) -> None:
    """Wake every listener of `role` when the transaction that is open has been committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [channel(role)])
    else:
        transaction.on_commit(lambda: ring(bells_dir(), role))


class Bell(Protocol):
    """What a reader waits for."""

    def wait(self, timeout_s: float) -> None:
        """Return when the bell rings, or after `timeout_s`."""

    def close(self) -> None:
        """Listen no longer."""


def listen(role: Role) -> Bell:
    """A bell for this process; to be used by one thread."""
    if connection.vendor == "postgresql":
        from procedures.notify_bell import NotifyBell  # psycopg takes long to load, and SQLite has no use for it

        return NotifyBell(channel(role))
    return DoorBell(role)


def keep_listening(role: Role, follow: Callable[[Bell], None], ends: Callable[[], bool]) -> None:
    """The life of a thread: `follow` a bell until it returns. Where that fails it begins again, unless it `ends`, for nobody waits."""
    while True:
        try:
            with closing(listen(role)) as bell:
                follow(bell)
        except Exception:  # the thread's end: without this nobody would hear of it, and everybody would wait for ever
            log.exception("%s failed; it begins again", follow.__qualname__)
            if ends():
                return
            time.sleep(_PAUSE_S)
        else:
            return
        finally:
            connection.close()


class DoorBell:
    """A doorbell socket of this machine."""

    def __init__(self, role: Role) -> None:
        bells_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
        self._doorbell = Doorbell(bells_dir(), role)

    def wait(self, timeout_s: float) -> None:
        """Return when the bell rings, or after `timeout_s`."""
        self._doorbell.wait(timeout_s)

    def close(self) -> None:
        """Listen no longer."""
        self._doorbell.close()


def channel(role: Role) -> str:
    """What NOTIFY and LISTEN call the bell of a role."""
    return f"oet_{role.value}"
