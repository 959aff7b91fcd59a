import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oet import processes
from oet.treekill import kill_trees
from tests.waiting import wait_until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a child; the child's name is as nasty as names can be."""
    command = ["bash", "-c", "exec -a 'a) R 1 (b' sleep 300 & echo ready; wait"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "MARK": "x y"}, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        kill_trees(lambda snapshot: [snapshot[process.pid]] if process.pid in snapshot else [])


def test_this_process_is_known() -> None:
    me = processes.read_process(os.getpid())
    assert me is not None
    assert (me.parent, me.session, me.group) == (os.getppid(), os.getsid(0), os.getpgrp())
    assert processes.is_alive(me.pid, me.started)
    assert not processes.is_alive(me.pid, me.started + 1)
    assert me.pid in processes.all_processes()


def test_missing_process_is_none() -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    assert processes.read_process(gone.pid) is None
    assert processes.start_time(gone.pid) is None
    assert processes.command_line(gone.pid) == "?"


def test_zombie_is_not_alive() -> None:
    with subprocess.Popen(["true"]) as process:
        started = processes.start_time(process.pid)
        assert started is not None
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(process.pid, started)


def test_tree_is_the_process_and_all_below_it(sleeper: subprocess.Popen[bytes]) -> None:
    tree = {process.pid: process.parent for process in processes.process_tree(sleeper.pid)}
    assert len(tree) == 2
    assert tree[sleeper.pid] == os.getpid()
    assert sleeper.pid in tree.values()


def test_environment_and_mark_are_found(sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.environment_value(sleeper.pid, "MARK") == "x y"
    assert processes.environment_value(sleeper.pid, "MAR") is None
    assert sleeper.pid in {process.pid for process in processes.processes_marked("MARK", "x y")}


def test_signal_is_not_sent_to_a_successor_with_the_same_pid(sleeper: subprocess.Popen[bytes]) -> None:
    process = processes.read_process(sleeper.pid)
    assert process is not None
    assert processes.send_signal(process._replace(started=process.started - 1), signal.SIGKILL) is False
    assert processes.is_alive(process.pid, process.started)
    assert processes.send_signal(process, signal.SIGKILL) is True


def test_tree_is_killed_and_reported(sleeper: subprocess.Popen[bytes]) -> None:
    tree = processes.process_tree(sleeper.pid)
    kill = kill_trees(lambda snapshot: [snapshot[sleeper.pid]] if sleeper.pid in snapshot else [])
    assert kill.is_done
    assert {process["pid"] for process in kill.report()["processes"]} == {process.pid for process in tree}
    assert not any(processes.is_alive(process.pid, process.started) for process in tree)


def test_boot_has_a_name() -> None:
    assert len(processes.boot_id()) == 36


FIRST_THREAD_ENDS = """
import ctypes, os, threading, time
def work():
    time.sleep(0.05)
    print("on", flush=True)
    time.sleep(60)
threading.Thread(target=work).start()
ctypes.CDLL(None).syscall(93 if os.uname().machine == "aarch64" else 60, 0)
"""


def test_process_whose_first_thread_has_ended_is_not_dead() -> None:
    """The kernel shows it as a zombie; but it works on, and must not be overlooked by whoever kills."""
    command = [sys.executable, "-c", FIRST_THREAD_ENDS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "MARK": "here"}) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"on\n"
        assert "Z (zombie)" in Path(f"/proc/{child.pid}/status").read_text()
        seen = processes.read_process(child.pid)
        assert seen is not None
        assert (seen.is_dead, seen.is_still) == (False, False)
        assert processes.environment_value(child.pid, "MARK") == "here"
        assert processes.command_line(child.pid).startswith(sys.executable)
        assert processes.send_signal(seen, signal.SIGSTOP)
        wait_until(lambda: getattr(processes.read_process(child.pid), "is_still", False), what="it to stop")
        assert processes.is_alive(seen.pid, seen.started)
        child.kill()
        wait_until(lambda: not processes.is_alive(seen.pid, seen.started), what="its death")
