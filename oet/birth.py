"""What a freshly forked process does before it is a ScriptWorker: it forgets everything that it inherited."""

from __future__ import annotations

import faulthandler
import fcntl
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from oet import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from io import TextIOWrapper


ORDERS = 3
"""The descriptor on which a newborn is told which script it is."""


class Cradle(NamedTuple):
    """What the launcher gives its child: three ends of pipes, its own pid, the limit of descriptors it was started with."""

    orders: int
    stdout: int
    stderr: int
    launcher_pid: int
    descriptor_limit: tuple[int, int]


def be_born(cradle: Cradle) -> None:
    """Make this process its own: session, signals, descriptors, streams.

    All signals must be blocked when it is called; they are open afterwards.
    """
    os.setsid()
    kernel.die_with_parent(cradle.launcher_pid, signal.SIGKILL)
    kernel.become_subreaper()
    kernel.set_name("oet-newborn")
    _reset_descriptors(cradle)
    _reset_signals()
    _open_streams()


def take_name(name: str, environment: Mapping[str, str], removed: Iterable[str] = ()) -> None:
    """Become a certain script: the name shown by ps, and its environment on top of the launcher's, less what is `removed`."""
    kernel.set_name(name)
    for variable in removed:
        os.environ.pop(variable, None)
    os.environ.update(environment)
    if "TZ" in environment:
        time.tzset()


def _reset_signals() -> None:
    """The dispositions of a Python program that has just started."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _reset_descriptors(cradle: Cradle) -> None:
    """Standard input from /dev/null, the pipes as output, the orders, everything else closed."""
    null = os.open(os.devnull, os.O_RDONLY)
    # Out of the way first: any of them may have one of the numbers they are to get.
    sources = [
        fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10) for number in (null, cradle.stdout, cradle.stderr, cradle.orders)
    ]
    for target, source in enumerate(sources):
        os.dup2(source, target, inheritable=target != ORDERS)
    with os.scandir("/proc/self/fd") as entries:
        inherited = [int(entry.name) for entry in entries if int(entry.name) > ORDERS]
    for descriptor in inherited:
        with suppress(OSError):  # one of them was scandir's own
            os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, cradle.descriptor_limit)


def _open_streams() -> None:
    """Line by line, so that prints appear as they are made; a character that cannot be encoded does not end a script."""
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _writer(1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _writer(2)  # type: ignore[misc]
    faulthandler.enable(file=2)


def _writer(descriptor: int) -> TextIOWrapper:
    return open(descriptor, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
