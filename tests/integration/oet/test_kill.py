"""Whatever a script has started is gone when the launcher says so."""

import os
import signal

import pytest

from oet import processes
from tests.integration.oet.running import RunningLauncher, RunningScript, is_gone
from tests.waiting import wait_until

DAEMON = """
def daemon():
    '''Double fork and setsid, as daemons do; prints its pid.'''
    r, w = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.write(w, str(os.getpid()).encode())
            for fd in (0, 1, 2):
                os.close(fd)
            time.sleep(300)
        os._exit(0)
    os.wait()
    return int(os.read(r, 20))
"""


def _pid(script: RunningScript) -> int:
    return int(script.wait_for_output("pid ").partition("pid ")[2].split()[0])


def test_kill_ends_a_script_that_ignores_every_signal(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import signal, time
        def main():
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
                signal.signal(number, signal.SIG_IGN)
            print("deaf")
            while True:
                try: time.sleep(60)
                except BaseException: pass
        """
    )
    script.wait_for_output("deaf")
    answer = script.kill()
    assert answer["ok"]
    assert [process["pid"] for process in answer["killed"]["processes"]] == [script.pid]
    assert is_gone(script.pid)
    end = script.wait_for_exit()
    assert (end.status, end.signal) == (None, signal.SIGKILL)
    assert end.killed is not None
    assert end.killed["processes"] == answer["killed"]["processes"]
    assert end.killed["took_s"] < 5


def test_kill_reaches_a_daemon_that_has_left_the_session(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import os, signal, time\n" + DAEMON + "def main():\n    print('pid', daemon())\n    time.sleep(60)"
    )
    daemon = _pid(script)
    killed = script.kill()["killed"]
    assert {process["pid"] for process in killed["processes"]} == {script.pid, daemon}
    assert is_gone(daemon)


def test_kill_reaches_what_the_script_executed(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import subprocess\ndef main():\n    p = subprocess.Popen(['sleep', '300'])\n    print('pid', p.pid)\n    p.wait()"
    )
    sleeper = _pid(script)
    commands = {process["pid"]: process["command"] for process in script.kill()["killed"]["processes"]}
    assert commands[sleeper] == "sleep 300"


@pytest.mark.parametrize("leave", ["", "os.setsid()"], ids=["in its group", "each in a session of its own"])
def test_kill_ends_processes_that_fork_all_the_time(launcher: RunningLauncher, leave: str) -> None:
    """Eight chains; every process forks its successor and is gone in an instant. (Bounded, so that a failure harms nobody.)"""
    script = launcher.run(
        f"""
        import os, time
        def chain():
            end = time.monotonic() + 20
            while time.monotonic() < end:
                {leave or "pass"}
                if os.fork():
                    os._exit(0)
                time.sleep(0.0005)
            os._exit(0)
        def main():
            for _ in range(8):
                if os.fork() == 0:
                    chain()
            print("on")
            time.sleep(60)
        """
    )
    script.wait_for_output("on")
    answer = script.kill()
    assert answer["ok"], answer
    assert [p.pid for p in launcher.marked()] == [launcher.document["pid"]]


def test_kill_ends_a_fork_bomb(launcher: RunningLauncher) -> None:
    """Every process forks children as fast as it can (bounded at depth 7, so that a failure harms nobody)."""
    script = launcher.run(
        """
        import os, time
        def main():
            print("on")
            for _ in range(7):
                os.fork()
                time.sleep(0.01)
            time.sleep(60)
        """
    )
    script.wait_for_output("on")
    answer = script.kill()
    assert answer["ok"], answer
    assert [p.pid for p in launcher.marked()] == [launcher.document["pid"]]


def test_kill_of_a_script_that_waits_for_a_full_pipe_keeps_its_output(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import os\ndef main():\n    print('on')\n    while True: os.write(1, b'0123456789abcde\\n' * 4096)"
    )
    script.wait_for_output("on")
    assert script.kill()["ok"]
    end = script.wait_for_exit()
    assert sum(len(frame.text) for frame in script.frames()) <= end.output_bytes


def test_kill_of_a_stopped_process(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    script.wait_for("state READY")
    os.kill(script.pid, signal.SIGSTOP)
    assert script.kill()["ok"]
    assert is_gone(script.pid)


def test_kill_of_an_unknown_procedure_is_refused(launcher: RunningLauncher) -> None:
    assert launcher.ask(id=1, op="kill", procedure=99) == {
        "id": 1,
        "ok": False,
        "error": "procedure 99 has no process here",
    }


def test_kill_all_answers_for_every_script(launcher: RunningLauncher) -> None:
    scripts = [launcher.launch("import time\nprint('on')\ntime.sleep(60)") for _ in range(4)]
    for script in scripts:
        script.wait_for_output("on")
    answer = launcher.ask(id=5, op="kill_all")
    assert answer["ok"]
    assert set(answer["killed"]) == {"1", "2", "3", "4"}
    assert all(is_gone(script.pid) for script in scripts)
    assert launcher.ask(op="kill_all") == {"id": None, "ok": True, "killed": {}}


def test_what_a_completed_script_leaves_behind_is_killed_and_named(launcher: RunningLauncher) -> None:
    script = launcher.run("import os, signal, time\n" + DAEMON + "def main():\n    print('pid', daemon())")
    daemon = _pid(script)
    end = script.wait_for_exit()
    assert end.status == 0
    assert [leftover["pid"] for leftover in end.leftovers] == [daemon]
    assert is_gone(daemon)


def test_what_a_crashed_script_leaves_behind_is_killed(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import os, signal, time\n" + DAEMON + "def main():\n    print('pid', daemon(), flush=True)\n    time.sleep(60)"
    )
    daemon = _pid(script)
    os.kill(script.pid, signal.SIGKILL)
    end = script.wait_for_exit()
    assert (end.signal, end.killed) == (signal.SIGKILL, None)
    assert [leftover["pid"] for leftover in end.leftovers] == [daemon]


def test_leftovers_of_one_script_are_not_taken_from_another(launcher: RunningLauncher) -> None:
    text = launcher.script(
        "import os, signal, time\n" + DAEMON + "def main():\n    print('pid', daemon())\n    time.sleep(60)"
    )
    first, second = launcher.run(text), launcher.run(text)
    daemons = _pid(first), _pid(second)
    first.kill()
    assert is_gone(daemons[0])
    assert not is_gone(daemons[1])
    second.kill()
    assert is_gone(daemons[1])


def test_workers_die_with_their_launcher(launcher: RunningLauncher) -> None:
    scripts = [launcher.launch("import time\nprint('on')\ntime.sleep(60)") for _ in range(3)]
    for script in scripts:
        script.wait_for_output("on")
    launcher.process.kill()
    wait_until(lambda: all(is_gone(script.pid) for script in scripts), what="the workers' death")


def test_what_workers_leave_behind_is_found_by_the_launchers_mark(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import subprocess, time
        def main():
            print("pid", subprocess.Popen(["sleep", "300"], start_new_session=True).pid)
            time.sleep(60)
        """
    )
    sleeper = _pid(script)
    launcher.process.kill()
    launcher.process.wait()
    wait_until(lambda: is_gone(script.pid), what="the worker's death")
    found = launcher.marked()
    assert [process.pid for process in found] == [sleeper]
    assert processes.send_signal(found[0], signal.SIGKILL)
    wait_until(lambda: is_gone(sleeper), what="the end of the leftover")


def test_script_that_forks_itself_returns_once(launcher: RunningLauncher) -> None:
    """A child that falls out of main is not the worker: it must not end the script in its name."""
    script = launcher.run(
        """
        import os
        def main():
            if os.fork() == 0:
                return "child"
            os.wait()
            return "parent"
        """
    )
    assert script.wait_for_exit().status == 0
    assert [record.payload["result"] for record in script.records() if record.topic == "returned"] == ["parent"]


def test_sigterm_ends_the_launcher_and_all_scripts_in_order(launcher: RunningLauncher) -> None:
    script = launcher.launch("import time\nprint('on')\ntime.sleep(60)")
    script.wait_for_output("on")
    launcher.process.terminate()
    assert launcher.process.wait(10) == 0
    end = script.wait_for_exit()
    assert end.killed is not None
    assert not (launcher.directory / "launcher.json").exists()


def test_kill_is_not_held_up_by_a_process_that_waits_for_its_stopped_child_of_vfork(launcher: RunningLauncher) -> None:
    """The parent is in state D until the child executes a program; if the child is frozen before that, the parent cannot be."""
    script = launcher.run(
        """
        import ctypes, os, time
        def main():
            if os.fork() == 0:
                libc = ctypes.PyDLL(None)
                if libc.vfork() == 0:  # shares the memory and stops its parent until it executes or ends
                    libc.kill(libc.getpid(), 19)
                    libc._exit(0)
                os._exit(0)
            time.sleep(0.3)
            print("on")
            time.sleep(60)
        """
    )
    script.wait_for_output("on")
    answer = script.kill()
    assert answer["ok"], answer
    assert answer["killed"]["took_s"] < 2.5
    assert [p.pid for p in launcher.marked()] == [launcher.document["pid"]]
