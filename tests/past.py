"""A past that was never there: nights full of procedures, written by the recorder as the manager writes them; the same at each call.

For pages that show months at a glance, where running scripts for real would take months. In a running product:
`product.manage("shell", "--command", "from tests.past import record_nights; record_nights(3)")`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from environments.models import BuildLog, Environment
from oet.output import STDERR, STDOUT, Frame, encode_frame
from procedures.domain.arguments import ProcedureInput
from procedures.domain.states import ProcedureState
from procedures.models import Command, OutputChunk, Procedure
from procedures.moves import Move
from procedures.nights import night_of_site
from procedures.recorder import recording

_S = ProcedureState
PEOPLE = ("t.mokoena", "l.okafor", "a.lindqvist", "scheduler")
TARGETS = ("Centaurus A", "Fornax A", "Hydra A", "PKS 1934-638", "3C 273", "NGC 253")


@dataclass(frozen=True)
class Habit:
    """A script, how often it runs in a night, how long it takes, and how it fails."""

    script: str
    folder: str
    in_a_night: int
    minutes: float
    spread: float
    cause: str


HABITS = (
    Habit("observe_sb.py", "imaging", 30, 44, 0.3, "killed by SIGKILL, not on request: out of memory at 16.0 GB"),
    Habit("night_calibration.py", "calibration", 10, 38, 0.15, "TimeoutError: correlator 3 did not answer in 30 s"),
    Habit(
        "pointing_offset.py",
        "calibration",
        9,
        24.7,
        0.2,
        "PointingError: offset of 4.1 arcmin is above 3 arcmin (dish 014)",
    ),
    Habit("drift_scan.py", "imaging", 4, 72, 0.2, "ValueError: no source rises before dawn"),
    Habit("holography_raster.py", "engineering", 3, 69, 0.25, "DishFault: dish 007 reports DEGRADED"),
    Habit("health_check.py", "engineering", 12, 4.4, 0.1, "ValueError: attenuation 33 dB is above 31.75 dB (dish 014)"),
)


@dataclass(frozen=True)
class _Life:
    habit: Habit
    begin: datetime
    end: datetime
    subarray: int
    final: ProcedureState
    who: str
    target: str


def record_nights(nights: int, *, seed: int = 1) -> None:
    """So many nights before this one, and this one up to now."""
    random = Random(seed)
    now = datetime.now(UTC)
    for days_ago in range(nights, -1, -1):
        begin = night_of_site(now - timedelta(days=days_ago)).begin + timedelta(hours=6)
        for life in sorted(_lives(begin, random), key=lambda one: one.begin):
            if life.end < now - timedelta(minutes=1):
                _record(life)


def record_environments() -> None:
    """One that was built, and one whose build failed; made up, for a build takes its time."""
    now = datetime.now(UTC)
    common: dict[str, Any] = {
        "repository": "https://git.example.org/observing-scripts",
        "python": "/usr/bin/python3",
        "node": "atlas-1",
    }
    common |= {"state_at": now, "requested_at": now, "requested_by": "t.mokoena", "build": 1, "started_at": now}
    built = Environment.objects.create(
        **common,
        commit="8f3c2a1" + "d4" * 16 + "0",
        branch="main",
        python_version="3.11.9",
        state="READY",
        finished_at=now,
        last_used_at=now,
        folder="1.8f3c2a1",
        size_bytes=184_000_000,
        packages=[["astropy", "7.0.1"], ["beamweights", "0.4.0"], ["numpy", "2.2.3"], ["scipy", "1.15.2"]],
        recipe="uv.lock",
    )
    failed = Environment.objects.create(
        **common,
        commit="e4417b0" + "5c" * 16 + "1",
        branch="devel",
        state="FAILED",
        finished_at=now,
        reason="no version of mark6-client is compatible with Python 3.12.\nAsk for Python 3.11, or pin mark6-client below 2.",
    )
    for environment, text in ((built, _BUILT), (failed, _FAILED)):
        BuildLog.objects.create(environment=environment, build=1, offset=0, text=text, at=now)
        Environment.objects.filter(pk=environment.pk).update(log_bytes=len(text))


_BUILT = """\
resolve    branch main is 8f3c2a1
checkout   412 files, 3.1 MB
venv       CPython 3.11.9
Resolved 34 packages in 388 ms
 + astropy==7.0.1
 + numpy==2.2.3
 + scipy==1.15.2
   building beamweights==0.4.0 (no wheel for this platform)
 + beamweights==0.4.0
READY after 26 s
"""
_FAILED = """\
resolve    branch devel is e4417b0
venv       CPython 3.12.4
error: no version of mark6-client is compatible with Python 3.12
"""


def _lives(begin: datetime, random: Random) -> Iterator[_Life]:
    free = {subarray: begin + timedelta(minutes=random.uniform(0, 40)) for subarray in (1, 2, 3, 4)}
    todo = [habit for habit in HABITS for _ in range(habit.in_a_night)]
    random.shuffle(todo)
    for habit in todo:
        subarray = min(free, key=lambda one: free[one])
        final = random.choices([_S.COMPLETE, _S.FAILED, _S.STOPPED], [88, 6, 6])[0]
        share = 1.0 if final is _S.COMPLETE else random.uniform(0.02, 0.8)
        length = timedelta(minutes=habit.minutes * share * random.uniform(1 - habit.spread, 1 + habit.spread))
        start = free[subarray]
        free[subarray] = start + length + timedelta(minutes=random.uniform(1, 14))
        yield _Life(habit, start, start + length, subarray, final, random.choice(PEOPLE), random.choice(TARGETS))


def _record(life: _Life) -> None:
    path = f"/srv/scripts/{life.habit.folder}/{life.habit.script}"
    made = Procedure(
        script_type="filesystem",
        script_uri=f"file://{path}",
        script_name=life.habit.script,
        script_path=path,
        state_at=life.begin,
        node="atlas-1",
        resources=[f"subarray_{life.subarray}"],
        created_by=life.who,
        created_at=life.begin - timedelta(seconds=9),
    )
    call = ProcedureInput((), {"subarray_id": life.subarray, "target": life.target})
    with recording() as record:
        record.create(made, {"main": call})
        record.store_output(_output(made.pk, life))
        for number, state in enumerate((_S.IDLE, _S.LOADING, _S.IDLE, _S.READY), 1):
            record.move(made.pk, Move(state, made.created_at + timedelta(seconds=number)))
        record.move(made.pk, Move(_S.RUNNING, life.begin, who=life.who, function="main"))
        if life.final is _S.COMPLETE:
            record.move(made.pk, Move(_S.READY, life.end))
        record.move(made.pk, _end(life))
    if life.final is _S.STOPPED:
        asked = life.end - timedelta(seconds=1.8)
        Command.objects.create(
            kind=Command.Kind.STOP,
            procedure=made,
            node=made.node,
            issued_by="l.okafor",
            issued_at=asked,
            expires_at=asked + timedelta(seconds=10),
            state=Command.State.DONE,
            answered_at=life.end,
            arguments={"grace": 5.0},
        )


def _end(life: _Life) -> Move:
    if life.final is _S.COMPLETE:
        return Move(life.final, life.end, cause="main returned")
    if life.final is _S.STOPPED:
        return Move(life.final, life.end, cause="stopped by l.okafor; it ended by itself in 1.8 s")
    kind = life.habit.cause.partition(":")[0]
    trace = ""
    if kind.endswith(("Error", "Fault")):
        place = f'  File "/srv/scripts/{life.habit.folder}/{life.habit.script}", line 88, in main\n    observe(target)'
        trace = f"Traceback (most recent call last):\n{place}\n{life.habit.cause}\n"
    return Move(life.final, life.end, cause=life.habit.cause, stacktrace=trace)


def _output(procedure_id: int, life: _Life) -> OutputChunk:
    lines = [
        f"subarray {life.subarray}: on source, {life.target}\n",
        "scan 1 of 14: 60 s, 62 antennas\n",
        "scan 2 of 14: 60 s\n",
    ]
    frames, offset = b"", 0
    if life.final is _S.FAILED:
        lines.append(f"ERROR {life.habit.cause}\n")
    for number, line in enumerate(lines):
        stream = STDERR if line.startswith("ERROR") else STDOUT
        at = life.begin.timestamp() + number
        frames += encode_frame(Frame(0, at, stream, offset, number, line.encode()))
        offset += len(line)
    return OutputChunk(
        procedure_id=procedure_id, offset=0, first_line=0, at=life.begin, size=offset, lines=len(lines), frames=frames
    )
