"""What the journal and exit.json say of a script's life."""

from tests.integration.oet.running import RunningLauncher
from tests.waiting import wait_until


def test_life_of_a_script_is_written_down_in_order(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        '''Observes.'''
        def init(subarray_id: int, *, mode="fast"):
            '''Prepare the subarray.'''
            print("init", subarray_id, mode)
        def main(n):
            print("main", n)
            return {"n": n}
        """,
        3,
        mode="slow",
    )
    script.run("main", 5)
    end = script.wait_for_exit()

    assert script.topics() == [
        "state IDLE", "state LOADING", "loaded", "state IDLE", "state INITIALISING", "returned init", "state READY",
        "command RUN", "returned main", "state READY", "ended",
    ]  # fmt: skip
    assert [record.seq for record in script.records()] == list(range(1, 12))
    assert script.wait_for("returned main").payload == {
        "function": "main",
        "result": {"n": 5},
        "result_repr": "{'n': 5}",
    }
    assert script.wait_for("ended").payload == {"how": "complete"}
    assert (end.status, end.signal, end.leftovers, end.killed) == (0, None, [], None)
    assert (end.pid, end.procedure, end.output_bytes, end.output_lines) == (script.pid, script.procedure, 19, 2)
    assert script.output() == "init 3 slow\nmain 5\n"


def test_loaded_describes_the_functions_of_the_script(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        "'''Doc.'''\nfrom os import getcwd\ndef main(a: int, b='x'):\n    'Go.'\ndef _hidden(): pass\n"
    )
    loaded = script.wait_for("loaded").payload

    assert (loaded["module"], loaded["doc"], loaded["file"]) == (
        "observe",
        "Doc.",
        str(launcher.home / "scripts/observe.py"),
    )
    (function,) = loaded["functions"]
    assert function == {
        "name": "main",
        "doc": "Go.",
        "signature": "(a: int, b='x')",
        "line": 3,
        "parameters": [
            {"name": "a", "kind": "positional_or_keyword", "annotation": "int", "required": True, "default": None},
            {
                "name": "b",
                "kind": "positional_or_keyword",
                "annotation": None,
                "required": False,
                "default": {"json": "x"},
            },
        ],
    }


def test_script_without_init_ignores_its_arguments(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass", 1, subarray_id=2)
    script.wait_for("state READY")
    assert "state INITIALISING" not in script.topics()


def test_function_other_than_main_can_be_run_again_and_again(launcher: RunningLauncher) -> None:
    script = launcher.launch("def park(x): return x")
    for number in (1, 2):
        script.wait_for("state READY", number)
        script.run("park", number)
    script.wait_for("state READY", 3)
    assert [record.payload["result"] for record in script.records() if record.topic == "returned"] == [1, 2]
    assert script.exit() is None


def test_init_may_define_main(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        import functools
        def _main(subarray, n): return [subarray, n]
        def init(subarray):
            global main
            main = functools.partial(_main, subarray)
        """,
        7,
    )
    script.run("main", 1)
    assert script.wait_for("returned main").payload["result"] == [7, 1]


def test_async_main_is_run_to_its_end(launcher: RunningLauncher) -> None:
    script = launcher.run("import asyncio\nasync def main():\n    await asyncio.sleep(0.01)\n    return 5")
    assert script.wait_for("returned main").payload["result"] == 5


def test_result_that_is_not_json_is_shown_by_its_repr(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): return {1, 2}")
    assert script.wait_for("returned main").payload == {"function": "main", "result": None, "result_repr": "{1, 2}"}


def test_environment_is_that_of_the_spec_and_the_launcher(launcher: RunningLauncher) -> None:
    spec = launcher.prepare("import os\ndef main(): return dict(os.environ)", environment={"COLOUR": "blå"})
    script = launcher.spawn(spec)
    script.run()
    seen = script.wait_for("returned main").payload["result"]
    marks = {"OET_LAUNCHER_ID", "OET_LAUNCHER_DIRECTORY", "OET_PROCEDURE_ID"}
    assert set(seen) - {"LC_CTYPE"} == {"PATH", "HOME", "COLOUR"} | marks
    assert seen["COLOUR"] == "blå"


def test_worker_has_a_session_and_a_clean_slate_of_its_own(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        import os, signal, sys, threading
        def init():
            return {
                "leads": os.getsid(0) == os.getpid(),
                "stdin": sys.stdin.read(),
                "inherited": [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3, 99) if os.path.exists(f"/proc/self/fd/{fd}")],
                "int": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
                "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
                "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
                "main": threading.current_thread() is threading.main_thread(),
            }
        """
    )
    seen = script.wait_for("returned init").payload["result"]
    assert seen.pop("inherited") == [str(script.directory / "journal")]
    assert seen == {"leads": True, "stdin": "", "int": True, "term": True, "blocked": 0, "main": True}


def test_what_the_script_publishes_is_journalled(launcher: RunningLauncher) -> None:
    script = launcher.run("import oet\ndef main():\n    return oet.publish('sky.seeing', {'arcsec': 0.8})")
    assert script.wait_for("event").payload == {"topic": "sky.seeing", "payload": {"arcsec": 0.8}}
    assert script.wait_for("returned main").payload["result"] is True


def test_messages_to_the_script_reach_its_queues(launcher: RunningLauncher) -> None:
    script = launcher.launch("import oet\nheard = oet.subscribe('weather')\ndef main(): return heard.get(20).payload")
    script.run()
    noise, weather = (
        {"id": i, "at": 1.0, "topic": t, "payload": {"wind": 12}} for i, t in [(3, "noise"), (5, "weather")]
    )
    assert script.tell(op="EVENTS", events=[noise, weather]) == {"ok": True, "cursor": 5}
    assert script.wait_for("returned main").payload["result"] == {"wind": 12}


def test_threads_and_exit_hooks_are_waited_for_at_the_end(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import atexit, threading, time
        def late():
            gate.wait()
            print("thread")
        gate = threading.Event()
        atexit.register(print, "atexit")
        def main():
            threading.Thread(target=late).start()
            threading.Timer(0.05, gate.set).start()
        """
    )
    assert script.wait_for_exit().status == 0
    assert script.output() == "thread\natexit\n"


def test_command_is_carried_out_once(launcher: RunningLauncher) -> None:
    script = launcher.launch("def park(): print('parked')")
    script.wait_for("state READY")
    assert script.tell(op="RUN", command=9, function="park") == {"ok": True}
    assert script.tell(op="RUN", command=9, function="park") == {"ok": True, "seen": True}
    script.wait_for("state READY", 2)
    assert script.tell(op="RUN", command=9, function="park") == {"ok": True, "seen": True}
    assert script.topics().count("command RUN") == 1


def test_run_is_refused_while_a_function_runs(launcher: RunningLauncher) -> None:
    script = launcher.run("import time\ndef main():\n    print('on')\n    time.sleep(60)")
    script.wait_for_output("on")
    answer = script.tell(op="RUN", command=2, function="main")
    assert answer == {"ok": False, "error": "the script is busy; it takes the next RUN when it is READY"}


def test_unknown_function_is_refused_and_not_journalled(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass\ndef park(): pass")
    script.wait_for("state READY")
    assert (
        script.tell(op="RUN", command=2, function="pork")["error"]
        == "the script has no function 'pork'; it has: main, park"
    )
    assert script.tell(op="RUN", command=3, function="__class__")["ok"] is False
    assert "command RUN" not in script.topics()


def test_wrong_arguments_are_refused_with_the_signature(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(a, b=1): pass")
    script.wait_for("state READY")
    answer = script.tell(op="RUN", command=2, function="main", kwargs={"c": 1})
    assert answer["ok"] is False
    assert "main: missing a required argument: 'a'. Its signature is main(a, b=1)" in answer["error"]
    script.run("main", 1)
    assert script.wait_for_exit().status == 0


def test_malformed_instructions_are_refused(launcher: RunningLauncher) -> None:
    script = launcher.launch("def main(): pass")
    script.wait_for("state READY")
    assert script.tell(op="DANCE", command=1)["ok"] is False
    assert script.tell(op="RUN", function="main")["error"] == "a command needs an id"
    assert script.tell(op="RUN", command=1, function="main", args={"a": 1})["ok"] is False
    assert script.exit() is None


def test_exit_report_appears_after_the_output_is_complete(launcher: RunningLauncher) -> None:
    script = launcher.run("def main():\n    print('x' * 100_000)")
    end = wait_until(script.exit, what="exit.json")
    assert end.output_bytes == 100_001
    assert len(script.output()) == 100_001
