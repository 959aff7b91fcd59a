"""One worker as its launcher sees it: the pipes it writes to, the output file, the way it ends and exit.json."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Callable

from oet import doorbell, processes, reactor
from oet.output import TEXT_LIMIT_BYTES, OutputWriter
from oet.reactor import log
from oet.rundir import ExitReport
from oet.treekill import TreeKill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from oet.processes import Process
    from oet.reactor import Reactor
    from oet.rundir import Spec

MANAGER = "manager"
_COALESCE_S = 0.005
_BELL_PAUSE_S = 0.015
_OWN_END_S = 0.5
_LOOK_S = 0.01
_DRAIN_LIMIT_BYTES = 4 << 20


class Pump:
    """Moves what a worker writes to its two pipes into its output file, and rings the bell, not too often."""

    def __init__(self, loop: Reactor, pipes: Mapping[int, int], output: OutputWriter, bells: str | None) -> None:
        self.output = output
        self._loop = loop
        self._pipes = dict(pipes)  # stream: descriptor
        self._bells = bells
        self._last_bell = 0.0
        self._is_bell_due = False
        for stream, descriptor in pipes.items():
            os.set_blocking(descriptor, False)
            loop.watch(descriptor, lambda _events, stream=stream: self._on_ready(stream), reactor.READ | reactor.ONCE)  # type: ignore[misc]

    def drain(self) -> None:
        """Take what is still in the pipes, and close them."""
        for stream in list(self._pipes):
            taken = 0
            while stream in self._pipes and taken < _DRAIN_LIMIT_BYTES:
                count = self._read(stream)
                if not count:
                    break
                taken += count
            self._close(stream)
        self.output.close()

    def _on_ready(self, stream: int) -> None:
        count = self._read(stream)
        if count:
            self._ring_soon()
        if stream not in self._pipes:
            return
        # A loud worker gets its next turn at once, like everybody; a quiet one's lines are collected for a moment.
        if count == TEXT_LIMIT_BYTES:
            self._watch_again(stream)
        else:
            self._loop.later(_COALESCE_S, lambda: self._watch_again(stream))

    def _watch_again(self, stream: int) -> None:
        if stream in self._pipes:
            self._loop.change(self._pipes[stream], reactor.READ | reactor.ONCE)

    def _read(self, stream: int) -> int:
        """Move up to 64 KiB; the number of bytes, 0 where there are none now (at the end the pipe is closed)."""
        try:
            text = os.read(self._pipes[stream], TEXT_LIMIT_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            log(f"reading a pipe: {error}")
            text = b""
        if not text:
            self._close(stream)
            return 0
        self.output.write(stream, text, time.time())
        return len(text)

    def _close(self, stream: int) -> None:
        descriptor = self._pipes.pop(stream, None)
        if descriptor is not None:
            self._loop.forget(descriptor)
            os.close(descriptor)

    def _ring_soon(self) -> None:
        if self._is_bell_due or not self._bells:
            return
        wait = self._last_bell + _BELL_PAUSE_S - time.monotonic()
        if wait <= 0:
            self._ring()
        else:
            self._is_bell_due = True
            self._loop.later(wait, self._ring)

    def _ring(self) -> None:
        self._is_bell_due = False
        self._last_bell = time.monotonic()
        if self._bells:
            doorbell.ring(self._bells, MANAGER)


class Child:
    """A worker process and what becomes of it.

    It ends in three steps, whether by itself or by a kill: it is reaped; whatever it left behind is killed; its output is
    drained and exit.json written. Then `on_end` is called.
    """

    def __init__(self, loop: Reactor, directory: Path, spec: Spec, process: tuple[int, int], pump: Pump) -> None:
        self.procedure = spec.procedure
        self.pid, self.started = process
        self.wait_status: int | None = None
        self.on_end: Callable[[Child], None] = lambda _child: None
        self.has_strangers: Callable[[], bool] = lambda: True
        """Whether the launcher has children that it did not make: only then somebody may have left them behind."""
        self.find_orphans: Callable[[Child, Mapping[int, Process]], Iterable[Process]] = lambda _child, _all: ()
        self._loop = loop
        self._directory = directory
        self._bells = spec.bells
        self._has_patience = (
            spec.script.type != "shell"
        )  # what a shell has put into the background does not end by itself
        self._pump = pump
        self._kill: TreeKill | None = None
        self._is_kill_wanted = False
        self._is_stepping = False
        self._callbacks: list[Callable[[dict[str, Any]], None]] = []

    def kill(self, callback: Callable[[dict[str, Any]], None], deadline_s: float) -> None:
        """Kill it and everything below it; `callback` gets the answer, at the deadline if need be."""
        self._is_kill_wanted = True
        self._callbacks.append(callback)
        self._loop.later(deadline_s, lambda: self._give_up(callback, deadline_s))
        self._clear_away()

    def reaped(self, wait_status: int) -> None:
        """It has ended."""
        self.wait_status = wait_status
        if self._kill is None and not self._is_kill_wanted and not self.has_strangers():
            self._kill = TreeKill(self._find)
            self._finish()
        elif self._kill is None and os.WIFEXITED(wait_status) and self._has_patience:
            self._let_leftovers_end(time.monotonic() + _OWN_END_S)
        else:
            self._clear_away()

    def _let_leftovers_end(self, deadline: float) -> None:
        """Helpers such as multiprocessing's resource tracker end by themselves when they see that the worker is gone."""
        if self._kill is not None:
            return
        if time.monotonic() < deadline and self._has_leftovers():
            self._loop.later(_LOOK_S, lambda: self._let_leftovers_end(deadline))
        else:
            self._clear_away()

    def _has_leftovers(self) -> bool:
        return any(not process.is_dead for process in self.find_orphans(self, processes.all_processes()))

    def _clear_away(self) -> None:
        if self._kill is None:
            self._kill = TreeKill(self._find)
        if not self._is_stepping:
            self._is_stepping = True
            self._step()

    def _step(self) -> None:
        """One step of the kill; when it is through and the worker is reaped, the end."""
        assert self._kill is not None
        pause = self._kill.step()
        if pause is None and self.wait_status is None:
            pause = 0.002  # dead, and about to be reaped
        if pause is None:
            self._finish()
        else:
            self._loop.later(pause, self._step)

    def _find(self, snapshot: Mapping[int, Process]) -> list[Process]:
        found = list(self.find_orphans(self, snapshot))
        if self.wait_status is None and self.pid in snapshot:
            found.append(snapshot[self.pid])
        return found

    def _finish(self) -> None:
        assert self._kill is not None
        assert self.wait_status is not None
        self._pump.drain()
        output, report, status = self._pump.output, self._kill.report(), self.wait_status
        document = ExitReport(
            procedure=self.procedure,
            pid=self.pid,
            status=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            time=time.time(),
            leftovers=[] if self._is_kill_wanted else report["processes"],
            killed=report if self._is_kill_wanted else None,
            output_position=output.position,
            output_bytes=output.bytes,
            output_lines=output.lines,
        )
        try:
            document.write(self._directory)
        except OSError as error:  # the folder is gone, or the disk is full: whoever asks is told by `kill` and `list`
            log(f"procedure {self.procedure}: exit.json cannot be written: {error}")
        self.on_end(self)
        for callback in self._callbacks:
            callback({"ok": True, "killed": report})
        self._callbacks.clear()
        if self._bells:
            doorbell.ring(self._bells, MANAGER)

    def _give_up(self, callback: Callable[[dict[str, Any]], None], deadline_s: float) -> None:
        if callback in self._callbacks and self._kill is not None:
            self._callbacks.remove(callback)
            callback({"ok": False, "error": f"still alive after {deadline_s:g} s", "alive": self._kill.alive})
