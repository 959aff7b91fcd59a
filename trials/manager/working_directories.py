"""The working directory of a trial: `run/trials/<id>/work`. All its scripts share it, and it outlives them for a while."""

import asyncio
import logging
import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from procedures.manager.context import Context
from procedures.models import Procedure
from procedures.recorder import Recording
from trials.models import Trial

log = logging.getLogger(__name__)

KEEP = "_oet_keep"
"""A trial that leaves a file of this name keeps its working directory for ever."""
_AT_ONCE = 20


def folder_of(run_dir: Path, trial_id: int) -> Path:
    """The working directory of a trial."""
    return run_dir / "trials" / str(trial_id) / "work"


def make(folder: Path, *, copy_of: Path | None = None) -> None:
    """A fresh working directory, empty or a copy; what an attempt that was cut short has left is removed. Raises OSError."""
    if folder.exists():
        _remove(folder)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if copy_of is None:
        folder.mkdir(mode=0o700)
        return
    shutil.copytree(copy_of, folder, symlinks=True, ignore=_not_to_be_copied)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o700 if path.is_dir() else 0o600))
    folder.chmod(0o700)


def _not_to_be_copied(folder: str, names: list[str]) -> list[str]:
    """Sockets, pipes and devices: what spoke through them has ended, and reading a pipe would wait for ever."""
    return [name for name in names if not _is_plain((Path(folder) / name).lstat().st_mode)]


def _is_plain(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


@dataclass(frozen=True)
class Outlived:
    """A trial whose working directory may go."""

    id: int
    folder: str
    from_git: Sequence[int]
    """Its procedures from git, which may hold environments although they never started."""


def outlived(node: str, before: datetime) -> list[Outlived]:
    """Trials of this node that ended before that time, and have not been cleared away."""
    rows = Trial.objects.filter(node=node, removed_at__isnull=True, finished_at__lte=before).order_by("finished_at")
    found = list(rows.values_list("pk", "working_dir")[:_AT_ONCE])
    return [
        Outlived(
            pk,
            folder,
            list(Procedure.objects.filter(trial_script__trial=pk, script_type="git").values_list("pk", flat=True)),
        )
        for pk, folder in found
    ]


def next_end(node: str) -> datetime | None:
    """When the first of the trials of this node ended that have not been cleared away; None if there is none."""
    rows = Trial.objects.filter(node=node, removed_at__isnull=True, finished_at__isnull=False).order_by("finished_at")
    return rows.values_list("finished_at", flat=True).first()


def clear_away(folder: Path) -> None:
    """Remove a working directory, unless it is to be kept; whatever scripts have done to it, nothing of that is raised."""
    if not (folder.is_symlink() or os.access(folder, os.X_OK)):
        with suppress(OSError):
            folder.chmod(0o700)
    try:
        is_kept = (folder / KEEP).exists()
    except OSError as error:
        log.warning("%s cannot be looked into, so it stays: %s", folder, error)
        return
    if not is_kept:
        _remove(folder.parent)


async def remove_outlived(context: Context, trials: Sequence[Outlived]) -> None:
    """Remove working directories, unless a trial wants its own to be kept."""
    for trial in trials:
        folder = folder_of(context.settings.run_dir, trial.id)
        await asyncio.to_thread(clear_away, folder)
        for procedure_id in trial.from_git:
            await context.desk.release(procedure_id)
        await context.database.write(partial(_write_removal, trial_id=trial.id))


def _write_removal(_record: Recording, trial_id: int) -> None:
    Trial.objects.filter(pk=trial_id).update(removed_at=datetime.now(UTC))


def _remove(folder: Path) -> None:
    """Remove a folder, also where a script has taken rights away; what cannot be removed is named in the log."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent) / name
            with suppress(OSError):  # somebody else's, such as root's from within a container
                if not path.is_symlink():
                    path.chmod(0o700)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        log.warning("%s cannot be removed: %s", folder, error)
