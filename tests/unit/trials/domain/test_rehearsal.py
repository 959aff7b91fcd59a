import pytest

from trials.domain.parsing import parse
from trials.domain.rehearsal import Fate, rehearse, usual_fates
from trials.domain.states import TrialState

T = "[aborted, defective, failed, passed, skipped]"
SERVICE = f"""
scripts:
  prepare: {{}}
  service: {{ignore_state: true, terminate_when: {{d: {{script_key: test, states: {T}}}}}}}
  test: {{start_when: {{p: {{script_key: prepare}}, s: {{script_key: service, states: [executing]}}}}}}
  cleanup: {{start_when: {{d: {{script_key: test, states: {T}}}}}}}
"""


@pytest.mark.parametrize(
    ("key", "fate", "states", "trial"),
    [
        ("test", Fate.PASSES, "passed aborted passed passed", TrialState.PASSED),
        ("test", Fate.FAILS, "passed aborted failed passed", TrialState.FAILED),
        ("test", Fate.TIMES_OUT, "passed defective defective passed", TrialState.DEFECTIVE),
        ("test", Fate.IS_ABORTED, "passed aborted aborted passed", TrialState.ABORTED),
        ("test", Fate.IS_LOST, "passed aborted defective passed", TrialState.DEFECTIVE),
        ("prepare", Fate.FAILS, "failed aborted skipped passed", TrialState.FAILED),
        ("service", Fate.FAILS, "passed failed passed passed", TrialState.PASSED),
        ("service", Fate.IS_LOST, "passed defective passed passed", TrialState.PASSED),
    ],
)
def test_what_if_shows_the_resulting_states(key: str, fate: Fate, states: str, trial: TrialState) -> None:
    played = rehearse(parse(SERVICE), {key: fate})
    assert (" ".join(script.state for script in played.scripts.values()), played.state) == (states, trial)


def test_what_if_the_service_is_gone_before_the_test_can_start() -> None:
    played = rehearse(parse(SERVICE), {"service": Fate.FAILS}, durations_s={"service": 0.5})
    assert [script.state for script in played.scripts.values()] == ["passed", "failed", "skipped", "passed"]
    assert played.scripts["test"].reason == "unsatisfiable"


def test_what_if_the_trial_is_aborted() -> None:
    played = rehearse(parse(SERVICE), abort_at_s=0.5)
    assert [script.state for script in played.scripts.values()] == ["aborted", "aborted", "skipped", "skipped"]
    assert played.state is TrialState.ABORTED


def test_only_what_others_need_executing_and_something_ends_is_taken_for_a_service() -> None:
    spec = parse(SERVICE)
    assert usual_fates(spec) == {
        **dict.fromkeys(spec.scripts, Fate.PASSES),
        "service": Fate.RUNS_ON,
    }


def test_times_are_those_of_the_imagined_trial() -> None:
    played = rehearse(parse(SERVICE), durations_s={"prepare": 2.0, "test": 3.0})
    times = {key: (script.started_at, script.finished_at) for key, script in played.scripts.items()}
    assert times == {"prepare": (0, 2), "service": (0, 5), "test": (2, 5), "cleanup": (5, 6)}


def test_a_script_of_unknown_duration_ends_before_its_timeout() -> None:
    assert rehearse(parse("{body: x, timeout: 10 milliseconds}")).state is TrialState.PASSED
