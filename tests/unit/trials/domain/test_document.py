"""Reading YAML and JSON: lines, keys written twice, aliases, and texts that want to do harm."""

import json
import time

import pytest

from trials.domain.document import read_document
from trials.domain.errors import Code, SpecError
from trials.domain.parsing import parse


def fatal(text: str) -> tuple[str, int | None]:
    with pytest.raises(SpecError) as refused:
        read_document(text)
    (error,) = refused.value.errors
    return error.code, error.line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1", 1),
        ("a: 1\n\tb: 2", 2),
        ("a: 1\n---\nb: 2", 2),
        ("a: *nobody", 1),
        ("a: &x [*x]", 1),
        ("a: !!python/object:os.system x", 1),
        ("a: !!binary x", 1),
        ("a: !!set {x}", 1),
        ("a: !!int x", 1),
        ("a: !!bool x", 1),
        ("a: " + "9" * 5000, 1),
        ("'a\ud800'", None),
        ("a: \x07", None),
        ("{a: 1}}", 1),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, line: int | None) -> None:
    assert fatal(text) == (Code.YAML_SYNTAX, line)


def test_dates_and_versions_stay_text_and_numbers_are_numbers() -> None:
    document = read_document(
        "{date: 2026-11-22, version: 2.2.4, number: 2.2, hex: 0x10, flag: yes, nothing: ~, text: '8080'}"
    )
    assert document.value == {
        "date": "2026-11-22",
        "version": "2.2.4",
        "number": 2.2,
        "hex": 16,
        "flag": True,
        "nothing": None,
        "text": "8080",
    }


def test_words_for_truth_are_good_names_of_scripts() -> None:
    assert list(parse("scripts: {no: {}, on: {}, y: {}}").scripts) == ["no", "on", "y"]


@pytest.mark.parametrize("text", ["a: 1\nb:\n  c: 2\n  c: 3\n", '{"a": 1,\n"b": {\n"c": 2,\n"c": 3}}'])
def test_a_key_written_twice_is_named_with_both_lines(text: str) -> None:
    (problem,) = read_document(text).problems
    assert (problem.code, problem.path, problem.line) == (Code.DUPLICATE_KEY, "b.c", 4)
    assert "line 3" in problem.message


def test_anchors_aliases_and_merge_keys_may_be_used() -> None:
    text = "scripts: {a: &base {body: x, timeout: 1 minute}, b: *base, c: {<<: *base, body: y}}"
    spec = parse(text)
    assert [(s.body, s.timeout) for s in spec.scripts.values()] == [("x", 60), ("x", 60), ("y", 60)]
    assert read_document("{<<: [{a: 1, b: 1}, {b: 2, c: 2}], c: 3}").value == {"a": 1, "b": 1, "c": 3}
    assert read_document("{<<: 5}").problems[0].code == Code.TYPE_MISMATCH


def test_aliases_cost_what_they_stand_for() -> None:
    lines = ["a0: &a0 [" + ", ".join(["lol"] * 9) + "]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 10)]
    assert fatal("\n".join(lines))[0] == Code.TOO_LARGE


def test_a_document_of_a_mebibyte_is_read_and_one_byte_more_is_not() -> None:
    text = "scripts: {}\n# "
    assert parse(text + "x" * (1024 * 1024 - len(text))).scripts == {}
    assert fatal(text + "x" * (1024 * 1024 - len(text) + 1)) == (Code.TOO_LARGE, None)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 51 + "]" * 51,
        '{"a":' * 60 + "1" + "}" * 60,
        "a: &a [[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    ],
)
def test_depth_is_bounded(text: str) -> None:
    assert fatal(text)[0] == Code.TOO_LARGE


def test_json_keeps_its_own_words_for_numbers_and_escapes() -> None:
    data = {"a": [1e3, -2, True, None, '\U0001f600 " \\ / {', "\t"], "b": {"c": "x:y,z"}}
    assert read_document(json.dumps(data)).value == json.loads(json.dumps(data))
    assert read_document(json.dumps(data, indent="\t", ensure_ascii=False)).value == json.loads(json.dumps(data))


def test_lines_in_json_are_those_of_the_text() -> None:
    document = read_document('{\n "a": [1,\n  {"b": "x\\n"}],\n "c": 2}')
    assert [document.line_of(path) for path in [(), ("a",), ("a", 1, "b"), ("c",), ("c", "nothing"), ("d",)]] == [
        1,
        2,
        3,
        4,
        4,
        1,
    ]


@pytest.mark.parametrize("text", ['{"a": "\\u0000"}', '{"a": "\\ud800"}', "a: .nan", '"a\\0": 1'])
def test_values_that_json_or_the_database_cannot_hold_are_errors(text: str) -> None:
    assert [problem.code for problem in read_document(text).problems] == [Code.INVALID_VALUE]


@pytest.mark.parametrize("text", ["1: x", "~: x", "? [a]\n: x", "2.5: x"])
def test_keys_are_strings(text: str) -> None:
    assert [problem.code for problem in read_document(text).problems] == [Code.TYPE_MISMATCH]


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert read_document("\ufeffa: 1").value == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ["[" + "[],'a'," * 15_000 + "]", "{a: " * 250_000, "a:\n" * 50_000, "- x\n" * 50_000],
    ids=["lists", "depth", "one key", "items"],
)
def test_the_worst_documents_do_not_keep_the_server_busy(text: str) -> None:
    started = time.process_time()
    with pytest.raises(SpecError):
        parse(text)
    assert time.process_time() - started < 10  # it is one second; minutes if anything here were quadratic
