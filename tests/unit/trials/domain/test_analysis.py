import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trials.domain.graphs import FATES, graphs
from trials.domain.analysis import analyse, possible_states
from trials.domain.parsing import parse
from trials.domain.rehearsal import Fate, rehearse
from trials.domain.specification import TaskSpec
from trials.domain.states import ScriptState


def found(scripts: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.kind, finding.scripts) for finding in analyse(parse(f"{{scripts: {{{scripts}}}}}"))]


def after(key: str, states: str = "[passed]") -> str:
    return f"start_when: {{d: {{script_key: {key}, states: {states}}}}}"


@pytest.mark.parametrize(
    ("scripts", "findings"),
    [
        (f"a: {{}}, b: {{{after('a')}}}", []),
        (f"a: {{{after('nobody')}}}", [("unreachable", ("a",))]),
        (f"a: {{}}, b: {{{after('a', '[]')}}}", [("unreachable", ("b",))]),
        (f"a: {{}}, b: {{{after('a', '[skipped]')}}}", [("unreachable", ("b",))]),
        (f"a: {{}}, b: {{ignore_abort: true, {after('a', '[skipped]')}}}", []),
        (f"a: {{}}, b: {{{after('a', '[waiting]')}}}", [("unreachable", ("b",))]),
        (f"a: {{exclusive_executor_resource: R}}, b: {{{after('a', '[waiting]')}}}", []),
        (f"a: {{{after('nobody')}}}, b: {{{after('a')}}}", [("unreachable", ("a",)), ("unreachable", ("b",))]),
        (
            "a: {}, b: {start_when: {x: {script_key: a}, y: {script_key: a, states: [failed]}}}",
            [("unreachable", ("b",))],
        ),
        (f"a: {{{after('b')}}}, b: {{{after('a')}}}", [("cycle", ("a", "b"))]),
        (f"a: {{{after('a')}}}", [("cycle", ("a",))]),
        (f"a: {{{after('a', '[pending]')}}}", []),
        (f"a: {{{after('b', '[pending]')}}}, b: {{{after('a')}}}", []),
        (
            f"a: {{{after('c')}}}, b: {{{after('a')}}}, c: {{{after('b')}}}, d: {{{after('c')}}}, e: {{}}",
            [("cycle", ("a", "b", "c")), ("unreachable", ("d",))],
        ),
        (f"f: {{}}, a: {{{after('f')}}}, b: {{{after('a', '[skipped]')}}}", []),
        (f"s: {{}}, t: {{{after('s', '[executing]')}}}", [("endless_service", ("s",))]),
        (f"s: {{terminate_when: {{d: {{script_key: t}}}}}}, t: {{{after('s', '[executing]')}}}", []),
        (
            f"s: {{terminate_when: {{d: {{script_key: tt}}}}}}, t: {{{after('s', '[executing]')}}}",
            [("endless_service", ("s",))],
        ),
        ("a: {ignore_state: true}", [("nothing_counts", ("a",))]),
        ("", [("nothing_counts", ())]),
    ],
)
def test_what_can_never_happen_is_found(scripts: str, findings: list[tuple[str, tuple[str, ...]]]) -> None:
    assert found(scripts) == findings


def test_findings_say_why_and_what_to_do() -> None:
    (finding,) = analyse(parse(f"{{scripts: {{a: {{{after('prepair')}}}}}}}"))
    assert finding.message == "'a' never starts: there is no script 'prepair'"
    assert finding.remedy


@given(graphs(), st.dictionaries(st.sampled_from("abcde"), st.sampled_from(FATES)), st.none() | st.floats(0, 3))
def test_no_script_is_ever_in_a_state_that_was_called_impossible(
    spec: TaskSpec, fates: dict[str, Fate], abort_at_s: float | None
) -> None:
    possible = possible_states(spec)
    for _, move in rehearse(spec, fates, abort_at_s=abort_at_s).moves:
        assert move.after in possible[move.key] | {ScriptState.SKIPPED}


def test_a_thousand_scripts_in_a_row_are_analysed_without_recursion() -> None:
    scripts = ", ".join(f"s{i}: {{{after(f's{i + 1}')}}}" for i in range(999))
    assert len(analyse(parse(f"{{scripts: {{{scripts}, s999: {{{after('s0')}}}}}}}"))) == 1
    assert found(f"{scripts}, s999: {{}}") == []
