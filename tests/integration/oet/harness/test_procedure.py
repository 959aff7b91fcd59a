"""Harness scripts in a real ScriptWorker: the journal, stops, and what the procedure's page makes of it."""

import signal
from pathlib import Path
from typing import Any

import pytest

from oet.journal import Record
from oet.rundir import Script
from procedures.domain.actions import ActionState, fold
from tests.integration.oet.harness.shell import PROJECT
from tests.integration.oet.running import RunningLauncher, RunningScript
from tests.waiting import wait_until

NIGHT = """
import sys, time
import oet
from oet import harness

print("argv", sys.argv[1:])
def say(word): print(word, flush=True)
def wait(): say("waiting"); time.sleep(60)

def one(ctx): say("one")
def two(ctx): say("two"){two}
def three(ctx): say("three")
def four(ctx): say("four")

template = harness.get_config_template()
template.add_argument("--exposure", type=float, default=1.0)
actions = harness.get_actions({{"one": True, "two": True, "three": False, "four": True}})
script = harness.Script(actions, template{options})
{listeners}
init, main = harness.entry_points(script{entry})
"""
F123 = """
script.add_listener(lambda ctx: say("f1"), harness.POST_FATAL)
script.add_listener(lambda ctx: say("f2"), harness.POST_FATAL, ["two"])
script.add_listener(lambda ctx: say("f3"), harness.POST_FATAL, ["four"])
"""


def night(two: str = "", *, listeners: str = F123, options: str = "", entry: str = "") -> Script:
    return Script(
        "embedded", text=NIGHT.format(two=f"; {two}" if two else "", listeners=listeners, options=options, entry=entry)
    )


def events(script: RunningScript) -> list[Record]:
    return [r for r in script.records() if r.topic == "event" and r.payload["topic"].startswith("script.")]


def told(script: RunningScript) -> list[tuple[str, Any]]:
    return [(record.payload["topic"], record.payload["payload"]) for record in events(script)]


def brief(script: RunningScript) -> list[str]:
    return [
        " ".join(
            filter(
                None,
                [topic.removeprefix("script."), payload["phase"] if topic == "script.phase" else "", payload["action"]],
            )
        )
        for topic, payload in told(script)
    ]


def called(script: RunningScript) -> list[str]:
    """What the script itself printed, without its log."""
    return [line for line in script.output(1).splitlines() if not line.startswith("argv")]


def states(script: RunningScript, *, is_process_gone: bool) -> list[str]:
    run = fold(told(script), is_process_gone=is_process_gone)
    assert run is not None
    return [row.state.value for row in run.rows]


def test_every_event_is_journalled_in_order_under_its_topic(launcher: RunningLauncher) -> None:
    script = launcher.run(night())
    returned = script.wait_for("returned main").payload
    assert returned["result"] == {"one": "SUCCESS", "two": "SUCCESS", "three": "SKIPPED", "four": "SUCCESS"}
    turns = [
        [
            f"phase pre_action {n}",
            f"phase run_action {n}",
            f"action.started {n}",
            f"action.finished {n}",
            f"phase post_action {n}",
        ]
        for n in ("one", "two", "four")
    ]
    assert brief(script) == [
        "run.started",
        "phase pre_run",
        *turns[0],
        *turns[1],
        "action.skipped three",
        *turns[2],
        "phase post_run",
        "run.finished",
    ]
    payloads = [payload for _, payload in told(script)]
    assert [payload["seq"] for payload in payloads] == list(range(1, len(payloads) + 1))
    assert list(payloads[0]) == ["seq", "time", "script", "run_id", "phase", "action", "index", "total", "data"]
    assert script.output(1).splitlines()[0] == "argv []"
    assert states(script, is_process_gone=False) == ["success", "success", "skipped", "success"]
    assert script.wait_for_exit().status == 0


def test_functions_are_offered_with_their_arguments(launcher: RunningLauncher) -> None:
    script = launcher.launch(night())
    loaded = script.wait_for("loaded").payload
    described = {function["name"]: function for function in loaded["functions"]}
    assert "exposure: float = 1.0" in described["main"]["signature"]
    assert "init" in described


@pytest.mark.parametrize(
    ("kwargs", "calls"),
    [
        ({"actions": ["one"]}, ["one"]),
        ({"skip_actions": "one,two"}, ["four"]),
        ({"actions": ["two", "three"], "exposure": 2}, ["two", "three"]),
    ],
)
def test_arguments_of_main_start_a_part(launcher: RunningLauncher, kwargs: dict[str, Any], calls: list[str]) -> None:
    script = launcher.launch(night())
    script.run("main", **kwargs)
    script.wait_for("returned main")
    assert script.wait_for_exit().status == 0
    assert called(script) == calls


@pytest.mark.parametrize(("kwargs", "named"), [({"actions": ["oen"]}, "one"), ({"exposre": 1}, "exposure")])
def test_wrong_arguments_of_main_fail_with_the_right_name(
    launcher: RunningLauncher, kwargs: dict[str, Any], named: str
) -> None:
    script = launcher.launch(night())
    script.run("main", **kwargs)
    raised = script.wait_for("raised main").payload
    assert raised["type"] == "oet.harness.ScriptHarnessException"
    assert named in raised["message"]
    assert script.wait_for_exit().status == 1
    assert called(script) == []


def test_arguments_of_init_hold_for_main(launcher: RunningLauncher) -> None:
    script = launcher.launch(night(two="say(ctx.config['exposure'])"), actions="two", exposure=3)
    script.run("main", add_actions=["one"])
    script.wait_for("returned main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "3"]


def test_errors_are_amber_but_complete_unless_they_are_to_fail(launcher: RunningLauncher) -> None:
    failing = "raise_()"
    listeners = "def raise_(): raise harness.ScriptHarnessError('cloudy')"
    script = launcher.run(night(failing, listeners=listeners))
    assert script.wait_for("returned main").payload["result"]["two"] == "ERROR"
    run = fold(told(script))
    assert run is not None
    assert [row.name for row in run.rows if row.state is ActionState.ERROR] == ["two"]
    script = launcher.run(night(failing, listeners=listeners, entry=", fail_on_error=True"))
    raised = script.wait_for("raised main").payload
    assert raised["message"] == "1 of 4 actions failed: two"
    assert brief(script)[-1] == "run.finished"


def test_fatal_fails_the_procedure_with_its_message(launcher: RunningLauncher) -> None:
    script = launcher.run(
        night(
            "sys.modules[__name__].dead()",
            listeners=F123 + "def dead(): raise harness.ScriptHarnessFatal('the dome is jammed')",
        )
    )
    raised = script.wait_for("raised main").payload
    assert (raised["type"], raised["message"], raised["exit_code"]) == (
        "oet.harness.ScriptHarnessFatal",
        "the dome is jammed",
        None,
    )
    assert script.wait_for_exit().status == 1
    assert called(script) == ["one", "two", "f1", "f2"]
    assert states(script, is_process_gone=True) == ["success", "fatal", "disabled", "pending"]


def test_stop_of_an_action_calls_post_fatal_and_leaves(launcher: RunningLauncher) -> None:
    script = launcher.run(night("wait()"))
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for("stopped main")
    assert script.wait_for_exit().status == 0
    assert called(script) == ["one", "two", "waiting", "f1", "f2"]
    assert states(script, is_process_gone=True) == ["success", "stopped", "disabled", "pending"]
    tidied = ["listener.done two"] * 2
    assert brief(script)[-5:] == ["action.finished two", "phase post_fatal two", *tidied, "run.finished"]
    assert told(script)[-1][1]["data"]["exit_code"] == 143


@pytest.mark.parametrize(
    "how", ["except BaseException: say('swallowed')", "except BaseException as e: kept.append(e); say('swallowed')"]
)
def test_stop_that_is_swallowed_takes_effect_before_anything_else_is_called(
    launcher: RunningLauncher, how: str
) -> None:
    swallow = f"""
kept = []
def swallow():
    try: wait()
    {how}
script.add_listener(lambda ctx: say("post action"), harness.POST_ACTION)
"""
    script = launcher.run(night("swallow()", listeners=F123 + swallow))
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script) == ["one", "post action", "two", "waiting", "swallowed", "f1", "f2"]


def test_stop_in_a_post_fatal_listener_ends_that_one_at_most_and_the_fatal_leaves(launcher: RunningLauncher) -> None:
    listeners = """
def dead(): raise harness.ScriptHarnessFatal("dead")
script.add_listener(lambda ctx: wait(), harness.POST_FATAL)
script.add_listener(lambda ctx: (time.sleep(0.3), say("f2")), harness.POST_FATAL)
script.add_listener(lambda ctx: say("f3"), harness.POST_FATAL)
"""
    script = launcher.run(night("dead()", listeners=listeners))
    script.wait_for_output("waiting")
    script.stop()
    raised = script.wait_for("raised main").payload
    assert raised["message"] == "dead"
    script.wait_for_exit()
    assert called(script) == ["one", "two", "waiting", "f2", "f3"]
    run = fold(told(script))
    assert run is not None
    assert [failure.error for failure in run.failures] == ["StopRequested"]


@pytest.mark.parametrize("phase", ["PRE_RUN", "PRE_ACTION", "POST_ACTION", "POST_RUN"])
def test_stop_of_a_listener_is_dealt_with_in_the_same_way(launcher: RunningLauncher, phase: str) -> None:
    script = launcher.run(night(listeners=F123 + f"script.add_listener(lambda ctx: wait(), harness.{phase})"))
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script)[called(script).index("waiting") + 1 :] == ["f1"]


def test_script_run_to_park_after_a_stop_is_not_stopped_by_it(launcher: RunningLauncher) -> None:
    listeners = """
parking = [harness.Action(name, function=lambda ctx: say(ctx.action.name)) for name in ("park", "cover")]
park = harness.Script(parking, name="park")
script.add_listener(lambda ctx: park.run(), harness.POST_FATAL)
script.add_listener(lambda ctx: say("after"), harness.POST_FATAL)
"""
    script = launcher.run(night("wait()", listeners=listeners))
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "waiting", "park", "cover", "after"]


def test_script_in_a_thread_is_stopped_at_the_next_border(launcher: RunningLauncher) -> None:
    listeners = (
        F123
        + """
import threading
go, done = threading.Event(), threading.Event()
def run():
    try: script.run()
    except harness.StopRequested: say("stopped")
    finally: done.set()
def main():
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try: done.wait()
    finally:
        go.set()
        done.wait()
"""
    )
    text = NIGHT.format(two="; say('waiting'); go.wait()", listeners=listeners, options="", entry="").replace(
        "init, main =", "_ ="
    )
    script = launcher.run(Script("embedded", text=text))
    script.wait_for_output("waiting")
    script.stop()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "waiting", "f1", "f2", "stopped"]


def test_command_of_a_stopped_action_is_gone_before_the_listeners_run(launcher: RunningLauncher) -> None:
    listeners = "script.add_listener(lambda ctx: say(harness.run_command(['pgrep', '-f', 'sleep 6[3]']).return_value), harness.POST_FATAL)"
    script = launcher.run(
        night("say('waiting'); harness.run_command('sleep 63 & setsid sleep 63')", listeners=listeners)
    )
    script.wait_for_output("waiting")
    wait_until(lambda: "Running command" in script.output(2), what="the command")
    script.stop()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "waiting", "1"]


def test_command_that_was_starting_when_the_stop_came_is_gone_as_well(
    launcher: RunningLauncher, tmp_path: Path
) -> None:
    listeners = f"""
import pathlib
starting, go = pathlib.Path({str(tmp_path / "starting")!r}), pathlib.Path({str(tmp_path / "go")!r})
def start_slowly():
    starting.touch()
    while not go.exists(): time.sleep(0.01)
script.add_listener(lambda ctx: say(harness.run_command(["pgrep", "-f", "sleep 7[1]"]).return_value), harness.POST_FATAL)
"""
    script = launcher.run(night("harness.run_command('sleep 71', preexec_fn=start_slowly)", listeners=listeners))
    wait_until((tmp_path / "starting").exists, what="the fork of the command")
    script.stop()
    script.wait_for("command STOP")
    (tmp_path / "go").touch()
    script.wait_for("stopped main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "1"]


def test_progress_is_thinned_and_the_last_value_kept(launcher: RunningLauncher) -> None:
    two = "report()"
    listeners = """
def report():
    began, cpu = time.monotonic(), time.process_time()
    for i in range(100001): harness.progress(i / 100000, f"frame {i}")
    say(time.monotonic() - began)
    say(time.process_time() - cpu)
"""
    script = launcher.run(night(two, listeners=listeners))
    script.wait_for("returned main")
    script.wait_for_exit()
    took, cpu = map(float, called(script)[2:4])
    reports = [payload for topic, payload in told(script) if topic == "script.action.progress"]
    assert reports[-1]["data"] == {"fraction": 1.0, "message": "frame 100000"}
    assert len(reports) <= 20 * max(took, 0.05) + 2
    order = brief(script)
    assert order.index("action.finished two") == len(order) - 1 - order[::-1].index("action.progress two") + 1
    seqs = [payload["seq"] for _, payload in told(script)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert cpu < 1.0  # which is what it takes where nobody else wants the processor


def test_newest_progress_is_journalled_even_if_the_script_falls_silent(launcher: RunningLauncher) -> None:
    script = launcher.run(night("[harness.progress(i / 100) for i in range(100)]; wait()"))
    script.wait_for_output("waiting")
    wait_until(lambda: _fractions(script)[-1:] == [0.99], what="the newest value")
    assert "action.finished two" not in brief(script)
    script.stop()
    script.wait_for("stopped main")


def test_action_is_lost_with_its_process(launcher: RunningLauncher) -> None:
    script = launcher.run(night("import os; os.kill(os.getpid(), 9)"))
    assert script.wait_for_exit().signal == signal.SIGKILL
    assert states(script, is_process_gone=True) == ["success", "lost", "disabled", "pending"]
    assert brief(script)[-1] == "action.started two"


def test_child_processes_are_not_inside(launcher: RunningLauncher) -> None:
    two = "import multiprocessing; p = multiprocessing.get_context('fork').Process(target=child); p.start(); p.join()"
    listeners = """
def child():
    harness.progress(0.5, "child")
    harness.Script([harness.Action("c", function=lambda ctx: say("child"))], cmdln_args=[]).run()
"""
    script = launcher.run(night(two, listeners=listeners))
    script.wait_for("returned main")
    script.wait_for_exit()
    assert called(script) == ["one", "two", "child", "four"]
    assert brief(script).count("run.started") == 1
    assert "action.progress two" not in brief(script)


def test_other_sinks_get_every_report(launcher: RunningLauncher) -> None:
    script = launcher.run(
        night(
            "[harness.progress(i / 10) for i in range(10)]",
            listeners="",
            options=", sinks=[(sink := harness.ListSink())]",
            entry="",
        )
    )
    script.wait_for("returned main")
    assert len(_fractions(script)) < 10
    assert _fractions(script)[-1] == 0.9


def test_example_runs_as_a_procedure(launcher: RunningLauncher) -> None:
    script = launcher.launch(PROJECT / "examples" / "harness" / "night.py")
    script.run("main", actions=["open-dome", "flat-field"], exposure=2)
    result = script.wait_for("returned main").payload["result"]
    assert result == {"open-dome": "SUCCESS", "flat-field": "SUCCESS", "park": "SKIPPED"}
    assert script.wait_for_exit().status == 0
    assert "opening" in script.output(2)


def _fractions(script: RunningScript) -> list[float]:
    return [payload["data"]["fraction"] for topic, payload in told(script) if topic == "script.action.progress"]


@pytest.mark.parametrize("moment", range(0, 400, 40))
def test_stop_at_any_moment_leaves_no_loose_end(launcher: RunningLauncher, moment: int) -> None:
    text = """
import sys
from oet import harness
actions = [harness.Action(f"a{i}", function=lambda ctx: harness.progress(0.5)) for i in range(20)]
script = harness.Script(actions)
for phase in ("pre_run", "pre_action", "post_action", "post_run"):
    script.add_listener(lambda ctx: None, phase)
script.add_listener(lambda ctx: print("closed", flush=True), harness.POST_FATAL)
def main():
    while True:
        script.run()
"""
    script = launcher.run(Script("embedded", text=text))
    wait_until(lambda: len(script.records()) > moment, what="some events")
    script.stop()
    script.wait_for("stopped main")
    assert script.wait_for_exit().status == 0
    by_run: dict[str, list[str]] = {}
    for topic, payload in told(script):
        by_run.setdefault(payload["run_id"], []).append(topic.removeprefix("script."))
    for topics in by_run.values():
        assert (topics[0], topics[-1]) == ("run.started", "run.finished")
        assert topics.count("run.finished") == 1
        assert topics.count("action.started") == topics.count("action.finished")
    fatal = sum(payload["phase"] == "post_fatal" and topic == "script.phase" for topic, payload in told(script))
    assert fatal <= 1  # none if the stop came between two runs
    assert called(script) == ["closed"] * fatal
