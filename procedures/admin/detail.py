"""What the page of one procedure shows; every part of it is bounded, however long the procedure ran."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.safestring import SafeString

from procedures.admin.output import shown_output
from procedures.admin.words import cut, environment_link, exact_moment, pretty_json, procedure_link, state_mark, took
from procedures.domain.states import FINAL
from procedures.models import Procedure, ProcedureHistory

MAX_STEPS = 300
MAX_REPORTS = 20
MAX_CALLS = 100
MAX_COMMANDS = 100
MAX_ABORTS = 20
MAX_SCRIPT = 100_000
MAX_TRACE = 100_000


@dataclass(frozen=True)
class Step:
    """One transition."""

    sequence: int
    mark: SafeString
    at: str
    lasted: str
    cause: str
    who: str
    function: str


@dataclass(frozen=True)
class Report:
    """What was recorded with a transition beside its cause: the result of a function, or how a stop went."""

    title: str
    text: str


@dataclass(frozen=True)
class Call:
    """What a function was called with."""

    function: str
    at: str
    args: str
    kwargs: str


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, and the answer."""

    kind: str
    who: str
    at: str
    arguments: str
    outcome: str
    reason: str
    answered_after: str


def detail(procedure: Procedure) -> dict[str, Any]:
    """The context of the page."""
    traced = procedure.history.exclude(stacktrace="").order_by("-sequence").first()
    return {
        "mark": state_mark(procedure.state),
        "facts": _facts(procedure),
        "steps": _steps(procedure),
        "omitted_steps": max(0, procedure.sequence - MAX_STEPS),
        "reports": _reports(procedure),
        "calls": _calls(procedure),
        "commands": _commands(procedure),
        "aborts": list(procedure.aborts.only("pk", "script_name", "state").order_by("pk")[:MAX_ABORTS]),
        "output": shown_output(procedure),
        "trace": cut(traced.stacktrace, MAX_TRACE) if traced else "",
        "script_body": cut(procedure.script_body, MAX_SCRIPT),
    }


def _facts(procedure: Procedure) -> list[tuple[str, Any]]:
    """Names and values, without those that are empty."""
    until = procedure.finished_at or datetime.now(UTC)
    facts = [
        ("Cause", cut(procedure.cause, 2000)),
        ("Script", procedure.script_uri),
        ("File that ran", procedure.script_path),
        ("Kind of script", procedure.script_type),
        ("Options", pretty_json(procedure.script_options) if procedure.script_options else ""),
        ("Created", exact_moment(procedure.created_at)),
        ("Created by", procedure.created_by),
        ("Last started", exact_moment(procedure.started_at)),
        ("Ended", exact_moment(procedure.finished_at)),
        ("Took" if procedure.finished_at else "Has taken", took(procedure.started_at or procedure.created_at, until)),
        ("Functions started", str(procedure.runs)),
        ("Stop asked for", _stop(procedure)),
        ("Abort of", procedure_link(procedure.abort_of_id)),
        ("Environment", environment_link(procedure.environment_id)),
        ("Resources", ", ".join(map(str, procedure.resources))),
        ("Node", procedure.node),
        ("Process", f"{procedure.pid}, launcher {procedure.launcher}" if procedure.pid else ""),
        ("Output", f"{procedure.output_lines} lines, {procedure.output_bytes} bytes"),
    ]
    return [(name, value) for name, value in facts if value]


def _stop(procedure: Procedure) -> str:
    if procedure.stop_asked_at is None:
        return ""
    grace = "" if procedure.stop_grace_s is None else f", grace {procedure.stop_grace_s:g} s"
    return f"{exact_moment(procedure.stop_asked_at)} by {procedure.stop_asked_by or 'nobody'}{grace}"


def _steps(procedure: Procedure) -> list[Step]:
    """The latest transitions, oldest first."""
    rows = list(procedure.history.defer("stacktrace", "details").order_by("-sequence")[:MAX_STEPS])[::-1]
    ends = [row.at for row in rows[1:]] + [datetime.now(UTC)]
    return [_step(row, end) for row, end in zip(rows, ends, strict=True)]


def _step(row: ProcedureHistory, end: datetime) -> Step:
    return Step(
        sequence=row.sequence,
        mark=state_mark(row.state),
        at=exact_moment(row.at),
        lasted="" if row.state in FINAL else took(row.at, end),
        cause=cut(row.cause, 2000),
        who=row.who,
        function=row.function,
    )


def _reports(procedure: Procedure) -> list[Report]:
    rows = procedure.history.filter(details__isnull=False).defer("stacktrace").order_by("-sequence")[:MAX_REPORTS]
    return [
        Report(
            f"{'Stop report' if _is_ending(row) else 'Details'}: {row.sequence}. {row.state}", pretty_json(row.details)
        )
        for row in rows
    ]


def _is_ending(row: ProcedureHistory) -> bool:
    return row.state in FINAL or row.state == "UNKNOWN"


def _calls(procedure: Procedure) -> list[Call]:
    rows = list(procedure.captures.order_by("-id")[:MAX_CALLS])[::-1]
    return [
        Call(
            row.function,
            exact_moment(row.at),
            pretty_json(row.args) if row.args else "",
            pretty_json(row.kwargs) if row.kwargs else "",
        )
        for row in rows
    ]


def _commands(procedure: Procedure) -> list[Asked]:
    rows = list(procedure.commands.order_by("-id")[:MAX_COMMANDS])[::-1]
    return [
        Asked(
            kind=row.kind,
            who=row.issued_by,
            at=exact_moment(row.issued_at),
            arguments=pretty_json(row.arguments) if row.arguments else "",
            outcome=row.state,
            reason=row.reason,
            answered_after=took(row.issued_at, row.answered_at),
        )
        for row in rows
    ]
