"""What a run tells, in which order, and that telling harms nobody."""

import dataclasses
import io
import itertools
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from oet import harness
from oet.harness import (
    POST_FATAL,
    PRE_ACTION,
    Event,
    JsonLinesSink,
    ListSink,
    LoggingSink,
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    StopRequested,
    sink_from_env,
)
from tests.unit.oet.harness.conftest import Lines
from tests.unit.oet.harness.observing import Night, raising


def turn(name: str) -> list[str]:
    return [
        f"phase pre_action {name}",
        f"phase run_action {name}",
        f"action_started {name}",
        f"action_finished {name}",
        f"phase post_action {name}",
    ]


def test_events_of_a_run_come_in_order() -> None:
    night = Night({"two": raising(ScriptHarnessError("cloudy"))})
    night.run()
    expected = [
        "run_started",
        "phase pre_run",
        *turn("one"),
        *turn("two"),
        "action_skipped three",
        *turn("four"),
        "phase post_run",
        "run_finished",
    ]
    assert night.told() == expected
    events = night.sink.events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {(event.script, event.run_id) for event in events} == {("root", events[0].run_id)}
    assert [e.data["status"] for e in events if e.type == "action_finished"] == [0, 10, 0]
    assert all(a.time <= b.time for a, b in itertools.pairwise(events))


def test_events_carry_what_is_promised() -> None:
    night = Night({"one": lambda _: {"x": "y" * 500}, "two": raising(ScriptHarnessError("m" * 3000))}, grouped=True)
    night.script.select(skip_actions="three,four")
    night.run()
    assert night.event("run_started").data["actions"][0] == {"name": "one", "enabled": True, "groups": ["am"]}
    started, finished = night.event("action_started"), night.event("action_finished")
    assert (started.phase, started.action, started.index, started.total) == ("run_action", "two", 2, 4)
    assert started.data == {"start_time": night.history("two")["start_time"]}
    assert set(finished.data) == {
        "status",
        "status_name",
        "start_time",
        "end_time",
        "duration",
        "return_value",
        "error",
    }
    assert (finished.data["status"], finished.data["status_name"]) == (10, "ERROR")
    assert len(finished.data["error"]) == 2000
    assert finished.data["duration"] >= 0
    first = next(e for e in night.sink.events if e.type == "action_finished")
    assert len(first.data["return_value"]) <= 200
    assert first.data["error"] is None
    end = night.event("run_finished")
    assert (end.phase, end.action, end.index, end.total) == (None, None, None, None)
    assert {k: end.data[k] for k in ("exit_code", "worst_status", "status_name", "counts")} == {
        "exit_code": 0,
        "worst_status": 10,
        "status_name": "ERROR",
        "counts": {"SUCCESS": 1, "ERROR": 1, "SKIPPED": 2},
    }
    assert (night.event("phase").data, night.event("action_skipped").data) == ({}, {})


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (ScriptHarnessFatal("x"), 1),
        (ScriptHarnessFatal(7), 7),
        (StopRequested(), 143),
        (ValueError(), 1),
        (SystemExit(3), 3),
        (SystemExit(), 0),
        (KeyboardInterrupt(), 130),
    ],
)
def test_run_finished_comes_once_whatever_is_raised(error: BaseException, exit_code: int) -> None:
    for where in ("two", PRE_ACTION, "pre_run"):
        night = Night({"two": raising(error)} if where == "two" else {})
        if where != "two":
            night.listen("bad", where, None, raising(error))
        night.run_into(type(error))
        assert night.told().count("run_finished") == 1
        assert night.told()[-1] == "run_finished"
        assert night.event("run_finished").data["exit_code"] == exit_code
        kinds = [e.type for e in night.sink.events]
        assert kinds.count("action_started") == kinds.count("action_finished")


def test_fatal_is_followed_by_its_phase_with_the_action() -> None:
    night = Night({"two": raising(ScriptHarnessFatal("dead"))})
    night.listen("bad", POST_FATAL, None, raising(ValueError("jammed")))
    night.run_into(ScriptHarnessFatal)
    assert night.told()[-4:] == ["action_finished two", "phase post_fatal two", "listener_failed two", "run_finished"]
    failed = night.event("listener_failed")
    assert failed.phase == "post_fatal"
    assert failed.data["error"] == "ValueError: jammed"
    assert "listener" in failed.data["listener"]


def test_exit_code_of_main_is_told() -> None:
    night = Night({"two": raising(ScriptHarnessError)})
    night.script.main(error_exit_code=4)
    assert night.event("run_finished").data["exit_code"] == 4


def test_each_run_has_an_id_of_its_own() -> None:
    night = Night()
    night.run()
    first = night.sink.events[0].run_id
    night.run()
    assert night.event("run_started").run_id != first
    assert night.event("run_started").seq == 1


def test_event_is_frozen() -> None:
    event = Event("phase", 1, 2.0, "s", "r")
    assert (event.phase, event.action, event.index, event.total, event.data) == (None, None, None, None, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.seq = 2  # type: ignore[misc]


def test_progress_is_told_with_what_the_author_passed() -> None:
    night = Night({"two": lambda _: harness.progress(0.25, "frame 1", seeing=1.2)})
    night.run()
    event = night.event("action_progress")
    assert (event.phase, event.action, event.index) == ("run_action", "two", 2)
    assert event.data == {"fraction": 0.25, "message": "frame 1", "seeing": 1.2}


@pytest.mark.parametrize(
    ("given", "told"),
    [(-1, 0.0), (0, 0.0), (1.5, 1.0), (None, None), (float("nan"), None), (float("inf"), 1.0), (True, 1.0)],
)
def test_fraction_is_clipped(given: float | None, told: float | None) -> None:
    night = Night({"two": lambda _: harness.progress(given)})
    night.run()
    assert night.event("action_progress").data == {"fraction": told, "message": ""}


def test_progress_with_no_fraction_at_all_is_refused() -> None:
    night = Night({"two": lambda _: harness.progress("half")})  # type: ignore[arg-type]
    night.run_into(ScriptHarnessException)


def test_progress_is_bounded() -> None:
    shared: list[int] = [1]

    def talk(_context: Any) -> None:
        harness.progress(0, "m" * 600, big="x" * 5000)
        harness.progress(0, 5, shared=shared, odd={1})  # type: ignore[arg-type]
        shared.append(2)

    night = Night({"two": talk})
    night.run()
    first, second = (e.data for e in night.sink.events if e.type == "action_progress")
    assert len(first.pop("message")) == 500
    assert first == {"fraction": 0.0, "truncated": True}
    assert second == {"fraction": 0.0, "message": "5", "shared": [1], "odd": "{1}"}


def test_progress_outside_of_a_function_does_nothing() -> None:
    harness.progress(0.5)
    night = Night()
    for phase in harness.LISTENER_PHASES:
        night.listen("L", phase, None, lambda _: harness.progress(0.5))
    night.run()
    assert "action_progress" not in [e.type for e in night.sink.events]


def test_progress_of_a_left_over_thread_is_dropped() -> None:
    import contextvars

    go = threading.Event()
    threads: list[threading.Thread] = []

    def late() -> None:
        go.wait(10)
        harness.progress(1.0, "late")

    def begin(_context: Any) -> None:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(late,))
        threads.append(thread)
        thread.start()

    night = Night({"one": begin})
    night.run()
    go.set()
    threads[0].join(10)
    assert "action_progress" not in [e.type for e in night.sink.events]


def test_progress_of_nested_scripts_goes_to_the_right_one() -> None:
    inner = Night({"one": lambda _: harness.progress(0.1)}, name="inner")

    def run_inner(_context: Any) -> None:
        inner.run()
        harness.progress(0.9)

    outer = Night({"two": run_inner}, name="outer")
    outer.run()
    assert [e.data["fraction"] for e in inner.sink.events if e.type == "action_progress"] == [0.1]
    assert [e.data["fraction"] for e in outer.sink.events if e.type == "action_progress"] == [0.9]


def test_changes_of_the_configuration_are_told_if_so_wished() -> None:
    def change(context: Any) -> None:
        context.config["x"] = {"pw": "s3"}
        context.config["x"]["pw"] = "s3"

    for wished in (True, False):
        night = Night({"two": change}, config_events=wished, redact={"pw"})
        night.run()
        told = [e for e in night.sink.events if e.type == "config_changed"]
        assert [e.data for e in told] == (
            [
                {"path": "root.config", "message": "__setitem__ x to {'pw': '...'}"},
                {"path": "root.config['x']", "message": "__setitem__ pw ..."},
            ]
            if wished
            else []
        )
        assert all((e.phase, e.action) == ("run_action", "two") for e in told)


def test_process_forked_by_an_action_says_nothing_and_calls_nobody(tmp_path: Path) -> None:
    said = tmp_path / "events"

    def fork(_context: Any) -> None:
        pid = os.fork()
        if pid == 0:
            try:
                harness.progress(0.5)
                raise ScriptHarnessFatal("child")
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    night = Night({"two": fork}, sinks=[JsonLinesSink(said)])
    night.run()
    assert "action_progress" not in said.read_text()


@pytest.mark.parametrize("error", [ValueError("full"), SystemExit(3), ScriptHarnessFatal("x")])
def test_sink_that_raises_is_detached_with_one_warning(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[Event] = []

    def bad(event: Event) -> None:
        calls.append(event)
        raise error

    night = Night(sinks=[bad])
    assert night.run() == ["one", "two", "four"]
    night.script.run()
    assert len(calls) == 1
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1
    assert night.told()[-1] == "run_finished"


def test_json_lines_go_to_descriptors_paths_and_files(tmp_path: Path) -> None:
    path, other = tmp_path / "path", tmp_path / "fd"
    file = io.StringIO()
    descriptor = os.open(other, os.O_WRONLY | os.O_CREAT)
    night = Night(
        {"two": lambda _: harness.progress(0.5, x={1})},
        sinks=[JsonLinesSink(path), JsonLinesSink(descriptor), JsonLinesSink(file)],
    )
    night.run()
    os.close(descriptor)
    assert path.read_text() == other.read_text() == file.getvalue()
    lines = file.getvalue().splitlines()
    assert len(lines) == len(night.sink.events)
    assert ", " not in lines[0]
    first = json.loads(lines[0])
    assert list(first) == ["type", "seq", "time", "script", "run_id", "phase", "action", "index", "total", "data"]
    assert '"x":"{1}"' in next(line for line in lines if "progress" in line)
    for wrong in (True, 1.5, None):
        with pytest.raises(ScriptHarnessException):
            JsonLinesSink(wrong)  # type: ignore[arg-type]


def test_json_lines_are_appended_to_a_path_that_is_opened_when_needed(tmp_path: Path) -> None:
    path = tmp_path / "events"
    night = Night(sinks=[JsonLinesSink(str(path))])
    assert not path.exists()
    night.run()
    night.run()
    assert path.read_text().count("run_started") == 2


def test_sink_is_chosen_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OET_HARNESS_EVENTS", raising=False)
    assert sink_from_env() is None
    monkeypatch.setenv("OET_HARNESS_EVENTS", f"file:{tmp_path / 'e'}")
    Night().run()
    assert "run_finished" in (tmp_path / "e").read_text()
    monkeypatch.setenv("OET_HARNESS_EVENTS", "stderr")
    Night().run()
    printed = capfd.readouterr()
    assert "run_finished" in printed.err
    assert printed.out == ""
    for wrong in ("fd:", "fd:x", "file:", "stdout", "fd:-1"):
        monkeypatch.setenv("MINE", wrong)
        with pytest.raises(ScriptHarnessException, match="MINE"):
            sink_from_env("MINE")


def test_listing_dumping_and_usage_errors_tell_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OET_HARNESS_EVENTS", f"file:{tmp_path / 'e'}")
    sink = ListSink()
    for args in (["--list-actions"], ["--dump-config"], ["stray"]):
        with pytest.raises(SystemExit):
            Night(args=args, sinks=[sink])
    assert sink.events == []
    assert not (tmp_path / "e").exists()


def test_logging_sink_writes_one_line_each(lines: Lines) -> None:
    night = Night(sinks=[LoggingSink()])
    night.run()
    said = [line for line in lines() if "action_finished run_action two" in line]
    assert len(said) == 1
    assert '"status_name":"SUCCESS"' in said[0]


def test_a_hundred_thousand_reports_take_less_than_a_second() -> None:
    took: list[float] = []

    def report(_context: Any) -> None:
        began = time.process_time()
        for i in range(100_000):
            harness.progress(i / 100_000, "frame")
        took.append(time.process_time() - began)

    script = harness.Script([harness.Action("a", function=report)], cmdln_args=[])
    for _ in range(3):  # the best of three: it takes a tenth of that, and a machine that does much else slows it
        script.run()
    assert min(took) < 1.0


def test_a_sink_gets_each_of_ten_thousand_reports_in_order() -> None:
    def report(_context: Any) -> None:
        for i in range(10_000):
            harness.progress(i / 10_000, "frame")

    night = Night({"two": report})
    night.run()
    told = [event.data["fraction"] for event in night.sink.events if event.type == "action_progress"]
    assert told == [i / 10_000 for i in range(10_000)]
