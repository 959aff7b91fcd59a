"""The launchers of this node: started when needed, found again after a restart, cleaned up after when they die."""

import asyncio
import logging
import os
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import oet
from oet import processes, rundir, sockets, treekill
from procedures.supervision.launcher_link import LauncherIdentity, LauncherLink, LauncherUnreachable, Refused

log = logging.getLogger(__name__)

DEFAULT = "default"
START_TIMEOUT_S = 30.0
"""Time for the interpreter to start and for the modules of OET_PRELOAD to be imported."""
END_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 2.0
_DYING_S = 2.0
"""Longest that a process takes from closing its sockets to its end, on a busy machine."""
_RECHECK_S = 0.05
_STATUS_TAKEN = 3

ALLOWED_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")
_LOCALE_PREFIX = "LC_"


@dataclass(frozen=True)
class LauncherProgram:
    """How launchers are started."""

    python: Path
    preload: Sequence[str]
    environment: Mapping[str, str]


def clean_environment(environment: Mapping[str, str], further: Sequence[str] = ()) -> dict[str, str]:
    """What of `environment` scripts may see: no database URL, no secret key; `further` names what the site allows besides."""
    allowed = {*ALLOWED_VARIABLES, *further}
    return {name: value for name, value in environment.items() if name in allowed or name.startswith(_LOCALE_PREFIX)}


class Launchers:
    """Every launcher of a run folder. `on_loss(id)` is called when one has died and nothing of what it ran is left."""

    def __init__(self, run_dir: Path, program: LauncherProgram, on_loss: Callable[[str], None]) -> None:
        self._folder = run_dir / "launchers"
        self._bells = run_dir / "bells"
        self._program = program
        self._on_loss = on_loss
        self._links: dict[str, LauncherLink] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pythons: dict[str, Path] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._sweeps: set[asyncio.Task[None]] = set()

    def provide(self, name: str, python: Path) -> None:
        """The launcher `name` is to be run by that interpreter, of a virtual environment, when it is needed."""
        self._pythons[name] = python

    @property
    def names(self) -> list[str]:
        """The launchers that have a folder, running or not."""
        with suppress(FileNotFoundError):
            return sorted(entry.name for entry in self._folder.iterdir() if entry.is_dir())
        return []

    def identity(self, name: str) -> LauncherIdentity | None:
        """Who lives in the folder of the launcher `name`, or lived there last."""
        return LauncherIdentity.read(self._folder / name)

    def described(self) -> list[dict[str, object]]:
        """The launchers that this manager is connected with."""
        return [{"name": link.name, "pid": link.identity.pid} for link in self._links.values() if link.is_open]

    async def find(self, name: str) -> LauncherLink | None:
        """The launcher `name` if it runs; it is never started. What a dead one left behind is killed."""
        async with self._locks[name]:
            return await self._find(name)

    async def ask(self, name: str) -> tuple[LauncherLink, dict[int, int]] | None:
        """The launcher `name` with the pid of each procedure it has, if it runs. Raises LauncherUnreachable, Refused."""
        link = await self.find(name)
        if link is None:
            return None
        try:
            return link, await link.living()
        except LauncherUnreachable:
            if link.is_open:
                raise
        # It was dying when it took the connection; to find it anew is to wait for its end.
        link = await self.find(name)
        return (link, await link.living()) if link is not None else None

    async def get(self, name: str = DEFAULT) -> LauncherLink:
        """The launcher `name`, started if need be. Raises LauncherUnreachable with what it said."""
        link = self._links.get(name)
        if link is not None and link.is_open:
            return link
        async with self._locks[name]:
            return await self._find(name) or await self._start(name)

    async def retire(self, name: str) -> bool:
        """End the launcher `name` and forget it; False while it has workers. Whoever asks for it meanwhile gets a new one."""
        async with self._locks[name]:
            link = await self._find(name)
            if link is not None:
                self._links.pop(name, None)  # nobody is to begin anything with it
                try:
                    await link.end()
                except Refused:
                    self._links[name] = link
                    return False
                await self._wait_for_death(link)
                await link.close()
            self._pythons.pop(name, None)
            await asyncio.to_thread(shutil.rmtree, self._folder / name, ignore_errors=True)
        return True

    async def close(self) -> None:
        """Leave all launchers running."""
        for sweep in list(self._sweeps):
            await sweep
        for link in self._links.values():
            await link.close()
        for child in self._children.values():
            child.poll()
            child.returncode = child.returncode or 0  # else Popen would warn that it still runs; it is meant to

    async def end(self) -> None:
        """End every launcher that has no worker, and let go of the others."""
        for link in list(self._links.values()):
            try:
                await link.end()
            except (LauncherUnreachable, Refused) as error:
                if not link.is_dead:
                    log.warning("launcher %s was not ended: %s", link.name, error)
            else:
                if child := self._children.get(link.name):
                    with suppress(subprocess.TimeoutExpired):
                        await asyncio.to_thread(child.wait, END_TIMEOUT_S)
        for name in self._children.keys() - self._links.keys():  # still starting
            self._children[name].terminate()
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._children[name].wait, END_TIMEOUT_S)
        await self.close()

    async def _find(self, name: str) -> LauncherLink | None:
        link = self._links.get(name)
        if link is not None and link.is_open:
            return link
        identity = self.identity(name)
        if identity is None:
            return None
        if not identity.is_alive:
            await self._sweep(identity.id)
            return None
        try:
            sock = await asyncio.to_thread(
                sockets.connect, self._folder / name / rundir.LAUNCHER_SOCKET, _CONNECT_TIMEOUT_S
            )
            fresh = LauncherLink(name, identity, self._on_death)
            await fresh.open(sock)
        except (OSError, LauncherUnreachable) as error:
            if await _dies(identity, _DYING_S if isinstance(error, ConnectionRefusedError) else 0):
                await self._sweep(identity.id)
                return None
            raise LauncherUnreachable(
                f"launcher {name}, process {identity.pid}, lives but takes no connection: {error}"
            ) from error
        self._links[name] = fresh
        return fresh

    async def _start(self, name: str) -> LauncherLink:
        directory = self._folder / name
        child = self._execute(directory)  # a few milliseconds, and never half done
        log.info("started launcher %s: process %s", name, child.pid)
        self._children[name] = child
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while True:
                    if link := await self._find(name):
                        return link
                    if child.poll() not in {None, _STATUS_TAKEN}:
                        raise LauncherUnreachable(
                            f"launcher {name} ended with {child.returncode}: {_last_words(directory)}"
                        )
                    await asyncio.sleep(_RECHECK_S / 10)  # it is another program's start; it takes 20 ms
        except TimeoutError as error:
            raise LauncherUnreachable(
                f"launcher {name} was not ready within {START_TIMEOUT_S:g} s: {_last_words(directory)}"
            ) from error

    async def _wait_for_death(self, link: LauncherLink) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT_S):
                while not link.is_dead and link.identity.is_alive:  # noqa: ASYNC110 - it was adopted, perhaps, and is nobody's child
                    await asyncio.sleep(_RECHECK_S)

    def _execute(self, directory: Path) -> subprocess.Popen[bytes]:
        program = self._program_of(directory.name)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [
            str(program.python),
            "-I",
            str(Path(oet.__file__).parent / "launcher.py"),
            "--directory",
            str(directory),
            "--bells",
            str(self._bells),
        ]
        if program.preload:
            command += ["--preload", ",".join(program.preload)]
        with (directory / rundir.LAUNCHER_LOG).open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(program.environment),
                cwd=directory,
                start_new_session=True,
            )

    def _program_of(self, name: str) -> LauncherProgram:
        """How a launcher is started; one of a virtual environment as if that were activated, and without OET_PRELOAD."""
        python = self._pythons.get(name)
        if python is None:
            return self._program
        path = os.pathsep.join([str(python.parent), self._program.environment.get("PATH", os.defpath)])
        activated = {"VIRTUAL_ENV": str(python.parent.parent), "PATH": path}
        return LauncherProgram(python, (), {**self._program.environment, **activated})

    def _on_death(self, link: LauncherLink) -> None:
        if self._links.get(link.name) is link:
            del self._links[link.name]
        child = self._children.get(link.name)
        if child is not None and child.pid == link.identity.pid:
            del self._children[link.name]
            child.wait()  # it is dead: this only takes its status
        if link.is_ending:
            log.info("ended launcher %s", link.name)
            return
        log.error("launcher %s, process %s, is gone", link.name, link.identity.pid)
        sweep = asyncio.create_task(self._clean_up_after(link), name=f"clean up after launcher {link.name}")
        self._sweeps.add(sweep)
        sweep.add_done_callback(self._sweeps.discard)

    async def _clean_up_after(self, link: LauncherLink) -> None:
        async with self._locks[link.name]:
            await self._sweep(link.identity.id)
        self._on_loss(link.identity.id)

    async def _sweep(self, launcher_id: str) -> None:
        """Kill whatever carries the mark of a dead launcher."""
        kill = await asyncio.to_thread(
            treekill.kill_trees, lambda _snapshot: processes.processes_marked(rundir.LAUNCHER_MARK, launcher_id)
        )
        if not kill.is_done:
            log.error("processes of dead launcher %s are still alive: %s", launcher_id, kill.alive)
        elif kill.report()["count"]:
            log.warning("killed what dead launcher %s had left behind: %s", launcher_id, kill.report()["processes"])


async def _dies(identity: LauncherIdentity, within_s: float) -> bool:
    """Whether it is dead, or will be. One that refuses connections has closed its socket: it was killed, and is not quite gone."""
    deadline = time.monotonic() + within_s
    while identity.is_alive:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_RECHECK_S)
    return True


def _last_words(directory: Path) -> str:
    try:
        with (directory / rundir.LAUNCHER_LOG).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 500))
            return file.read().decode(errors="replace").strip()
    except OSError as error:
        return str(error)
