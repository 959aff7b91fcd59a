"""Prints what the database says at the end of a chaos run, as JSON; run with the environment of the product."""

import json
import sys
from collections import defaultdict
from typing import Any

import django


def main() -> None:
    """Print it."""
    django.setup()
    json.dump(_everything(), sys.stdout)


def _everything() -> dict[str, Any]:
    from procedures.models import ArgCapture, Command, Event, Procedure, ProcedureHistory, ResourceClaim
    from tests.chaos.script import TICK

    history, announced, ticks = defaultdict(list), defaultdict(list), defaultdict(list)
    for procedure, *row in ProcedureHistory.objects.order_by("sequence").values_list(
        "procedure_id", "sequence", "state"
    ):
        history[procedure].append(row)
    events = Event.objects.order_by("id")
    for procedure, payload in events.filter(topic="procedure.lifecycle.statechange").values_list(
        "procedure_id", "payload"
    ):
        announced[procedure].append(payload["sequence"])
    for procedure, payload in events.filter(topic=TICK).values_list("procedure_id", "payload"):
        ticks[procedure].append([payload["attempt"], payload["number"]])
    tags = {capture.procedure_id: capture.kwargs["tag"] for capture in ArgCapture.objects.filter(function="init")}
    procedures = [
        {
            "id": row.pk,
            "tag": tags.get(row.pk, ""),
            "state": row.state,
            "sequence": row.sequence,
            "cause": row.cause,
            "finished_at": row.finished_at.timestamp() if row.finished_at else None,
            "history": history[row.pk],
            "announced": announced[row.pk],
            "ticks": ticks[row.pk],
        }
        for row in Procedure.objects.order_by("id")
    ]
    return {
        "procedures": procedures,
        "event_ids": list(events.values_list("id", flat=True)),
        "queued_commands": Command.objects.filter(state=Command.State.QUEUED).count(),
        "claims": ResourceClaim.objects.count(),
    }


if __name__ == "__main__":
    main()
