"""Each rule of `step`, and the rules without a row in the acceptance table."""

from collections.abc import Mapping

import pytest

from trials.domain.parsing import parse
from trials.domain.rendering import with_resources
from trials.domain.scheduler import all_match, is_unsatisfiable, matches, step
from trials.domain.specification import Condition, TaskSpec
from trials.domain.states import Decision, Resources, ScriptRef, ScriptState, ScriptStatus

NOTHING = Resources({}, {})


def spec_of(scripts: str) -> TaskSpec:
    return parse(f"{{scripts: {{{scripts}}}}}")


def statuses(**states: str) -> Mapping[str, ScriptStatus]:
    return {key: ScriptStatus(ScriptState(state)) for key, state in states.items()}


AFTER_A = "start_when: {d: {script_key: a}}"


def test_scripts_start_one_decision_at_a_time_in_their_order() -> None:
    spec = spec_of("a: {}, b: {}")
    assert step(spec, 1, statuses(a="pending", b="pending"), NOTHING) == (Decision("a", "start", ""),)
    assert step(spec, 1, statuses(a="executing", b="pending"), NOTHING) == (Decision("b", "start", ""),)
    assert step(spec, 1, statuses(a="executing", b="executing"), NOTHING) == ()


def test_an_unsatisfiable_script_is_skipped_before_anything_else_is_decided() -> None:
    spec = spec_of(f"a: {{}}, b: {{}}, c: {{{AFTER_A}}}")
    assert step(spec, 1, statuses(a="failed", b="pending", c="pending"), NOTHING) == (
        Decision("c", "skip", "unsatisfiable"),
    )


def test_an_end_is_decided_before_a_start() -> None:
    spec = spec_of("a: {}, b: {terminate_when: {x: {script_key: b, states: [executing]}}}")
    assert step(spec, 1, statuses(a="pending", b="executing"), NOTHING) == (Decision("b", "kill", "terminate_when"),)


@pytest.mark.parametrize("kill", ["terminate_when", "abort", "timeout"])
def test_what_is_being_ended_is_not_ended_again(kill: str) -> None:
    spec = spec_of("b: {terminate_when: {x: {script_key: b, states: [executing]}}}")
    states = {"b": ScriptStatus(ScriptState.EXECUTING, kill)}  # type: ignore[arg-type]
    assert step(spec, 1, states, NOTHING) == ()
    assert step(spec, 1, states, NOTHING, aborting=True) == ()


@pytest.mark.parametrize("state", ["pending", "waiting"])
def test_terminate_when_never_touches_a_script_that_does_not_execute(state: str) -> None:
    spec = spec_of(
        "a: {}, b: {exclusive_executor_resource: R, start_when: {d: {script_key: a, states: [failed, executing]}}, "
        "terminate_when: {d: {script_key: a, states: [executing]}}}"
    )
    held = Resources({"R": ScriptRef(9, "x")}, {"R": (ScriptRef(1, "b"),)} if state == "waiting" else {})
    decided = step(spec, 1, statuses(a="executing", b=state), held)
    assert decided == ((Decision("b", "wait", ""),) if state == "pending" else ())


def test_a_script_whose_resource_is_held_or_queued_for_waits() -> None:
    spec = spec_of("a: {exclusive_executor_resource: R}")
    stranger = ScriptRef(9, "a")
    pending = statuses(a="pending")
    assert step(spec, 1, pending, Resources({"R": stranger}, {})) == (Decision("a", "wait", ""),)
    assert step(spec, 1, pending, Resources({}, {"R": (stranger,)})) == (Decision("a", "wait", ""),)
    assert step(spec, 1, pending, Resources({"S": stranger}, {"T": (stranger,)})) == (Decision("a", "start", ""),)


def test_only_the_first_in_the_queue_goes_on_and_only_when_the_resource_is_free() -> None:
    spec = spec_of("a: {exclusive_executor_resource: R}")
    me, stranger, waiting = ScriptRef(1, "a"), ScriptRef(9, "a"), statuses(a="waiting")
    assert step(spec, 1, waiting, Resources({}, {"R": (me, stranger)})) == (Decision("a", "start", ""),)
    assert step(spec, 1, waiting, Resources({}, {"R": (stranger, me)})) == ()
    assert step(spec, 1, waiting, Resources({"R": stranger}, {"R": (me,)})) == ()


def test_start_conditions_are_not_looked_at_again_while_waiting() -> None:
    spec = spec_of(f"a: {{}}, b: {{exclusive_executor_resource: R, {AFTER_A}}}")
    queue = Resources({}, {"R": (ScriptRef(1, "b"),)})
    assert step(spec, 1, statuses(a="failed", b="waiting"), queue) == (Decision("b", "start", ""),)


def test_several_resources_are_taken_together_or_not_at_all() -> None:
    spec = with_resources(spec_of("a: {}"), {"a": ("R", "S")})
    me, stranger = ScriptRef(1, "a"), ScriptRef(9, "x")
    assert step(spec, 1, statuses(a="pending"), NOTHING) == (Decision("a", "start", ""),)
    assert step(spec, 1, statuses(a="pending"), Resources({"S": stranger}, {})) == (Decision("a", "wait", ""),)
    queue = {"R": (me,), "S": (me,)}
    assert step(spec, 1, statuses(a="waiting"), Resources({"S": stranger}, queue)) == ()
    assert step(spec, 1, statuses(a="waiting"), Resources({}, queue)) == (Decision("a", "start", ""),)


def test_when_nothing_can_happen_all_that_pend_are_skipped_in_one_tuple() -> None:
    never = "start_when: {d: {script_key: nobody}}"
    spec = spec_of(f"a: {{}}, b: {{{never}}}, c: {{{never}}}")
    assert step(spec, 1, statuses(a="executing", b="pending", c="pending"), NOTHING) == ()
    assert step(spec, 1, statuses(a="passed", b="pending", c="pending"), NOTHING) == (
        Decision("b", "skip", "unreachable"),
        Decision("c", "skip", "unreachable"),
    )


def test_a_waiting_script_keeps_others_from_being_unreachable() -> None:
    spec = spec_of("a: {exclusive_executor_resource: R}, b: {start_when: {d: {script_key: nobody}}}")
    held = Resources({"R": ScriptRef(9, "x")}, {"R": (ScriptRef(1, "a"),)})
    assert step(spec, 1, statuses(a="waiting", b="pending"), held) == ()


def test_nothing_is_decided_when_all_is_over() -> None:
    assert step(spec_of("a: {}"), 1, statuses(a="skipped"), NOTHING) == ()
    assert step(spec_of(""), 1, {}, NOTHING) == ()


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("pending", (Decision("a", "skip", "abort"),)),
        ("waiting", (Decision("a", "skip", "abort"),)),
        ("executing", (Decision("a", "kill", "abort"),)),
        ("passed", ()),
        ("defective", ()),
    ],
)
def test_an_abort_skips_or_ends_each_script(state: str, wanted: tuple[Decision, ...]) -> None:
    assert step(spec_of("a: {exclusive_executor_resource: R}"), 1, statuses(a=state), NOTHING, aborting=True) == wanted


def test_a_script_that_ignores_the_abort_may_still_start_to_clean_up() -> None:
    spec = spec_of("a: {}, b: {ignore_abort: true, start_when: {d: {script_key: a, states: [skipped, aborted]}}}")
    assert step(spec, 1, statuses(a="executing", b="pending"), NOTHING, aborting=True) == (
        Decision("a", "kill", "abort"),
    )
    assert step(spec, 1, statuses(a="aborted", b="pending"), NOTHING, aborting=True) == (Decision("b", "start", ""),)
    assert step(spec, 1, statuses(a="aborted", b="executing"), NOTHING, aborting=True) == ()


def test_ignoring_the_abort_protects_from_nothing_else() -> None:
    spec = spec_of(
        "a: {}, b: {ignore_abort: true, terminate_when: {d: {script_key: a}}}, c: {ignore_abort: true, " + AFTER_A + "}"
    )
    assert step(spec, 1, statuses(a="passed", b="executing", c="passed"), NOTHING, aborting=True) == (
        Decision("b", "kill", "terminate_when"),
    )
    assert step(spec, 1, statuses(a="aborted", b="passed", c="pending"), NOTHING, aborting=True) == (
        Decision("c", "skip", "unsatisfiable"),
    )


def test_a_script_may_wait_for_its_own_state() -> None:
    assert step(
        spec_of("a: {start_when: {d: {script_key: a, states: [pending]}}}"), 1, statuses(a="pending"), NOTHING
    ) == (Decision("a", "start", ""),)
    assert step(spec_of("a: {start_when: {d: {script_key: a}}}"), 1, statuses(a="pending"), NOTHING) == (
        Decision("a", "skip", "unreachable"),
    )


def test_no_states_never_match_and_are_given_up_only_when_the_script_has_ended() -> None:
    spec = spec_of("a: {}, b: {start_when: {d: {script_key: a, states: []}}}")
    assert step(spec, 1, statuses(a="executing", b="pending"), NOTHING) == ()
    assert step(spec, 1, statuses(a="passed", b="pending"), NOTHING) == (Decision("b", "skip", "unsatisfiable"),)


def test_the_same_script_may_be_named_twice_and_both_must_match() -> None:
    both = "start_when: {x: {script_key: a, states: [passed, failed]}, y: {script_key: a, states: [failed]}}"
    spec = spec_of(f"a: {{}}, b: {{{both}}}")
    assert step(spec, 1, statuses(a="failed", b="pending"), NOTHING) == (Decision("b", "start", ""),)
    assert step(spec, 1, statuses(a="passed", b="pending"), NOTHING) == (Decision("b", "skip", "unsatisfiable"),)


def test_a_script_is_seen_waiting_by_the_others() -> None:
    spec = spec_of(
        "a: {exclusive_executor_resource: R}, b: {start_when: {d: {script_key: a, states: [waiting]}}}, "
        "c: {start_when: {d: {script_key: a, states: [skipped]}}}"
    )
    held = Resources({"R": ScriptRef(9, "x")}, {"R": (ScriptRef(1, "a"),)})
    assert step(spec, 1, statuses(a="waiting", b="pending", c="pending"), held) == (Decision("b", "start", ""),)


def test_a_condition_about_nobody_neither_matches_nor_becomes_unsatisfiable() -> None:
    condition, states = Condition("d", "nobody", frozenset(ScriptState)), statuses(a="passed")
    assert not matches(condition, states)
    assert not is_unsatisfiable(condition, states)
    assert all_match((), states)
