"""How a stop went, rung by rung: what the ProcessManager kept with the history (`procedures/supervision/stop_ladder.py`), in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procedures.domain.actions import ListenerCall, ScriptRun
from procedures.domain.states import ProcedureState
from procedures.models import Command, Procedure, ProcedureHistory
from procedures.words import precise_clock, took

_TIMEOUT = "timeout"
"""Who asks for the stop of what is out of time."""
_FORKED = "/oet/launcher.py "
"""In the command line of a worker: it was forked from the launcher, and has its command line."""
_MAX_COMMAND = 300
"""Characters of a command line that the page shows."""


@dataclass(frozen=True)
class ShownProcess:
    """A process of the script."""

    pid: int
    command: str


@dataclass(frozen=True)
class ShownRung:
    """One thing that was done, or was not needed."""

    state: str
    """That of a glyph: success, crashed, error, disabled, or the state of a procedure."""
    at: str
    words: str
    after: str
    """How long after the request, such as `+1.79 s`."""
    remark: str = ""
    processes: Sequence[ShownProcess] = ()
    uncounted: int = 0
    """Further processes, whose command lines were not kept."""
    procedure: int | None = None
    """The procedure that it is about, where that is another one: the abort."""


@dataclass(frozen=True)
class ShownReport:
    """The report, as the page shows it."""

    summary: str
    rungs: Sequence[ShownRung]
    alive: Sequence[ShownProcess]
    """What could not be confirmed dead."""


def stop_report(
    history: Sequence[ProcedureHistory],
    commands: Sequence[Command],
    aborts: Sequence[Procedure],
    run: ScriptRun | None = None,
) -> ShownReport | None:
    """The report of the latest stop; None if none came to an end. `commands` are those of the procedure, `run` that of its harness."""
    reported = next((step for step in reversed(history) if (step.details or {}).get("stop")), None)
    if reported is None or reported.details is None:
        return None
    told = reported.details["stop"]
    has_ended = reported.state != ProcedureState.UNKNOWN
    asked_at, ended_at = told["asked_at"], reported.at.timestamp()
    timed = [(rung["at"], _rung(rung, told)) for rung in told["rungs"]]
    timed += [(c.issued_at.timestamp(), _asked_again(c, asked_at)) for c in _further(commands, asked_at, ended_at)]
    timed += [(call.at, _listener(call, asked_at)) for call in (run.post_fatal if run else ()) if call.at >= asked_at]
    rungs = [_asked(told, has_abort=bool(aborts)), *(rung for _, rung in sorted(timed, key=lambda pair: pair[0]))]
    if has_ended and not any(rung["rung"] in {"kill", "killed"} for rung in told["rungs"]):
        left = asked_at + told["grace_s"] - ended_at
        remark = f"{took(left)} of grace left" if left > 0 else ""
        rungs.append(ShownRung("disabled", "not needed", "Freeze and kill", "", remark))
    rungs += [_abort(abort) for abort in aborts]
    alive = next((rung.get("alive", ()) for rung in reversed(told["rungs"]) if rung["rung"] == "still alive"), ())
    end = "gone" if has_ended else "given up"
    summary = f"asked to {end} in {took(ended_at - asked_at)}, grace {told['grace_s']:g} s"
    return ShownReport(summary, rungs, _processes(alive))


def _asked(told: Mapping[str, Any], *, has_abort: bool) -> ShownRung:
    how = "killed at once" if told["grace_s"] == 0 else "stopped"
    words = f"{told['asked_by'] or 'Somebody'} asked for it to be {how}{', then aborted' if has_abort else ''}"
    if told["asked_by"] == _TIMEOUT:
        words = "Its time was up, so it was to be stopped"
    return ShownRung("success", precise_clock(told["asked_at"]), words, "")


def _further(commands: Sequence[Command], asked_at: float, ended_at: float) -> list[Command]:
    """The stops that were asked for while one was under way. The first is recorded a moment after it was asked for."""
    return [
        command
        for command in commands
        if command.kind == Command.Kind.STOP
        and command.state == Command.State.DONE
        and asked_at < command.issued_at.timestamp() < ended_at
    ]


def _asked_again(command: Command, asked_at: float) -> ShownRung:
    grace = command.arguments.get("grace")
    how = "a kill at once" if grace == 0 else "a stop" if grace is None else f"a stop within {grace:g} s"
    at = command.issued_at.timestamp()
    words = f"{command.issued_by or 'Somebody'} asked for {how}"
    return ShownRung("success", precise_clock(at), words, f"+{took(at - asked_at)}")


def _listener(call: ListenerCall, asked_at: float) -> ShownRung:
    """A listener that left things safe."""
    took_words = took(call.duration_s) if call.duration_s is not None else f"+{took(call.at - asked_at)}"
    state = "crashed" if call.error else "success"
    return ShownRung(state, precise_clock(call.at), f"POST_FATAL {call.listener}", took_words, call.error)


def _rung(rung: Mapping[str, Any], told: Mapping[str, Any]) -> ShownRung:
    state, words = _WORDS.get(rung["rung"], ("success", lambda _rung: str(rung["rung"])))
    after = f"+{took(max(0.0, rung['at'] - told['asked_at']))}"
    shown = {"state": state, "at": precise_clock(rung["at"]), "words": words(rung), "after": after}
    match rung["rung"]:
        case "killed":
            listed = _processes(told["killed"])
            count = int(rung.get("count", len(listed)))
            frozen = f"frozen in {took(rung['frozen_s'])}, " if "frozen_s" in rung else ""
            remark = f"{frozen}dead in {took(rung['took_s'])}" if "took_s" in rung else ""
            return ShownRung(**shown, remark=remark, processes=listed, uncounted=max(0, count - len(listed)))
        case "empty":
            was_killed = any(other["rung"] == "killed" for other in told["rungs"])
            left_behind = () if was_killed else _processes(told["killed"])
            words_of_it = f"; {_counted(len(left_behind))} it had left behind killed" if left_behind else ""
            return ShownRung(
                **shown | {"words": f"Process tree empty{words_of_it}"},
                remark=_sentence(told["check"]),
                processes=left_behind,
            )
        case "still alive":
            return ShownRung(**shown, processes=_processes(rung.get("alive", ())))
        case _:
            return ShownRung(**shown, remark=str(rung.get("error") or ""))


def _killed(rung: Mapping[str, Any]) -> str:
    return f"Killed {_counted(int(rung['count']))}" if "count" in rung else "Killed"


_WORDS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "asked": ("success", lambda _: "Asked the script: StopRequested raised in it"),
    "asked before": ("success", lambda rung: f"Asked before, by {rung.get('by', 'somebody else')}"),
    "carried on": ("success", lambda rung: f"Carried on by {rung.get('by', 'somebody else')}"),
    "not asked": ("error", lambda _: "The script could not be asked"),
    "kill": ("success", lambda _: "Time is up: freeze the whole process tree, and kill it"),
    "killed": ("success", _killed),
    "empty": ("success", lambda _: "Process tree empty"),
    "still alive": ("crashed", lambda _: "Still alive after SIGKILL"),
    "launcher unreachable": ("crashed", lambda _: "The launcher, which kills, did not answer"),
}


def _abort(abort: Procedure) -> ShownRung:
    ended = f", {took((abort.finished_at - abort.created_at).total_seconds())}" if abort.finished_at else ""
    return ShownRung(
        abort.state,
        precise_clock(abort.created_at.timestamp()),
        f"Abort script {abort.script_name} #{abort.pk}",
        f"{abort.state}{ended}",
        abort.cause if abort.state in {ProcedureState.FAILED, ProcedureState.STOPPED} else "",
        procedure=abort.pk,
    )


def _processes(found: Sequence[Mapping[str, Any]]) -> list[ShownProcess]:
    return [ShownProcess(int(process["pid"]), _command(str(process.get("command") or ""))) for process in found]


def _command(line: str) -> str:
    own = "the script itself: " if _FORKED in line else ""
    return f"{own}{line[:_MAX_COMMAND] or '(without a command line)'}"


def _counted(count: int) -> str:
    return f"{count} process{'es' if count != 1 else ''}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
