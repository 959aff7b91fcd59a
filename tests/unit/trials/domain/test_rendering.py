import pytest
from hypothesis import given
from hypothesis import strategies as st

from trials.domain.errors import TemplateError
from trials.domain.parsing import parse
from trials.domain.rendering import (
    MAX_VALUE_BYTES,
    TrialFacts,
    render,
    render_environment,
    rendered_script,
    rendered_scripts,
    task_environment,
)

FACTS = TrialFacts(task_id=7, trial_id=12, working_dir="/srv/work", ports={"PORT": 8001})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{A}}", "1"),
        ("{{ A }}-{{\tA}}", "1-1"),
        ("{{{A}}}", "{1}"),
        ("{{A}}{{B}}", "1<&>"),
        ("{{unknown}}", ""),
        *(
            (text, text)
            for text in (
                "{{}}",
                "{{$X}}",
                "{{A|upper}}",
                "{% A %}",
                "{# A #}",
                "{{",
                "{{ A",
                "{{A }",
                "{{1A}}",
                "{{A B}}",
                "{{\nA}}",
            )
        ),
    ],
)
def test_names_in_double_braces_are_replaced_and_everything_else_is_literal(text: str, result: str) -> None:
    assert render(text, {"A": "1", "B": "<&>"})[0] == result


def test_unknown_names_are_told_once_each() -> None:
    assert render("{{X}}{{A}}{{Y}}{{X}}", {"A": "1"}) == ("1", ["X", "Y"])
    assert render_environment({"A": "{{B}}{{X}}", "B": "{{X}}"}) == ({"A": "", "B": ""}, ["X"])


@given(st.permutations(["A", "B", "C", "D"]))
def test_the_order_of_variables_is_irrelevant(order: list[str]) -> None:
    values = {"A": "{{B}}", "B": "{{C}}{{D}}", "C": "{{D}}", "D": "x"}
    assert render_environment({name: values[name] for name in order})[0] == {"A": "xx", "B": "xx", "C": "x", "D": "x"}


def test_long_chains_settle_and_a_mutual_reference_may_settle_as_text() -> None:
    chain = {f"V{i}": f"{{{{V{i + 1}}}}}" for i in range(500)} | {"V500": "end"}
    assert set(render_environment(chain)[0].values()) == {"end"}
    assert render_environment({"A": "{{B}}", "B": "{{A}}"})[0] == {"A": "{{A}}", "B": "{{B}}"}
    assert render_environment({"A": "{{A}}"})[0] == {"A": "{{A}}"}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"ok": "1", "A": "x{{A}}"}, "A"),
        ({"A": "{{B}}", "B": "{{C}}", "C": "{{A}}"}, "A"),
        ({"ok": "1", "B": "x" * (MAX_VALUE_BYTES + 1)}, "B"),
        ({"A": "{{B}}" * 13_000, "B": "x" * MAX_VALUE_BYTES}, "A"),
        ({"A": "{{A}}{{A}}"}, "A"),
        ({"A": "é" * (MAX_VALUE_BYTES // 2 + 1)}, "A"),
    ],
)
def test_what_does_not_settle_or_grows_is_refused_with_its_name(variables: dict[str, str], name: str) -> None:
    with pytest.raises(TemplateError, match=f"the value of {name} ") as refused:
        render_environment(variables)
    assert refused.value.variable == name


def test_a_value_of_exactly_the_limit_is_allowed() -> None:
    assert render_environment({"A": "{{B}}", "B": "x" * MAX_VALUE_BYTES})[0]["A"] == "x" * MAX_VALUE_BYTES


def test_later_layers_win_and_a_null_removes() -> None:
    spec = parse("""
        environment_variables: {CI: "no", OET_TRIAL_ID: forged, PORT: "1", OET_WORKING_DIR: null, A: task, HOME: null}
        ports: {PORT: {min: 1, max: 2}}
        scripts:
          plain: {}
          bold: {environment_variables: {OET_TRIAL_ID: mine, A: null, CI: null}}
    """)
    plain = rendered_script(spec, spec.scripts["plain"], FACTS, resource_templates="")
    assert plain.environment == {"CI": "no", "PORT": "1", "A": "task", "OET_TASK_ID": "7", "OET_TRIAL_ID": "12"}
    assert plain.removed == {"OET_WORKING_DIR", "HOME"}
    bold = rendered_script(spec, spec.scripts["bold"], FACTS, resource_templates="")
    assert bold.environment == {"PORT": "1", "OET_TASK_ID": "7", "OET_TRIAL_ID": "mine"}
    assert bold.removed == {"OET_WORKING_DIR", "HOME", "A", "CI"}


def test_ports_are_exported_under_their_names() -> None:
    spec = parse(
        "{body: x, ports: {PORT: {min: 1, max: 2}}, environment_variables: {URL: 'http://localhost:{{PORT}}/'}}"
    )
    assert task_environment(spec, FACTS)[0]["URL"] == "http://localhost:8001/"


def test_templates_of_files_see_the_environment_of_the_task_alone() -> None:
    spec = parse(
        "{body: x, environment_variables: {A: '{{B}}'}, script_defaults: {environment_variables: {B: script}}}"
    )
    values, unknown = task_environment(spec, FACTS)
    assert (values["A"], unknown) == ("", ["B"])


def test_a_resource_is_rendered_until_it_settles_also_where_the_environment_is_not() -> None:
    spec = parse("""
        environment_variables: {A: "{{B}}", B: "{{OET_TRIAL_ID}}"}
        scripts: {a: {template_environment_variables: false, exclusive_executor_resource: "r-{{A}}-{{missing}}"}}
    """)
    rendered = rendered_script(spec, spec.scripts["a"], FACTS, resource_templates="")
    assert (rendered.environment["A"], rendered.resources, rendered.unknown) == ("{{B}}", ("r-12-",), ("missing",))


@pytest.mark.parametrize("value", ['""', '" "', '"{{EMPTY}}"'])
def test_a_blank_resource_means_none(value: str) -> None:
    spec = parse(f'{{scripts: {{a: {{exclusive_executor_resource: {value}, environment_variables: {{EMPTY: ""}}}}}}}}')
    assert spec.scripts["a"].resources == ()


def test_resources_are_compared_exactly() -> None:
    spec = parse('{scripts: {a: {exclusive_executor_resource: " R"}, b: {exclusive_executor_resource: R}}}')
    assert [script.resources for script in spec.scripts.values()] == [(" R",), ("R",)]


def test_until_there_is_a_trial_what_only_it_knows_stands_for_itself() -> None:
    spec = parse("""
        ports: {PORT: {min: 1, max: 2}}
        scripts:
          a: {exclusive_executor_resource: "{{OET_TRIAL_ID}}-{{PORT}}"}
          b: {exclusive_executor_resource: "{{A}}", environment_variables: {A: "x{{A}}"}}
    """)
    assert [script.resources for script in spec.scripts.values()] == [("{{OET_TRIAL_ID}}-{{PORT}}",), ("{{A}}",)]


def test_a_python_procedure_that_names_no_resource_claims_what_its_arguments_say() -> None:
    spec = parse(
        "{script: {script_type: embedded, script_body: x}, kwargs: {subarray_id: 3}}",
        resource_templates="subarray_{subarray_id}, weather",
    )
    assert spec.scripts["main"].resources == ("site:subarray_3", "site:weather")
    assert (
        parse("{script: {script_type: embedded, script_body: x}}", resource_templates="").scripts["main"].resources
        == ()
    )


def test_only_the_script_that_does_not_settle_fails_the_set_up() -> None:
    spec = parse("""
        scripts:
          good: {}
          bad: {environment_variables: {A: "x{{A}}"}}
          worse: {template_environment_variables: false, exclusive_executor_resource: "{{B}}", environment_variables: {B: "x{{B}}"}}
    """)
    rendered, errors = rendered_scripts(spec, FACTS, resource_templates="")
    assert set(rendered) == {"good"}
    assert {key: error.variable for key, error in errors.items()} == {
        "bad": "A",
        "worse": "exclusive_executor_resource",
    }


@given(st.dictionaries(st.sampled_from("ABCD"), st.text("ABCD{} x", max_size=12), max_size=4))
def test_what_has_settled_does_not_change_any_more(variables: dict[str, str]) -> None:
    try:
        values, _ = render_environment(variables)
    except TemplateError:
        return
    assert render_environment(values)[0] == values
    assert set(values) == set(variables)
