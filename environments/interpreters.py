"""The Pythons of this machine."""

import glob
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from environments.domain.pythons import Python

_NAME = re.compile(r"^python3(\.\d+)?$")
_QUESTION = (
    "import sys; print(sys.implementation.name); print(sys.version.split()[0]); "
    "print(getattr(sys, '_base_executable', '') or sys.executable)"
)
_TIMEOUT_S = 20.0
_AT_ONCE = 4


def installed(search: str, default: Path) -> list[Python]:
    """Every CPython 3 on PATH and among the `:`-separated paths and globs of `search`, and the default one, each once.

    What cannot be started, such as a shim of a version manager without a version, is left out.
    """
    found: dict[str, Python] = {}
    candidates = dict.fromkeys([str(default), *_on_path(), *_named(search)])
    with ThreadPoolExecutor(_AT_ONCE) as asking:
        for python in asking.map(asked, candidates):
            if python:
                found.setdefault(python.path, python)
    return list(found.values())


def asked(path: str) -> Python | None:
    """What the interpreter says of itself: the version, and its own path where `path` is that of a virtual environment or a link."""
    try:
        changed_ns = Path(path).stat().st_mtime_ns
    except OSError:
        return None
    return _answer(path, changed_ns)


@cache
def _answer(path: str, _changed_ns: int) -> Python | None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYENV_ROOT") if name in os.environ}
    try:
        asking = subprocess.run(
            [path, "-I", "-S", "-c", _QUESTION], capture_output=True, timeout=_TIMEOUT_S, check=True, env=kept
        )
        implementation, version, executable = os.fsdecode(asking.stdout).splitlines()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Python(os.path.realpath(executable), version.rstrip("+")) if implementation == "cpython" else None


def _on_path() -> Iterator[str]:
    for folder in dict.fromkeys(os.environ.get("PATH", os.defpath).split(os.pathsep)):
        if folder:
            yield from _pythons_in(Path(folder))


def _named(search: str) -> Iterator[str]:
    for pattern in search.split(":"):
        for name in sorted(glob.glob(str(Path(pattern).expanduser()))) if pattern else []:  # noqa: PTH207 - absolute patterns
            path = Path(name)
            if path.is_dir():
                yield from _pythons_in(path)
                yield from _pythons_in(path / "bin")
            else:
                yield name


def _pythons_in(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from sorted(str(file) for file in folder.iterdir() if _NAME.match(file.name))
