"""The rows of the acceptance table that need no processes, played in imagined time."""

from collections.abc import Mapping

import pytest

from trials.domain.aggregation import new_trials, task_state
from trials.domain.errors import WarningCode
from trials.domain.outcome import Ending
from trials.domain.parsing import parse, parse_all
from trials.domain.rehearsal import Fate, Rehearsal, rehearse
from trials.domain.rendering import TrialFacts, rendered_script
from trials.domain.simulation import SimulatedNode
from trials.domain.states import ScriptState, TrialState

T = "[aborted, defective, failed, passed, skipped]"
EXAMPLE = f"""
scripts:
  prepare: {{body: sleep 1}}
  run-service:
    body: sleep 100
    ignore_state: true
    terminate_when: {{test is in terminal state: {{script_key: test, states: {T}}}}}
  test:
    body: exit 0
    start_when:
      prepared: {{script_key: prepare, states: [passed]}}
      service is running: {{script_key: run-service, states: [executing]}}
  cleanup:
    body: exit 0
    start_when: {{test done: {{script_key: test, states: {T}}}}}
"""
PASSES, FAILS, TIMES_OUT, RUNS_ON = Fate.PASSES, Fate.FAILS, Fate.TIMES_OUT, Fate.RUNS_ON


def after(key: str, states: str = "") -> str:
    """`S(key, states)` of the table."""
    return f"{{d: {{script_key: {key}{f', states: {states}' if states else ''}}}}}"


def states_of(played: Rehearsal) -> dict[str, str]:
    return {key: script.state.value for key, script in played.scripts.items()}


def reasons_of(played: Rehearsal) -> dict[str, str]:
    return {key: script.reason for key, script in played.scripts.items()}


def played(scripts: str, fates: Mapping[str, Fate] | None = None, **durations_s: float) -> Rehearsal:
    return rehearse(parse(f"{{max_trials: 1, scripts: {{{scripts}}}}}"), fates, durations_s=durations_s)


def test_row_1_a_service_runs_while_a_test_runs_and_is_ended_after_it() -> None:
    it = rehearse(parse(EXAMPLE), durations_s={"prepare": 1.0, "test": 0.01, "cleanup": 0.01})
    assert states_of(it) == {"prepare": "passed", "run-service": "aborted", "test": "passed", "cleanup": "passed"}
    assert it.state is TrialState.PASSED
    assert it.moves[-1][0] < 2


def test_row_2_the_exit_status_decides() -> None:
    assert played('a: {body: "exit 0"}').state is TrialState.PASSED
    failed = played('a: {body: "exit 3"}', {"a": FAILS})
    assert (states_of(failed), failed.state) == ({"a": "failed"}, TrialState.FAILED)


def test_row_3_an_ignored_failure_does_not_count_but_somebody_must() -> None:
    both = played('f: {body: "exit 1", ignore_state: true}, p: {body: "exit 0"}', {"f": FAILS})
    assert (states_of(both), both.state) == ({"f": "failed", "p": "passed"}, TrialState.PASSED)
    assert played('f: {body: "exit 1", ignore_state: true}', {"f": FAILS}).state is TrialState.DEFECTIVE


@pytest.mark.parametrize("more", ["", ", ignore_state: true"])
def test_row_4_who_waits_for_nobody_is_skipped_at_once_with_a_warning(more: str) -> None:
    text = f'{{scripts: {{s: {{body: "exit 0", start_when: {after("root")}{more}}}}}}}'
    it = rehearse(parse(text))
    assert (states_of(it), reasons_of(it), it.state) == ({"s": "skipped"}, {"s": "unreachable"}, TrialState.DEFECTIVE)
    assert it.moves[-1][0] == 0
    assert [warning.code for warning in parse(text).warnings] == [WarningCode.UNKNOWN_SCRIPT_KEY]


def test_row_5_a_failure_can_be_what_others_wait_for() -> None:
    it = played(
        f'root: {{}}, failing: {{body: "exit 1", ignore_state: true, start_when: {after("root")}}}, '
        f"ok: {{start_when: {after('failing', '[failed]')}}}, no: {{ignore_state: true, start_when: {after('nokey')}}}",
        {"failing": FAILS},
    )
    assert list(states_of(it).values()) == ["passed", "failed", "passed", "skipped"]
    assert it.state is TrialState.PASSED


def test_row_6_a_script_is_ended_as_soon_as_the_one_it_accompanies_ends() -> None:
    it = played(
        f"i: {{body: sleep 1}}, t: {{body: sleep 60, start_when: {after('i', '[executing]')}, terminate_when: {after('i', T)}}}",
        {"t": RUNS_ON},
    )
    assert (states_of(it), it.state) == ({"i": "passed", "t": "aborted"}, TrialState.ABORTED)
    assert it.moves[-1][0] == 1


def test_row_7_a_timeout_makes_defective_and_who_depended_on_it_is_skipped() -> None:
    it = played(f'm: {{body: sleep 15, timeout: "2 Seconds"}}, after: {{start_when: {after("m")}}}', {"m": RUNS_ON})
    assert states_of(it) == {"m": "defective", "after": "skipped"}
    assert reasons_of(it) == {"m": "timeout", "after": "unsatisfiable"}
    assert (it.scripts["m"].finished_at, it.scripts["after"].finished_at) == (2, None)
    assert it.state is TrialState.DEFECTIVE


def test_row_8_a_dependent_starts_after_the_end_or_never() -> None:
    scripts = f'a: {{body: sleep 1, timeout: "5 Seconds"}}, b: {{start_when: {after("a")}}}'
    it = played(scripts)
    assert states_of(it) == {"a": "passed", "b": "passed"}
    assert (it.scripts["b"].started_at or 0) >= (it.scripts["a"].finished_at or 99)
    failed = played(scripts, {"a": FAILS})
    assert (states_of(failed), failed.state) == ({"a": "failed", "b": "skipped"}, TrialState.FAILED)


def test_row_9_a_failure_that_does_not_happen_skips_who_waits_for_it() -> None:
    it = played(f'a: {{body: "exit 0"}}, b: {{start_when: {after("a", "[failed]")}}}')
    assert (states_of(it), it.state) == ({"a": "passed", "b": "skipped"}, TrialState.DEFECTIVE)


def test_row_10_a_cycle_ends_skipped_at_once() -> None:
    it = played(f"a: {{start_when: {after('b')}}}, b: {{start_when: {after('a')}}}")
    assert (states_of(it), it.state) == ({"a": "skipped", "b": "skipped"}, TrialState.DEFECTIVE)
    assert {at for at, _ in it.moves} == {0}


def test_row_11_a_script_whose_end_is_due_at_its_start_starts_and_is_ended() -> None:
    it = played(
        f"a: {{}}, b: {{body: sleep 60, start_when: {after('a')}, terminate_when: {after('a')}}}", {"b": RUNS_ON}
    )
    assert states_of(it) == {"a": "passed", "b": "aborted"}
    assert it.scripts["b"].started_at == it.scripts["b"].finished_at == it.scripts["a"].finished_at


def test_row_12_conditions_to_end_must_all_match() -> None:
    it = played(
        "a: {}, b: {body: exit 1}, t: {body: sleep 1, terminate_when: {x: {script_key: a}, y: {script_key: b}}}",
        {"b": FAILS, "t": PASSES},
    )
    assert (states_of(it), it.state) == ({"a": "passed", "b": "failed", "t": "passed"}, TrialState.FAILED)


def test_row_13_no_conditions_start_at_once_and_never_end_it() -> None:
    it = played("a: {start_when: {}, terminate_when: {}}")
    assert (states_of(it), it.scripts["a"].started_at) == ({"a": "passed"}, 0)


def test_row_14_one_resource_is_held_by_one_script_at_a_time() -> None:
    it = played(
        "a: {body: sleep 1, exclusive_executor_resource: R}, b: {body: sleep 1, exclusive_executor_resource: R}"
    )
    assert (it.scripts["a"].finished_at, it.scripts["b"].started_at) == (1, 1)
    assert states_of(it) == {"a": "passed", "b": "passed"}
    assert [move.after for _, move in it.moves if move.key == "b"] == ["waiting", "executing", "passed"]


def test_row_14_across_tasks_the_later_one_waits_and_goes_on_when_the_first_ends() -> None:
    node, spec = SimulatedNode(), parse("scripts: {a: {body: sleep 1, exclusive_executor_resource: R}}")
    node.begin(1, spec)
    node.begin(2, spec)
    assert node.trials[2].keys(ScriptState.WAITING) == ["a"]
    node.end(1, "a", Ending(exit_status=0))
    assert node.trials[2].keys(ScriptState.EXECUTING) == ["a"]


def test_row_15_resources_are_rendered_in_the_environment_of_each_script() -> None:
    script = 'body: sleep 1, exclusive_executor_resource: "r-{{X}}"'
    spec = parse(
        f'{{environment_variables: {{X: "1"}}, scripts: {{a: {{{script}}}, b: {{{script}, environment_variables: {{X: "2"}}}}}}}}'
    )
    assert [spec.scripts[key].resources for key in "ab"] == [("r-1",), ("r-2",)]
    it = rehearse(spec)
    assert it.scripts["a"].started_at == it.scripts["b"].started_at == 0


def test_row_16_who_waits_for_the_resource_of_its_own_service_waits_for_its_end() -> None:
    text = f"""{{scripts: {{a: {{body: sleep 60, timeout: "1 Second", exclusive_executor_resource: R}},
        b: {{exclusive_executor_resource: R, start_when: {after("a", "[executing]")}}}}}}}"""
    it = rehearse(parse(text), {"a": RUNS_ON})
    assert (states_of(it), it.state) == ({"a": "defective", "b": "passed"}, TrialState.DEFECTIVE)
    assert it.scripts["b"].started_at == 1
    assert [warning.code for warning in parse(text).warnings] == [WarningCode.WAITS_FOR_ITS_SERVICE]


FACTS = TrialFacts(task_id=7, trial_id=12, working_dir="/srv/work")


def environment(text: str, key: str = "a") -> Mapping[str, str]:
    spec = parse(text)
    return rendered_script(spec, spec.scripts[key], FACTS, resource_templates="").environment


@pytest.mark.parametrize(("is_templated", "seen"), [("true", "7"), ("false", "{{T2}}")])
def test_row_17_variables_resolve_in_chains_unless_they_are_left_alone(is_templated: str, seen: str) -> None:
    text = f"""{{environment_variables: {{T1: "{{{{T2}}}}", T2: "{{{{T3}}}}", T3: "7"}}, scripts: {{a: {{
        template_environment_variables: {is_templated}, exclusive_executor_resource: "r-{{{{T1}}}}"}}}}}}"""
    spec = parse(text)
    rendered = rendered_script(spec, spec.scripts["a"], FACTS, resource_templates="")
    assert (rendered.environment["T1"], rendered.resources) == (seen, ("r-7",))


def test_row_18_names_keep_their_case_and_a_script_overrides_its_task() -> None:
    text = "{environment_variables: {foo: bar, D: X}, scripts: {a: {environment_variables: {D: Y}}, b: {}}}"
    assert environment(text)["foo"] == "bar"
    assert "FOO" not in environment(text)
    assert (environment(text)["D"], environment(text, "b")["D"]) == ("Y", "X")


def test_row_19_every_script_knows_where_it_is_and_to_what_it_belongs() -> None:
    assert environment("{body: x}", "main") == {
        "CI": "true",
        "OET_WORKING_DIR": "/srv/work",
        "OET_TASK_ID": "7",
        "OET_TRIAL_ID": "12",
    }


def test_row_23_an_abort_ends_what_executes_skips_what_pends_and_makes_no_new_trial() -> None:
    spec = parse(f"{{max_trials: 2, scripts: {{m: {{body: sleep 60}}, n: {{start_when: {after('m')}}}}}}}")
    it = rehearse(spec, {"m": RUNS_ON}, abort_at_s=0.5)
    assert (states_of(it), it.state) == ({"m": "aborted", "n": "skipped"}, TrialState.ABORTED)
    assert task_state(spec.aggregate_state, [it.state]) is TrialState.ABORTED
    assert new_trials(spec, [it.state]) == 0


def test_row_25_failed_trials_are_retried_up_to_the_limit_and_not_too_many_at_once() -> None:
    usual, eager = parse("exit 1"), parse("{body: exit 1, max_trials: 12, eager_trials: 3}")
    for spec, wanted, at_once in ((usual, 2, 1), (eager, 12, 3)):
        trials: list[TrialState] = []
        most = 0
        while (new := new_trials(spec, trials)) or TrialState.EXECUTING in trials:
            trials += [TrialState.EXECUTING] * new
            most = max(most, trials.count(TrialState.EXECUTING))
            trials[trials.index(TrialState.EXECUTING)] = TrialState.FAILED
        assert (len(trials), most) == (wanted, at_once)
        assert task_state(spec.aggregate_state, trials) is TrialState.FAILED


def test_row_26_no_scripts_are_defective_and_a_string_is_one_script() -> None:
    assert rehearse(parse("scripts: {}")).state is TrialState.DEFECTIVE
    it = rehearse(parse("exit 0"))
    assert (states_of(it), task_state("satisfy-any", [it.state])) == ({"main": "passed"}, TrialState.PASSED)


def test_row_27_contexts_lend_their_environment_and_inner_ones_win() -> None:
    earth, jupiter = parse_all("""
        task_defaults: {environment_variables: {PLANET: Earth}}
        tasks: {a: {body: "true"}}
        contexts: {far: {task_defaults: {environment_variables: {PLANET: Jupiter}}, tasks: {b: {body: "true"}}}}
    """)
    assert (earth.key, earth.environment_variables) == ("a", {"PLANET": "Earth"})
    assert (jupiter.key, jupiter.environment_variables) == ("b", {"PLANET": "Jupiter"})


def test_row_30_python_procedures_share_the_telescope_unless_they_claim_nothing() -> None:
    script = 'script: {script_type: embedded, script_body: "def main(): pass"}'
    it = played(f"a: {{{script}}}, b: {{{script}}}")
    assert (it.scripts["a"].finished_at, it.scripts["b"].started_at) == (1, 1)
    assert ScriptState.WAITING in {move.after for _, move in it.moves}
    free = played(
        f'a: {{{script}, exclusive_executor_resource: ""}}, b: {{{script}, exclusive_executor_resource: " "}}'
    )
    assert free.scripts["a"].started_at == free.scripts["b"].started_at == 0
