import signal
from dataclasses import replace

import pytest

from procedures.domain.endings import Ending, verdict
from procedures.domain.states import ProcedureState

CLEAN = Ending(exit_status=0, has_completed=True)
CRASH = Ending(exit_signal=signal.SIGSEGV, function="main")


@pytest.mark.parametrize(
    ("ending", "state", "words"),
    [
        (CLEAN, "COMPLETE", "main returned"),
        (replace(CLEAN, leftovers=1), "COMPLETE", "1 process it had left behind killed"),
        (replace(CLEAN, leftovers=2), "COMPLETE", "2 processes it had left behind killed"),
        (replace(CLEAN, stop_asked_by="ann"), "COMPLETE", "main returned"),
        (
            Ending(stop_asked_by="ann", lost="launcher lost: why"),
            "STOPPED",
            "stopped on request by ann; launcher lost: why",
        ),
        (
            Ending(exit_signal=signal.SIGSEGV, stop_asked_by="ann"),
            "STOPPED",
            "stopped on request by ann; it was killed by SIGSEGV (a segmentation fault: compiled code used memory that is not its own)",
        ),
        (replace(CLEAN, emergency_by="ann"), "COMPLETE", "main returned"),
        (replace(CRASH, emergency_by="ann", stop_asked_by="bob"), "STOPPED", "emergency stop by ann"),
        (Ending(lost="launcher lost", emergency_by="ann"), "STOPPED", "emergency stop by ann"),
        (Ending(exit_status=0, stop_asked_by="ann"), "STOPPED", "stopped on request by ann; it ended by itself"),
        (
            Ending(exit_signal=9, stop_asked_by="", was_killed=True),
            "STOPPED",
            "stopped on request; it was killed after the grace period",
        ),
        (
            CRASH,
            "FAILED",
            "killed by SIGSEGV (a segmentation fault: compiled code used memory that is not its own), not on request while main ran",
        ),
        (
            Ending(exit_signal=9),
            "FAILED",
            "killed by SIGKILL (perhaps by the kernel for lack of memory, or by a person), not on request",
        ),
        (Ending(exit_signal=63), "FAILED", "signal 63"),
        (Ending(exit_status=5, function="main"), "FAILED", "exit status 5 while main ran"),
        (Ending(exit_status=0, function="main"), "FAILED", "main had not returned"),
        (
            Ending(exit_status=3, raised="SystemExit: 3", raised_in="main", exit_code=3),
            "FAILED",
            "main called sys.exit(3)",
        ),
        (Ending(exit_status=1, raised="ValueError: x", raised_in="init"), "FAILED", "ValueError: x (in init)"),
        (Ending(exit_status=1, raised="SyntaxError: x"), "FAILED", "SyntaxError: x (in loading the script)"),
        (Ending(lost="launcher lost"), "FAILED", "launcher lost"),
        (replace(CLEAN, exit_status=1), "FAILED", "exit status 1"),
    ],
)
def test_the_verdict_says_what_happened(ending: Ending, state: str, words: str) -> None:
    found = verdict(ending)
    assert found.state == ProcedureState(state)
    assert words in found.cause


def test_complete_needs_the_journals_word_and_a_clean_exit() -> None:
    for spoiled in (
        replace(CLEAN, has_completed=False),
        replace(CLEAN, exit_status=None),
        replace(CLEAN, exit_signal=6, exit_status=None),
    ):
        assert verdict(spoiled).state is ProcedureState.FAILED
