"""What wakes the manager: the doorbell of this machine and, on PostgreSQL, LISTEN."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DatabaseError, connection

from oet.doorbell import Doorbell
from procedures.bells import Role, listen

log = logging.getLogger(__name__)

_LISTEN_TURN_S = 0.5
_PAUSE_S = 1.0


@contextmanager
def doorbell(bells_dir: Path, on_ring: Callable[[], None]) -> Iterator[None]:
    """Call `on_ring` whenever somebody rings for the manager; many rings at once are one."""
    loop = asyncio.get_running_loop()
    with Doorbell(bells_dir, Role.MANAGER.value) as bell:

        def ring() -> None:
            bell.drain()
            on_ring()

        loop.add_reader(bell.fileno(), ring)
        try:
            yield
        finally:
            loop.remove_reader(bell.fileno())


@contextmanager
def notifications(on_ring: Callable[[], None]) -> Iterator[None]:
    """Call `on_ring` in the loop whenever another process has notified managers. Nothing on SQLite, where the doorbell does it all."""
    if connection.vendor != "postgresql":
        yield
        return
    is_over = threading.Event()
    loop = asyncio.get_running_loop()
    thread = threading.Thread(
        target=_listen, args=(is_over, lambda: loop.call_soon_threadsafe(on_ring)), name="listen", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _listen(is_over: threading.Event, on_ring: Callable[[], None]) -> None:
    bell = listen(Role.MANAGER)
    try:
        while not is_over.is_set():
            try:
                bell.wait(_LISTEN_TURN_S)
            except DatabaseError as error:
                log.warning("cannot listen for commands: %s; looking once a second meanwhile", error)
                is_over.wait(_PAUSE_S)
            else:
                on_ring()
    finally:
        bell.close()
        connection.close()
