"""Documents that want to cost much: each is refused by a limit that its error names, or is read in bounded work."""

import pytest

from trials.domain import rendering, warnings
from trials.domain.analysis import analyse
from trials.domain.assembly import MAX_SCRIPTS
from trials.domain.errors import Code, Problem, SpecError, TemplateError
from trials.domain.nodes import MAX_DEPTH, MAX_VALUES
from trials.domain.parsing import parse
from trials.domain.rendering import TrialFacts, render_environment, rendered_scripts
from trials.domain.report import MOST_HINTS


def errors(text: str) -> list[Problem]:
    with pytest.raises(SpecError) as refused:
        parse(text)
    return refused.value.errors


def entries(count: int, entry: str) -> str:
    """The inside of a flow map: `entry` with each number in place of `#`."""
    return ", ".join(entry.replace("#", str(i)) for i in range(count))


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
TOO_LARGE = {
    "scripts": (f"scripts: {{{entries(2000, 's#: {bad: 1}')}}}", MAX_SCRIPTS),
    "tasks": (f"tasks: {{{entries(2000, 't#: x')}}}", MAX_SCRIPTS),
    "contexts": (f"contexts: {{{entries(2000, 'c#: {}')}}}", MAX_SCRIPTS),
    "scripts of tasks": (f"contexts: {{c: {{tasks: {{{entries(900, 't#: {scripts: {a: x, b: y}}')}}}}}}}", MAX_SCRIPTS),
    "inherited scripts": (f"task_defaults: {{scripts: {{{entries(2000, 's#: x')}}}}}\ntasks: {{}}", MAX_SCRIPTS),
    "values": ("[" + "a," * (MAX_VALUES + 1) + "]", MAX_VALUES),
    "values of JSON": ("[" + "1," * MAX_VALUES + "1]", MAX_VALUES),
    "aliases": ("a: &a [x, x]\nb: &b [" + "*a," * 1000 + "]\nc: [" + "*b," * 100 + "]", MAX_VALUES),
    "a billion laughs": (LAUGHS, MAX_VALUES),
    "depth of lists": ("[" * 100_000, MAX_DEPTH),
    "depth of maps": ("{a: " * 100_000, MAX_DEPTH),
    "depth of blocks": ("".join(" " * i + "a:\n" for i in range(200)), MAX_DEPTH),
    "depth of JSON": ("[" * 300_000 + "]" * 300_000, MAX_DEPTH),
}


@pytest.mark.parametrize(("text", "limit"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_at_once_with_the_limit_that_it_breaks(text: str, limit: int) -> None:
    (error,) = errors(text)
    assert (error.code, str(limit) in error.message) == (Code.TOO_LARGE, True), error


def test_a_thousand_scripts_of_twenty_conditions_each_are_not_too_large() -> None:
    conditions = {
        i: ", ".join(f"c{j}: {{script_key: s{max(0, i - j)}}}" for j in range(1, 21)) for i in range(MAX_SCRIPTS)
    }
    scripts = ", ".join(f"s{i}: {{start_when: {{{given}}}}}" for i, given in conditions.items())
    assert len(parse(f"{{scripts: {{{scripts}}}}}").scripts) == MAX_SCRIPTS


@pytest.mark.parametrize("number", ["1" + ":1" * 200_000, "1" + ":1" * 200_000 + ".0", "0x" + "f" * 5000, "9" * 5000])
def test_a_number_without_end_is_none(number: str) -> None:
    for text in (f"a: {number}", f"{{{number}: a}}"):
        (error,) = errors(text)
        assert (error.code, "at most 100 are allowed" in error.message) == (Code.YAML_SYNTAX, True)


def test_a_duration_without_end_is_none() -> None:
    (error,) = errors("{body: x, timeout: " + "1 second " * 10_000 + "}")
    assert (error.code, "200 characters" in error.message) == (Code.INVALID_DURATION, True)


def test_after_many_mistakes_nobody_searches_for_what_was_meant() -> None:
    found = errors("scripts: {a: {" + ", ".join(f"ignore_stat{i}: 1" for i in range(500)) + "}}")
    assert sum("did you mean" in error.hint for error in found) == MOST_HINTS
    assert len(found) == 500


def test_after_a_few_scripts_that_are_not_there_nobody_searches_for_those_that_were_meant() -> None:
    spec = parse(
        "scripts: {"
        + ", ".join(f"observe{i}: {{start_when: {{d: {{script_key: obsrve{i}}}}}}}" for i in range(50))
        + "}"
    )
    assert sum(bool(warning.hint) for warning in spec.warnings) == warnings._MOST_HINTS
    assert len(spec.warnings) == 50


def test_many_conditions_on_one_script_are_looked_at_together() -> None:
    spec = parse(
        "scripts: {a: {}, b: {start_when: {" + ", ".join(f"c{i}: {{script_key: a}}" for i in range(20_000)) + "}}}"
    )
    assert analyse(spec) == ()


def test_an_environment_that_grows_beyond_what_a_process_can_have_is_refused() -> None:
    variables = {"A": "x" * 60_000, **{f"V{i}": "{{A}}" for i in range(20)}}
    with pytest.raises(TemplateError, match="makes the environment larger than 1048576 characters"):
        render_environment(variables)


def test_environments_that_together_grow_too_large_are_refused() -> None:
    variables = ", ".join(f"V{i}: '{{{{A}}}}'" for i in range(15))
    scripts = ", ".join(f"s{i}: x" for i in range(20))
    spec = parse(f"{{environment_variables: {{A: {'x' * 60_000}, {variables}}}, scripts: {{{scripts}}}}}")
    rendered, refused = rendered_scripts(spec, TrialFacts(1, 1, "/w"), resource_templates="")
    (error,) = refused.values()
    assert (len(rendered), "environments of all scripts" in str(error)) == (17, True)


def test_resources_are_looked_at_before_there_is_a_trial_only_as_far_as_that_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering, "_MAX_LOOKED_AHEAD", 3 * rendering._LEAST_COST)
    scripts = ", ".join(f"s{i}: {{exclusive_executor_resource: 'r{{{{X}}}}'}}" for i in range(5))
    spec = parse(f"{{environment_variables: {{X: '1'}}, scripts: {{{scripts}}}}}")
    assert [script.resources for script in spec.scripts.values()] == [("r1",)] * 2 + [("r{{X}}",)] * 3
