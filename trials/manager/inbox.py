"""What is asked of a node's trials: a few cheap queries, for the database thread of its manager."""

from dataclasses import dataclass, field

from procedures.claims import SITE as SITE_SCOPE
from procedures.manager.foreign_changes import ForeignChanges
from procedures.models import ResourceClaim
from trials.domain.rendering import SITE
from trials.domain.states import ScriptState, TrialState
from trials.models import UNFINISHED_STATES, Trial, TrialScript


@dataclass(frozen=True)
class Due:
    """What there is to do."""

    has_pending: bool = False
    """Trials wait for a node."""
    aborts: list[int] = field(default_factory=list)
    """Trials that are to be aborted."""
    waiting_for_site: list[int] = field(default_factory=list)
    """Trials with a script that waits for what the whole installation shares, and that another node has freed."""


class Inbox:
    """Looks, and remembers the version of the database that it has seen."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._foreign_changes = ForeignChanges()

    def look(self, *, is_sure: bool) -> Due:
        """What is due; nothing, unless `is_sure`, where nobody else has changed the database since the last look."""
        if not self._foreign_changes.since_last_look() and not is_sure:
            return Due()
        aborts = Trial.objects.filter(node=self._node, state=TrialState.ABORTING.value, is_abort_taken=False)
        return Due(
            Trial.objects.filter(state=TrialState.PENDING.value).exists(),
            list(aborts.order_by("id").values_list("pk", flat=True)),
            self._waiting(),
        )

    def _waiting(self) -> list[int]:
        waiting = TrialScript.objects.filter(
            state=ScriptState.WAITING.value, trial__node=self._node, trial__state__in=UNFINISHED_STATES
        )
        found = waiting.order_by("eligible_at", "position").values_list("trial_id", "resource")
        of_site = [
            (trial_id, name.removeprefix(SITE)) for trial_id, names in found for name in names if name.startswith(SITE)
        ]
        if not of_site:
            return []
        held = set(ResourceClaim.objects.filter(scope=SITE_SCOPE).values_list("name", flat=True))
        return list(dict.fromkeys(trial_id for trial_id, name in of_site if name not in held))
