import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from oet import harness
from oet.harness import Action, Context, Script, ScriptHarnessException, get_actions, get_actions_from_list


class Telescope:
    def park(self, _context: Context) -> str:
        return "parked"

    def __call__(self, _context: Context) -> str:
        return "called"


@pytest.fixture
def main_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def two_words(_context: Context) -> str:
    return "two words"


def result(action: Action) -> Any:
    Script([action], cmdln_args=[]).run()
    return action.history["return_value"]


def test_function_is_found_in_main_by_the_name_with_underscores(main_module: types.ModuleType) -> None:
    main_module.two_words = two_words  # type: ignore[attr-defined]
    assert result(Action("two-words")) == "two words"


def test_function_is_looked_up_in_the_namespace_and_nowhere_else(main_module: types.ModuleType) -> None:
    main_module.park = print  # type: ignore[attr-defined]
    assert Action("two-words", namespace=globals()).function is two_words
    assert Action("two-words", namespace=sys.modules[__name__]).function is two_words
    with pytest.raises(ScriptHarnessException, match="Can't find function park!"):
        Action("park", namespace={})


def test_function_that_is_missing_or_none_is_said(main_module: types.ModuleType) -> None:
    main_module.nope = 5  # type: ignore[attr-defined]
    with pytest.raises(ScriptHarnessException, match="nope is not callable!"):
        Action("nope")
    with pytest.raises(ScriptHarnessException, match="Can't find function not_there!"):
        Action("not-there")


@pytest.mark.parametrize("function", [[], "two_words", 0])
def test_function_that_is_not_callable_is_refused(function: Any) -> None:
    with pytest.raises(ScriptHarnessException, match="not callable"):
        Action("a", function=function)


def test_any_callable_will_do() -> None:
    assert result(Action("a", function=Telescope().park)) == "parked"
    assert result(Action("a", function=Telescope())) == "called"
    assert result(Action("a", function=lambda context: context.phase)) == "run_action"


def test_reassigned_function_is_the_one_that_is_called() -> None:
    action = Action("a", function=two_words)
    action.function = lambda _: "new"
    assert result(action) == "new"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a,b", "a\tb", "a\n", 5, None])
def test_bad_names_are_refused(name: Any) -> None:
    with pytest.raises(ScriptHarnessException, match="cannot be the name of an action"):
        Action(name, function=print)


def test_groups_are_any_names_but_the_implied_ones() -> None:
    assert Action("a", ["pm", "x y"], print).action_groups == ("pm", "x y")
    assert Action("a", "pm", print).action_groups == ("pm",)
    for groups in (["all"], ["none"], [5], [""]):
        with pytest.raises(ScriptHarnessException):
            Action("a", groups, print)  # type: ignore[arg-type]


def test_action_is_enabled_unless_said_otherwise() -> None:
    assert Action("a", function=print).enabled is True
    assert Action("a", (), print, False).enabled is False
    assert Action("a", function=print).history == {}


@pytest.mark.parametrize("pairs", [{"a": True, "b": False}, [("a", True), ["b", False]], ["a", True, "b", False]])
def test_actions_are_made_from_dicts_pairs_and_flat_lists(pairs: Any) -> None:
    made = get_actions(pairs, namespace={"a": print, "b": print})
    assert [(action.name, action.enabled) for action in made] == [("a", True), ("b", False)]
    assert isinstance(made, tuple)


@pytest.mark.parametrize("pairs", ["a", ["a"], ["a", True, "b"], [("a", 1)], [("a",)], [5], 5, ["a", "b"]])
def test_what_are_no_pairs_is_refused(pairs: Any) -> None:
    with pytest.raises(ScriptHarnessException):
        get_actions(pairs, namespace={"a": print, "b": print})


@pytest.mark.parametrize(("default", "enabled"), [(None, ["a", "b"]), ([], []), (["b"], ["b"])])
def test_default_actions_are_enabled(default: list[str] | None, enabled: list[str]) -> None:
    made = get_actions_from_list(["a", "b"], default, namespace={"a": print, "b": print})
    assert [action.name for action in made if action.enabled] == enabled


def test_default_actions_must_be_among_the_names() -> None:
    with pytest.raises(ScriptHarnessException, match="'c'"):
        get_actions_from_list(["a", "b"], ["c"], namespace={"a": print, "b": print})
    with pytest.raises(ScriptHarnessException):
        get_actions_from_list("ab", namespace={"a": print, "b": print})


def test_script_is_made_once_per_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.registry, "_scripts", {})
    with pytest.raises(ScriptHarnessException, match="no script 'root' yet"):
        harness.get_script()
    script = harness.get_script([Action("a", function=print)], initial_config={"x": 1}, cmdln_args=[])
    assert harness.get_script([], cmdln_args=["--nonsense"]) is script
    assert harness.get_script(name="root") is script
    assert harness.get_config() is script.config
    assert harness.get_logger("root") is script.logger
    for look in (harness.get_config, harness.get_logger):
        with pytest.raises(ScriptHarnessException, match="no script 'nope'"):
            look("nope")
