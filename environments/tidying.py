"""Removing what nobody needs: idle environments beyond those that are kept, trees, and what dead builders left."""

import logging
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from environments.builder import remove_what_is_left
from environments.domain.errors import EnvironmentInUse, TransitionRefused
from environments.domain.eviction import Kept, to_evict
from environments.domain.states import EnvironmentState
from environments.manager import EnvironmentManager
from environments.models import Environment, Use

log = logging.getLogger(__name__)

TREE_GRACE_S: Final = 3600.0
"""A tree that was asked for within this time stays: whoever asked may not have said yet that it needs it."""
_PRUNE_TIMEOUT_S: Final = 600.0


@dataclass(frozen=True)
class Tidied:
    """What was removed."""

    environments: list[int]
    trees: int
    remains: int


def tidy(manager: EnvironmentManager, *, keep: int, min_free_bytes: int) -> Tidied:
    """Evict and remove on this node; what is in use or pinned is never touched. Any number of these may run at once."""
    evicted = _evict(manager, keep=keep, missing_bytes=_missing(manager, min_free_bytes))
    remains = _remove_remains(manager)
    trees = _remove_trees(manager, keep=keep)
    if _missing(manager, min_free_bytes):
        _prune_cache(manager)
    return Tidied(evicted, trees, remains)


def _evict(manager: EnvironmentManager, *, keep: int, missing_bytes: int) -> list[int]:
    ready = Environment.objects.filter(node=manager.node, state=EnvironmentState.READY).prefetch_related("uses")
    kept = [
        Kept(
            id=environment.pk,
            last_used_at=environment.last_used_at or environment.requested_at,
            size_bytes=environment.size_bytes,
            is_used=bool(environment.uses.all()),
            is_pinned=environment.is_pinned,
        )
        for environment in ready
    ]
    evicted = []
    for environment_id in to_evict(kept, keep=keep, missing_bytes=missing_bytes):
        reason = f"Not used for long: only the {keep} most recently used stay" + (
            ", and the disk is short." if missing_bytes else "."
        )
        try:
            manager.evict(environment_id, reason)
        except (EnvironmentInUse, TransitionRefused) as error:
            log.info("environment %s stays: %s", environment_id, error)
        else:
            evicted.append(environment_id)
    return evicted


def _remove_remains(manager: EnvironmentManager) -> int:
    """Folders that no environment names: evicted ones, and those of dead builders."""
    places = manager.places
    names = _names(places.environments) | _names(places.scratch) | _names(places.vital_signs)
    # Read after the folders: whoever makes a folder writes its name into the row first.
    rows = Environment.objects.filter(node=manager.node).exclude(folder="", builder="")
    in_force = {name for row in rows.values_list("folder", "builder") for name in row}
    doomed = {name for name in names if _is_token(name)} - in_force
    for token in doomed:
        remove_what_is_left(token, places)
    return len(doomed)


def _remove_trees(manager: EnvironmentManager, *, keep: int) -> int:
    """Trees that no use and no environment names; the `keep` most recently asked for stay."""
    now = time.time()
    trees = sorted(((_asked_at(tree), tree) for tree in manager.git.trees()), reverse=True)
    used = set(Use.objects.filter(node=manager.node).values_list("commit", flat=True))
    alive = Environment.objects.filter(node=manager.node).exclude(
        state__in=[EnvironmentState.EVICTED, EnvironmentState.FAILED]
    )
    used |= set(alive.values_list("commit", flat=True))
    idle = [(at, tree) for at, tree in trees if tree.name not in used]
    latest = now - TREE_GRACE_S
    doomed = [tree for at, tree in idle[keep:] if at < latest]
    return sum(manager.git.remove_tree(tree, asked_before=latest) for tree in doomed)


def _asked_at(tree: Path) -> float:
    try:
        return tree.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _missing(manager: EnvironmentManager, min_free_bytes: int) -> int:
    manager.places.environments.mkdir(mode=0o700, parents=True, exist_ok=True)
    return max(0, min_free_bytes - shutil.disk_usage(manager.places.environments).free)


def _prune_cache(manager: EnvironmentManager) -> None:
    command = [find_uv_bin(), "cache", "prune", "--cache-dir", str(manager.places.cache)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PRUNE_TIMEOUT_S)
    except subprocess.SubprocessError as error:
        log.warning("uv's cache could not be pruned at %s: %s", datetime.now(UTC), error)


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


def _is_token(name: str) -> bool:
    number, dot, rest = name.partition(".")
    return bool(dot) and number.isdigit() and bool(rest)
