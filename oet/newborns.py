"""Processes that are forked and set up, but have not been told yet which script they are.

Forking and setting up takes longer than loading a script, so the launcher keeps one newborn ready for the next request.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Callable

from oet import birth, control, functions, processes
from oet.journal import RECORD_LIMIT_BYTES
from oet.output import STDERR, STDOUT
from oet.rundir import PROCEDURE_MARK, Spec
from oet.worker import STATUS_INTERNAL, ScriptWorker

_REHEARSAL = "def init(subarray: int, *, mode='x'): 'doc'\ndef main(): return {'a': [1]}\n"


class Newborn:
    """A process that waits for its script. It ends by itself if it is dropped, and dies with this process."""

    def __init__(self, descriptor_limit: tuple[int, int]) -> None:
        """Fork; OSError where there are no descriptors or processes left."""
        pipes = _pipes(3)
        (orders, self._orders), stdout, stderr = pipes
        launcher_pid = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # the child still has our wakeup descriptor
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _live(birth.Cradle(orders, stdout[1], stderr[1], launcher_pid, descriptor_limit))
        except OSError:
            _close(self._orders, stdout[0], stderr[0])
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            _close(orders, stdout[1], stderr[1])
        self.started = processes.start_time(self.pid) or 0
        self.pipes = {STDOUT: stdout[0], STDERR: stderr[0]}
        """The ends to read from; whoever takes the newborn closes them."""

    def become(self, directory: Path) -> None:
        """Tell it which script it is; BrokenPipeError where it has died since."""
        os.write(self._orders, os.fsencode(directory))
        _close(self._orders)

    def drop(self) -> None:
        """Do without it."""
        _close(self._orders, *self.pipes.values())


def _live(cradle: birth.Cradle) -> None:
    """The child's side of the fork. Never comes back."""
    try:
        birth.be_born(cradle)
        in_thread = _waiting_thread()
        _rehearse()
        directory = os.read(birth.ORDERS, RECORD_LIMIT_BYTES)
        os.close(birth.ORDERS)
        if directory:
            path = Path(os.fsdecode(directory))
            spec = Spec.read(path)
            environment = {PROCEDURE_MARK: str(spec.procedure), **spec.environment}
            birth.take_name(f"oet-script-{spec.procedure}", environment, spec.removed)
            ScriptWorker(path, spec, in_thread).run()
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on in the launcher's loop
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(STATUS_INTERNAL)


def _waiting_thread() -> Callable[[Callable[[], None]], None]:
    """A daemon thread that waits for what it is to run; starting one takes longer than handing work to it."""
    work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def wait() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are for the main thread
        work.get()()

    control.make_room()
    threading.Thread(target=wait, name="oet-control", daemon=True).start()
    return work.put


def _rehearse() -> None:
    """Do once what is done for every script: memory shared with the launcher is copied now, not when somebody waits."""
    module = ModuleType("rehearsal")
    exec(compile(_REHEARSAL, "<rehearsal>", "exec"), module.__dict__)  # noqa: S102 - our own text
    functions.describe_functions(module)
    functions.describe_result(module.main())


def _pipes(count: int) -> list[tuple[int, int]]:
    pipes: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            pipes.append(os.pipe())
    except OSError:
        _close(*(descriptor for pipe in pipes for descriptor in pipe))
        raise
    return pipes


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
