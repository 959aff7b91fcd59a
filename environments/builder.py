"""Building one environment: the work of a Celery task.

A virtual environment has its own path written into its scripts and its bytecode. So each build works in a folder with a name of
its own, the token of its lease, and that folder is the final one: nothing is moved, and nothing but the row that turns READY
ever names it. What a dead builder leaves behind has another name than what its successor makes.
"""

import importlib.metadata
import logging
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.db import DatabaseError, OperationalError, close_old_connections

from environments import log as build_log
from environments import vital_signs
from environments.builds import MAX_ATTEMPTS, RENEW_S, Lease, LeaseLost, claim
from environments.domain.errors import CommandFailed, EnvironmentProblem
from environments.git.command import ask_git, git_program
from environments.git.for_packages import write_program
from environments.git.manager import GitManager
from environments.installing import MARK, Installer, InstallSettings, install_environment
from environments.log import LogWriter
from environments.models import Environment
from environments.places import Places
from environments.project_files import read_project
from environments.running import Command, Watch, run
from oet.processes import Process, processes_marked
from oet.treekill import kill_trees

log = logging.getLogger(__name__)

_WRITE_S = 0.5
_COMPILE_S = 600.0


@dataclass(frozen=True)
class Builder:
    """Builds environments on this node."""

    places: Places
    git: GitManager
    settings: InstallSettings
    timeout_s: float

    def build(self, environment_id: int) -> bool:
        """Build the environment if it is to be built and nobody else does it; True where it should be tried once more."""
        lease = claim(environment_id, partial(vital_signs.have_ceased, self.places.vital_signs))
        if lease is None:
            return False
        with vital_signs.shown(self.places.vital_signs, lease.token):
            remove_what_is_left(lease.former, self.places)
            return _Build(self, lease).run()


class _Build:
    """One build under its lease."""

    def __init__(self, builder: Builder, lease: Lease) -> None:
        self._builder = builder
        self._lease = lease
        self._environment = lease.environment
        self._target = builder.places.environment(lease.token)
        self._scratch = builder.places.scratch / lease.token
        self._programs = self._scratch / "programs"
        self._log = LogWriter(lease.environment_id, lease.environment.build)
        self._renewed_at = self._written_at = time.monotonic()
        self._watch = Watch(builder.timeout_s, "OET_ENV_TIMEOUT", on_tick=self._tick, on_progress=self._log.add)

    def run(self) -> bool:
        """Do it, whatever happens; True where it should be tried once more."""
        build_log.forget_old_builds(self._lease.environment_id, self._environment.build)
        try:
            return self._attempt()
        except LeaseLost:
            log.info("build %s of environment %s is not ours any more", self._lease.token, self._lease.environment_id)
            self._remove()
            return False
        except BaseException:
            self._remove()
            raise
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _attempt(self) -> bool:
        try:
            self._make()
        except CommandFailed as error:
            if error.was_killed and self._environment.attempts < MAX_ATTEMPTS:
                self._end(f"{error} It is tried again.", is_final=False)
                return True
            self._end(str(error))
        except (EnvironmentProblem, OSError) as error:
            self._end(_in_words(error))
        except (LeaseLost, DatabaseError):
            raise
        except Exception as error:
            # The border of one build: whoever waits for it hears of a fault of ours at once, not after as many attempts as there are.
            log.exception("build %s of environment %s failed", self._lease.token, self._lease.environment_id)
            self._end(f"It failed inside OET: {error!r}; the reason is in the log of the Celery worker.")
        return False

    def _make(self) -> None:
        self._say(
            f"Building {self._environment} with Python {self._environment.python_version} ({self._environment.python})"
        )
        source = self._prepare_source()
        project = read_project(source)
        self._say(f"Installing from {project}")
        installer = Installer(
            self._builder.settings, project, source, self._target, self._environment.python, self._run, self._scratch
        )
        installer.install()
        packages = installed_packages(self._target)
        size = size_of(self._target, self._watch)
        self._say(f"Done: {len(packages)} packages, {size / 1e6:.1f} MB")
        self._log.write()
        self._lease.finish(packages=packages, size_bytes=size, recipe=str(project)[:300])
        compile_bytecode(self._builder.settings, self._lease, self._target, installer.python)

    def _prepare_source(self) -> Path:
        """A copy of the commit's files that may be written to: building a package does that."""
        git = self._builder.git
        repository = git.repository(self._environment.repository)
        tree = git.tree(repository, self._environment.commit, self._watch)
        source = self._scratch / "source"
        source.parent.mkdir(mode=0o700, parents=True)
        self._builder.settings.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_program(self._programs / "git", git_program(), git.allow, self._builder.settings.cache)
        copy_tree(tree, source, self._watch)
        give_history(source, git.mirror_path(repository), self._environment.commit)
        return source

    def _run(self, arguments: Sequence[str], what: str) -> None:
        shown = " ".join(Path(part).name if part.startswith("/") else part for part in arguments)
        self._say(f"$ {shown}")
        variables = install_environment(self._builder.settings, self._target, self._lease.token)
        variables["PATH"] = f"{self._programs}{os.pathsep}{variables.get('PATH', os.defpath)}"
        run(
            Command(arguments, what, variables, self._scratch / "source"),
            self._watch,
            on_line=self._log.add,
            is_logged=True,
        )

    def _end(self, reason: str, *, is_final: bool = True) -> None:
        """Write down how it ended, with the last lines that were logged."""
        self._log.add(reason)
        self._log.write()
        self._remove()
        if is_final:
            self._lease.fail(reason)
        else:
            self._lease.give_back(reason)

    def _remove(self) -> None:
        shutil.rmtree(self._target, ignore_errors=True)

    def _say(self, words: str) -> None:
        self._log.add(words)
        self._tick()

    def _tick(self) -> None:
        """Store what was logged, and renew the lease; a database that is away for a moment does not end the build."""
        now = time.monotonic()
        try:
            if now - self._written_at > _WRITE_S:
                self._written_at = now
                self._log.write()
            if now - self._renewed_at > RENEW_S:
                self._lease.renew()
                self._renewed_at = now
        except OperationalError as error:
            log.warning("build %s cannot reach the database: %s", self._lease.token, error)
            close_old_connections()


def remove_what_is_left(token: str, places: Places) -> None:
    """Kill every process of a builder that died, and delete what it made."""
    if not token:
        return

    def find(_snapshot: Mapping[int, Process]) -> Iterable[Process]:
        return processes_marked(MARK, token)

    kill = kill_trees(find)
    if not kill.is_done:
        log.error("processes of build %s cannot be killed: %s", token, kill.alive)
    shutil.rmtree(places.environment(token), ignore_errors=True)
    shutil.rmtree(places.scratch / token, ignore_errors=True)
    vital_signs.forget(places.vital_signs, token)


def copy_tree(tree: Path, copy: Path, watch: Watch) -> None:
    """A copy of a read-only tree that may be written to."""
    for path, folders, files in os.walk(tree):
        target = copy / Path(path).relative_to(tree)
        target.mkdir(mode=0o700)
        for name in (*folders, *files):
            watch.check("copying the sources")
            file = Path(path, name)
            if file.is_symlink() or file.is_file():
                made = shutil.copy(file, target / name, follow_symlinks=False)
                if not file.is_symlink():
                    Path(made).chmod(file.stat().st_mode | 0o200)


def give_history(source: Path, mirror: Path, commit: str) -> None:
    """Make the copy look like a clone: many packages take their version from git's tags."""
    git_dir = source / ".git"
    for folder in ("objects/info", "refs"):
        (git_dir / folder).mkdir(parents=True)
    (git_dir / "objects" / "info" / "alternates").write_text(f"{mirror / 'objects'}\n")
    (git_dir / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    (git_dir / "HEAD").write_text(f"{commit}\n")
    tags = ask_git(
        mirror, ["for-each-ref", "--merged", commit, "--format=create %(refname) %(objectname)", "refs/tags"]
    )
    if tags:  # bytes, for names may be in any encoding
        names = [line.split(b" ") for line in tags.split(b"\n") if line]
        (git_dir / "packed-refs").write_bytes(b"".join(b"%b %b\n" % (name, ref) for _, ref, name in names))
    ask_git(git_dir, ["read-tree", commit], extra={"GIT_WORK_TREE": str(source)})


def compile_bytecode(settings: InstallSettings, lease: Lease, target: Path, python: Path) -> None:
    """Compile what was installed, which takes longer than installing it: scripts run already, and it gets out of their way.

    Whatever happens to it, the environment works.
    """
    watch = Watch(_COMPILE_S, "none: bytecode is only faster")
    arguments = ["nice", "-n", "19", str(python), "-I", "-m", "compileall", "-q", str(target / "lib")]
    command = Command(arguments, "compiling", install_environment(settings, target, lease.token), target.parent)
    try:
        run(command, watch, is_logged=True)
        size = size_of(target, watch)
    except (EnvironmentProblem, OSError) as error:  # packages may contain files that are no Python, on purpose
        log.info("not all of environment %s could be compiled: %s", lease.environment_id, error)
        return
    Environment.objects.filter(pk=lease.environment_id, folder=lease.token).update(size_bytes=size)


def installed_packages(environment: Path) -> list[list[str]]:
    """Name and version of each package of an environment, by name; what it sees of the system is not among them."""
    folders = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    found = {(d.metadata["Name"] or "?", d.version or "?") for d in importlib.metadata.distributions(path=folders)}
    return [[name, version] for name, version in sorted(found, key=lambda item: item[0].lower())]


def size_of(folder: Path, watch: Watch) -> int:
    """Bytes on disk, those of files shared with uv's cache included."""
    total = 0
    for path, _, files in os.walk(folder):
        watch.check("measuring the environment")
        total += sum(os.lstat(os.path.join(path, name)).st_blocks * 512 for name in files)  # noqa: PTH118 - many files
    return total


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The node could not do it: {error}. Look at its disk space and the rights of OET_HOME."
    return str(error)
