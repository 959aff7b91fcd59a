"""A connection to one launcher: many requests under way at once, and the news of its death."""

import asyncio
import itertools
import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oet import processes

REQUEST_TIMEOUT_S = 10.0
HELLO_TIMEOUT_S = 2.0
"""A launcher says hello at once, also while it kills; so this means that it is frozen or hung."""
KILL_TIMEOUT_S = 15.0
"""The launcher itself gives up after 10 s."""
_LINE_LIMIT_BYTES = 16 << 20


class LauncherUnreachable(Exception):
    """The launcher is gone, or does not answer."""


class Refused(Exception):
    """The launcher refused a request, with its reason."""


class StillAlive(Exception):
    """A kill did not empty the tree in time; `alive` names what is left."""

    def __init__(self, error: str, alive: list[dict[str, Any]]) -> None:
        self.alive = alive
        named = ", ".join(f"{process['pid']} ({process['command']})" for process in alive[:10])
        super().__init__(f"{error}: {named or 'what, is not known'}")


@dataclass(frozen=True)
class LauncherIdentity:
    """What launcher.json says."""

    id: str
    pid: int
    started: int
    boot_id: str

    @classmethod
    def read(cls, directory: Path) -> "LauncherIdentity | None":
        """The launcher that last lived in `directory`; None where there was none or its file is damaged."""
        try:
            document = json.loads((directory / "launcher.json").read_bytes())
            return cls(str(document["id"]), int(document["pid"]), int(document["started"]), str(document["boot_id"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def is_alive(self) -> bool:
        """Whether this very process runs."""
        return self.boot_id == processes.boot_id() and processes.is_alive(self.pid, self.started)


class LauncherLink:
    """An open connection. `on_death(link)` is called once, when the process is gone (not when the connection is)."""

    def __init__(self, name: str, identity: LauncherIdentity, on_death: Callable[["LauncherLink"], None]) -> None:
        self.name = name
        self.identity = identity
        self.is_open = False
        self.is_dead = False
        self.is_ending = False
        """It was asked to end, so its death is no loss."""
        self._on_death = on_death
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pidfd = -1
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, sock: socket.socket) -> None:
        """Take over the connected socket and begin to watch the process; raises LauncherUnreachable if it is gone."""
        reader, self._writer = await asyncio.open_unix_connection(sock=sock, limit=_LINE_LIMIT_BYTES)
        self.is_open = True
        self._reading = asyncio.create_task(self._read(reader), name=f"launcher {self.name}")
        try:
            self._pidfd = os.pidfd_open(self.identity.pid)
        except OSError as error:
            await self.close()
            raise LauncherUnreachable(f"launcher {self.name} is gone: {error}") from error
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)
        if not self.identity.is_alive:
            self._died()

    async def close(self) -> None:
        """Close the connection; the launcher lives on."""
        self._forget_process()
        self._disconnected()
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def spawn(self, procedure: int, directory: Path) -> tuple[int, bool]:
        """Have a worker forked; its pid, and whether it lived already. Raises Refused, LauncherUnreachable."""
        answer = await self._request("spawn", REQUEST_TIMEOUT_S, procedure=procedure, directory=str(directory))
        return int(answer["pid"]), bool(answer.get("already"))

    async def kill(self, procedure: int) -> dict[str, Any]:
        """Kill a worker's whole tree; the report. Raises StillAlive, Refused (no such worker), LauncherUnreachable."""
        killing = asyncio.ensure_future(self._request("kill", KILL_TIMEOUT_S, procedure=procedure))
        try:
            # A kill may take its time, hello does not. One that is frozen finds the kill in its queue should it ever go on.
            await self._request("hello", HELLO_TIMEOUT_S)
            return dict((await killing)["killed"])
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)

    async def living(self) -> dict[int, int]:
        """The pid of each procedure that has a worker there."""
        answer = await self._request("list", REQUEST_TIMEOUT_S)
        return {int(row["procedure"]): int(row["pid"]) for row in answer["procedures"]}

    async def end(self) -> None:
        """End the launcher; raises Refused while it has workers."""
        await self._request("end", REQUEST_TIMEOUT_S)
        self.is_ending = True

    async def _request(self, operation: str, timeout_s: float, **fields: Any) -> dict[str, Any]:
        if not self.is_open or self._writer is None:
            raise LauncherUnreachable(f"launcher {self.name} is gone")
        number = next(self._numbers)
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        try:
            self._writer.write(json.dumps({"id": number, "op": operation, **fields}).encode() + b"\n")
            async with asyncio.timeout(timeout_s):
                answer = await answered
        except (TimeoutError, OSError) as error:
            what = f"did not answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
            raise LauncherUnreachable(f"launcher {self.name}, process {self.identity.pid}: {what}") from error
        finally:
            del self._waiting[number]
        if answer.get("ok"):
            return answer
        if "alive" in answer:
            raise StillAlive(str(answer["error"]), list(answer["alive"]))
        raise Refused(str(answer.get("error")))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                answer = json.loads(line)
                waiting = self._waiting.get(answer.get("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        self._disconnected()

    def _disconnected(self) -> None:
        self.is_open = False
        if self._writer is not None:
            self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LauncherUnreachable(f"launcher {self.name} closed the connection"))

    def _died(self) -> None:
        if not self.is_dead:
            self.is_dead = True
            self._forget_process()
            self._on_death(self)
            self._disconnected()

    def _forget_process(self) -> None:
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
