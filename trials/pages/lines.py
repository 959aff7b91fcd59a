"""Trials as one line each: on Now, and in what STOP offers on every page.

`static/js/trials/lines.js` makes the same records from events and the same words from a record; `tests/js/lines.json` holds both to it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from procedures.pages.page import Page
from procedures.pages.rows import Row
from procedures.words import duration, took
from trials.announcing import seconds
from trials.domain.states import UNFINISHED, ScriptState, TrialState
from trials.models import Trial, TrialScript
from trials.selectors import Narrowing, find_trials

MAX_ENDED = 3
"""Trials that stay on Now for a while after their end."""
MEMBERS = 4
"""Procedures that the line of a trial leads to; there may be hundreds."""
_MAX_LIVE = 50
_ENDED_WITHIN_S = 12 * 3600
_LOOKED_THROUGH = 20
_WORDS = {
    ScriptState.PASSED: "passed",
    ScriptState.FAILED: "failed",
    ScriptState.DEFECTIVE: "defective",
    ScriptState.ABORTED: "aborted",
    ScriptState.SKIPPED: "skipped",
    ScriptState.EXECUTING: "running",
}
_WAITING = "waiting"


@dataclass(frozen=True)
class Line:
    """A trial; times are Unix seconds. The empty one is the mould of lines that the browser makes."""

    id: int = 0
    task: int = 0
    name: str = ""
    number: int = 0
    state: str = ""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    scripts: int = 0
    """How many it has."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Those that are not pending, by key."""

    def as_record(self) -> dict[str, Any]:
        """The form in which it goes to the browser."""
        return asdict(self)

    @property
    def is_live(self) -> bool:
        """It is not over."""
        return self.state in UNFINISHED


@dataclass(frozen=True)
class ShownLine:
    """A line beside its words and the procedures that it has now."""

    line: Line
    counts: str = ""
    lasted: str = ""
    members: Sequence[tuple[Row, str]] = ()
    more: str = ""


def live_lines(page: Page) -> list[Line]:
    """The trials that are under way, oldest first."""
    return _lines(find_trials(page.actor, Narrowing(states=sorted(UNFINISHED)), _MAX_LIVE))


def ended_lines(page: Page) -> list[Line]:
    """The last that have ended, if that is not long ago; the latest first."""
    over = [state.value for state in TrialState if state not in UNFINISHED]
    since = datetime.fromtimestamp(page.now - _ENDED_WITHIN_S, UTC)
    rows = Trial.objects.filter(state__in=over).select_related("task").defer("task__source", "task__spec")
    latest = [row for row in rows.order_by("-pk")[:_LOOKED_THROUGH] if row.finished_at and row.finished_at > since]
    return _lines(sorted(latest, key=lambda row: (row.finished_at, row.pk), reverse=True)[:MAX_ENDED])


def with_words(lines: Iterable[Line], page: Page) -> list[ShownLine]:
    """Each line beside its words."""
    return [_shown(line, [row for row in page.live if row.trial == line.id], page.now) for line in lines]


def counts_in_brief(line: Line) -> str:
    """`4 passed · 2 running · 5 waiting`."""
    counts = Counter(line.states.values())
    parts = [(counts[state.value], word) for state, word in _WORDS.items()]
    known = sum(count for count, _ in parts)
    return " · ".join(f"{count} {word}" for count, word in [*parts, (line.scripts - known, _WAITING)] if count > 0)


def lasted(line: Line, now: float) -> str:
    """For how long it has been running, or ran; empty until it is set up."""
    if not line.started_at:
        return ""
    return took(line.finished_at - line.started_at) if line.finished_at else duration(now - line.started_at)


def member_in_words(row: Row, now: float) -> str:
    """How far a script of a trial is: how long it runs, or the state of its procedure."""
    return duration(now - row.started_at) if row.state == "RUNNING" and row.started_at else row.state


def _shown(line: Line, members: Sequence[Row], now: float) -> ShownLine:
    shown = [(row, member_in_words(row, now)) for row in members[:MEMBERS]]
    more = f"and {len(members) - MEMBERS} more" if len(members) > MEMBERS else ""
    return ShownLine(line, counts_in_brief(line), lasted(line, now), shown, more)


def _lines(trials: Sequence[Trial]) -> list[Line]:
    states: dict[int, dict[str, str]] = defaultdict(dict)
    totals: Counter[int] = Counter()
    rows = TrialScript.objects.filter(trial_id__in=[trial.pk for trial in trials]).order_by()
    for trial_id, key, state in rows.values_list("trial_id", "key", "state"):
        totals[trial_id] += 1
        if state != ScriptState.PENDING:
            states[trial_id][key] = state
    return [_line(trial, totals[trial.pk], states[trial.pk]) for trial in trials]


def _line(trial: Trial, scripts: int, states: Mapping[str, str]) -> Line:
    return Line(
        id=trial.pk,
        task=trial.task_id,
        name=trial.task.name or f"task {trial.task_id}",
        number=trial.number,
        state=trial.state,
        created_at=trial.created_at.timestamp(),
        started_at=seconds(trial.started_at),
        finished_at=seconds(trial.finished_at),
        scripts=scripts,
        states=states,
    )
