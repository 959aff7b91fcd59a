"""Celery's broker where nobody runs one: files in OET_HOME.

Kombu's own file transport can hand out a message that is still being written, leaves a message that nobody could read where nobody
looks, and moves messages through the machine's shared temporary folder. This one writes each message under another name and then
renames it, and keeps to its own folder.
"""

import uuid
from functools import cached_property
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

SUFFIX = ".msg"


class Channel(filesystem.Channel):  # type: ignore[misc] # kombu has no types
    """A message is a file `<time>_<unique>.<queue>.msg`; whoever renames it first has it."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{time_ns():020d}_{uuid.uuid4().hex}.{queue}{SUFFIX}"
        fresh = self._messages / f"{name}.new"
        fresh.write_bytes(str_to_bytes(dumps(payload)))
        fresh.replace(self._messages / name)

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
    polling_interval = 0.5
