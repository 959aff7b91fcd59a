"""The run directory of a script process: names of its files, and the two that are whole JSON documents."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

SPEC = "spec.json"
JOURNAL = "journal"
OUTPUT = "output"
CONTROL = "control"
EXIT = "exit.json"
STACK = "stack"
SCRIPT = "script.py"
WORK = "work"
BODY = "body"
"""Folder of the executable file of a shell script."""
IMPORTS = "imports"
"""Folder with stand-ins for scripts whose file name is no module name; see `oet.modules`."""

LAUNCHER = "launcher.json"
LAUNCHER_SOCKET = "socket"
LAUNCHER_LOG = "log"
LAUNCHER_IMPORTS = "imports"
"""Folder in a launcher's directory that makes `oet`, and nothing else, importable in children of scripts."""

LAUNCHER_MARK = "OET_LAUNCHER_ID"
LAUNCHER_PLACE_MARK = "OET_LAUNCHER_DIRECTORY"
"""Beside the id: the launcher's folder, so that what belongs to an OET_HOME is known even where no launcher.json tells."""
PROCEDURE_MARK = "OET_PROCEDURE_ID"

DEFAULT_OUTPUT_LIMIT_BYTES = 1 << 28

READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""How a supervisor opens what a script may have put there: it never waits for the other end of a pipe."""


class BadDocument(ValueError):
    """A file that is not what it should be; says which, and what is wrong."""


@dataclass(frozen=True)
class Script:
    """What to load: the file at `path` ("filesystem") or `text` ("embedded": Python; "shell": for its #! line, or a shell)."""

    type: str
    path: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Arguments:
    """Positional and keyword arguments of a call; JSON."""

    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A function that the worker calls by itself as soon as it is READY; then it ends."""

    function: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """spec.json: what a worker is to load, and with what. Written by the manager before the process exists."""

    procedure: int
    script: Script
    sys_path: list[str] = field(default_factory=list)
    init: Arguments = field(default_factory=Arguments)
    environment: dict[str, str] = field(default_factory=dict)
    bells: str | None = None
    output_limit_bytes: int = DEFAULT_OUTPUT_LIMIT_BYTES
    context: dict[str, Any] = field(default_factory=dict)
    """What the script may know about itself: fields of `oet.script_context.ScriptContext`."""
    events_after: int = 0
    """The latest event when `context` was true; the script hears of what comes after it."""
    works_apart: bool = False
    """The script's folder is shared and must stay as it is: it runs in `work/`, and leaves no bytecode behind."""
    run: Run | None = None
    """What it does by itself; None waits for RUN."""
    folder: str | None = None
    """Where it runs; None: beside its file, or in `work/`."""
    removed: list[str] = field(default_factory=list)
    """Variables of the launcher's environment that it does not get."""
    label: str = ""
    """File name for the text of a shell script."""

    def write(self, directory: str | os.PathLike[str]) -> None:
        """Write spec.json into the run directory, atomically."""
        write_document(Path(directory) / SPEC, asdict(self))

    @classmethod
    def read(cls, directory: str | os.PathLike[str]) -> Spec:
        """Read spec.json; BadDocument where it says something else than it should, OSError where it cannot be read."""
        path = Path(directory) / SPEC
        document = read_document(path)
        try:
            script = Script(**document.pop("script"))
            init = Arguments(**document.pop("init", {}))
            run = document.pop("run", None)
            run = Run(**_known(Run, run)) if run else None
            spec = cls(script=script, init=init, run=run, **_known(cls, document))
            spec.check()
        except (TypeError, KeyError, ValueError) as error:
            raise BadDocument(f"{path}: {error}") from error
        return spec

    def check(self) -> None:
        """ValueError or TypeError where the fields are not what they should be, or do not go together."""
        text = ("text", self.script.text)
        needed = {"filesystem": ("path", self.script.path), "embedded": text, "shell": text}
        if self.script.type not in needed:
            raise ValueError(f"script type {self.script.type!r} is not one of {', '.join(needed)}")
        name, value = needed[self.script.type]
        _check_type(f"script.{name}", value, str)
        _check_type("procedure", self.procedure, int)
        _check_type("sys_path", self.sys_path, list)
        _check_type("init.args", self.init.args, list)
        _check_type("init.kwargs", self.init.kwargs, dict)
        _check_type("output_limit_bytes", self.output_limit_bytes, int)
        _check_type("context", self.context, dict)
        _check_type("events_after", self.events_after, int)
        _check_type("works_apart", self.works_apart, bool)
        _check_type("removed", self.removed, list)
        _check_type("environment", self.environment, dict)
        for key, item in self.environment.items():
            _check_type(f"environment {key}", item, str)


@dataclass(frozen=True)
class ExitReport:
    """exit.json: how a worker ended. `time` in seconds (Unix); `killed` is the report of the kill that ended it, if one did."""

    procedure: int
    pid: int
    status: int | None
    signal: int | None
    time: float
    leftovers: list[dict[str, Any]] = field(default_factory=list)
    killed: dict[str, Any] | None = None
    output_position: int | None = 0
    """Where it ends; None where that is not known."""
    output_bytes: int = 0
    output_lines: int = 0

    def write(self, directory: str | os.PathLike[str]) -> None:
        """Write exit.json into the run directory, atomically."""
        write_document(Path(directory) / EXIT, asdict(self))

    @classmethod
    def read(cls, directory: str | os.PathLike[str]) -> ExitReport | None:
        """The report, or None while there is none; BadDocument where the file is damaged."""
        path = Path(directory) / EXIT
        try:
            return cls(**_known(cls, read_document(path)))
        except FileNotFoundError:
            return None
        except TypeError as error:
            raise BadDocument(f"{path}: {error}") from error


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write JSON so that a reader sees the whole of it or nothing, after a crash of the machine too."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor has no path
            json.dump(document, file)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file; BadDocument where it is none."""
    try:
        with open(path, encoding="utf-8", opener=lambda name, _: os.open(name, READING)) as file:
            document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise BadDocument(f"{path}: not a JSON object")
    return document


def _known(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """The entries that `kind` has a field for: a launcher outlives upgrades, and what a newer manager adds must not stop it."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def _check_type(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r}, not a {kind.__name__}")
