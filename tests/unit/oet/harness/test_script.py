"""The order of a run, what its functions are given, and what they leave behind."""

import contextvars
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from oet import harness
from oet.harness import (
    POST_ACTION,
    POST_FATAL,
    POST_RUN,
    PRE_ACTION,
    PRE_RUN,
    Action,
    Context,
    Script,
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    Status,
)
from tests.unit.oet.harness.conftest import Lines
from tests.unit.oet.harness.observing import Night, raising


def test_listeners_of_the_run_surround_the_enabled_actions_in_order() -> None:
    night = Night()
    for phase in ("pre", "post"):
        for number in (1, 2):
            night.listen(f"{phase}{number}", f"{phase}_run")
    assert night.run() == ["pre1", "pre2", "one", "two", "four", "post1", "post2"]


def test_run_logs_what_is_enabled_and_the_configuration(lines: Lines) -> None:
    night = Night(initial_config={"b": [1], "a": "x%sy"})
    night.run()
    said = lines()
    assert re.fullmatch(r"Starting at \d{4}-\d\d-\d\d \d\d:\d\d \S+\.", said[0])
    assert said[1:3] == ["Enabled actions:", " one, two, four"]
    assert said[3:9] == ["{", '    "a": "x%sy",', '    "b": [', "        1", "    ]", "}"]
    assert said[-1] == "Done."


def test_run_without_enabled_actions_says_none_and_still_calls_its_listeners(lines: Lines) -> None:
    night = Night(args=["--action-group", "none"], grouped=True)
    night.listen("pre", PRE_RUN)
    night.listen("post", POST_RUN)
    assert night.run() == ["pre", "post"]
    assert " None" in lines()
    assert lines()[-1] == "Done."


def test_context_of_an_action_names_everything() -> None:
    seen: list[Context] = []
    night = Night({"two": seen.append})
    for phase in (PRE_RUN, POST_RUN, PRE_ACTION, POST_ACTION):
        night.script.add_listener(seen.append, phase)
    night.script.select("two")
    night.run()
    assert Context._fields == ("script", "config", "logger", "action", "phase")
    two = night.script.actions.two
    assert [(c.phase, c.action) for c in seen] == [
        ("pre_run", None),
        ("pre_action", two),
        ("run_action", two),
        ("post_action", two),
        ("post_run", None),
    ]
    assert all((c.script, c.config, c.logger) == (night.script, night.script.config, night.script.logger) for c in seen)


def test_listeners_of_one_entry_into_a_phase_share_their_context() -> None:
    seen: list[Context] = []
    night = Night()
    night.script.add_listener(seen.append, PRE_ACTION, "one")
    night.script.add_listener(seen.append, PRE_ACTION)
    night.run()
    assert seen[0] is seen[1]
    assert seen[1] is not seen[2]


def test_context_with_unknown_phase_is_refused() -> None:
    night = Night()
    with pytest.raises(ScriptHarnessException, match="no phase 'lunch'"):
        Context(night.script, {}, night.script.logger, None, "lunch")


def test_history_is_seen_as_it_grows() -> None:
    seen: dict[str, dict[str, Any]] = {}

    def look(context: Context) -> None:
        assert context.action is not None
        seen[context.phase] = dict(context.action.history)

    night = Night({"two": look})
    night.script.add_listener(look, PRE_ACTION, "two")
    night.script.add_listener(look, POST_ACTION, "two")
    night.run()
    assert seen["pre_action"] == {}
    assert set(seen["run_action"]) == {"start_time"}
    assert set(seen["post_action"]) == {"return_value", "status", "start_time", "end_time"}


def test_return_value_and_times_are_kept() -> None:
    night = Night({"two": lambda _: 50})
    night.run()
    history = night.history("two")
    assert (history["return_value"], history["status"]) == (50, 0)
    assert isinstance(history["start_time"], float)
    assert isinstance(history["end_time"], float)
    assert history["start_time"] <= history["end_time"]


def test_history_is_one_dict_for_life_and_begins_anew_with_each_run() -> None:
    night = Night({"two": raising(ScriptHarnessError("cloudy"))})
    history = night.history("two")
    night.run()
    assert history["error"] == "ScriptHarnessError: cloudy"
    del night.behaviours["two"]
    seen = []
    night.listen("look", PRE_ACTION, "two", lambda _: seen.append(dict(history)))
    night.run()
    assert seen[0]["status"] is Status.ERROR
    assert "error" not in history
    assert night.history("two") is history


def test_skipping_leaves_history_alone() -> None:
    night = Night()
    night.run()
    before = dict(night.history("one"))
    night.script.select(skip_actions="one")
    night.run()
    assert night.history("one") == before


def test_an_action_switches_later_ones() -> None:
    def switch(context: Context) -> None:
        context.script.actions.two.enabled = False
        context.script.actions["three"].enabled = True

    assert Night({"one": switch}).run() == ["one", "three", "four"]


def test_disabled_action_is_skipped_with_one_line_and_no_listeners(lines: Lines) -> None:
    night = Night()
    night.listen("L3", PRE_ACTION, "three")
    night.listen("L1", PRE_ACTION, "one", lambda _: lines_before.extend(lines()))
    lines_before: list[str] = []
    night.run()
    assert "L3" not in night.calls
    assert [line for line in lines() if "three" in line] == ["### Skipping action three"]
    assert night.history("three") == {}
    assert "### Running action one" not in lines_before
    assert "### Running action one" in lines()


def test_run_may_be_repeated_but_not_nested_in_itself() -> None:
    night = Night({"two": lambda context: context.script.run()})
    with pytest.raises(ScriptHarnessException, match="script root is running"):
        night.script.run()
    del night.behaviours["two"]
    night.calls.clear()
    assert night.run() == ["one", "two", "four"]


def test_empty_script_is_legal() -> None:
    Script([], cmdln_args=[]).run()


def test_scripts_run_nested_and_keep_apart() -> None:
    inner = Night(name="inner")
    contexts: list[Context | None] = []

    def run_inner(_context: Context) -> None:
        inner.run()
        contexts.append(harness.current())

    outer = Night({"one": run_inner}, name="outer")
    assert outer.run() == ["one", "two", "four"]
    assert inner.calls == ["one", "two", "four"]
    assert contexts[0] is not None
    assert contexts[0].script is outer.script
    assert harness.current() is None


def test_scripts_run_in_parallel() -> None:
    meet = threading.Barrier(3, timeout=10)
    nights = [Night({"two": lambda _: meet.wait()}, name=f"n{i}") for i in range(3)]
    threads = [threading.Thread(target=night.script.run) for night in nights]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [night.calls for night in nights] == [["one", "two", "four"]] * 3
    assert all(night.event("run_finished").data["exit_code"] == 0 for night in nights)


def test_action_that_is_running_refuses_to_run_again() -> None:
    action = Action("loop", function=lambda context: action.run(context))
    script = Script([action], cmdln_args=[])
    with pytest.raises(ScriptHarnessException, match="action loop is running"):
        script.run()
    assert action.history["status"] is Status.CRASHED


def test_action_can_be_run_by_hand() -> None:
    night = Night({"one": lambda _: harness.current()})
    action = night.script.actions.one
    context = Context(night.script, {}, night.script.logger, action, harness.RUN_ACTION)
    assert action.run(context) is Status.SUCCESS
    assert action.history["return_value"] is context
    assert night.sink.events == []


def test_run_function_may_be_overridden() -> None:
    class Twice(Action):
        def run_function(self, context: Context) -> None:
            super().run_function(context)
            self.history["return_value"] *= 2

    action = Twice("double", function=lambda _: 21)
    Script([action], cmdln_args=[]).run()
    assert action.history["return_value"] == 42


def test_async_function_is_run_to_its_end() -> None:
    async def expose(context: Context) -> str:
        harness.progress(1.0)
        return context.phase

    sink = harness.ListSink()
    action = Action("expose", function=expose)
    Script([action], cmdln_args=[], sinks=[sink]).run()
    assert action.history["return_value"] == "run_action"
    assert "action_progress" in [event.type for event in sink.events]


def test_actions_are_a_sequence_with_names() -> None:
    actions = harness.get_actions({"build-it": True, "park": False}, namespace={"build_it": print, "park": print})
    script = Script(actions, cmdln_args=[])
    assert len(script.actions) == 2
    assert (
        script.actions[0] is script.actions["build-it"] is script.actions.build_it is script.actions.by_name["build-it"]
    )
    assert list(script.actions.by_name) == ["build-it", "park"]
    assert "park" in script.actions
    assert actions[1] in script.actions
    with pytest.raises(KeyError, match="build-it, park"):
        script.actions["nope"]
    assert not hasattr(script.actions, "nope")


def test_logger_is_named_by_the_configuration() -> None:
    assert Night().script.logger.name == "oet.harness.script"
    assert Night(initial_config={"logger_name": "mine"}).script.logger.name == "mine"


def test_strict_script_refuses_changes_from_within() -> None:
    for change in (
        lambda c: c.config.update(a=1),
        lambda c: setattr(c.script, "name", "other"),
        lambda c: delattr(c.script, "name"),
    ):
        night = Night({"two": change}, strict=True, initial_config={"a": 0})
        night.run_into(ScriptHarnessException)
        assert night.history("two")["status"] is Status.CRASHED


def test_strict_script_may_be_changed_before_its_first_run_and_run_again_later() -> None:
    night = Night(strict=True, initial_config={"l": [1]})
    night.script.name = "renamed"
    assert night.script.config["l"] == (1,)
    night.run()
    with pytest.raises(ScriptHarnessException, match="strict: its attribute 'name'"):
        night.script.name = "again"
    night.listen("late", PRE_RUN)
    night.calls.clear()
    assert night.run() == ["late", "one", "two", "four"]
    assert night.script.fatal_action is None


def test_nothing_is_written_unless_a_directory_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Night().run()
    assert list(tmp_path.iterdir()) == []
    Night(initial_config={"b": {1, 2} - {2}, "a": 1, "pw": "s3"}, artifact_dir=tmp_path / "out", redact=["pw"]).run()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["localconfig.json"]
    text = (tmp_path / "out" / "localconfig.json").read_text()
    assert json.loads(text) == {"a": 1, "b": "{1}", "pw": "..."}
    assert text.startswith('{\n    "a": 1')


def test_secrets_appear_nowhere(lines: Lines, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    template = harness.get_config_template()
    template.add_argument("--password", secret=True, default="s3cret-default")
    night = Night(
        args=["--password", "s3cret"],
        template=template,
        initial_config={"x": [{"pin": "s3cret2"}]},
        redact="pin",
        artifact_dir=tmp_path,
        config_events=True,
    )
    night.behaviours["one"] = lambda c: c.config.update(password="s3cret3", y={"pin": "s3cret4"})
    night.run()
    with pytest.raises(SystemExit):
        Night(args=["--dump-config"], template=template, initial_config={"pin": "s3cret5"}, redact="pin")
    everything = (
        "\n".join(lines())
        + repr(night.sink.events)
        + (tmp_path / "localconfig.json").read_text()
        + "".join(capfd.readouterr())
    )
    assert "s3cret" not in everything
    assert '"password": "..."' in everything


def test_script_refuses_what_makes_no_sense() -> None:
    bad: list[tuple[Any, ...]] = [(["one", "two"], None), ("one", None), (5, None), ([], "template"), ([], None, "")]
    for arguments in bad:
        with pytest.raises(ScriptHarnessException):
            Script(*arguments, cmdln_args=[])
    with pytest.raises(ScriptHarnessException, match="two actions named 'a'"):
        Script([Action("a", function=print), Action("a", function=print)], cmdln_args=[])
    with pytest.raises(ScriptHarnessException, match="cmdln_args"):
        Script([], cmdln_args="--actions one")
    with pytest.raises(ScriptHarnessException, match="sink"):
        Script([], cmdln_args=[], sinks=[5])  # type: ignore[list-item]
    with pytest.raises(ScriptHarnessException, match="initial_config"):
        Script([], cmdln_args=[], initial_config=[1])  # type: ignore[arg-type]


def test_current_context_follows_into_threads_by_copied_contexts_only() -> None:
    found: dict[str, Any] = {}

    def look(_context: Context) -> None:
        copied = contextvars.copy_context()
        threads = [
            threading.Thread(target=lambda: found.update(bare=harness.current())),
            threading.Thread(target=copied.run, args=(lambda: found.update(copied=harness.current()),)),
        ]
        for thread in threads:
            thread.start()
            thread.join(10)

    night = Night({"one": look})
    night.run()
    assert found["bare"] is None
    assert found["copied"].action is night.script.actions.one


def test_current_is_the_context_of_the_listener_that_runs() -> None:
    seen: list[Context | None] = []
    night = Night({"two": raising(ScriptHarnessFatal)})
    night.script.add_listener(lambda _: seen.append(harness.current()), POST_FATAL)
    night.run_into(ScriptHarnessFatal)
    assert seen[0] is not None
    assert seen[0].phase == "post_fatal"
