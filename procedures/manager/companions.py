"""Who works beside the ProcessManager, on what it records: registered by apps that depend on procedures."""

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from procedures.manager.context import Context


class Companion(Protocol):
    """Lives as long as a manager does, in its event loop."""

    async def adopt(self) -> None:
        """Take over what a predecessor left; the procedures have been taken over already."""

    async def work(self) -> None:
        """Do what it is for, for ever. If it raises, the manager ends."""

    def ring(self, topics: Set[str] | None) -> None:
        """Something may have changed: this manager has recorded events of these topics, or somebody has rung (None)."""


makers: list[Callable[["Context"], Companion]] = []
"""Each makes the companion of one manager."""
