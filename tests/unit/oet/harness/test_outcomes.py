"""What exceptions mean, by where they are raised."""

import logging

import pytest

from oet.harness import (
    POST_ACTION,
    POST_FATAL,
    POST_RUN,
    PRE_ACTION,
    PRE_RUN,
    ScriptHarnessBaseException,
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    ScriptHarnessTimeout,
    Status,
    StopRequested,
)
from tests.unit.oet.harness.conftest import Lines
from tests.unit.oet.harness.observing import Night, raising


class Cloudy(ScriptHarnessError):
    pass


class Both(ScriptHarnessError, ScriptHarnessFatal):
    pass


def test_fatal_skips_everything_but_post_fatal(lines: Lines) -> None:
    night = Night({"two": raising(ScriptHarnessFatal("dead"))})
    night.listen("pa", POST_ACTION, "two")
    night.listen("pr", POST_RUN)
    night.listen("pf", POST_FATAL)
    assert night.run_into(ScriptHarnessFatal) == ["one", "two", "pf"]
    assert "Done." not in lines()
    assert set(night.history("two")) == {"return_value", "status", "start_time", "end_time", "error"}
    assert (night.history("two")["status"], night.history("two")["return_value"]) == (100, None)
    assert night.script.worst_status is Status.FATAL


@pytest.mark.parametrize("error", [ScriptHarnessError("cloudy"), Cloudy("cloudy")])
def test_error_of_an_action_does_not_end_the_run(error: ScriptHarnessError, lines: Lines) -> None:
    night = Night({"two": raising(error)})
    night.listen("pa", POST_ACTION, "two")
    night.listen("pr", POST_RUN)
    assert night.run() == ["one", "two", "pa", "four", "pr"]
    assert night.history("two")["status"] == 10
    assert night.history("two")["error"] == f"{type(error).__name__}: cloudy"
    assert night.script.worst_status is Status.ERROR
    assert "### Action two error! cloudy" in lines()
    assert night.script.main() == 0
    assert night.script.main(error_exit_code=4) == 4


@pytest.mark.parametrize(
    "error",
    [ScriptHarnessTimeout("t"), ScriptHarnessException("e"), ValueError("v"), KeyboardInterrupt(), GeneratorExit()],
)
def test_anything_else_crashes_the_run_without_any_listener(error: BaseException) -> None:
    night = Night({"two": raising(error)})
    for phase in (POST_ACTION, POST_RUN, POST_FATAL):
        night.listen(phase, phase, "two" if phase == POST_ACTION else None)
    assert night.run_into(type(error)) == ["one", "two"]
    assert night.history("two")["status"] is Status.CRASHED
    assert night.script.worst_status is Status.CRASHED


def test_sys_exit_is_a_crash_with_its_code() -> None:
    night = Night({"two": raising(SystemExit(3))})
    night.listen("pf", POST_FATAL)
    assert night.run_into(SystemExit) == ["one", "two"]
    assert night.history("two")["status"] is Status.CRASHED
    assert night.script.main() == 3


def test_stop_is_dealt_with_like_a_fatal_and_leaves(lines: Lines) -> None:
    night = Night({"two": raising(StopRequested)})
    night.listen("f1", POST_FATAL)
    night.listen("f2", POST_FATAL, ["two"])
    night.listen("f3", POST_FATAL, ["four"])
    assert night.run_into(StopRequested) == ["one", "two", "f1", "f2"]
    assert night.history("two")["status"] == 120
    assert night.history("two")["error"] == "StopRequested"
    assert night.event("run_finished").data["exit_code"] == 143
    assert "### Action two stopped on request" in lines()
    with pytest.raises(StopRequested):
        night.script.main()


def test_both_error_and_fatal_counts_as_fatal() -> None:
    night = Night({"two": raising(Both("x"))})
    night.listen("pf", POST_FATAL)
    assert night.run_into(Both) == ["one", "two", "pf"]
    assert night.history("two")["status"] is Status.FATAL


@pytest.mark.parametrize("phase", [PRE_RUN, PRE_ACTION, POST_ACTION, POST_RUN])
@pytest.mark.parametrize("error", [ValueError("v"), ScriptHarnessError("e")])
def test_exception_of_a_listener_ends_the_run_at_once(phase: str, error: Exception) -> None:
    night = Night()
    night.listen("bad", phase, None if phase in {PRE_RUN, POST_RUN} else "two", raising(error))
    night.listen("next", phase, None if phase in {PRE_RUN, POST_RUN} else "two")
    night.listen("pf", POST_FATAL)
    night.run_into(type(error))
    assert night.calls[-1] == "bad"
    assert night.script.worst_status is Status.CRASHED
    assert night.history("two").get("status") == {PRE_RUN: None, PRE_ACTION: None}.get(phase, Status.SUCCESS)


def test_crash_of_a_pre_action_listener_leaves_history_empty_and_of_a_post_action_listener_complete() -> None:
    night = Night()
    night.listen("bad", PRE_ACTION, "two", raising(ValueError))
    night.run_into(ValueError)
    assert night.history("two") == {}
    night = Night()
    night.listen("bad", POST_ACTION, "one", raising(ScriptHarnessError))
    assert night.run_into(ScriptHarnessError) == ["one", "bad"]
    assert night.history("one")["status"] == 0
    assert night.script.main() == 1


@pytest.mark.parametrize("error", [ScriptHarnessFatal("dead"), StopRequested()])
@pytest.mark.parametrize(
    ("phase", "fatal_name"), [(PRE_RUN, None), (PRE_ACTION, "two"), (POST_ACTION, "two"), (POST_RUN, None)]
)
def test_fatal_in_a_listener_calls_the_post_fatal_listeners_of_its_action(
    phase: str, fatal_name: str | None, error: BaseException
) -> None:
    night = Night()
    seen: list[object] = []
    night.listen("bad", phase, None if fatal_name is None else "two", raising(error))
    night.listen("next", phase, None if fatal_name is None else "two")
    night.listen("every", POST_FATAL, None, lambda c: seen.extend([c.action, c.script.fatal_action]))
    night.listen("of two", POST_FATAL, "two")
    night.listen("of four", POST_FATAL, "four")
    night.run_into(type(error))
    assert night.calls[night.calls.index("bad") :] == ["bad", "every", *(["of two"] if fatal_name else [])]
    assert seen == [None, night.script.actions.two if fatal_name else None]
    if phase == PRE_ACTION:
        assert night.history("two") == {}


@pytest.mark.parametrize(
    "error", [ValueError("v"), ScriptHarnessFatal("other"), StopRequested(), KeyboardInterrupt(), SystemExit(9)]
)
def test_every_post_fatal_listener_is_called_whatever_the_others_do(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    original = ScriptHarnessFatal("dead")
    night = Night({"two": raising(original)})
    night.listen("f1", POST_FATAL, None, raising(error))
    night.listen("f2", POST_FATAL)
    with pytest.raises(ScriptHarnessFatal) as caught:
        night.script.run()
    assert caught.value is original
    assert night.calls == ["one", "two", "f1", "f2"]
    failures = [
        r for r in caplog.records if r.levelno == logging.ERROR and r.exc_info and "post_fatal" in r.getMessage()
    ]
    assert len(failures) == 1
    assert night.event("run_finished").data["exit_code"] == 1


def test_fatal_action_is_reset_when_a_run_begins() -> None:
    night = Night({"two": raising(ScriptHarnessFatal)})
    night.run_into(ScriptHarnessFatal)
    assert night.script.fatal_action is night.script.actions.two
    del night.behaviours["two"]
    night.run()
    assert night.script.fatal_action is None
    assert night.script.worst_status is Status.SUCCESS


def test_crash_is_fatal_if_so_wished() -> None:
    error = ValueError("v")
    night = Night({"two": raising(error)}, crash_is_fatal=True)
    night.listen("pf", POST_FATAL, "two")
    assert night.run_into(ValueError) == ["one", "two", "pf"]
    assert night.history("two")["status"] is Status.CRASHED
    assert night.script.fatal_action is night.script.actions.two


def test_crash_of_a_listener_is_fatal_if_so_wished_but_ctrl_c_is_not() -> None:
    night = Night(crash_is_fatal=True)
    night.listen("bad", PRE_ACTION, "two", raising(ScriptHarnessError))
    night.listen("pf", POST_FATAL)
    assert night.run_into(ScriptHarnessError) == ["one", "bad", "pf"]
    night = Night({"two": raising(KeyboardInterrupt)}, crash_is_fatal=True)
    night.listen("pf", POST_FATAL)
    assert night.run_into(KeyboardInterrupt) == ["one", "two"]


@pytest.mark.parametrize(
    ("error", "level", "line"),
    [
        (None, logging.INFO, "### Action two: finished successfully"),
        (ScriptHarnessError("m"), logging.ERROR, "### Action two error! m"),
        (ScriptHarnessFatal("m"), logging.CRITICAL, "### Fatal two exception: m"),
        (ValueError("m"), logging.CRITICAL, "### Action two crashed: ValueError: m"),
        (StopRequested(), logging.WARNING, "### Action two stopped on request"),
    ],
)
def test_outcome_is_logged_under_the_name_of_the_action(
    error: BaseException | None, level: int, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    night = Night({"two": raising(error)} if error else {})
    night.script.select("two")
    assert night.script.main() >= 0 if not isinstance(error, StopRequested) else night.run_into(StopRequested)
    assert ("oet.harness.actions.two", level, line) in caplog.record_tuples


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        (("dead",), "dead", "dead"),
        ((7,), "7", 7),
        ((), "", 1),
        ((None,), "", 1),
        ((0,), "0", 1),
        ((256,), "256", 1),
        ((False,), "False", 1),
        (("dome", 3, "jammed"), "dome 3 jammed", "dome 3 jammed"),
        ((ValueError("x"),), "x", "x"),
        (("",), "", ""),
    ],
)
def test_code_of_a_fatal_is_never_that_of_success(arguments: tuple[object, ...], text: str, code: object) -> None:
    error = ScriptHarnessFatal(*arguments)
    assert (str(error), error.code) == (text, code)
    assert type(error.code) is not bool


def test_no_subclass_and_no_assignment_makes_a_fatal_a_success() -> None:
    class Lazy(ScriptHarnessFatal):
        def __init__(self, _reason: str) -> None:
            pass

    error = ScriptHarnessFatal("x")
    error.code = 0
    assert (Lazy("dust").code, error.code) == ("dust", 1)


def test_exceptions_have_the_promised_ancestors() -> None:
    for kind in (ScriptHarnessException, ScriptHarnessError, ScriptHarnessFatal):
        assert issubclass(kind, ScriptHarnessBaseException)
    assert issubclass(ScriptHarnessTimeout, ScriptHarnessException)
    assert issubclass(ScriptHarnessFatal, SystemExit)
    assert issubclass(ScriptHarnessFatal, Exception)
    assert not issubclass(StopRequested, Exception)
    assert not issubclass(ScriptHarnessError, ScriptHarnessException)


def test_exception_whose_message_cannot_be_shown_is_dealt_with_all_the_same() -> None:
    class Shy(ScriptHarnessError):
        def __str__(self) -> str:
            raise RuntimeError

    night = Night({"two": raising(Shy())})
    night.run()
    assert "cannot be shown: RuntimeError" in night.history("two")["error"]


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        (ScriptHarnessFatal("dead"), 1, "dead\n"),
        (ScriptHarnessFatal(7), 7, ""),
        (SystemExit("bye"), 1, "bye\n"),
        (SystemExit(), 0, ""),
        (SystemExit(259), 3, ""),
    ],
)
def test_main_prints_what_python_would(
    error: BaseException, code: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Night({"two": raising(error)}).script.main() == code
    assert capsys.readouterr() == ("", printed)


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError("v"), 1), (KeyboardInterrupt(), 130), (ScriptHarnessTimeout("t"), 1)]
)
def test_main_prints_the_traceback_of_a_crash(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Night({"two": raising(error)}).script.main() == code
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback (most recent call last):")
    assert type(error).__name__ in printed.splitlines()[-1]


def test_error_behind_a_fatal_does_not_change_the_exit_code() -> None:
    night = Night({"one": raising(ScriptHarnessError), "two": raising(ScriptHarnessFatal(7))})
    assert night.script.main(error_exit_code=4) == 7
