"""The line below the strip: what is wrong, in words.

`static/js/conditions.js` says the same; `tests/js/conditions.json` holds both to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from procedures.domain.people import Actor
from procedures.domain.states import ProcedureState
from procedures.narrowing import Narrowing
from procedures.pages.rows import Row
from procedures.selectors import procedures_for
from procedures.words import clock

_TOLD_FOR = timedelta(hours=12)
"""A failed abort is an alarm for a night; then it is history."""
_MAX_TOLD = 20
_DID_NOT_DO_ITS_WORK = Narrowing("state", (ProcedureState.FAILED.value, ProcedureState.STOPPED.value))


@dataclass(frozen=True)
class Condition:
    """Something that is wrong."""

    words: str
    procedure: int | None = None
    """Where to look."""
    is_failed_abort: bool = False
    """It is loud, and stays until somebody says that it was seen."""


@dataclass(frozen=True)
class FailedAbort:
    """An abort that was asked for and did not do its work."""

    procedure: int
    abort_of: int
    cause: str

    def as_record(self) -> dict[str, Any]:
        """The form in which it goes to the browser: that of the payload of its event."""
        return asdict(self)


def failed_aborts(actor: Actor, *, seen: frozenset[int] = frozenset()) -> list[FailedAbort]:
    """The aborts of the last hours that failed, oldest first, but for those that were `seen`."""
    since = datetime.now(UTC) - _TOLD_FOR
    found = (
        procedures_for(actor)
        .filter(_DID_NOT_DO_ITS_WORK.following, abort_of__isnull=False, created_at__gte=since)
        .exclude(pk__in=seen)
        .order_by("-pk")
        .values_list("pk", "abort_of_id", "cause")[:_MAX_TOLD]
    )
    return [FailedAbort(pk, abort_of or 0, cause) for pk, abort_of, cause in found][::-1]


def conditions(
    nodes: Sequence[Mapping[str, Any]], live: Sequence[Row], aborts: Sequence[FailedAbort] = ()
) -> list[Condition]:
    """What is wrong, the most urgent first."""
    failed = [
        Condition(
            f"The abort of #{abort.abort_of} failed, so its subarray may still be active: {abort.cause or 'no reason is known'}.",
            abort.procedure,
            is_failed_abort=True,
        )
        for abort in aborts
    ]
    unknown = [
        Condition(f"{row.name} #{row.id} is UNKNOWN, perhaps it still runs: look at it.", row.id)
        for row in live
        if row.state == ProcedureState.UNKNOWN
    ]
    questions = [
        Condition(f"{row.name} #{row.id} waits for an answer.", row.id)
        for row in live
        for _ in row.said.get("questions") or ()
    ]
    return [*failed, *questions, *(Condition(words) for words in _of_nodes(nodes)), *unknown]


def _of_nodes(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    if not any(node["is_alive"] for node in nodes):
        seen = max((node["heartbeat_at"] for node in nodes), default=None)
        last = f", last heard of at {clock(seen)} UTC" if seen else ""
        return [f"No process manager is running{last}: nothing can be prepared, started or stopped. Start it: make up."]
    words = []
    for node in nodes:
        if not node["is_alive"]:
            words.append(f"{node['name']}: its process manager is silent.")
            continue
        if (node.get("condition") or {}).get("draining"):
            words.append(f"{node['name']} takes no new starts: draining.")
        words += [f"{node['name']}: {problem}" for problem in node["problems"]]
    return words
