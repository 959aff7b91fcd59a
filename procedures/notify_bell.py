"""The bell on PostgreSQL: LISTEN. `procedures.bells` says when it rings."""

import logging
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg
from django.db import connection

log = logging.getLogger(__name__)


class NotifyBell:
    """LISTEN on a connection of its own, opened again when it is lost; to be used by one thread."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
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
