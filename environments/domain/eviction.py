"""Which environments go: the oldest idle ones beyond those that are kept, and more where the disk runs short."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Kept:
    """An environment that takes room on the disk."""

    id: int
    last_used_at: datetime
    size_bytes: int
    is_used: bool = False
    is_pinned: bool = False


def to_evict(environments: Iterable[Kept], *, keep: int, missing_bytes: int = 0) -> list[int]:
    """Ids of those to evict, the least recently used first.

    Those in use or pinned are never named, nor do they count; of the others the `keep` most recently used stay, unless
    `missing_bytes` are not made free by the rest.
    """
    idle = [e for e in environments if not e.is_used and not e.is_pinned]
    idle.sort(key=lambda e: (e.last_used_at, e.id))
    surplus = max(0, len(idle) - keep)
    chosen = idle[:surplus]
    freed = sum(e.size_bytes for e in chosen)
    for environment in idle[surplus:]:
        if freed >= missing_bytes:
            break
        chosen.append(environment)
        freed += environment.size_bytes
    return [e.id for e in chosen]
