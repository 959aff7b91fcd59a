"""Who asks, and what they may."""

from dataclasses import dataclass
from enum import StrEnum

from procedures.domain.errors import NotAllowed


class Right(StrEnum):
    """What may be granted; the names are those of Django's permissions."""

    VIEW = "procedures.view_procedure"
    PREPARE = "procedures.prepare_procedure"
    START = "procedures.start_procedure"
    STOP = "procedures.stop_procedure"
    """A right of its own: whoever may stop need not be allowed to start."""
    STEER = "procedures.steer_procedure"
    PUBLISH = "procedures.publish_event"
    OVERRIDE = "procedures.set_override"
    PRESETS = "procedures.manage_preset"
    """Everybody who may prepare keeps presets; this is for those of others."""
    ENVIRONMENTS = "environments.manage_environment"


_DEEDS = {
    Right.VIEW: "see procedures",
    Right.PREPARE: "prepare scripts",
    Right.START: "start scripts",
    Right.STOP: "stop scripts",
    Right.STEER: "pause or resume scripts, or answer their questions",
    Right.PUBLISH: "send events to scripts",
    Right.OVERRIDE: "set operator overrides",
    Right.PRESETS: "change or delete presets of others",
    Right.ENVIRONMENTS: "build, pin or delete environments",
}


PROCESS_MANAGER = "process manager"
"""Who stops the scripts when OET itself is ended by Ctrl-C."""


@dataclass(frozen=True)
class Actor:
    """A person or program, with its rights as they are at this moment."""

    name: str
    rights: frozenset[Right] = frozenset()

    def may(self, right: Right) -> bool:
        """Whether the right is granted."""
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raise NotAllowed, in words, unless the right is granted."""
        if not self.may(right):
            raise NotAllowed(self.name, _DEEDS[right], right.value)
