"""Starts the processes, starts again what crashes, and ends them in order."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from oet_site.up.backoff import Backoff
from oet_site.up.child import Child, Program
from oet_site.up.console import Console
from oet_site.up.instance import Children

MANAGER, WEB, WORKER = "manager", "web", "worker"
ORDER_OF_ENDING = ((MANAGER,), (WEB, WORKER))
"""First the manager, which stops the scripts while people can still watch; then what shows it."""

TIME_TO_KILL_SCRIPTS_S = 15.0
"""For the manager, at a second Ctrl-C: a script that cannot be killed counts as UNKNOWN after 10 s."""

STATUS_KILLED = 130


class Supervisor:
    """Keeps programs running until it is asked to end."""

    def __init__(
        self,
        programs: Sequence[Program],
        folder: Path,
        environment: Mapping[str, str],
        console: Console,
        children: Children,
    ) -> None:
        self._programs = programs
        self._folder = folder
        self._environment = environment
        self._console = console
        self._children = children
        self._running: dict[str, Child] = {}
        self._asked_to_end = asyncio.Event()
        self._asked_to_kill = asyncio.Event()
        self._signal = signal.SIGTERM

    async def run(self, announce: Callable[[], None]) -> int:
        """Run until a signal comes; `announce` is called once, in a thread, and tells people when all is ready. The exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)
        async with asyncio.TaskGroup() as tasks:
            for program in self._programs:
                tasks.create_task(self._keep_running(program), name=program.name)
            announcing = tasks.create_task(asyncio.to_thread(announce), name="announce")
            await self._asked_to_end.wait()
            announcing.cancel()
            await self._end()
        return STATUS_KILLED if self._asked_to_kill.is_set() else 0

    @property
    def is_ending(self) -> bool:
        """Somebody asked it to end. May be asked from any thread."""
        return self._asked_to_end.is_set()

    def _on_signal(self, number: signal.Signals) -> None:
        if not self.is_ending:
            self._signal = number
            self._asked_to_end.set()
        elif (
            number == signal.SIGINT
        ):  # not SIGTERM and SIGHUP: service managers send both, or one of them to the whole group
            self._asked_to_kill.set()

    async def _keep_running(self, program: Program) -> None:
        backoff = Backoff()
        while not self.is_ending:
            how, lived_s = await self._run_once(program)
            if self.is_ending:
                return
            pause_s = backoff.pause_s(lived_s)
            self._console.say(f"{program.name} {how}; it is started again in {pause_s:g} s")
            await _wait_for(self._asked_to_end, pause_s)

    async def _run_once(self, program: Program) -> tuple[str, float]:
        """How it ended, and how long it had lived."""
        try:
            child = await self._start(program)
        except OSError as error:  # no processes or no memory left
            return f"could not be started ({error})", 0.0
        if self.is_ending:  # while it was being started
            child.send(signal.SIGTERM)
        how = await child.ended()
        return f"(pid {child.pid}) {how}", child.lived_s

    async def _start(self, program: Program) -> Child:
        name = program.name
        child = await Child.start(program, self._folder, self._environment, lambda line: self._console.line(name, line))
        self._running[name] = child
        self._children.started(name, child.pid)
        return child

    async def _end(self) -> None:
        """Ask each process to end, in order, and see that it does."""
        stops_scripts = self._signal == signal.SIGINT
        self._console.say(
            "ending; scripts that run are stopped first. Ctrl-C again kills them at once."
            if stops_scripts
            else f"ending on {self._signal.name}; scripts run on for the next `up`."
        )
        for names in ORDER_OF_ENDING:
            number = signal.SIGINT if stops_scripts and MANAGER in names else signal.SIGTERM
            async with asyncio.TaskGroup() as tasks:
                endings = [tasks.create_task(self._end_one(name, number), name=f"end {name}") for name in names]
            if number == signal.SIGINT and not all(ending.result() for ending in endings):
                self._console.say(
                    "the manager could not stop the scripts: those that run go on until `manage.py emergency_stop` ends them "
                    "or the next `up` takes them over."
                )
        self._children.forget()

    async def _end_one(self, name: str, number: signal.Signals) -> bool:
        """Ask; at a second Ctrl-C, or when patience is over, insist; then kill. False unless it ended by itself."""
        child = self._running.get(name)
        if child is None or not child.is_running:
            return False
        child.send(number)
        ended = asyncio.create_task(child.ended(), name=f"end of {name}")
        in_haste = asyncio.create_task(self._asked_to_kill.wait(), name="second Ctrl-C")
        await asyncio.wait({ended, in_haste}, timeout=child.program.patience_s, return_when=asyncio.FIRST_COMPLETED)
        in_haste.cancel()
        if not ended.done() and number == signal.SIGINT:
            child.send(number)  # the manager kills the scripts at once
            await asyncio.wait({ended}, timeout=TIME_TO_KILL_SCRIPTS_S)
        if is_stuck := not ended.done():
            self._console.say(f"{name} does not end; killing it")
            child.send(signal.SIGKILL)
        await ended
        return not is_stuck


async def _wait_for(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
