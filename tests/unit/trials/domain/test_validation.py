"""Every code, every hint, every limit; and that all errors come at once."""

import json

import pytest

from trials.domain.errors import Code, Problem, SpecError, WarningCode
from trials.domain.hints import ALIASES, NOT_SUPPORTED
from trials.domain.parsing import parse, parse_all


def errors_of(text: str) -> list[Problem]:
    with pytest.raises(SpecError) as refused:
        parse(text)
    return refused.value.errors


def only_error(text: str) -> Problem:
    (error,) = errors_of(text)
    return error


def script(content: str) -> str:
    return f"scripts:\n  test:\n    {content}\n  a: {{}}\n"


CONDITION = "start_when: {x: {script_key: a, states: %s}}"


@pytest.mark.parametrize(
    ("text", "path", "code", "hint"),
    [
        (script("ignote_state: true"), "scripts.test.ignote_state", "unknown_property", "did you mean 'ignore_state'?"),
        (script("starte_when: {}"), "scripts.test.starte_when", "unknown_property", "did you mean 'start_when'?"),
        (script("bundle: x"), "scripts.test.bundle", "unknown_property", "did you mean 'body'?"),
        (script("needs: []"), "scripts.test.needs", "unknown_property", "did you mean 'start_when'?"),
        (script("zzz: 1"), "scripts.test.zzz", "unknown_property", "one of: key, name"),
        (script("max_trials: 1"), "scripts.test.max_trials", "unknown_property", "belongs to the task"),
        ("{scripts: {}, timeout: 1 minute}", "timeout", "unknown_property", "belongs to a script"),
        ("{scripts: {}, script_defaults: {key: a}}", "script_defaults.key", "unknown_property", "of its own"),
        (script(CONDITION % "[deffective]"), "scripts.test.start_when.x.states.0", "illegal_state", "'defective'"),
        (script(CONDITION % "[passed, success]"), "scripts.test.start_when.x.states.1", "illegal_state", "'passed'"),
        (script(CONDITION % "[PASSED]"), "scripts.test.start_when.x.states.0", "illegal_state", "'passed'"),
        (script(CONDITION % "[error]"), "scripts.test.start_when.x.states.0", "illegal_state", "'failed'"),
        (
            script(CONDITION % "[zzzz]"),
            "scripts.test.start_when.x.states.0",
            "illegal_state",
            "one of: aborted, defective",
        ),
        (script(CONDITION % "passed"), "scripts.test.start_when.x.states", "type_mismatch", "write [passed]"),
        (script(CONDITION % "[5]"), "scripts.test.start_when.x.states.0", "type_mismatch", ""),
        (script("start_when: []"), "scripts.test.start_when", "type_mismatch", ""),
        (script("start_when: {x: a}"), "scripts.test.start_when.x", "type_mismatch", ""),
        (script("start_when: {x: {states: [passed]}}"), "scripts.test.start_when.x.script_key", "required", ""),
        (script("terminate_when: {x: {}}"), "scripts.test.terminate_when.x.script_key", "required", ""),
        (script("timeout: 5"), "scripts.test.timeout", "type_mismatch", "3 minutes"),
        (script("timeout: 5 hourglasses"), "scripts.test.timeout", "invalid_duration", "3 minutes"),
        (script("timeout: 1h 30min"), "scripts.test.timeout", "invalid_duration", "3 minutes"),
        (script("body: 5"), "scripts.test.body", "type_mismatch", 'quote it: "5"'),
        (script("name: yes"), "scripts.test.name", "type_mismatch", "quote it"),
        (script("name: [a]"), "scripts.test.name", "type_mismatch", ""),
        (script("environment_variables: {P: 8080}"), "scripts.test.environment_variables.P", "type_mismatch", '"8080"'),
        (script("environment_variables: {P: 2.2}"), "scripts.test.environment_variables.P", "type_mismatch", '"2.2"'),
        (script("environment_variables: {1P: x}"), "scripts.test.environment_variables.1P", "invalid_value", ""),
        (script("environment_variables: [A]"), "scripts.test.environment_variables", "type_mismatch", ""),
        (
            script("template_environment_variables: 5"),
            "scripts.test.template_environment_variables",
            "type_mismatch",
            "",
        ),
        (script('ignore_abort: "true"'), "scripts.test.ignore_abort", "type_mismatch", ""),
        (script("key: ' '"), "scripts.test.key", "invalid_value", ""),
        (script("key: a"), "scripts.a.key", "duplicate_key", "unique"),
        (script("args: [1]"), "scripts.test.script", "required", ""),
        (script("{body: x, args: [1]}"), "scripts.test.args", "invalid_value", "args: null"),
        ("{scripts: [a]}", "scripts", "type_mismatch", ""),
        ("{scripts: {8080: {}}}", "scripts.8080", "type_mismatch", 'quote it, as it is written: "8080"'),
        ("{scripts: {a: 5}}", "scripts.a", "type_mismatch", ""),
        ("{scripts: {a: []}}", "scripts.a", "type_mismatch", ""),
        ("{name: x}", "scripts", "required", "body"),
        ("{scripts: null}", "scripts", "required", "body"),
        ("{body: x, scripts: {}}", "body", "invalid_value", "one of the scripts"),
        ("{scripts: {}, aggregate_state: satisfy-all}", "aggregate_state", "invalid_value", "'satisfy-any'"),
        ("{scripts: {}, max_trials: 0}", "max_trials", "invalid_value", ""),
        ("{scripts: {}, eager_trials: 1.5}", "eager_trials", "type_mismatch", ""),
        ("{scripts: {}, priority: true}", "priority", "type_mismatch", ""),
        ("{scripts: {}, priority: 3000000000}", "priority", "invalid_value", ""),
        ("{scripts: {}, load: 0}", "load", "invalid_value", ""),
        ("{scripts: {}, load: .inf}", "load", "invalid_value", ""),
        ("{scripts: {}, load: big}", "load", "type_mismatch", ""),
        ("{scripts: {}, ports: {A: {min: 5, max: 5}}}", "ports.A", "invalid_value", ""),
        ("{scripts: {}, ports: {A: {min: 5}}}", "ports.A.max", "required", ""),
        ("{scripts: {}, ports: {A: {min: 0, max: 5}}}", "ports.A.min", "invalid_value", ""),
        ("{scripts: {}, ports: {A-B: {min: 1, max: 5}}}", "ports.A-B", "invalid_value", ""),
        ("{scripts: {}, templates: {t: {src: ../x, dest: y}}}", "templates.t.src", "invalid_value", ""),
        ("{scripts: {}, templates: {t: {src: x, dest: /etc/y}}}", "templates.t.dest", "invalid_value", ""),
        ("{scripts: {}, templates: {t: {src: x, dest: a/../../y}}}", "templates.t.dest", "invalid_value", ""),
        ("{scripts: {}, templates: {t: {src: x}}}", "templates.t.dest", "required", ""),
        ("{scripts: {}, traits: gpu}", "traits", "type_mismatch", ""),
        ("{scripts: {}, traits: {gpu: 1}}", "traits.gpu", "type_mismatch", ""),
        ("{scripts: {}, traits: [1]}", "traits.0", "type_mismatch", ""),
        ("{scripts: {}, git_args: {git_branch: main}}", "git_args.git_repo", "required", ""),
        (
            "{scripts: {}, git_args: {git_repo: x, git_commit: 1234567}}",
            "git_args.git_commit",
            "type_mismatch",
            "quote",
        ),
        ("[]", "", "type_mismatch", ""),
        ("5", "", "type_mismatch", ""),
        ("", "", "type_mismatch", ""),
        ("# nothing", "", "type_mismatch", ""),
        ("{tasks: {}}", "", "invalid_value", "several tasks"),
    ],
)
def test_each_error_names_its_place_its_code_and_the_remedy(text: str, path: str, code: str, hint: str) -> None:
    error = only_error(text)
    assert (error.path, error.code) == (path, code)
    assert hint in error.hint
    assert error.line is not None


def test_the_message_of_an_unknown_property_is_that_of_the_specification() -> None:
    assert only_error(script("ignote_state: true")).as_json() == {
        "path": "scripts.test.ignote_state",
        "code": "unknown_property",
        "message": "unknown property 'ignote_state'",
        "hint": "did you mean 'ignore_state'?",
        "line": 3,
    }


@pytest.mark.parametrize("word", [alias for alias, meant in ALIASES.items() if meant in {"body", "start_when"}])
def test_words_of_other_systems_are_understood_in_hints(word: str) -> None:
    assert only_error(script(f"{word}: x")).hint == f"did you mean '{ALIASES[word]}'?"


@pytest.mark.parametrize("word", [alias for alias, meant in ALIASES.items() if meant in {"passed", "failed"}])
def test_states_of_other_systems_are_understood_in_hints(word: str) -> None:
    assert only_error(script(CONDITION % f"[{word}]")).hint == f"did you mean '{ALIASES[word]}'?"


@pytest.mark.parametrize("key", NOT_SUPPORTED)
def test_keys_of_larger_systems_are_named_as_not_supported(key: str) -> None:
    for text in (f"{{scripts: {{}}, {key}: {{}}}}", script(f"{key}: {{}}")):
        error = only_error(text)
        assert (error.code, error.path.split(".")[-1]) == (Code.NOT_SUPPORTED, key)
        assert error.hint


def test_all_errors_come_at_once_in_the_order_of_their_lines() -> None:
    text = """
max_trials: none
scripts:
  a:
    tiemout: 1 minute
    start_when:
      x: {states: [pased]}
  b: 7
aggregate_state: best
"""
    assert [(error.line, error.path) for error in errors_of(text)] == [
        (2, "max_trials"),
        (5, "scripts.a.tiemout"),
        (7, "scripts.a.start_when.x.script_key"),
        (7, "scripts.a.start_when.x.states.0"),
        (8, "scripts.b"),
        (9, "aggregate_state"),
    ]


def test_an_error_in_what_is_inherited_is_named_once_where_it_is_written() -> None:
    text = "{script_defaults: {timeout: 5, ignore_stat: true}, scripts: {a: {}, b: {}, c: {}}}"
    assert [error.path for error in errors_of(text)] == ["script_defaults.ignore_stat", "script_defaults.timeout"]


PYTHON = "{script: {script_type: %s}%s}"


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        (PYTHON % ("filesystem", ""), "script.script_uri", "required"),
        (PYTHON % ("filesystem, script_uri: 'http://x'", ""), "script.script_uri", "invalid_value"),
        (
            PYTHON % ("filesystem, script_uri: 'file:///x', script_body: x", ""),
            "script.script_body",
            "unknown_property",
        ),
        (PYTHON % ("git, script_uri: 'git://x.py'", ""), "script.git_args", "invalid_value"),
        (PYTHON % ("file", ""), "script.script_type", "invalid_value"),
        (PYTHON % ("embedded, script_body: x", ", body: y"), "script", "invalid_value"),
        (PYTHON % ("embedded, script_body: x", ", function: 'a b'"), "function", "invalid_value"),
        (PYTHON % ("embedded, script_body: x", ", args: {a: 1}"), "args", "type_mismatch"),
        (PYTHON % ("embedded, script_body: x", ", kwargs: [1]"), "kwargs", "type_mismatch"),
        (PYTHON % ("embedded, script_body: x", ", kwargs: {a-b: 1}"), "kwargs", "invalid_value"),
        (PYTHON % ("embedded, script_body: x", ", init: {arg: []}"), "init.arg", "unknown_property"),
        (PYTHON % ("embedded, script_body: x", ", init: {kwargs: {a-b: 1}}"), "init.kwargs", "invalid_value"),
        ("{script: {script_body: x}}", "script.script_type", "required"),
    ],
)
def test_a_python_procedure_obeys_the_rules_of_procedures(text: str, path: str, code: str) -> None:
    found = {(error.path, error.code) for error in errors_of(f"{{scripts: {{a: {text}}}}}")}
    assert (f"scripts.a.{path}", code) in found
    assert (path, code) in {(error.path, error.code) for error in errors_of(text)}


def test_limits_are_those_of_the_specification() -> None:
    long = "x" * (256 * 1024)
    assert parse(json.dumps({"body": long})).scripts["main"].body == long
    assert only_error(json.dumps({"body": long + "x"})).code == Code.TOO_LARGE
    many: dict[str, object] = {f"s{i}": {} for i in range(1000)}
    assert len(parse(json.dumps({"scripts": many})).scripts) == 1000
    assert only_error(json.dumps({"scripts": {**many, "more": {}}})).code == Code.TOO_LARGE
    assert only_error(json.dumps({"scripts": {}, "description": "x" * 1024 * 1024})).code == Code.TOO_LARGE
    arguments = {"script": {"script_type": "embedded", "script_body": "x"}, "args": [long]}
    assert only_error(json.dumps(arguments)).code == Code.TOO_LARGE


def test_inheritance_cannot_make_a_document_huge() -> None:
    scripts: dict[str, object] = {f"s{i}": {} for i in range(100)}
    text = json.dumps({"script_defaults": {"body": "x" * 200_000}, "scripts": scripts})
    assert only_error(text).code == Code.TOO_LARGE
    tasks = {
        "task_defaults": {"scripts": {f"s{i}": {} for i in range(20)}},
        "tasks": {f"t{i}": {} for i in range(10_000)},
    }
    with pytest.raises(SpecError) as refused:
        parse_all(json.dumps(tasks))
    assert [error.code for error in refused.value.errors] == [Code.TOO_LARGE]


def test_a_million_mistakes_are_answered_with_a_thousand() -> None:
    text = json.dumps({"scripts": {}, **{f"k{i}": 1 for i in range(5000)}})
    assert len(errors_of(text)) == 1000


def test_an_unknown_script_key_is_a_warning_with_what_was_meant() -> None:
    spec = parse("scripts:\n  prepare: {}\n  b:\n    terminate_when:\n      x: {script_key: prepair}\n    body: x\n")
    assert [(w.code, w.path, w.hint, w.line) for w in spec.warnings] == [
        (WarningCode.UNKNOWN_SCRIPT_KEY, "scripts.b.terminate_when.x.script_key", "did you mean 'prepare'?", 5)
    ]


def test_waiting_for_the_resource_of_its_own_service_is_a_warning_also_between_python_procedures() -> None:
    python = "script: {script_type: embedded, script_body: x}"
    start = "start_when: {x: {script_key: a, states: [executing]}}"
    spec = parse(f"{{scripts: {{a: {{{python}}}, b: {{{python}, {start}}}}}}}")
    assert [(w.code, w.path) for w in spec.warnings] == [(WarningCode.WAITS_FOR_ITS_SERVICE, "scripts.b.start_when.x")]
    assert not parse(f"{{scripts: {{a: {{{python}}}, b: {{{start}}}}}}}").warnings
    assert not parse(f"{{scripts: {{a: {{{python}}}, b: {{{python}, {start}}}}}}}", resource_templates="").warnings


def test_nulls_that_take_something_away_silently_are_warned_of() -> None:
    spec = parse(
        "{scripts: {a: null, b: {script: {script_type: embedded, script_body: x}, kwargs: {dish: null, n: 1}}}}"
    )
    assert [(w.code, w.path) for w in spec.warnings] == [
        (WarningCode.NULL_REMOVES, "scripts.a"),
        (WarningCode.NULL_REMOVES, "scripts.b.kwargs.dish"),
    ]
    assert (list(spec.scripts), spec.scripts["b"].kwargs) == (["b"], {"n": 1})


def test_states_may_be_empty_and_labels_are_free_text() -> None:
    spec = parse(script("start_when: {'… and then?': {script_key: a, states: []}}"))
    (condition,) = spec.scripts["test"].start_when
    assert (condition.label, condition.states) == ("… and then?", frozenset())


@pytest.mark.parametrize("scripts", ["{}", "{a: exit 0}", "{a: exit 0, b: exit 0}"])
def test_a_document_does_not_make_trials_without_end_at_once(scripts: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(f"{{max_trials: 2000000000, eager_trials: 2000000000, scripts: {scripts}}}")
    (problem,) = (problem for problem in caught.value.errors if problem.path == "eager_trials")
    assert problem.code == "too_large"


def test_many_trials_one_after_the_other_are_no_fault() -> None:
    assert parse("{max_trials: 2000000000, scripts: {a: exit 0}}").max_trials == 2_000_000_000
