"""What a retry repeats that takes over what has passed."""

from trials.domain.parsing import parse
from trials.domain.retry import to_be_repeated
from trials.domain.states import ScriptState

S = ScriptState
T = "[aborted, defective, failed, passed, skipped]"


def test_what_passed_is_taken_over_and_what_comes_after_a_failure_is_repeated() -> None:
    spec = parse(f"""
        scripts:
          prepare: {{}}
          test: {{start_when: {{d: {{script_key: prepare}}}}}}
          cleanup: {{start_when: {{d: {{script_key: test, states: {T}}}}}}}
          aside: {{}}
    """)
    states = {"prepare": S.PASSED, "test": S.FAILED, "cleanup": S.PASSED, "aside": S.PASSED}
    assert to_be_repeated(spec, states) == {"test", "cleanup"}


def test_a_service_that_passed_is_started_again_for_who_needs_to_see_it_running() -> None:
    spec = parse("""
        scripts:
          base: {}
          service: {start_when: {d: {script_key: base}}}
          test: {start_when: {d: {script_key: service, states: [executing]}}}
    """)
    states = {"base": S.PASSED, "service": S.PASSED, "test": S.FAILED}
    assert to_be_repeated(spec, states) == {"service", "test"}


def test_nothing_is_repeated_where_everything_passed() -> None:
    assert to_be_repeated(parse("scripts: {a: {}}"), {"a": S.PASSED}) == frozenset()


def test_cycles_and_unknown_keys_do_no_harm() -> None:
    spec = parse(
        "scripts: {a: {start_when: {d: {script_key: b}}}, b: {start_when: {d: {script_key: a}, e: {script_key: x}}}}"
    )
    assert to_be_repeated(spec, {"a": S.SKIPPED, "b": S.SKIPPED}) == {"a", "b"}
