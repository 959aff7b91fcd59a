"""Celery's broker where nobody runs one: files in OET_HOME.

Kombu's own file transport can hand out a message that is still being written, leaves a message that nobody could read where nobody
looks, moves messages through the machine's shared temporary folder, and lets them lie until it looks again. This one writes each message
under another name and then renames it, keeps to its own folder, and rings a bell for those who wait.
"""

import uuid
from functools import cached_property
from pathlib import Path
from queue import Empty
from time import monotonic, time_ns
from typing import Any, Final

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

from oet.doorbell import Doorbell, ring

SUFFIX = ".msg"
_ROLE: Final = "consumer"


class Channel(filesystem.Channel):  # type: ignore[misc] # kombu has no types
    """A message is a file `<time>_<unique>.<queue>.msg`; whoever renames it first has it."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{time_ns():020d}_{uuid.uuid4().hex}.{queue}{SUFFIX}"
        fresh = self._messages / f"{name}.new"
        fresh.write_bytes(str_to_bytes(dumps(payload)))
        fresh.replace(self._messages / name)
        ring(bells_in(self.transport_options), _ROLE)

    def _get(self, queue: str) -> Any:
        for name in self._waiting(queue):
            taken = self._messages / f"{name}.taken"
            try:
                (self._messages / name).rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            payload = taken.read_bytes()
            taken.unlink()
            return loads(bytes_to_str(payload))
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        names = self._waiting(queue)
        for name in names:
            (self._messages / name).unlink(missing_ok=True)
        return len(names)

    def _waiting(self, queue: str) -> list[str]:
        """Names of the messages in a queue, the oldest first."""
        return sorted(file.name for file in self._messages.iterdir() if file.name.partition(".")[2] == queue + SUFFIX)

    @cached_property
    def _messages(self) -> Path:
        return self._made("messages")

    @cached_property
    def control_folder(self) -> Path:
        """Where kombu keeps which queue hangs on which exchange."""
        return self._made("control")

    def _made(self, name: str) -> Path:
        folder = Path(self.transport_options["folder"]) / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class Transport(filesystem.Transport):  # type: ignore[misc] # kombu has no types
    """The transport; its option `folder` says where messages are kept."""

    Channel = Channel
    polling_interval = 1.0
    """Seconds after which one looks although nobody has rung."""

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message; raises TimeoutError where none comes in time."""
        bell = self._bell  # before the first look, so that no message comes unheard
        end = None if timeout is None else monotonic() + timeout
        while True:
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left_s = self.polling_interval if end is None else min(self.polling_interval, end - monotonic())
                if left_s <= 0:
                    raise TimeoutError from None
                bell.wait(left_s)
            else:
                return

    def close_connection(self, connection: Any) -> None:
        """Close the channels, and take the bell away."""
        super().close_connection(connection)
        if (bell := self.__dict__.pop("_bell", None)) is not None:
            bell.close()

    @cached_property
    def _bell(self) -> Doorbell:
        """Only who waits for messages has one."""
        return Doorbell(bells_in(self.client.transport_options), _ROLE)


def bells_in(options: Any) -> Path:
    """The folder of the bells of a broker with these options."""
    return Path(options["folder"]) / "bells"
