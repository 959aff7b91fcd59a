import pytest

from trials.domain.outcome import Ending, outcome
from trials.domain.states import Kill, ScriptState

S = ScriptState


@pytest.mark.parametrize(
    ("ending", "state", "reason"),
    [
        (Ending(exit_status=0), S.PASSED, ""),
        (Ending(exit_status=3), S.FAILED, "exit status 3"),
        (Ending(exit_status=126), S.FAILED, "exit status 126"),
        (Ending(exit_status=127), S.FAILED, "exit status 127"),
        (Ending(signal=9), S.FAILED, "killed by SIGKILL"),
        (Ending(exception="ValueError: no dish"), S.FAILED, "ValueError: no dish"),
        (Ending(could_not_run="no module named dish"), S.DEFECTIVE, "no module named dish"),
        (Ending(stopped_by_operator=True), S.ABORTED, "operator"),
        (Ending(), S.DEFECTIVE, "nothing is known"),
    ],
)
def test_an_end_nobody_asked_for_decides_by_itself(ending: Ending, state: ScriptState, reason: str) -> None:
    found, words = outcome(None, ending)
    assert found is state
    assert words.startswith(reason)


ENDINGS = [Ending(exit_status=0), Ending(exit_status=1), Ending(signal=15), Ending(exception="StopRequested: stop")]


@pytest.mark.parametrize("ending", [*ENDINGS, Ending(stopped_by_operator=True)])
@pytest.mark.parametrize(
    ("kill", "state"), [("terminate_when", S.ABORTED), ("abort", S.ABORTED), ("timeout", S.DEFECTIVE)]
)
def test_the_first_kill_decides_whatever_the_end(kill: Kill, state: ScriptState, ending: Ending) -> None:
    assert outcome(kill, ending) == (state, kill)


@pytest.mark.parametrize("kill", [None, "terminate_when", "abort", "timeout"])
def test_what_was_lost_is_defective_even_while_it_was_being_ended(kill: Kill) -> None:
    assert outcome(kill, Ending(could_not_run="launcher lost"))[0] is S.DEFECTIVE
