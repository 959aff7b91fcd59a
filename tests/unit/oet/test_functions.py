import json
import types
from typing import Any

import pytest

from oet import functions, journal

SCRIPT = '''
import functools
from os import getcwd
class Telescope: pass
def _hidden(): pass
def second(a, /, b: int = 1, *rest, c, d=(1, 2), **more) -> str:
    """Does.

    More.
    """
second_again = second
first = lambda x=float("nan"): x
def decorated(f):
    @functools.wraps(f)
    def wrapper(*args): return f(*args)
    return wrapper
@decorated
def third(x: "Telescope", y=Telescope): pass
partial = functools.partial(third, 1)
'''


@pytest.fixture
def script() -> types.ModuleType:
    module = types.ModuleType("script")
    exec(compile(SCRIPT, "script.py", "exec"), module.__dict__)
    return module


def test_public_functions_are_those_of_the_module_in_the_order_of_lines(script: types.ModuleType) -> None:
    assert [item["name"] for item in functions.describe_functions(script)] == [
        "second",
        "first",
        "decorated",
        "third",
        "partial",
    ]


def test_parameters_are_described(script: types.ModuleType) -> None:
    second = functions.describe_functions(script)[0]
    assert second["doc"] == "Does.\n\nMore."
    assert second["signature"] == "(a, /, b: int = 1, *rest, c, d=(1, 2), **more) -> str"
    assert second["line"] == 6
    keys = ("name", "kind", "annotation", "required", "default")
    assert [tuple(parameter[key] for key in keys) for parameter in second["parameters"]] == [
        ("a", "positional_only", None, True, None),
        ("b", "positional_or_keyword", "int", False, {"json": 1}),
        ("rest", "var_positional", None, False, None),
        ("c", "keyword_only", None, True, None),
        ("d", "keyword_only", None, False, {"repr": "(1, 2)"}),
        ("more", "var_keyword", None, False, None),
    ]


def test_default_that_is_not_json_is_shown_by_its_repr(script: types.ModuleType) -> None:
    described = {item["name"]: item for item in functions.describe_functions(script)}
    assert described["first"]["parameters"][0]["default"] == {"repr": "nan"}
    assert described["third"]["parameters"][0]["annotation"] == "Telescope"
    assert set(described["third"]["parameters"][1]["default"]) == {"repr"}


@pytest.mark.parametrize("name", ["second", "third", "partial", "getcwd", "second_again"])
def test_anything_callable_under_a_public_name_can_be_found(script: types.ModuleType, name: str) -> None:
    assert callable(functions.find_function(script, name))


@pytest.mark.parametrize("name", ["_hidden", "Telescope", "nothing", "__doc__", "functools", ""])
def test_anything_else_cannot_be_found(script: types.ModuleType, name: str) -> None:
    assert functions.find_function(script, name) is None


@pytest.mark.parametrize(
    ("value", "result", "shown"),
    [
        (None, None, "None"),
        ({"a": [1, 2.5, "x"]}, {"a": [1, 2.5, "x"]}, "{'a': [1, 2.5, 'x']}"),
        (float("nan"), None, "nan"),
        ({1, 2}, None, "{1, 2}"),
        ("x" * 16383, None, None),
        ("x" * 16382, "x" * 16382, None),
        (list(range(1_000_000)), None, None),
    ],
)
def test_result_is_kept_where_it_is_json_of_bounded_size(value: Any, result: Any, shown: str | None) -> None:
    described = functions.describe_result(value)
    assert described["result"] == result
    assert len(described["result_repr"]) <= 200
    assert shown is None or described["result_repr"] == shown


def test_result_that_cannot_be_shown_is_named_by_its_type() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Shy" in functions.describe_result(Shy())["result_repr"]
    endless: list[Any] = []
    endless.append(endless)
    assert functions.describe_result(endless)["result"] is None


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"def f{n}():\n    '''{'文' * 1990}'''" for n in range(200)),
        "\n".join(f"def f{n}({', '.join(f'a{m}: int = 5' for m in range(120))}): pass" for n in range(200)),
        f"'''{'x' * 2_000_000}'''",
        "from pathlib import Path\n__file__ = Path('/a.py')\n__name__ = 5",
    ],
    ids=["documentation", "parameters", "docstring of the module", "odd names"],
)
def test_what_a_script_says_of_itself_fits_into_a_record_however_much_it_is(text: str) -> None:
    module = types.ModuleType("observe")
    exec(text, module.__dict__)
    described = functions.describe_module(module, functions.describe_functions(module))
    assert len(json.dumps(described)) < journal.RECORD_LIMIT_BYTES


def test_a_default_that_is_nested_very_deeply_is_shown_as_text() -> None:
    module = types.ModuleType("observe")
    exec(f"def main(x={'[' * 60}{']' * 60}): pass", module.__dict__)
    [function] = functions.describe_functions(module)
    assert "repr" in function["parameters"][0]["default"]
