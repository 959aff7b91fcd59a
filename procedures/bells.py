"""Bells of the database: whoever commits rings, whoever reads on waits for the ring, or a second.

On SQLite everything is on one machine and a bell is a doorbell socket in `$OET_HOME/run/bells`. On PostgreSQL it is LISTEN/NOTIFY:
sent inside the transaction, so delivered exactly at commit, on every machine. A lost ring costs at most a second.
"""

import logging
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import psycopg
from django.conf import settings
from django.db import connection, transaction

from oet.doorbell import Doorbell, ring

log = logging.getLogger(__name__)


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
            cursor.execute("SELECT pg_notify(%s, '')", [_channel(role)])
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
    return NotifyBell(role) if connection.vendor == "postgresql" else DoorBell(role)


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


class NotifyBell:
    """LISTEN on a connection of its own, opened again when it is lost."""

    def __init__(self, role: Role) -> None:
        self._channel = _channel(role)
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, timeout_s: float) -> None:
        """Return when the bell rings, or after `timeout_s`, or when the connection is new: then something may have been missed."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                return
            for _ in self._connection.notifies(timeout=timeout_s, stop_after=1):
                pass
        except psycopg.OperationalError as error:
            log.warning("cannot listen for %s: %s; trying again", self._channel, error)
            if self._connection is None:
                time.sleep(
                    timeout_s
                )  # there is no server: whoever waits looks by itself, no faster than without a ring
            self.close()

    def close(self) -> None:
        """Listen no longer."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Any]:
        parameters = connection.get_connection_params()
        wanted = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
        fresh = psycopg.connect(**wanted, autocommit=True)
        fresh.execute(f"LISTEN {self._channel}")
        return fresh


def _channel(role: Role) -> str:
    return f"oet_{role.value}"
