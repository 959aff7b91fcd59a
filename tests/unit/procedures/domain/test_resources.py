from typing import Any

import pytest

from procedures.domain.arguments import ProcedureInput
from procedures.domain.resources import resources_fault, resources_of, templates_fault

INPUTS = {"init": ProcedureInput(kwargs={"subarray_id": 3, "band": "2"})}


@pytest.mark.parametrize(
    ("templates", "names"),
    [
        ("telescope", ["telescope"]),
        ("subarray_{subarray_id}", ["subarray_3"]),
        ("subarray_{subarray_id}, band_{band}", ["band_2", "subarray_3"]),
        ("dish_{dish}", ["telescope"]),
        ("", []),
        ("{subarray_id.__class__}", ["{subarray_id.__class__}"]),
    ],
)
def test_templates_are_filled_from_the_arguments(templates: str, names: list[str]) -> None:
    assert resources_of(templates, INPUTS) == names


@pytest.mark.parametrize("templates", ["telescope", "", "subarray_{subarray_id}, {band}"])
def test_templates_that_make_sense(templates: str) -> None:
    assert templates_fault(templates) == ""


@pytest.mark.parametrize("wrong", ["{sub array}", "band_{}", "{subarray_id", "subarray_id}", "{subarray_id.__class__}"])
def test_braces_that_hold_no_name_are_a_fault(wrong: str) -> None:
    assert templates_fault(f"telescope, {wrong}").startswith(repr(wrong))


@pytest.mark.parametrize("value", ["telescope", [1], [""], ["a"] * 21, ["a" * 101], ["\n"], None, {}])
def test_what_is_no_list_of_names_is_refused(value: Any) -> None:
    assert resources_fault(value)


@pytest.mark.parametrize("value", [[], ["telescope"], ["subarray_1", "band_2"]])
def test_names_are_accepted(value: Any) -> None:
    assert not resources_fault(value)
