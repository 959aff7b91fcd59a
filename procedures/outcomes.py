"""How long scripts take and how they end: counted from an index alone (`procedure_ended`), of a bounded number of runs."""

from dataclasses import dataclass
from datetime import datetime

from procedures.domain.figures import RunOf, ScriptFigures, figures_of
from procedures.domain.people import Actor
from procedures.selectors import procedures_for

MOST = 5_000
"""Runs that are counted: the newest ones."""
LATEST = 24
"""Runs of each script that are told one by one."""


@dataclass(frozen=True)
class Outcomes:
    """Figures of every script, the most run first, and from which runs they come."""

    since: datetime
    """Runs that ended from then on."""
    runs: int
    is_cut_short: bool
    """There were more since then than are counted; `since` is the end of the first that is."""
    scripts: list[ScriptFigures]


def outcomes(actor: Actor, since: datetime, *, script: str = "") -> Outcomes:
    """Figures of the runs that ended since then, of one script only where it is named; raises NotAllowed."""
    rows = procedures_for(actor).filter(finished_at__gte=since).order_by("-finished_at")
    if script:
        rows = rows.filter(script_name=script)
    found = list(rows.values_list("script_name", "state", "started_at", "finished_at", "pk")[:MOST])
    runs = [
        RunOf(name, state, (ended - started).total_seconds() if started and ended else None, pk)
        for name, state, started, ended, pk in found
    ]
    is_cut_short = len(found) == MOST
    first = found[-1][3] if is_cut_short else None
    return Outcomes(first or since, len(runs), is_cut_short, figures_of(runs, latest=LATEST))
