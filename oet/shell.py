"""Scripts of type `shell`: a text that is run by its #! line, else by bash, else by sh, as a child of the worker.

To the worker it is a module whose `main` runs the text: it returns where that ends with status 0, and raises otherwise.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from oet import StopRequested, rundir

if TYPE_CHECKING:
    from oet.rundir import Spec
    from oet.stopping import StopGuard

_IGNORED_BY_PYTHON = [signal.SIGPIPE, signal.SIGXFSZ]
"""Python ignores these, and a program that is executed would inherit that."""


class BodyFailed(Exception):
    """The text ended with another status than 0, or by a signal."""

    def __init__(self, status: int | None, signal_number: int | None) -> None:
        self.status = status
        self.signal = signal_number
        super().__init__(f"exit status {status}" if signal_number is None else f"signal {signal_number}")


def load(spec: Spec, directory: Path, guard: StopGuard) -> ModuleType:
    """Write the text into the run directory, go to its folder, and find what runs it. OSError where that cannot be done."""
    folder = Path(spec.folder) if spec.folder is not None else directory / rundir.WORK
    if spec.folder is None:
        folder.mkdir(mode=0o700, exist_ok=True)
    os.chdir(folder)
    os.environ["PWD"] = str(folder)
    command = _command(_write(spec, directory), spec.script.text or "")

    def main() -> None:
        """Run the text to its end."""
        _run(command, guard)

    module = ModuleType("shell_script")
    main.__module__ = module.__name__
    module.main = main  # type: ignore[attr-defined]
    return module


def _write(spec: Spec, directory: Path) -> Path:
    """The text as an executable file, outside of the folder it runs in."""
    place = directory / rundir.BODY
    place.mkdir(mode=0o700, exist_ok=True)
    path = place / (spec.label or "script")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o700)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(spec.script.text or "")
    return path


def _command(path: Path, text: str) -> list[str]:
    if text.startswith("#!"):
        words = text[2:].partition("\n")[0].split()
        if not words or not os.access(words[0], os.X_OK):
            raise FileNotFoundError(
                errno.ENOENT, "there is no such program to run this script", words[0] if words else "#!"
            )
        return [str(path)]
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        raise FileNotFoundError("there is neither bash nor sh on PATH to run this script, and it has no #! line")
    return [shell, str(path)]


def _run(command: list[str], guard: StopGuard) -> None:
    """Run a command in a process group of its own; raises BodyFailed. A stop is handed on as SIGTERM."""
    pid = None
    try:
        with guard.shielded():
            pid = os.posix_spawn(command[0], command, os.environ, setpgroup=0, setsigdef=_IGNORED_BY_PYTHON)
        status, number = _wait(pid)
    except StopRequested:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGTERM)
            _wait(pid)
        raise
    if status != 0:
        raise BodyFailed(status, number)


def _wait(pid: int) -> tuple[int | None, int | None]:
    """Exit status, or the signal that ended it. What the script has orphaned is reaped meanwhile.

    The process itself is looked at only, so that a stop that comes in between cannot lose its status.
    """
    while True:
        info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if info is None:
            continue
        if info.si_pid != pid:
            os.waitpid(info.si_pid, os.WNOHANG)
        elif info.si_code == os.CLD_EXITED:
            return info.si_status, None
        else:
            return None, info.si_status
