"""Loading a script as a module: registered, importable by its own children, never cached on disk, never `__main__`."""

from __future__ import annotations

import errno
import importlib.machinery
import importlib.util
import keyword
import os
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oet import rundir

if TYPE_CHECKING:
    from types import ModuleType

    from oet.rundir import Spec

_STAND_IN = '''\
"""Stands for {path!r}, whose file name is no module name, in processes that a script spawns."""
import importlib.machinery
import importlib.util
import sys

_loader = importlib.machinery.SourceFileLoader(__name__, {path!r})
_spec = importlib.util.spec_from_file_location(__name__, {path!r}, loader=_loader)
_module = importlib.util.module_from_spec(_spec)
sys.modules[__name__] = _module
_spec.loader.exec_module(_module)
'''


class _FreshSource(importlib.machinery.SourceFileLoader):
    """Reads the source every time: a .pyc is trusted by size and whole seconds, and a telescope runs what the file says."""

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError(f"{path} is not cached")


@dataclass(frozen=True)
class ModuleFactory:
    """Makes the module of one script. `prepare` sets up the process for it, `load` runs the script's top level."""

    path: Path
    folder: Path
    name: str
    directory: Path
    sys_path: list[str]
    works_apart: bool = False

    @classmethod
    def from_spec(cls, spec: Spec, directory: Path) -> ModuleFactory:
        """For the script of a spec in its run directory; embedded text is written to `script.py` there.

        FileNotFoundError with the path where the script is not there, IsADirectoryError where it is a folder, OSError where it is
        a pipe or a device, from which Python might read for ever.
        """
        path = (
            _write_text(spec.script.text or "", directory)
            if spec.script.type == "embedded"
            else Path(spec.script.path or "")
        )
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "this script is a folder", str(path))
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "there is no such script", str(path))
        if not path.is_file():
            raise OSError(errno.EINVAL, "this script is no regular file", str(path))
        is_apart = spec.script.type == "embedded" or spec.works_apart
        folder = directory / rundir.WORK if is_apart else path.parent
        if spec.folder is not None:
            folder = Path(spec.folder)
        name = module_name(path.stem, [*spec.sys_path, *sys.path])
        return cls(path, folder, name, directory, list(spec.sys_path), spec.works_apart)

    def prepare(self) -> None:
        """Make the process what it would be if a person had run the script in its folder: cwd, sys.path, sys.argv."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        os.chdir(self.folder)
        sys.dont_write_bytecode = sys.dont_write_bytecode or self.works_apart
        real_folder = os.path.dirname(os.path.realpath(self.path))  # noqa: PTH120 - where Python looks for neighbours of a link
        own = [real_folder, str(self.path.parent)]
        # A script named random.py must not become the `random` of everything that is imported from now on.
        is_in_the_way = self.name != self.path.stem
        wanted = [*self.sys_path, *sys.path, *own] if is_in_the_way else [*own, *self.sys_path, *sys.path]
        sys.path[:] = dict.fromkeys(wanted)
        sys.argv = [str(self.path)]
        # multiprocessing imports the parent's __main__ again in every child it spawns; that must not be the launcher's.
        sys.modules["__main__"] = types.ModuleType("__main__")
        if self.path.name != f"{self.name}.py":
            self._write_stand_in()

    def load(self) -> ModuleType:
        """Import the script and return its module; whatever its top level raises comes out."""
        loader = _FreshSource(self.name, str(self.path))
        spec = importlib.util.spec_from_file_location(self.name, self.path, loader=loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.name] = module
        loader.exec_module(module)
        return sys.modules[self.name]

    def _write_stand_in(self) -> None:
        imports = self.directory / rundir.IMPORTS
        imports.mkdir(mode=0o700, exist_ok=True)
        (imports / f"{self.name}.py").write_text(_STAND_IN.format(path=str(self.path)), encoding="utf-8")
        sys.path.append(str(imports))


def module_name(stem: str, search: list[str]) -> str:
    """The file's stem, or a variant of it where the stem is no identifier or something else is importable under it."""
    name = stem
    if not stem.isidentifier() or keyword.iskeyword(stem):
        name = "script_" + re.sub(r"\W", "_", stem)
    while _is_taken(name, search):
        name = "script_" + name
    return name


def _is_taken(name: str, search: list[str]) -> bool:
    if name == "__main__" or name in sys.modules or name in sys.builtin_module_names:
        return True
    return importlib.machinery.PathFinder.find_spec(name, search) is not None


def _write_text(text: str, directory: Path) -> Path:
    path = directory / rundir.SCRIPT
    path.write_text(text, encoding="utf-8")
    return path
