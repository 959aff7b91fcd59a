"""STOP raises StopRequested in the user's function, wherever it is, once, and never in OET's own code."""

import pytest

from tests.integration.oet.running import RunningLauncher

WAITS = {
    "sleep": "time.sleep(60)",
    "lock": "lock = threading.Lock(); lock.acquire(); print('waiting'); lock.acquire()",
    "lock with timeout": "lock = threading.Lock(); lock.acquire(); print('waiting'); lock.acquire(timeout=60)",
    "event": "threading.Event().wait()",
    "condition": "c = threading.Condition(); c.acquire(); c.wait(60)",
    "join": "t = threading.Thread(target=threading.Event().wait, daemon=True); t.start(); print('waiting'); t.join()",
    "queue": "queue.Queue().get()",
    "simple queue": "queue.SimpleQueue().get()",
    "socket": "a, b = socket.socketpair(); a.recv(1)",
    "accept": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()",
    "select": "a, b = socket.socketpair(); select.select([a], [], [])",
    "pipe": "r, w = os.pipe(); os.read(r, 1)",
    "process": "subprocess.run(['sleep', '60'])",
    "process output": "subprocess.check_output(['sleep', '60'])",
    "waitpid": "p = subprocess.Popen(['sleep', '60']); print('waiting'); os.waitpid(p.pid, 0)",
    "asyncio sleep": "asyncio.run(asyncio.sleep(60))",
    "asyncio in a task": "asyncio.run(busy_task())",
    "asyncio in a callback": "asyncio.run(busy_callback())",
    "pure python": "while True: pass",
    "future": "concurrent.futures.Future().result()",
    "multiprocessing": "multiprocessing.Event().wait()",
}
SCRIPT = """
import asyncio, concurrent.futures, multiprocessing, os, queue, select, socket, subprocess, threading, time
async def busy_task():
    async def spin():
        while True:
            time.sleep(0.001)
    await asyncio.create_task(spin())
async def busy_callback():
    def again():
        time.sleep(0.01)
        asyncio.get_running_loop().call_soon(again)
    again()
    await asyncio.Event().wait()
def main():
    try:
        print("waiting")
        WAIT
    finally:
        print("parked")
"""


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_stop_interrupts_a_script_that_waits(launcher: RunningLauncher, wait: str) -> None:
    script = launcher.run(SCRIPT.replace("WAIT", wait))
    script.wait_for_output("waiting")
    script.stop()
    end = script.wait_for_exit(timeout_s=4)
    assert script.topics()[-2:] == ["command STOP", "stopped main"]
    assert end.status == 0
    assert script.output().endswith("parked\n")
    assert script.output(2) == ""


def test_stop_while_loading(launcher: RunningLauncher) -> None:
    script = launcher.launch("import time\nprint('in')\ntime.sleep(60)")
    script.wait_for_output("in")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.records()[-1].payload == {"function": None}
    assert script.topics()[-1] == "stopped"


def test_stop_in_init(launcher: RunningLauncher) -> None:
    script = launcher.launch("import time\ndef init():\n    print('in')\n    time.sleep(60)")
    script.wait_for_output("in")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.topics()[-1] == "stopped init"


def test_stop_of_a_script_that_runs_nothing_ends_it(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    script.wait_for("state READY")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.topics()[-2:] == ["command STOP", "stopped"]


def test_stop_at_any_moment_of_a_short_life(launcher: RunningLauncher) -> None:
    """Sent as early as it can be, again and again: the script always ends as stopped, or had ended before."""
    text = launcher.script("import json\ndef init(): pass\ndef main(): pass")
    for _ in range(20):
        script = launcher.launch(text)
        script.wait_for("state IDLE")
        script.stop()
        assert script.wait_for_exit().status == 0
        assert script.topics()[-1].startswith("stopped")
        assert script.output() == ""


def test_clean_up_is_not_interrupted_by_a_second_stop(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import time
        def main():
            try:
                print("waiting")
                time.sleep(60)
            finally:
                print("parking")
                time.sleep(0.5)
                print("parked")
        """
    )
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for_output("parking")
    assert script.tell(op="STOP", command="again") == {"ok": True}
    assert script.wait_for_exit().status == 0
    assert "parked" in script.output()


def test_stop_that_was_swallowed_is_raised_again(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import time
        class Greedy:
            def __del__(self):
                print("waiting")
                time.sleep(60)
        def main():
            Greedy()
            print("going on")
            time.sleep(60)
        """
    )
    script.wait_for_output("waiting")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert "going on" in script.output()
    assert script.topics()[-1] == "stopped main"


def test_function_that_returns_in_spite_of_a_stop_is_followed_by_no_other(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import oet, time
        def main():
            try:
                print("waiting")
                time.sleep(60)
            except oet.StopRequested:
                return "early"
        """
    )
    script.wait_for_output("waiting")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.topics()[-3:] == ["command STOP", "returned main", "stopped"]


def test_run_after_stop_is_refused(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import time
        def main():
            try:
                print("waiting")
                time.sleep(60)
            finally:
                print("parking")
                time.sleep(60)
        """
    )
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for_output("parking")
    assert script.tell(op="RUN", command=7, function="main") == {"ok": False, "error": "the script is being stopped"}


def test_exception_in_clean_up_is_journalled_as_such(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import time
        def main():
            try:
                print("waiting")
                time.sleep(60)
            finally:
                raise ValueError("cannot park")
        """
    )
    script.wait_for_output("waiting")
    script.stop()
    assert script.wait_for("raised main").payload["message"] == "cannot park"
    assert script.wait_for_exit().status == 1


def test_stop_while_the_script_publishes_breaks_no_record(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import oet
        def main():
            print("on")
            while True:
                oet.publish("x", 1)
        """
    )
    script.wait_for_output("on")
    script.stop()
    script.wait_for_exit()
    records = script.records()
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert script.topics()[-1] == "stopped main"


def test_stop_reaches_a_script_that_waits_for_its_threads_at_the_end(launcher: RunningLauncher) -> None:
    script = launcher.run("import threading\ndef main(): threading.Thread(target=threading.Event().wait).start()")
    script.wait_for("ended")
    script.stop()
    assert script.wait_for_exit(timeout_s=9).status == 0
    assert script.topics()[-1] == "stopped"


def test_a_script_that_has_used_up_all_descriptors_is_stopped_softly_too(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import os, resource, time
        def main():
            resource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000))
            try:
                while True:
                    os.open("/dev/null", os.O_RDONLY)
            except OSError:
                print("full")
            try:
                time.sleep(60)
            finally:
                print("parked")
        """
    )
    script.wait_for_output("full")
    for _ in range(3):  # what one client has used the next one gets
        assert script.tell(op="LOOK")["ok"]
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.topics()[-2:] == ["command STOP", "stopped main"]
    assert script.output() == "full\nparked\n"
