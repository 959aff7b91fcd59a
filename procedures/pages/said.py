"""How far a script is, in its own words."""

from dataclasses import dataclass

from procedures.domain.said import whole
from procedures.models import Procedure
from procedures.words import clock


@dataclass(frozen=True)
class ShownSaid:
    """How far it is."""

    percent: str
    """Empty where nobody knows."""
    progress: str
    status: str
    checkpoint: str


def said_of(procedure: Procedure) -> ShownSaid | None:
    """None where it has said nothing of the kind."""
    said = whole(procedure.said)
    progress, status, checkpoint = said["progress"], said["status"], said["checkpoint"]
    if not (progress or status or checkpoint):
        return None
    fraction = progress["fraction"] if progress else None
    return ShownSaid(
        percent="" if fraction is None else f"{fraction * 100:.0f}",
        progress=progress["message"] if progress else "",
        status=status["text"] if status else "",
        checkpoint=f"{checkpoint['name']}, {clock(checkpoint['at'])}" if checkpoint else "",
    )
