"""The launcher program: `python -I oet/launcher.py --directory <run/launchers/name> --bells <folder> [--preload a,b]`.

Starts, makes sure it is the only one in its directory, writes launcher.json and serves. Exit status: 0 ended on request,
2 wrong arguments, 3 another launcher lives in the directory.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import importlib
import importlib.util
import os
import sys
from contextlib import suppress
from pathlib import Path

if __name__ == "__main__" and "oet" not in sys.modules:
    # Importable as the package `oet` and in no other way: the folder around it holds modules that scripts must not see.
    _init = Path(__file__).absolute().parent / "__init__.py"
    _spec = importlib.util.spec_from_file_location("oet", _init, submodule_search_locations=[str(_init.parent)])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["oet"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["oet"])

import oet
from oet import doorbell, kernel, processes, rundir
from oet.launching import Launcher, raise_descriptor_limit
from oet.reactor import log

STATUS_TAKEN = 3


def main(arguments: list[str]) -> int:
    """Run a launcher; returns its exit status."""
    options = _parse(arguments)
    if not options.id:
        _start_again_with_mark(arguments, options.directory.absolute())
    directory = options.directory.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _lock(directory)
    if lock is None:
        print(f"another launcher lives in {directory}", file=sys.stderr)  # noqa: T201 - a program's answer to who started it
        return STATUS_TAKEN
    _redirect(directory)
    _forget_project()
    _make_importable(directory)
    kernel.become_subreaper()
    kernel.set_name("oet-launcher")
    limit = raise_descriptor_limit()
    _preload(options.preload)
    launcher = Launcher(options.id, directory / rundir.LAUNCHER_SOCKET, limit)
    _announce(directory, options.id)
    doorbell.ring(options.bells, "manager")
    gc.collect()
    gc.freeze()  # so that a worker's garbage collection does not copy the pages it shares with its launcher
    log(f"launcher {options.id} serves in {directory}")
    launcher.run()
    for name in (rundir.LAUNCHER, rundir.LAUNCHER_SOCKET):
        with suppress(OSError):
            (directory / name).unlink()
    log("ended")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="oet-launcher", description="Forks, watches and kills script processes.")
    parser.add_argument("--directory", type=Path, required=True, help="its own folder: launcher.json, socket, log")
    parser.add_argument("--bells", type=Path, required=True, help="the folder of bells")
    parser.add_argument("--preload", default="", help="modules to import before forking, with commas between them")
    parser.add_argument("--id", default="", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _start_again_with_mark(arguments: list[str], directory: Path) -> None:
    """Execute this program anew under a mark of its own: /proc shows the environment as it was at exec, in forks too."""
    name = os.urandom(16).hex()
    flags = ["-I", "-S"] if sys.flags.no_site else ["-I"]
    command = [sys.executable, *flags, str(Path(__file__).absolute()), *arguments, "--id", name]
    marks = {rundir.LAUNCHER_MARK: name, rundir.LAUNCHER_PLACE_MARK: str(directory)}
    os.execve(sys.executable, command, {**os.environ, **marks})  # noqa: S606 - no shell wanted


def _lock(directory: Path) -> int | None:
    """The directory, locked while the descriptor is open; None where another process has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _redirect(directory: Path) -> None:
    """Standard input from nowhere, both outputs to the log."""
    log_file = os.open(directory / rundir.LAUNCHER_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log_file, 1), (log_file, 2)):
        os.dup2(source, target)
    os.close(log_file)
    os.close(null)


def _forget_project() -> None:
    """Undo what an editable installation of OET does: scripts get `oet`, not the server's own packages."""
    sys.meta_path[:] = [f for f in sys.meta_path if not getattr(f, "__module__", "").startswith("__editable___oet_")]
    sys.path[:] = [entry for entry in sys.path if not entry.startswith("__editable__.oet")]


def _make_importable(directory: Path) -> None:
    """Give processes that scripts spawn a folder on sys.path that holds `oet` and nothing else."""
    imports = directory / rundir.LAUNCHER_IMPORTS
    imports.mkdir(mode=0o700, exist_ok=True)
    link = imports / "oet"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(oet.__file__).parent, target_is_directory=True)
    sys.path.append(str(imports))


def _preload(names: str) -> None:
    for name in filter(None, (part.strip() for part in names.split(","))):
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - anybody's module; scripts will say so themselves if they miss it
            log(f"cannot preload {name}: {type(error).__name__}: {error}")


def _announce(directory: Path, name: str) -> None:
    document = {
        "id": name,
        "pid": os.getpid(),
        "started": processes.start_time(os.getpid()),
        "boot_id": processes.boot_id(),
        "python": sys.executable,
        "version": oet.__version__,
    }
    rundir.write_document(directory / rundir.LAUNCHER, document)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
