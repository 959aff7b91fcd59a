"""The report of a day, in words: what ran, by whom, how it ended, what failed, who stopped what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procedures.domain.sky import Site
from procedures.domain.states import ProcedureState
from procedures.nights import Entry, Report, Stop
from procedures.pages.night import busy_words
from procedures.words import took


@dataclass(frozen=True)
class ShownEntry:
    """One procedure, as the report shows it."""

    entry: Entry
    begin: str
    end: str
    took: str
    by: str


@dataclass(frozen=True)
class ShownStop:
    """One stop that somebody asked for."""

    stop: Stop
    at: str
    how: str


def report_context(report: Report, now: datetime, site: Site | None) -> dict[str, Any]:
    """What the template needs."""
    entries = [_shown(entry) for entry in report.entries]
    had_begun = [entry.run for entry in report.entries if entry.has_run]
    return {
        "night": report.night,
        "day": report.night.day.isoformat(),
        "entries": entries,
        "failures": [shown for shown in entries if shown.entry.has_failed],
        "stops": [ShownStop(stop, f"{stop.at:%H:%M:%S}", _how(stop)) for stop in report.stops],
        "totals": _totals(report),
        "busy": busy_words(report.night, had_begun, now, site),
        "is_cut_short": report.is_cut_short,
        "is_under_way": report.night.begin <= now < report.night.end,
        "made_at": f"{now:%Y-%m-%d %H:%M:%S}",
        "span": f"{report.night.begin:%Y-%m-%d %H:%M} to {report.night.end:%Y-%m-%d %H:%M} UTC",
    }


def _shown(entry: Entry) -> ShownEntry:
    run = entry.run
    people = dict.fromkeys(person for person in (entry.started_by, entry.prepared_by) if person)
    return ShownEntry(
        entry,
        f"{run.begin:%H:%M:%S}",
        "" if run.is_open else f"{run.end:%H:%M:%S}",
        took((run.end - run.begin).total_seconds()) if entry.has_run else "not started",
        ", prepared by ".join(people),
    )


def _how(stop: Stop) -> str:
    words = ["killed at once" if stop.grace_s == 0 else "stopped"]
    words += [f"grace {stop.grace_s:g} s"] if stop.grace_s else []
    words += ["then abort"] if stop.with_abort else []
    return ", ".join(words)


def _totals(report: Report) -> list[tuple[str, str, int]]:
    """Glyph, word and count of each outcome that there was."""
    final = (ProcedureState.COMPLETE, ProcedureState.STOPPED, ProcedureState.FAILED, ProcedureState.UNKNOWN)
    counts = [(state.value, state.value, report.count(state)) for state in final]
    live = len(report.entries) - sum(count for *_, count in counts)
    return [*(one for one in counts if one[2]), *([("RUNNING", "not ended yet", live)] if live else [])]
