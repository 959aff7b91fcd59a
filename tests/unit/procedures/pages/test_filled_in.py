"""procedures.pages.fields and filled_in: forms made of descriptions, and calls made of forms."""

import pytest

from procedures.domain.arguments import ProcedureInput
from procedures.domain.source import describe_source
from procedures.pages.fields import FieldKind, FunctionForm, form_of
from procedures.pages.filled_in import read_form


def form(signature: str, call: ProcedureInput | None = None) -> FunctionForm:
    (function,) = describe_source(f"def main({signature}): ...").functions
    return form_of(function, call)


def read(signature: str, *, is_partial: bool = False, **posted: str) -> tuple[ProcedureInput, FunctionForm]:
    made = form(signature)
    call = read_form(made, {f"main.{name}": value for name, value in posted.items()}, is_partial=is_partial)
    return call, made


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ("a: int", FieldKind.INTEGER),
        ("a: int | None = None", FieldKind.INTEGER),
        ("a: Optional[float] = None", FieldKind.NUMBER),
        ("a: bool", FieldKind.BOOLEAN),
        ("a: str", FieldKind.TEXT),
        ("a: 'str'", FieldKind.TEXT),
        ("a: Literal['1', 2]", FieldKind.CHOICE),
        ("a: Literal[X]", FieldKind.JSON),
        ("a: list[str]", FieldKind.LIST),
        ("a: Optional[list[int]] = None", FieldKind.LIST),
        ("a: list[dict]", FieldKind.JSON),
        ("a: dict[str, int] | None = None", FieldKind.JSON),
        ("a", FieldKind.ANY),
        ("a=3", FieldKind.NUMBER),
        ("a=True", FieldKind.BOOLEAN),
        ("a='x'", FieldKind.TEXT),
        ("a=[]", FieldKind.JSON),
        ("*a", FieldKind.JSON),
        ("**a", FieldKind.JSON),
    ],
)
def test_a_parameter_is_asked_for_as_its_annotation_or_default_says(parameter: str, kind: FieldKind) -> None:
    assert form(parameter).fields[0].kind is kind


def test_what_is_filled_in_is_sent_by_name_and_what_is_left_empty_keeps_its_default() -> None:
    call, made = read(
        "sb_id: str, scans: int = 14, pause_s: float = 0.5, flag: bool = False", sb_id="sbi-1", scans="3", flag="true"
    )
    assert made.is_valid
    assert call == ProcedureInput((), {"sb_id": "sbi-1", "scans": 3, "flag": True})


@pytest.mark.parametrize(
    ("signature", "text", "value"),
    [
        ("a: float", "2", 2),
        ("a: float", "1e3", 1000.0),
        ("a: int", " 7 ", 7),
        ("a: str", " kept as it is ", " kept as it is "),
        ("a", "[1, 2]", [1, 2]),
        ("a", "Cen A", "Cen A"),
        ("a: dict", '{"x": null}', {"x": None}),
        ("a: list[str]", "m001, m 2,", ["m001", "m 2"]),
        ("a: list[int] | None = None", "1\n2", [1, 2]),
        ("a: list[str]", '["a, b"]', ["a, b"]),
        ("a: Literal['1', 2]", "2", 2),
        ("a: Literal['1', 2]", '"1"', "1"),
    ],
)
def test_text_becomes_the_value_it_stands_for(signature: str, text: str, value: object) -> None:
    call, made = read(signature, a=text)
    assert made.errors == {}
    assert call.kwargs == {"a": value}
    assert type(call.kwargs["a"]) is type(value)


@pytest.mark.parametrize(
    ("signature", "text", "words"),
    [
        ("a: int", "1.5", "whole number"),
        ("a: int", "", "is needed"),
        ("a: float", "nan", "finite"),
        ("a: float", "much", "must be a number"),
        ("a: bool", "yes", "true or false"),
        ("a: dict", "{x}", "must be JSON"),
        ("a: dict", "[NaN]", "NaN"),
        ("a: list", "[" * 5000, "nested"),
        ("a: list[int]", "1, x", "value 2, 'x', must be a whole number"),
        ("a: Literal['1']", "1", 'must be one of "1"'),
        ("*a", "{}", "must be an array"),
        ("**a", "[]", "must be an object"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(signature: str, text: str, words: str) -> None:
    call, made = read(signature, a=text)
    assert words in made.errors["main.a"]
    assert call == ProcedureInput()


def test_a_value_that_cannot_be_kept_is_refused() -> None:
    _, made = read("a: str", a="nul \0")
    assert "NUL" in made.raw_error


def test_a_partial_form_may_lack_what_is_required() -> None:
    call, made = read("a: int, b: int = 1", is_partial=True, b="2")
    assert made.is_valid
    assert call.kwargs == {"b": 2}


def test_positional_only_parameters_go_by_position() -> None:
    assert read("a: int, b: int = 1, /, c: int = 2", a="1", c="3")[0] == ProcedureInput((1,), {"c": 3})
    _, made = read("a: int = 0, b: int = 1, /", b="2")
    assert "a before it" in made.errors["main.b"]


def test_further_arguments_follow_those_with_names() -> None:
    assert read("a: int, *rest, **more", a="1", rest="[2, 3]", more='{"x": 4}')[0] == ProcedureInput(
        (1, 2, 3), {"x": 4}
    )
    _, made = read("a: int = 0, *rest", rest="[2]")
    assert "further arguments follow" in made.errors["main.a"]


def test_the_raw_form_wins_where_it_is_filled_in() -> None:
    made = form("a: int")
    call = read_form(made, {"main.a": "rubbish", "main.json": '{"args": [5]}'})
    assert made.is_valid
    assert call == ProcedureInput((5,), {})


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "must be an object"),
        ('{"kwargs": []}', "kwargs must be an object"),
        ('{"x": 1}', "neither"),
    ],
)
def test_a_raw_form_that_is_wrong_says_why(raw: str, words: str) -> None:
    made = form("a: int")
    read_form(made, {"main.json": raw})
    assert words in made.errors["main.json"]


def test_a_form_shows_the_call_it_was_made_with() -> None:
    made = form("a, b: str = '', *rest", ProcedureInput((1,), {"b": "x"}))
    assert [f.value for f in made.fields] == ["1", "x", ""]
    assert made.raw == ""


def test_a_call_that_no_field_can_show_is_shown_as_json() -> None:
    assert form("a", ProcedureInput((1, 2), {})).raw == '{"args": [1, 2], "kwargs": {}}'


def test_a_boolean_can_be_chosen() -> None:
    assert form("a: bool", ProcedureInput((), {"a": True})).fields[0].value == "true"
    assert form("a: bool").fields[0].choices == ["true", "false"]
