"""Commands: what is logged, how they end, and that nothing of them is left."""

import logging
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oet import harness, processes
from oet.harness import (
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    ScriptHarnessTimeout,
    Status,
    get_text_output,
    run_command,
)
from tests.waiting import wait_until

Lines = Any


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    caplog.set_level(logging.INFO)
    return lambda: [r.getMessage() for r in caplog.records if r.name == "oet.harness.commands"]


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file that scripts of a test append their pids to; whatever is left of them at its end is killed."""
    path = tmp_path / "pids"
    path.touch()
    yield path
    for pid in map(int, path.read_text().split()):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    process = processes.read_process(pid)
    return process is not None and not process.is_dead


def test_list_runs_without_a_shell_and_string_with_one(lines: Lines) -> None:
    result = run_command(["echo", "$HOME", "a b"])
    assert (result.status, result.return_value, result.output) == (Status.SUCCESS, 0, "$HOME a b\n")
    assert lines() == ["Running command: ['echo', '$HOME', 'a b']", "Copy/paste: echo '$HOME' 'a b'", " $HOME a b"]
    assert run_command("echo $((1 + 1)); echo err >&2").output == "2\nerr\n"
    assert lines()[3:] == ["Running command: echo $((1 + 1)); echo err >&2", " 2", " err"]


def test_result_has_the_promised_fields() -> None:
    result = run_command("exit 3")
    assert result._fields == (
        "status",
        "return_value",
        "output",
        "duration",
        "num_errors",
        "num_warnings",
        "worst_level",
    )
    assert (result.status, result.return_value, result.num_errors, result.num_warnings) == (Status.ERROR, 3, 0, 0)
    assert result.worst_level == logging.INFO
    assert 0 < result.duration < 30


def test_directory_and_names_of_variables_are_logged_but_no_values(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGED", "old")
    monkeypatch.setenv("KEPT", "same")
    env = {**os.environ, "CHANGED": "s3cret", "ADDED": "s3cret"}
    assert run_command(["pwd"], cwd=tmp_path, env=env).output == f"{tmp_path}\n"
    assert lines()[0] == f"Running command: ['pwd'] in {tmp_path}"
    assert "Environment variables added or changed: ADDED, CHANGED" in lines()
    assert "s3cret" not in "".join(lines())


def test_output_is_logged_live(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    caplog.set_level(logging.INFO)

    class Answer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == " ready":
                go.write_text("on")

    handler = Answer()
    logging.getLogger("oet.harness.commands").addHandler(handler)
    try:
        assert run_command(f"echo ready; cat {go}", timeout=30).output == "ready\non"
    finally:
        logging.getLogger("oet.harness.commands").removeHandler(handler)


def test_large_and_odd_output_arrives_whole() -> None:
    script = (
        "import sys; sys.stdout.write('x' * 300_000 + '\\n'); sys.stdout.flush();"
        "sys.stdout.buffer.write(b'\\xff\\xc3\\xa9 end\\r\\nlast')"
    )
    output = run_command([sys.executable, "-c", script]).output
    assert output == "x" * 300_000 + "\n\ufffdé end\r\nlast"


def test_missing_directory_and_senseless_calls_are_refused(tmp_path: Path, lines: Lines) -> None:
    for cmd, keywords in (
        (["true"], {"cwd": tmp_path / "nowhere"}),
        (["true"], {"stdout": 1}),
        (["true"], {"timeout": -1}),
        (["true"], {"timeout": "5"}),
        (["true"], {"timeout": 5, "max_timeout": 5}),
        ([], {}),
        ("", {}),
    ):
        with pytest.raises(ScriptHarnessException):
            run_command(cmd, **keywords)
    assert lines() == []


@pytest.mark.parametrize("cmd", [["/no/such/program"], ["/"]])
def test_program_that_cannot_start_is_an_error(cmd: list[str], caplog: pytest.LogCaptureFixture) -> None:
    result = run_command(cmd)
    assert (result.status, result.return_value, result.output) == (Status.ERROR, None, "")
    assert "cannot be started" in caplog.records[-1].getMessage()
    with pytest.raises(ScriptHarnessError, match="cannot be started"):
        run_command(cmd, check=True)


def test_check_and_halt_raise() -> None:
    assert run_command(["true"], check=True, halt_on_failure=True).status is Status.SUCCESS
    with pytest.raises(ScriptHarnessError, match=r"^exit 3 exited with 3$"):
        run_command("exit 3", check=True)
    with pytest.raises(ScriptHarnessFatal, match=r"^Fatal error: exit 3 exited with 3$"):
        run_command("exit 3", check=True, halt_on_failure=True)
    with pytest.raises(ScriptHarnessTimeout):
        run_command(["sleep", "60"], timeout=0.05, check=True)
    with pytest.raises(ScriptHarnessFatal, match=r"^Fatal timeout: sleep 60"):
        run_command(["sleep", "60"], max_timeout=0.05, halt_on_failure=True)


def test_command_ended_by_a_signal_is_an_error() -> None:
    result = run_command("kill -TERM $$")
    assert (result.status, result.return_value) == (Status.ERROR, -signal.SIGTERM)


TREE = """
import os, subprocess, sys, time
pids = open({pids!r}, "a")
def note(): pids.write(f"{{os.getpid()}}\\n"); pids.flush()
note()
if os.fork() == 0:
    note()
    os.setsid()
    if os.fork() == 0:  # a daemon that nobody knows as its child
        note()
        print("ready", flush=True)
        time.sleep(60)
    os._exit(0)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"], start_new_session=True)
os.wait()
time.sleep(60)
"""


@pytest.mark.parametrize("limit", ["timeout", "output_timeout"])
def test_whole_tree_is_dead_soon_after_the_limit(limit: str, pids: Path, caplog: pytest.LogCaptureFixture) -> None:
    command = [sys.executable, "-c", TREE.format(pids=str(pids))]
    result = run_command(command, **{limit: 1.5})  # type: ignore[arg-type]
    known = [int(pid) for pid in pids.read_text().split()]
    assert (result.status, result.return_value, result.output) == (Status.TIMEOUT, None, "ready\n")
    assert len(known) == 3
    assert not [pid for pid in known if is_alive(pid)]
    assert caplog.records[-1].levelno == logging.ERROR


def test_tree_is_dead_half_a_second_after_the_limit(pids: Path) -> None:
    began = time.monotonic()
    run_command([sys.executable, "-c", TREE.format(pids=str(pids))], timeout=1.0)
    assert time.monotonic() - began < 1.5


def test_output_keeps_a_command_alive_and_silence_does_not() -> None:
    began = time.monotonic()
    result = run_command("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done; sleep 60", output_timeout=1.0)
    assert result.output == "1\n2\n3\n4\n5\n6\n"
    assert result.status is Status.TIMEOUT
    assert time.monotonic() - began > 1.8


def test_background_process_does_not_hold_the_caller(pids: Path) -> None:
    began = time.monotonic()
    result = run_command(f"sleep 60 & echo $! >> {pids}; echo done")
    assert (result.status, result.output) == (Status.SUCCESS, "done\n")
    assert time.monotonic() - began < 30
    assert is_alive(int(pids.read_text()))


def test_command_that_closes_its_output_is_waited_for() -> None:
    assert run_command("exec >&- 2>&-; sleep 0.2; exit 5", timeout=30).return_value == 5
    assert run_command("exec >&- 2>&-; sleep 60", timeout=0.3).status is Status.TIMEOUT


def test_tree_is_killed_when_anything_is_raised_meanwhile(pids: Path) -> None:
    class Impatient(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == " ready":
                raise KeyboardInterrupt

    handler = Impatient()
    logger = logging.getLogger("oet.harness.commands")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_command([sys.executable, "-c", TREE.format(pids=str(pids))], timeout=30)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert not [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)]


RULES: list[dict[str, Any]] = [
    {"substr": "ignore", "level": -1},
    {"substr": "note", "level": logging.INFO},
    {"regex": re.compile(r"^W\d"), "level": logging.WARNING, "explanation": "a warning of the compiler"},
    {"substr": "E", "level": logging.CRITICAL},
]


def test_error_list_judges_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    result = run_command("echo 'ignore E'; echo 'note E'; echo W5; echo fine; echo Error", error_list=RULES)
    assert (result.status, result.return_value) == (Status.ERROR, 0)
    assert (result.num_errors, result.num_warnings, result.worst_level) == (1, 1, logging.CRITICAL)
    assert result.output == "note E\nW5\nfine\nError\n"
    logged = [(r.levelno, r.getMessage()) for r in caplog.records if r.getMessage().startswith(" ")]
    assert logged == [
        (logging.INFO, " note E"),
        (logging.WARNING, " W5"),
        (logging.WARNING, " a warning of the compiler"),
        (logging.INFO, " fine"),
        (logging.CRITICAL, " Error"),
    ]
    assert run_command("echo W5", error_list=RULES).status is Status.SUCCESS


def test_exception_of_a_rule_is_raised_and_the_command_killed(pids: Path) -> None:
    rules = [{"substr": "disk full", "exception": ScriptHarnessFatal, "explanation": "no space left"}]
    with pytest.raises(ScriptHarnessFatal, match="no space left"):
        run_command(f"echo $$ >> {pids}; echo disk full; sleep 60", error_list=rules, timeout=30)
    assert not is_alive(int(pids.read_text()))
    with pytest.raises(ValueError, match=r"^seen$"):
        run_command("echo disk full", error_list=[{"substr": "disk", "level": 40, "exception": ValueError("seen")}])


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"substr": "a"},
        {"level": 40},
        {"substr": "a", "regex": re.compile("a"), "level": 40},
        {"regex": "a", "level": 40},
        {"regex": re.compile(b"a"), "level": 40},
        {"substr": 5, "level": 40},
        {"substr": "a", "level": "error"},
        {"substr": "a", "exception": "ValueError"},
        {"substr": "a", "level": 40, "explain": "x"},
        "a",
    ],
)
def test_bad_rule_is_refused_before_anything_runs(rule: Any, tmp_path: Path) -> None:
    with pytest.raises(ScriptHarnessException, match="bad rule"):
        run_command(["touch", str(tmp_path / "ran")], error_list=[rule])
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ScriptHarnessException):
        run_command(["true"], error_list={"substr": "a", "level": 40})


def test_text_output_is_stdout_alone_without_final_newlines() -> None:
    assert get_text_output("echo ' a'; echo b >&2; echo c; echo; echo") == " a\nc"
    assert get_text_output(["printf", ""]) == ""
    with pytest.raises(ScriptHarnessError, match="exited with 2"):
        get_text_output("echo a; exit 2")
    with pytest.raises(ScriptHarnessError, match="took longer"):
        get_text_output(["sleep", "60"], timeout=0.05)
    with pytest.raises(ScriptHarnessFatal):
        get_text_output("exit 2", halt_on_failure=True)


def test_timeout_of_a_command_crashes_its_action() -> None:
    action = harness.Action("slow", function=lambda _: run_command(["sleep", "60"], timeout=0.05, check=True))
    with pytest.raises(ScriptHarnessTimeout):
        harness.Script([action], cmdln_args=[]).run()
    assert action.history["status"] is Status.CRASHED


def test_marks_of_commands_within_commands_are_kept() -> None:
    outer = f'{sys.executable} -c \'from oet import harness; print(harness.get_text_output(["printenv", "OET_COMMAND_ID"]))\''
    env = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[2])}
    marks = wait_until(lambda: get_text_output(outer, env=env), what="the marks").split("/")
    assert len(marks) >= 2
