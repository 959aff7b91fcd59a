from collections.abc import Sequence

import pytest

from trials.domain.aggregation import new_trials, task_state, trial_state
from trials.domain.parsing import parse
from trials.domain.specification import TaskSpec
from trials.domain.states import ScriptState, ScriptStatus, TrialState

T = TrialState


def states(*words: str) -> dict[str, ScriptStatus]:
    return {f"s{i}": ScriptStatus(ScriptState(word)) for i, word in enumerate(words)}


def spec_of(count: int, ignored: Sequence[int] = ()) -> TaskSpec:
    scripts = ", ".join(f"s{i}: {{ignore_state: {str(i in ignored).lower()}}}" for i in range(count))
    return parse(f"{{scripts: {{{scripts}}}}}")


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["passed", "passed"], T.PASSED),
        (["failed", "defective", "aborted"], T.DEFECTIVE),
        (["passed", "aborted", "failed"], T.FAILED),
        (["passed", "aborted", "skipped"], T.ABORTED),
        (["passed", "skipped"], T.DEFECTIVE),
        (["skipped"], T.DEFECTIVE),
        ([], T.DEFECTIVE),
        (["passed", "executing"], T.EXECUTING),
        (["defective", "pending"], T.EXECUTING),
        (["defective", "waiting"], T.EXECUTING),
    ],
)
def test_the_worst_script_decides_on_the_trial(words: list[str], result: TrialState) -> None:
    assert trial_state(spec_of(len(words)), states(*words)) is result


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["passed", "passed"], T.PASSED),
        (["passed", "aborted"], T.ABORTED),
        (["defective"], T.ABORTED),
        (["passed", "skipped"], T.ABORTED),
        (["passed", "executing"], T.ABORTING),
        ([], T.ABORTED),
    ],
)
def test_an_aborted_trial_is_aborted_unless_all_that_count_passed(words: list[str], result: TrialState) -> None:
    assert trial_state(spec_of(len(words)), states(*words), aborting=True) is result


def test_ignored_scripts_do_not_count_but_the_trial_lasts_as_long_as_they_do() -> None:
    assert trial_state(spec_of(2, [0]), states("failed", "passed")) is T.PASSED
    assert trial_state(spec_of(2, [0]), states("executing", "passed")) is T.EXECUTING
    assert trial_state(spec_of(2, [0, 1]), states("passed", "passed")) is T.DEFECTIVE
    assert trial_state(spec_of(2, [0]), states("aborted", "passed"), aborting=True) is T.PASSED


@pytest.mark.parametrize(
    ("trials", "result"),
    [
        ([], T.DEFECTIVE),
        ([T.PASSED, T.ABORTED], T.PASSED),
        ([T.FAILED, T.DISPATCHING], T.EXECUTING),
        ([T.EXECUTING, T.ABORTED], T.EXECUTING),
        ([T.PENDING, T.ABORTED], T.ABORTED),
        ([T.DEFECTIVE, T.DEFECTIVE], T.DEFECTIVE),
        ([T.ABORTING, T.PENDING], T.PENDING),
        ([T.FAILED, T.ABORTING], T.ABORTING),
        ([T.ABORTED, T.FAILED, T.DEFECTIVE], T.FAILED),
        ([T.ABORTED, T.DEFECTIVE], T.DEFECTIVE),
    ],
)
def test_one_passed_trial_satisfies_any(trials: list[TrialState], result: TrialState) -> None:
    assert task_state("satisfy-any", trials) is result


@pytest.mark.parametrize(
    ("trials", "result"),
    [
        ([], T.DEFECTIVE),
        ([T.PASSED, T.FAILED], T.FAILED),
        ([T.FAILED, T.DISPATCHING], T.EXECUTING),
        ([T.PASSED, T.PENDING], T.PENDING),
    ],
)
def test_the_last_trial_alone_satisfies_last(trials: list[TrialState], result: TrialState) -> None:
    assert task_state("satisfy-last", trials) is result


@pytest.mark.parametrize(
    ("trials", "most", "eager", "wanted"),
    [
        ([], 2, 1, 1),
        ([], 2, 3, 2),
        ([T.FAILED], 2, 1, 1),
        ([T.DEFECTIVE], 2, 1, 1),
        ([T.PENDING], 2, 1, 0),
        ([T.FAILED, T.FAILED], 2, 1, 0),
        ([T.PASSED], 9, 9, 0),
        ([T.FAILED, T.ABORTED], 9, 9, 0),
        ([T.ABORTED, T.FAILED], 9, 3, 3),
        ([T.FAILED, T.ABORTING], 9, 3, 2),
        ([T.FAILED] * 5, 2, 1, 0),
    ],
)
def test_trials_are_added_up_to_both_limits(trials: list[TrialState], most: int, eager: int, wanted: int) -> None:
    assert new_trials(TaskSpec(max_trials=most, eager_trials=eager), trials) == wanted
