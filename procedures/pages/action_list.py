"""The actions of a script of the harness: a row for each, and where they lie in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from procedures.domain.actions import PHASE, RUN_FINISHED, ActionRow, ActionState, ScriptRun
from procedures.words import took

_MOST_PHASES = 400
_GLYPHS = {
    ActionState.SUCCESS: "COMPLETE",
    ActionState.RUNNING: "RUNNING",
    ActionState.STOPPED: "STOPPED",
    ActionState.FATAL: "FAILED",
    ActionState.CRASHED: "FAILED",
    ActionState.LOST: "UNKNOWN",
}
_WORDS = {ActionState.SKIPPED: "skipped", ActionState.DISABLED: "left out", ActionState.LOST: "its process died"}


@dataclass(frozen=True)
class ShownAction:
    """One action."""

    name: str
    state: str
    glyph: str
    time: str
    started_at: float | None
    """Of one that runs, for the page to count on from."""
    note: str
    percent: str
    returned: str


@dataclass(frozen=True)
class ShownActions:
    """All of them."""

    count: str
    phase: str
    rows: Sequence[ShownAction]
    failures: Sequence[str]


def shown_actions(run: ScriptRun | None, now: float) -> ShownActions | None:
    """The rows of a run; None if there was none."""
    if run is None:
        return None
    wanted = [row for row in run.rows if row.state not in {ActionState.DISABLED, ActionState.SKIPPED}]
    ended = [row for row in wanted if row.state not in {ActionState.PENDING, ActionState.RUNNING}]
    words = f"{len(ended)} of {len(wanted)} done"
    failures = [f"{failure.phase}: {failure.listener} failed: {failure.error}" for failure in run.failures]
    phase = run.phase if run.phase and run.phase != "run_action" else ""
    return ShownActions(words, phase, [_row(row, now) for row in run.rows], failures)


def drawn_actions(run: ScriptRun | None) -> list[list[Any]]:
    """What the timeline draws of actions: [name, state, began, ended]; Unix seconds, null while it runs."""
    return [
        [row.name, row.state.value, row.started_at, _ended_at(row)]
        for row in (run.rows if run else ())
        if row.started_at is not None
    ]


def drawn_phases(events: Iterable[tuple[str, Any]]) -> list[list[Any]]:
    """What the timeline draws of phases: [name, began]; the end of the run is one without a name."""
    found = []
    for topic, payload in events:
        at = payload.get("time") if isinstance(payload, dict) else None
        if topic in {PHASE, RUN_FINISHED} and isinstance(at, int | float):
            found.append([str(payload.get("phase") or "") if topic == PHASE else "", at])
    return found[-_MOST_PHASES:]


def _row(row: ActionRow, now: float) -> ShownAction:
    is_running = row.state is ActionState.RUNNING
    ran = now - row.started_at if is_running and row.started_at is not None else row.duration_s
    note = row.error if row.error else row.message
    prefix = f"{row.state.name}: " if row.error and row.state is not ActionState.STOPPED else ""
    return ShownAction(
        name=row.name,
        state=row.state.value,
        glyph=_GLYPHS.get(row.state, row.state.value),
        time=_WORDS.get(row.state, "") if ran is None else took(max(0.0, ran)),
        started_at=row.started_at if is_running else None,
        note=f"{prefix}{note}",
        percent=f"{100 * row.fraction:.0f}" if is_running and row.fraction is not None else "",
        returned=row.return_value if row.return_value not in {"", "None"} else "",
    )


def _ended_at(row: ActionRow) -> float | None:
    if row.started_at is None or row.duration_s is None:
        return None
    return row.started_at + row.duration_s
