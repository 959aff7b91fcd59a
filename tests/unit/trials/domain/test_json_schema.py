from typing import Any

import jsonschema
import pytest

from tests.unit.trials.domain.test_acceptance_rows import EXAMPLE
from tests.unit.trials.domain.test_inheritance import FULL
from trials.domain import SpecError, document_schema, parse, parse_all
from trials.domain.document import read_document
from trials.domain.specification import task_to_json

SCHEMA = document_schema()


def is_valid(value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(value))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        *(EXAMPLE, FULL, "exit 0", "{body: x, timeout: 1 minute}", "{scripts: {a: x, b: null}}"),
        "{scripts: {}, traits: [gpu], script_defaults: {ignore_state: true, start_when: {x: null}}}",
        "{tasks: {a: x, b: {body: y}}, contexts: {c: {task_defaults: {load: 2}, tasks: {d: {scripts: {}}}}}}",
    ],
)
def test_what_parse_accepts_is_valid(text: str) -> None:
    assert parse_all(text)
    assert is_valid(read_document(text).value)


def test_the_normalised_form_is_valid_too() -> None:
    assert is_valid(task_to_json(parse(FULL)))


@pytest.mark.parametrize(
    "text",
    [
        *("{scripts: {a: {ignote_state: true}}}", "{scripts: []}", "{scripts: {a: {timeout: 5}}}", "5"),
        "{scripts: {a: {start_when: {x: {script_key: a, states: [deffective]}}}}}",
        "{scripts: {a: {start_when: {x: {script_key: a, states: passed}}}}}",
        "{scripts: {a: {environment_variables: {P: 8080}}}}",
        "{scripts: {a: {environment_variables: {1P: x}}}}",
        "{scripts: {}, aggregate_state: satisfy-all}",
        "{scripts: {}, max_trials: 0}",
    ],
)
def test_what_an_editor_can_see_to_be_wrong_is_not_valid(text: str) -> None:
    assert not is_valid(read_document(text).value)
    with pytest.raises(SpecError):
        parse(text)


def test_every_key_says_what_it_means() -> None:
    for definition in SCHEMA["$defs"].values():
        assert all(key["description"] for key in definition["properties"].values())
