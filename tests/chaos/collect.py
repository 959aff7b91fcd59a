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
    parts = set(Procedure.objects.filter(part_of__isnull=False).values_list("id", flat=True))
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
        **_trials(),
        "procedures": [row for row in procedures if row["id"] not in parts],
        "parts": [row for row in procedures if row["id"] in parts],
        "event_ids": list(events.values_list("id", flat=True)),
        "queued_commands": Command.objects.filter(state=Command.State.QUEUED).count(),
        "claims": ResourceClaim.objects.count(),
    }


def _trials() -> dict[str, Any]:
    from procedures.models import Event
    from trials.models import Task, Trial

    announced = defaultdict(list)
    for payload in (
        Event.objects.filter(topic="trial.script.statechange").order_by("id").values_list("payload", flat=True)
    ):
        announced[payload["trial"], payload["key"]].append([payload["from"], payload["to"]])
    trials = [
        {
            "id": trial.pk,
            "state": trial.state,
            "finished_at": _seconds(trial.finished_at),
            "scripts": [
                {
                    "key": script.key,
                    "state": script.state,
                    "reason": script.reason,
                    "procedure": script.procedure_id,
                    "procedure_state": script.procedure.state if script.procedure else None,
                    "resource": script.resource,
                    "started_at": _seconds(script.started_at),
                    "finished_at": _seconds(script.finished_at),
                    "start_when": [[c["script_key"], c["states"]] for c in script.spec["start_when"].values()],
                    "announced": announced[trial.pk, script.key],
                }
                for script in trial.scripts.select_related("procedure")
            ],
        }
        for trial in Trial.objects.order_by("id")
    ]
    return {"trials": trials, "task_keys": list(Task.objects.values_list("key", flat=True))}


def _seconds(time: Any) -> float | None:
    return time.timestamp() if time else None


if __name__ == "__main__":
    main()
