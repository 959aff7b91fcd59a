"""How a script ended, and the state that follows from it."""

from dataclasses import dataclass

from procedures.domain.endings import signal_words
from trials.domain.states import Kill, ScriptState


@dataclass(frozen=True)
class Ending:
    """What is known when the process of a script is gone, or will never be there."""

    exit_status: int | None = None
    """0 also where a Python function returned; None after a signal or an exception."""
    signal: int | None = None
    exception: str = ""
    """`Type: message` of what left `init` or the function."""
    could_not_run: str = ""
    """Why it could not be loaded, started, followed or confirmed dead."""
    stopped_by_operator: bool = False
    """Somebody stopped its own procedure."""


def outcome(kill: Kill, ending: Ending) -> tuple[ScriptState, str]:
    """The state of the script and the reason to be stored.

    The first kill decides, however the process then ended; but of a script that was lost nobody knows whether the kill did it.
    """
    if kill == "timeout":
        return ScriptState.DEFECTIVE, "timeout"
    if ending.could_not_run:
        return ScriptState.DEFECTIVE, ending.could_not_run
    if kill is not None:
        return ScriptState.ABORTED, kill
    if ending.stopped_by_operator:
        return ScriptState.ABORTED, "operator"
    return _unasked(ending)


def _unasked(ending: Ending) -> tuple[ScriptState, str]:
    """The outcome of a script that nobody ended."""
    if ending.exception:
        return ScriptState.FAILED, ending.exception
    if ending.signal is not None:
        return ScriptState.FAILED, f"killed by {signal_words(ending.signal)}"
    if ending.exit_status is None:
        return ScriptState.DEFECTIVE, "nothing is known about its end"
    return (ScriptState.FAILED, f"exit status {ending.exit_status}") if ending.exit_status else (ScriptState.PASSED, "")
