"""How a process ended and what that means, in words a person understands."""

import signal
from dataclasses import dataclass

from procedures.domain.durations import in_words
from procedures.domain.states import ProcedureState

_SIGNAL_WORDS = {
    "SIGSEGV": "a segmentation fault: compiled code used memory that is not its own",
    "SIGBUS": "a bus error: compiled code or a mapped file",
    "SIGABRT": "compiled code called abort(), often after a failed assertion",
    "SIGFPE": "an arithmetic fault in compiled code",
    "SIGILL": "an illegal instruction; perhaps a library built for another processor",
    "SIGKILL": "perhaps by the kernel for lack of memory, or by a person",
    "SIGTERM": "somebody sent it the signal to end",
    "SIGXCPU": "its CPU time limit was reached",
}


@dataclass(frozen=True)
class Ending:
    """Everything that is known when a process is gone."""

    exit_status: int | None = None
    exit_signal: int | None = None
    stop_asked_by: str | None = None
    """Who asked for the stop; None if nobody did."""
    emergency_by: str | None = None
    """Who ended it by the emergency stop; None if nobody did."""
    timed_out_s: float | None = None
    """Seconds after which it was out of time, and stopped for that; None if it was not."""
    was_killed: bool = False
    """The launcher killed the tree, for that stop."""
    has_completed: bool = False
    """The journal says that `main` returned and the process was about to end."""
    raised: str = ""
    """`Type: message` of the exception that left the script."""
    raised_in: str = ""
    exit_code: int | None = None
    """The code of the SystemExit that left the script, if that is what left it."""
    stacktrace: str = ""
    function: str = ""
    """What ran last."""
    leftovers: int = 0
    body_status: int | None = None
    """Exit status of a shell script, if it is not 0."""
    body_signal: int | None = None
    """The signal that ended a shell script."""
    lost: str = ""
    """Why nothing is known about its end, such as "launcher lost"."""


@dataclass(frozen=True)
class Verdict:
    """The final state, and why."""

    state: ProcedureState
    cause: str
    stacktrace: str = ""


def verdict(ending: Ending) -> Verdict:
    """COMPLETE only where the journal says so; else STOPPED if a stop was asked for; else FAILED with the reason."""
    if ending.has_completed and ending.exit_status == 0 and not ending.was_killed:
        return Verdict(ProcedureState.COMPLETE, _leftovers("main returned", ending.leftovers))
    if ending.emergency_by is not None:
        return Verdict(ProcedureState.STOPPED, f"emergency stop by {ending.emergency_by}")
    if ending.timed_out_s is not None:
        return Verdict(ProcedureState.FAILED, _leftovers(_timeout(ending), ending.leftovers), ending.stacktrace)
    if ending.stop_asked_by is not None:
        by = f" by {ending.stop_asked_by}" if ending.stop_asked_by else ""
        cause = f"stopped on request{by}; {_how(ending, otherwise='it ended by itself')}"
        return Verdict(ProcedureState.STOPPED, _leftovers(cause, ending.leftovers), ending.stacktrace)
    return Verdict(ProcedureState.FAILED, _leftovers(_reason(ending), ending.leftovers), ending.stacktrace)


def _timeout(ending: Ending) -> str:
    where = f" in {ending.function}" if ending.function else ""
    how = _how(ending, otherwise="it ended when it was asked to")
    return f"timed out after {in_words(ending.timed_out_s or 0)}{where}; {how}"


def _how(ending: Ending, *, otherwise: str) -> str:
    """How a process ended that was asked to, in the end: something else may have been faster."""
    if ending.was_killed:
        return "it was killed after the grace period"
    if ending.lost:
        return ending.lost
    if ending.exit_signal is not None:
        return f"it was killed by {signal_words(ending.exit_signal)}"
    return otherwise


def _reason(ending: Ending) -> str:
    where = f" while {ending.function} ran" if ending.function else ""
    if ending.lost:
        return ending.lost
    if ending.body_signal is not None or ending.body_status is not None:
        return _reason_of_shell(ending)
    if ending.raised or ending.exit_code is not None:
        return _reason_of_python(ending)
    if ending.exit_signal is not None:
        return f"killed by {signal_words(ending.exit_signal)}, not on request{where}"
    if ending.exit_status:
        return f"the process ended with exit status {ending.exit_status}{where}, without an exception: os._exit() or a library ended it"
    return f"the process ended{where} although main had not returned: os._exit(0) or a library ended it"


def _reason_of_python(ending: Ending) -> str:
    if ending.exit_code is not None:
        return f"{ending.raised_in or 'the script'} called sys.exit({ending.exit_code})"
    return f"{ending.raised} (in {ending.raised_in or 'loading the script'})"


def _reason_of_shell(ending: Ending) -> str:
    if ending.body_signal is not None:
        return f"killed by {signal_words(ending.body_signal)}, not on request"
    return f"exit status {ending.body_status}"


def signal_words(number: int) -> str:
    """The signal's name, with what it usually means."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = _SIGNAL_WORDS.get(name)
    return f"{name} ({meaning})" if meaning else name


def _leftovers(words: str, count: int) -> str:
    return f"{words}; {count} process{'es' if count != 1 else ''} it had left behind killed" if count else words
