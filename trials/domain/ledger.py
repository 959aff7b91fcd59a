"""Who holds and who waits for the exclusive resources of a node: what follows from the scheduler's decisions."""

from collections.abc import Iterable

from trials.domain.states import Resources, ScriptRef


class ResourceAlreadyHeld(Exception):
    """A resource was to be taken that is held: whoever decided so had not seen the present state."""

    def __init__(self, name: str, holder: ScriptRef, wanted_by: ScriptRef) -> None:
        super().__init__(
            f"{name!r} is held by {holder.key} of trial {holder.trial}; {wanted_by.key} of trial {wanted_by.trial} cannot take it"
        )


class ResourceLedger:
    """The book of one node, over all its trials."""

    def __init__(self) -> None:
        self._held: dict[str, ScriptRef] = {}
        self._queue: dict[str, tuple[ScriptRef, ...]] = {}
        self.resources = Resources(self._held, self._queue)
        """The present state, as `step` wants it."""

    def queue(self, ref: ScriptRef, names: Iterable[str]) -> None:
        """The script waits for all of these, behind those that wait already."""
        for name in names:
            self._queue[name] = (*self._queue.get(name, ()), ref)

    def take(self, ref: ScriptRef, names: Iterable[str]) -> None:
        """The script gets all of these and waits no longer; raises ResourceAlreadyHeld."""
        names = tuple(names)
        for name in names:
            if name in self._held:
                raise ResourceAlreadyHeld(name, self._held[name], ref)
        self.leave(ref, names)
        self._held.update(dict.fromkeys(names, ref))

    def leave(self, ref: ScriptRef, names: Iterable[str]) -> None:
        """The script waits for these no longer."""
        for name in names:
            rest = tuple(other for other in self._queue.get(name, ()) if other != ref)
            if rest:
                self._queue[name] = rest
            else:
                self._queue.pop(name, None)

    def release(self, ref: ScriptRef, names: Iterable[str]) -> None:
        """The script's process tree is gone: it holds these no longer."""
        for name in names:
            if self._held.get(name) == ref:
                del self._held[name]

    @property
    def woken(self) -> list[int]:
        """The trials whose script is the first to wait for a free resource: each needs a `step`, after any change here."""
        heads = (waiting[0] for name, waiting in self._queue.items() if name not in self._held)
        return sorted({ref.trial for ref in heads})
