import functools
from types import ModuleType
from typing import Any

import pytest

from oet import calling
from oet.script_context import ScriptContext


def test_call_tells_the_context_which_function_runs_for_which_subarray() -> None:
    context = ScriptContext({"procedure_id": 1})
    assert calling.call("observe", lambda subarray_id: subarray_id + 1, [3], {}, context) == 4
    assert (context.function, context.subarray_id) == ("observe", 3)


def test_call_of_a_coroutine_function_runs_it_to_its_end() -> None:
    async def observe(target: str) -> str:
        return target.upper()

    assert calling.call("observe", observe, [], {"target": "m31"}, ScriptContext({})) == "M31"


@pytest.mark.parametrize(
    ("args", "kwargs", "called"),
    [
        ([1], {}, ([1], {"context": "context"})),
        ([], {"target": 1}, ([], {"target": 1, "context": "context"})),
        ([1], {"context": "mine"}, ([1], {"context": "mine"})),
    ],
)
def test_context_is_filled_in_unless_the_caller_gives_one(args: list[Any], kwargs: dict[str, Any], called: Any) -> None:
    def observe(target: int, context: ScriptContext) -> None: ...

    assert calling.with_context(observe, args, kwargs, "context") == called


def test_misfit_names_function_parameter_and_signature() -> None:
    def point(ra: float, dec: float) -> None: ...

    assert calling.misfit("point", point, [1], {}) == (
        "point: missing a required argument: 'dec'. Its signature is point(ra: float, dec: float) -> None"
    )
    assert calling.misfit("point", point, [1, 2], {}) is None
    assert calling.misfit("point", functools.partial(point, 1), [], {"dec": 2}) is None


def test_missing_function_is_named_with_those_that_there_are() -> None:
    def park() -> None: ...

    script = ModuleType("script")
    park.__module__ = "script"
    assert calling.missing(script, "pork") == "the script has no function 'pork'; it has: none"
    vars(script)["park"] = park
    assert calling.missing(script, "pork") == "the script has no function 'pork'; it has: park"
