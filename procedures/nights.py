"""What ran in a night: the runs of the timeline, and the report of everything that was done."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from procedures.domain.arguments import ProcedureInput, arguments_in_brief, subarray_ids
from procedures.domain.nights import Night, Run, night_at
from procedures.domain.people import Actor
from procedures.domain.sky import Site
from procedures.domain.states import ProcedureState
from procedures.keyset import Among
from procedures.models import ArgCapture, Command, Procedure, ProcedureHistory
from procedures.output import Gap, end_of_output, read_output
from procedures.selectors import procedures_for

MOST = 2000
"""Procedures of one night that are looked at: the newest ones."""
_LONGEST_LIFE = timedelta(days=7)
"""What was created longer before the night is not looked for, though it may still have been there."""
_MOST_WITH_LINES = 50
"""Failures whose last lines of output are read."""
_LINES = 8
_LINES_BYTES = 1 << 16
"""Output that is read for them: a script may have printed one line of any length."""
_TRACE_LINES = 6
_LINE_CHARACTERS = 300
_READ = ("script_name", "state", "state_at", "resources", "created_at", "created_by", "finished_at", "cause")
_FAILURES = frozenset({ProcedureState.FAILED, ProcedureState.UNKNOWN})


@dataclass(frozen=True)
class Stop:
    """Somebody asked for a procedure to be stopped."""

    procedure: int
    script: str
    who: str
    at: datetime
    grace_s: float | None
    with_abort: bool
    answer: str
    """`done`, or why not."""
    ended: str
    """How the procedure ended, in words."""


@dataclass(frozen=True)
class Entry:
    """One procedure of the report."""

    run: Run
    arguments: str
    prepared_by: str
    started_by: str
    has_run: bool
    cause: str
    trace: Sequence[str] = ()
    """The last lines of its stacktrace."""
    output: Sequence[str] = ()
    """The last lines that it printed."""

    @property
    def has_failed(self) -> bool:
        """Whether it is one to read about: failed, or not known to have ended."""
        return self.run.state in _FAILURES


@dataclass(frozen=True)
class Report:
    """Everything that was done in a night, oldest first."""

    night: Night
    entries: Sequence[Entry]
    stops: Sequence[Stop]
    is_cut_short: bool
    """There were more than MOST procedures; the oldest are left out."""

    def count(self, *states: ProcedureState) -> int:
        """How many are in one of these states."""
        return sum(entry.run.state in states for entry in self.entries)


def night_of_site(at: datetime) -> Night:
    """The night that the moment belongs to, at the site's longitude."""
    return night_at(at, settings.OET.longitude)


def site() -> Site | None:
    """Where the telescope stands, if that is configured."""
    latitude, longitude = settings.OET.latitude, settings.OET.longitude
    return None if latitude is None or longitude is None else Site(latitude, longitude)


def runs_in(actor: Actor, night: Night, now: datetime) -> list[Run]:
    """What was there in the night, oldest first, at most MOST of the newest; raises NotAllowed."""
    found = _procedures(actor, night)
    calls = _calls([procedure.pk for procedure in found])
    return _runs(found, calls, _starts(found), now)


def report_of(actor: Actor, night: Night, now: datetime) -> Report:
    """The report of the night; raises NotAllowed."""
    found = _procedures(actor, night)
    calls, starts = _calls([procedure.pk for procedure in found]), _starts(found)
    runs = _runs(found, calls, starts, now)
    failed = [procedure for procedure in found if procedure.state in _FAILURES]
    traces = _traces(failed)
    with_lines = {procedure.pk for procedure in failed[-_MOST_WITH_LINES:]}
    entries = [
        Entry(
            run,
            arguments_in_brief(_latest(calls[run.id])),
            procedure.created_by,
            starts[run.id].who if run.id in starts else "",
            run.id in starts,
            procedure.cause,
            traces.get(run.id, ()),
            last_lines(run.id) if run.id in with_lines else (),
        )
        for procedure, run in zip(found, runs, strict=True)
    ]
    return Report(night, entries, _stops(found, night), len(found) == MOST)


def last_lines(procedure_id: int) -> list[str]:
    """The last lines that a procedure printed; of lines without end, their ends."""
    frames = read_output(procedure_id, max(0, end_of_output(procedure_id) - _LINES_BYTES))
    text = b"".join(frame.text for frame in frames if not isinstance(frame, Gap))
    return [line[:_LINE_CHARACTERS] for line in text.decode(errors="replace").splitlines()[-_LINES:]]


def _procedures(actor: Actor, night: Night) -> list[Procedure]:
    was_there = Q(finished_at__gte=night.begin) | Q(finished_at__isnull=True)
    rows = procedures_for(actor).filter(created_at__gte=night.begin - _LONGEST_LIFE, created_at__lt=night.end)
    rows = rows.filter(was_there).only(*_READ)
    return list(rows.order_by("-created_at", "-pk")[:MOST])[::-1]


def _runs(
    found: Sequence[Procedure],
    calls: Mapping[int, Sequence[ArgCapture]],
    starts: Mapping[int, ProcedureHistory],
    now: datetime,
) -> list[Run]:
    functions = _functions_for(found, calls)
    return [
        Run(
            procedure.pk,
            procedure.script_name,
            procedure.state,
            _lane(procedure, calls[procedure.pk], functions.get(procedure.pk)),
            starts[procedure.pk].at if procedure.pk in starts else procedure.created_at,
            procedure.finished_at or (procedure.state_at if procedure.state == ProcedureState.UNKNOWN else now),
            is_open=procedure.finished_at is None and procedure.state != ProcedureState.UNKNOWN,
        )
        for procedure in found
    ]


def _lane(procedure: Procedure, calls: Sequence[ArgCapture], functions: Sequence[dict[str, Any]] | None) -> str:
    """The subarray in its arguments, else the first resource that it claims."""
    named = subarray_ids(_latest(calls).items(), functions)
    if len(named) == 1:
        return f"subarray {next(iter(named))}"
    return procedure.resources[0].replace("_", " ") if procedure.resources else "no resource"


def _functions_for(
    found: Sequence[Procedure], calls: Mapping[int, Sequence[ArgCapture]]
) -> dict[int, Sequence[dict[str, Any]]]:
    """What the functions of those are called by position with: large, so read only where something was given by position."""
    wanted = [procedure.pk for procedure in found if any(call.args for call in calls[procedure.pk])]
    rows = Procedure.objects.filter(pk__in=wanted).values_list("pk", "functions")
    return {pk: functions or () for pk, functions in rows}


def _calls(ids: Sequence[int]) -> defaultdict[int, list[ArgCapture]]:
    calls: defaultdict[int, list[ArgCapture]] = defaultdict(list)
    for call in ArgCapture.objects.filter(Among("procedure_id", ids)).order_by("id"):
        calls[call.procedure_id].append(call)
    return calls


def _latest(calls: Iterable[ArgCapture]) -> dict[str, ProcedureInput]:
    return {call.function: ProcedureInput(tuple(call.args), call.kwargs) for call in calls}


def _starts(found: Sequence[Procedure]) -> dict[int, ProcedureHistory]:
    """The first RUNNING of each procedure."""
    ids = [procedure.pk for procedure in found]
    rows = ProcedureHistory.objects.filter(Among("procedure_id", ids), state=ProcedureState.RUNNING.value)
    rows = rows.only("procedure_id", "at", "who").order_by("-procedure_id", "-sequence")
    return {row.procedure_id: row for row in rows}


def _traces(failed: Sequence[Procedure]) -> dict[int, list[str]]:
    rows = (
        ProcedureHistory.objects.filter(procedure__in=failed)
        .exclude(stacktrace="")
        .order_by("procedure_id", "sequence")
    )
    return {
        number: [line[:_LINE_CHARACTERS] for line in trace.splitlines()[-_TRACE_LINES:]]
        for number, trace in rows.values_list("procedure_id", "stacktrace")
    }


def _stops(found: Sequence[Procedure], night: Night) -> list[Stop]:
    by_id = {procedure.pk: procedure for procedure in found}
    commands = Command.objects.filter(
        Among("procedure_id", list(by_id)), kind=Command.Kind.STOP, issued_at__gte=night.begin
    )
    return [
        Stop(
            procedure=command.procedure_id,
            script=by_id[command.procedure_id].script_name,
            who=command.issued_by,
            at=command.issued_at,
            grace_s=command.arguments.get("grace"),
            with_abort=bool(command.arguments.get("abort")),
            answer="done" if command.state == Command.State.DONE else command.reason or command.state,
            ended=f"{by_id[command.procedure_id].state}: {by_id[command.procedure_id].cause}".removesuffix(": "),
        )
        for command in commands.filter(issued_at__lt=night.end).order_by("id")
    ]
