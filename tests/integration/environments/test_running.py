import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from environments.domain.errors import Cancelled, CommandFailed, OutOfTime
from environments.locks import held
from environments.running import Command, Watch, run
from oet.processes import processes_marked
from tests.waiting import wait_until

MARK = "OET_TEST_MARK"


def watch(seconds: float = 30.0) -> Watch:
    return Watch(seconds, "OET_TEST_LIMIT")


def command(tmp_path: Path, script: str, **variables: str) -> Command:
    return Command(["sh", "-c", script], "the script", {**os.environ, **variables}, tmp_path)


def test_output_is_returned_and_lines_of_stderr_are_told_as_they_come(tmp_path: Path) -> None:
    lines: list[str] = []
    output = run(
        command(tmp_path, "echo out; printf 'one\\rtwo\\n' >&2; printf three >&2"), watch(), on_line=lines.append
    )
    assert output == b"out\n"
    assert lines == ["one", "two", "three"]


def test_a_failure_has_the_status_and_the_last_lines_without_credentials(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exit status 3") as failed:
        run(command(tmp_path, "echo https://anna:geheim@h/x >&2; exit 3"), watch())
    assert failed.value.output == "https://…@h/x"
    assert not failed.value.was_killed


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no-such-program could not be started"):
        run(Command(["no-such-program"], "it", {"PATH": os.defpath}, tmp_path), watch())


def test_a_killed_program_is_told_from_one_that_failed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="killed by signal 9") as failed:
        run(command(tmp_path, "kill -9 $$"), watch())
    assert failed.value.was_killed


@pytest.mark.parametrize(
    "script", ["sleep 1000", "trap '' TERM; setsid sleep 1000 & sleep 1000", "exec >&- 2>&-; sleep 1000"]
)
def test_the_time_limit_ends_it_with_all_it_started(tmp_path: Path, script: str) -> None:
    mark = f"{tmp_path.name}.{time.time_ns()}"
    with pytest.raises(OutOfTime, match="OET_TEST_LIMIT"):
        run(command(tmp_path, script, **{MARK: mark}), watch(0.5))
    assert not processes_marked(MARK, mark)


def test_cancelling_ends_it_with_all_it_started(tmp_path: Path) -> None:
    mark = f"{tmp_path.name}.{time.time_ns()}"
    started = threading.Event()
    with pytest.raises(Cancelled, match="the script"):
        run(
            command(tmp_path, "setsid sleep 1000 & echo started >&2; sleep 1000", **{MARK: mark}),
            Watch(30, "OET_TEST_LIMIT", is_cancelled=started.is_set),
            on_line=lambda _line: started.set(),
        )
    assert not processes_marked(MARK, mark)


def test_what_a_program_leaves_behind_dies_when_it_ends(tmp_path: Path) -> None:
    mark = f"{tmp_path.name}.{time.time_ns()}"
    run(command(tmp_path, "setsid sleep 1000 >/dev/null 2>&1 & echo done", **{MARK: mark}), watch())
    assert not processes_marked(MARK, mark)


BUILDER = """
import os, sys
from pathlib import Path
from environments.running import Command, Watch, run
script = "setsid sleep 1000 & echo started >&2; sleep 1000"
run(Command(["sh", "-c", script], "it", dict(os.environ), Path(".")), Watch(60, "X"), on_line=lambda line: print(line, flush=True))
"""


def test_everything_dies_with_a_builder_that_is_killed(tmp_path: Path) -> None:
    mark = f"{tmp_path.name}.{time.time_ns()}"
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER], env={**os.environ, MARK: mark}, stdout=subprocess.PIPE, text=True
    )
    with builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "started\n"
        assert len(processes_marked(MARK, mark)) >= 4
        builder.send_signal(signal.SIGKILL)
        builder.wait(10)
    wait_until(lambda: not processes_marked(MARK, mark), what="the end of everything that the builder had started")


def test_a_lock_is_waited_for_and_lives_as_long_as_the_program_that_inherited_it(tmp_path: Path) -> None:
    with held(tmp_path / "lock", watch(), "the lock") as lock:
        sleeper = subprocess.Popen(["sleep", "1000"], pass_fds=[lock])
    try:
        with pytest.raises(OutOfTime, match="waiting for the lock"), held(tmp_path / "lock", watch(0.2), "the lock"):
            pass
    finally:
        sleeper.kill()
        sleeper.wait(10)
    with held(tmp_path / "lock", watch(5), "the lock"):
        pass
