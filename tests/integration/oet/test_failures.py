"""Scripts that go wrong, in every way we could think of."""

import signal

import pytest

from oet.rundir import Script
from tests.integration.oet.running import RunningLauncher


def test_exception_in_main_is_journalled_with_the_scripts_frames_only(launcher: RunningLauncher) -> None:
    script = launcher.run("def helper():\n    raise ValueError('too windy')\ndef main():\n    helper()\n")
    raised = script.wait_for("raised main").payload

    assert (raised["type"], raised["message"], raised["exit_code"]) == ("ValueError", "too windy", None)
    lines = raised["stacktrace"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('observe.py", line 4, in main')
    assert "    helper()" in lines
    assert lines[-1] == "ValueError: too windy"
    assert "oet/worker.py" not in raised["stacktrace"]
    assert script.wait_for_exit().status == 1
    assert script.output(2) == raised["stacktrace"]


def test_chained_exceptions_are_kept(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "def main():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise OSError('b') from e"
    )
    trace = script.wait_for("raised main").payload["stacktrace"]
    assert "ZeroDivisionError" in trace
    assert "direct cause" in trace


def test_exception_in_init_ends_the_script(launcher: RunningLauncher) -> None:
    script = launcher.launch("def init(subarray_id):\n    raise RuntimeError('no')", subarray_id=1)
    assert script.wait_for("raised init").payload["message"] == "no"
    assert script.wait_for_exit().status == 1


def test_wrong_arguments_of_init_are_explained(launcher: RunningLauncher) -> None:
    script = launcher.launch("def init(subarray_id): pass", subarray=1)
    raised = script.wait_for("raised init").payload
    assert raised["type"] == "TypeError"
    assert "init: missing a required argument: 'subarray_id'. Its signature is init(subarray_id)" in raised["message"]


@pytest.mark.parametrize("text", ["def main(:", "x = 1\n  y = 2", "\0", "return 5", "# -*- coding: nonsense -*-\n"])
def test_script_that_is_no_python_says_where(launcher: RunningLauncher, text: str) -> None:
    script = launcher.launch(Script("embedded", text=text))
    raised = script.wait_for("raised").payload
    assert raised["function"] is None
    assert raised["type"] in {"SyntaxError", "IndentationError", "ValueError"}
    assert script.wait_for_exit().status == 1


def test_syntax_error_shows_the_line(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(:\n    pass")
    trace = script.wait_for("raised").payload["stacktrace"]
    assert 'observe.py", line 1' in trace
    assert "def main(:" in trace
    assert "importlib" not in trace


def test_missing_script_is_named(launcher: RunningLauncher) -> None:
    script = launcher.launch(launcher.home / "scripts" / "nowhere.py")
    raised = script.wait_for("raised").payload
    assert raised["type"] == "FileNotFoundError"
    assert str(launcher.home / "scripts" / "nowhere.py") in raised["message"]


def test_exit_code_of_the_script_is_kept(launcher: RunningLauncher) -> None:
    script = launcher.run("import sys\ndef main(): sys.exit(3)")
    raised = script.wait_for("raised main").payload
    assert (raised["type"], raised["exit_code"]) == ("SystemExit", 3)
    assert script.wait_for_exit().status == 3


def test_exit_with_words_prints_them(launcher: RunningLauncher) -> None:
    script = launcher.run("import sys\ndef main(): sys.exit('no sky today')")
    assert script.wait_for("raised main").payload["message"] == "no sky today"
    assert script.wait_for_exit().status == 1
    assert script.output(2) == "no sky today\n"


@pytest.mark.parametrize("argument", ["", "0", "None"])
def test_exit_with_nothing_counts_as_returning(launcher: RunningLauncher, argument: str) -> None:
    script = launcher.run(f"import sys\ndef main(): sys.exit({argument})")
    assert script.wait_for_exit().status == 0
    assert script.topics()[-3:] == ["returned main", "state READY", "ended"]


def test_exit_while_loading_is_a_failure(launcher: RunningLauncher) -> None:
    script = launcher.launch("import sys\nsys.exit(0)")
    assert "while it was being loaded" in script.wait_for("raised").payload["message"]


def test_hard_exit_is_seen_in_exit_json(launcher: RunningLauncher) -> None:
    script = launcher.run("import os\ndef main():\n    print('bye')\n    os._exit(5)")
    end = script.wait_for_exit()
    assert (end.status, end.signal) == (5, None)
    assert script.topics()[-1] == "command RUN"
    assert script.output() == "bye\n"


def test_segfault_names_the_signal_and_leaves_a_traceback_in_the_output(launcher: RunningLauncher) -> None:
    script = launcher.run("import ctypes\ndef main():\n    ctypes.string_at(0)")
    end = script.wait_for_exit()
    assert (end.status, end.signal) == (None, signal.SIGSEGV)
    assert "Segmentation fault" in script.output(2)
    assert "in main" in script.output(2)


def test_keyboard_interrupt_is_a_failure(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): raise KeyboardInterrupt")
    assert script.wait_for("raised main").payload["type"] == "KeyboardInterrupt"
    assert script.wait_for_exit().status == 130


def test_exception_that_cannot_be_shown_is_still_journalled(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        class Nasty(BaseException):
            def __str__(self): raise self
            __repr__ = __str__
        class Shy(Exception):
            def __str__(self): raise RuntimeError
        def main(): raise Shy
        """
    )
    raised = script.wait_for("raised main").payload
    assert raised["type"] == "observe.Shy"
    assert "cannot be shown" in raised["message"]


def test_endless_recursion_fits_into_the_journal(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): main()")
    raised = script.wait_for("raised main").payload
    assert raised["type"] == "RecursionError"
    assert len(raised["stacktrace"]) <= 65536


def test_huge_message_is_cut(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): raise ValueError('x' * 5_000_000)")
    raised = script.wait_for("raised main").payload
    assert len(raised["message"]) == 2000
    assert len(raised["stacktrace"]) <= 65536


def test_thread_without_end_does_not_keep_a_failed_script_alive(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import threading\ndef main():\n    threading.Thread(target=threading.Event().wait).start()\n    raise ValueError"
    )
    assert script.wait_for_exit(timeout_s=8).status == 1
