"""Blocks that no stop interrupts. What a script says and hears uses them without knowing who stops it, or whether anybody does.

`oet.stopping` has the one of scripts that somebody stops.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Callable, Protocol, TypeVar

T = TypeVar("T")


class Shield(Protocol):
    """Keeps a stop from the main thread for a while."""

    def shielded(self) -> AbstractContextManager[None]:
        """A block that is not interrupted; a stop that arrives meanwhile comes right after it."""

    def opened(self, function: Callable[[], T]) -> T:
        """Call `function`, a wait, from such a block: it may be interrupted as the block itself could have been."""


class _NoShield:
    """For scripts that nobody stops."""

    def shielded(self) -> AbstractContextManager[None]:
        return nullcontext()

    def opened(self, function: Callable[[], T]) -> T:
        return function()


NO_SHIELD: Shield = _NoShield()
