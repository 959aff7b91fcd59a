import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.scripts import EmbeddedStringScript, GitArgs
from trials.domain.errors import Code, SpecError
from trials.domain.inheritance import merged
from trials.domain.parsing import parse, parse_all
from trials.domain.specification import Condition, PortRange, ScriptSpec, TemplateFile, task_from_json, task_to_json
from trials.domain.states import ScriptState

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
MAPS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def test_maps_merge_key_by_key_and_everything_else_is_replaced() -> None:
    general = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}
    special = {"a": {"y": [3]}, "b": {"w": 1}, "c": None}
    assert merged(general, special) == {"a": {"x": 1, "y": [3]}, "b": {"w": 1}, "c": None}
    assert general == {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}


@given(MAPS, MAPS, MAPS)
def test_it_does_not_matter_which_of_three_are_merged_first_unless_something_is_deleted(
    a: object, b: object, c: object
) -> None:
    if "null" not in json.dumps(b) and _kinds_agree(a, b) and _kinds_agree(b, c):
        assert merged(merged(a, b), c) == merged(a, merged(b, c))


def _kinds_agree(a: object, b: object) -> bool:
    """Whether no map meets something else, which would replace it in one order and merge in the other."""
    if isinstance(a, dict) and isinstance(b, dict):
        return all(_kinds_agree(a[key], b[key]) for key in a.keys() & b.keys())
    return not isinstance(a, dict) and not isinstance(b, dict)


@given(MAPS)
def test_nothing_over_something_and_something_over_nothing_change_nothing(a: dict[str, object]) -> None:
    assert merged(a, {}) == merged({}, a) == merged(a, a) == a


def test_a_script_inherits_from_the_defaults_of_its_task() -> None:
    spec = parse("""
        script_defaults:
          timeout: 1 minute
          ignore_state: true
          environment_variables: {A: "1", B: "1", C: "1"}
          start_when: {x: {script_key: a, states: [failed, passed]}, y: {script_key: b}}
        scripts:
          a: {timeout: null, environment_variables: {B: "2", C: null}, start_when: {x: {states: [failed]}, y: null}}
    """)
    a = spec.scripts["a"]
    assert (a.timeout, a.ignore_state) == (180, True)
    assert a.environment_variables == {"A": "1", "B": "2", "C": None}
    assert a.start_when == (Condition("x", "a", frozenset({ScriptState.FAILED})),)


def test_a_condition_may_get_its_script_from_the_defaults() -> None:
    spec = parse(
        "{script_defaults: {start_when: {x: {script_key: a}}}, scripts: {a: {start_when: {x: {states: [pending]}}}}}"
    )
    assert spec.scripts["a"].start_when == (Condition("x", "a", frozenset({ScriptState.PENDING})),)


def test_what_runs_is_inherited_too_and_both_ways_at_once_are_refused() -> None:
    python = "script: {script_type: embedded, script_body: x}"
    text = f"{{script_defaults: {{{python}, function: observe}}, scripts: {{a: {{}}, b: {{script: null, function: null, body: y}}}}}}"
    spec = parse(text)
    assert spec.scripts["a"].executable == EmbeddedStringScript("x")
    assert (spec.scripts["b"].executable, spec.scripts["b"].body) == (None, "y")
    with pytest.raises(SpecError, match=r"scripts\.a\.script: 'body' and 'script' exclude each other"):
        parse(f"{{script_defaults: {{{python}}}, scripts: {{a: {{body: y}}}}}}")


def test_defaults_are_those_of_the_specification() -> None:
    spec = parse("{scripts: {a: {}}}")
    assert task_to_json(spec) == {
        "key": "",
        "name": "",
        "description": "",
        "environment_variables": {},
        "aggregate_state": "satisfy-any",
        "max_trials": 2,
        "eager_trials": 1,
        "priority": 0,
        "load": 1.0,
        "traits": [],
        "git_args": None,
        "ports": {},
        "templates": {},
        "scripts": {
            "a": {
                "key": "a",
                "name": "a",
                "description": "",
                "body": "",
                "environment_variables": {},
                "template_environment_variables": True,
                "exclusive_executor_resource": None,
                "start_when": {},
                "terminate_when": {},
                "timeout": "180.0 seconds",
                "ignore_state": False,
                "ignore_abort": False,
            }
        },
    }


def test_names_default_to_keys_and_states_to_passed() -> None:
    spec = parse("{key: night, scripts: {a: {key: b, start_when: {x: {script_key: b}}}}}")
    assert spec.name == "night"
    assert list(spec.scripts) == ["b"]
    assert spec.scripts["b"].name == "b"
    assert spec.scripts["b"].start_when == (Condition("x", "b", frozenset({ScriptState.PASSED})),)


FULL = """
key: night
description: "a night: 1"
environment_variables: {A: "1", B: null}
aggregate_state: satisfy-last
max_trials: 3
eager_trials: 2
priority: -1
load: 2
traits: {gpu: true, slow: false, near: true}
git_args: {git_repo: "https://example.org/x.git", git_branch: main}
ports: {PORT: {min: 8000, max: 8100}}
templates: {t: {src: a.in, dest: a}}
scripts:
  a: "exit 0"
  b:
    script: {script_type: embedded, script_body: "def f(): pass"}
    function: f
    args: [1, null, {x: null}]
    kwargs: {n: 2}
    init: {args: [3], kwargs: {m: 4}}
    timeout: 1.5 milliseconds
    start_when: {x: {script_key: a, states: [waiting, executing]}}
    exclusive_executor_resource: "r-{{A}}"
"""


def test_every_key_becomes_an_attribute() -> None:
    spec = parse(FULL)
    assert (spec.traits, spec.load, spec.priority) == (("gpu", "near"), 2.0, -1)
    assert spec.git_args == GitArgs("https://example.org/x.git", "main")
    assert spec.ports == {"PORT": PortRange(8000, 8100)}
    assert spec.templates == {"t": TemplateFile("a.in", "a")}
    b = spec.scripts["b"]
    assert (b.function, b.args, b.timeout, b.resources) == ("f", (1, None, {"x": None}), 0.0015, ("r-1",))
    assert {name: call.as_json() for name, call in b.inputs.items()} == {
        "init": {"args": [3], "kwargs": {"m": 4}},
        "f": {"args": [1, None, {"x": None}], "kwargs": {"n": 2}},
    }


@pytest.mark.parametrize("text", [FULL, "exit 0", "scripts: {}"])
def test_the_normalised_form_is_a_document_that_says_the_same(text: str) -> None:
    spec = parse(text)
    stored = json.dumps(task_to_json(spec))
    assert parse(stored) == spec
    assert task_to_json(task_from_json(json.loads(stored))) == task_to_json(spec)


@pytest.mark.parametrize(
    "text", ["exit 0", '"exit 0"', "body: exit 0", "{scripts: {main: exit 0}}", "{scripts: {main: {body: exit 0}}}"]
)
def test_short_forms_all_mean_one_script(text: str) -> None:
    spec = parse(text)
    assert {key: script.body for key, script in spec.scripts.items()} == {"main": "exit 0"}


def test_the_short_form_takes_the_keys_of_a_script_and_the_defaults() -> None:
    spec = parse("{body: x, name: night, timeout: 1 minute, script_defaults: {ignore_abort: true}, max_trials: 7}")
    main = spec.scripts["main"]
    assert (spec.name, spec.max_trials, main.name) == ("night", 7, "main")
    assert (main.timeout, main.ignore_abort) == (60, True)
    python = parse("{script: {script_type: embedded, script_body: x}, function: f}")
    assert python.scripts["main"] == ScriptSpec(
        key="main",
        name="main",
        script={"script_type": "embedded", "script_body": "x"},
        function="f",
        resources=("site:telescope",),
    )


def test_contexts_lend_from_the_outermost_inwards() -> None:
    tasks = parse_all("""
        script_defaults: {timeout: 1 minute, environment_variables: {A: outer, B: outer, C: outer}}
        task_defaults: {max_trials: 5, scripts: {common: "true"}, script_defaults: {environment_variables: {C: task}}}
        contexts:
          inner:
            script_defaults: {environment_variables: {B: inner, C: inner}}
            task_defaults: {max_trials: null, priority: 3}
            tasks:
              t: {name: T, script_defaults: {environment_variables: {A: own}}, scripts: {x: {timeout: 2 minutes}}}
        tasks: {u: {key: other}, v: null}
    """)
    by_key = {task.key: task for task in tasks}
    assert set(by_key) == {"other", "t"}
    t = by_key["t"]
    assert (t.name, t.max_trials, t.priority) == ("T", 2, 3)
    assert {key: script.timeout for key, script in t.scripts.items()} == {"common": 60, "x": 120}
    assert t.scripts["x"].environment_variables == {"A": "own", "B": "inner", "C": "task"}
    assert (by_key["other"].max_trials, by_key["other"].name) == (5, "other")


def test_a_context_that_contains_a_short_task_and_text_lends_to_them_too() -> None:
    tasks = parse_all("{script_defaults: {ignore_state: true}, tasks: {a: exit 0, b: {body: exit 1}}}")
    assert [(task.key, task.scripts["main"].body, task.scripts["main"].ignore_state) for task in tasks] == [
        ("a", "exit 0", True),
        ("b", "exit 1", True),
    ]


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("{tasks: {a: {scripts: {x: {tiemout: 1}}}}}", "tasks.a.scripts.x.tiemout", Code.UNKNOWN_PROPERTY),
        ("{tasks: {a: {}}}", "tasks.a.scripts", Code.REQUIRED),
        ("{tasks: [a]}", "tasks", Code.TYPE_MISMATCH),
        ("{tasks: {a: 5}}", "tasks.a", Code.TYPE_MISMATCH),
        ("{contexts: {c: 5}}", "contexts.c", Code.TYPE_MISMATCH),
        ("{contexts: {c: {task: {}}}}", "contexts.c.task", Code.UNKNOWN_PROPERTY),
        ("{tasks: {}, scripts: {}}", "scripts", Code.UNKNOWN_PROPERTY),
        ("{tasks: {}, task_defaults: text}", "task_defaults", Code.TYPE_MISMATCH),
        ("{tasks: {}, task_defaults: {lod: 1}}", "task_defaults.lod", Code.UNKNOWN_PROPERTY),
        ("{tasks: {}, script_defaults: {timeout: 1}}", "script_defaults.timeout", Code.TYPE_MISMATCH),
        ("{task_defaults: {body: x}, tasks: {a: {scripts: {}}}}", "tasks.a.body", Code.INVALID_VALUE),
    ],
)
def test_errors_in_contexts_name_their_place(text: str, path: str, code: Code) -> None:
    with pytest.raises(SpecError) as refused:
        parse_all(text)
    assert [(error.path, error.code) for error in refused.value.errors] == [(path, code)]
