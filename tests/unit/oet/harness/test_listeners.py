import functools
from typing import Any

import pytest

from oet import harness
from oet.harness import (
    ALL_PHASES,
    LISTENER_PHASES,
    POST_ACTION,
    POST_FATAL,
    PRE_ACTION,
    PRE_RUN,
    Context,
    ScriptHarnessException,
)
from tests.unit.oet.harness.observing import Night


def test_phases_are_the_promised_tuples() -> None:
    assert LISTENER_PHASES == ("pre_run", "post_run", "pre_action", "post_action", "post_fatal")
    assert (*LISTENER_PHASES, "run_action") == ALL_PHASES
    assert harness.ACTION == harness.RUN_ACTION == "run_action"


@pytest.mark.parametrize(
    ("phase", "calls"), [(PRE_ACTION, "p1 one p1 p2 two p1 four"), (POST_ACTION, "one p1 two p1 p2 four p1")]
)
def test_action_names_restrict_a_listener(phase: str, calls: str) -> None:
    night = Night()
    night.listen("p1", phase)
    night.listen("p2", phase, ["two", "three", "five"])
    assert night.run() == calls.split()


def test_string_is_one_name_and_no_pattern() -> None:
    night = Night()
    night.listen("all", PRE_ACTION, [])
    night.listen("two", PRE_ACTION, "two")
    night.listen("none", PRE_ACTION, "t*")
    assert night.run() == ["all", "one", "all", "two", "two", "all", "four"]


@pytest.mark.parametrize(
    ("callback", "phase", "names"),
    [
        (print, "run_action", None),
        (print, "bad_phase", None),
        (print, "pre_run", ["one"]),
        (print, "post_run", "one"),
        (object(), "pre_run", None),
        (print, "pre_action", [5]),
        (print, "pre_action", 5),
        (print, None, None),
    ],
)
def test_listener_that_makes_no_sense_is_refused(callback: Any, phase: Any, names: Any) -> None:
    with pytest.raises(ScriptHarnessException):
        Night().script.add_listener(callback, phase, names)


def test_empty_action_names_are_fine_in_every_phase() -> None:
    night = Night()
    for phase in LISTENER_PHASES:
        night.listen(phase, phase, [])
    night.run()
    assert {"pre_run", "post_run"} <= set(night.calls)


def test_partials_callable_objects_and_classes_are_listeners() -> None:
    seen: list[Any] = []

    class Watcher:
        def __init__(self, *_: Any) -> None:
            seen.append("class")

        def __call__(self, context: Context) -> str:
            seen.append("object")
            return "ignored"

    night = Night()
    night.script.add_listener(functools.partial(lambda label, _: seen.append(label), "partial"), PRE_RUN)
    night.script.add_listener(Watcher(), PRE_RUN)
    night.script.add_listener(Watcher, PRE_RUN)
    seen.clear()
    night.run()
    assert seen == ["partial", "object", "class"]


def test_decorator_adds_and_returns_the_function() -> None:
    night = Night()

    @night.script.listener(PRE_ACTION, "two", "four")
    def watch(context: Context) -> None:
        assert context.action is not None
        night.calls.append(f"watch {context.action.name}")

    assert callable(watch)
    assert night.run() == ["one", "watch two", "two", "watch four", "four"]


def test_listener_added_twice_is_called_twice() -> None:
    night = Night()
    seen: list[Context] = []
    night.script.add_listener(seen.append, PRE_RUN)
    night.script.add_listener(seen.append, PRE_RUN)
    night.run()
    assert len(seen) == 2


def test_listener_added_to_the_phase_that_is_walked_is_called_in_that_walk() -> None:
    night = Night()
    night.listen("first", PRE_RUN, None, lambda _: night.listen("second", PRE_RUN))
    assert night.run()[:3] == ["first", "second", "one"]


def test_async_listener_is_run_to_its_end() -> None:
    seen: list[str] = []

    async def close_dome(context: Context) -> None:
        seen.append(context.phase)

    night = Night({"two": lambda _: (_ for _ in ()).throw(harness.ScriptHarnessFatal("x"))})
    night.script.add_listener(close_dome, POST_FATAL)
    night.run_into(harness.ScriptHarnessFatal)
    assert seen == ["post_fatal"]
