"""What is left where a stop, or SIGTERM, strikes between any two lines of what a script calls."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from oet import harness, inside, processes, shell
from oet.conversation import Conversation
from oet.messages import Message
from oet.script_context import ScriptContext
from oet.stopping import StopGuard
from tests.unit.oet.harness.observing import Night
from tests.unit.oet.interrupting import signals, stops
from tests.waiting import wait_until

HARNESS = ("oet.harness.run", "oet.harness.attempt", "oet.harness.script", "oet.harness.termination", "oet.stopping")


class Script:
    """What a script says, and what answers it."""

    def __init__(self, guard: StopGuard) -> None:
        self.said: list[tuple[str, Any]] = []
        self.talk = Conversation(ScriptContext(), self._write, guard)

    def states(self, topic: str) -> list[Any]:
        return [payload["state"] for known, payload in self.said if known == topic]

    def _write(self, topic: str, payload: dict[str, Any]) -> bool:
        self.said.append((topic, payload))
        if payload.get("text") == "Go on?":
            tell = self.talk.questions.answer(payload["number"], "yes", "ann")
            assert tell
            tell()
        if payload.get("state") == "paused":
            self.talk.resume()
        return True


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    yield
    inside.use(None)


@pytest.mark.parametrize(("text", "ends"), [("Go on?", "answered"), ("Anybody?", "timed_out")])
def test_question_never_stays_open(text: str, ends: str) -> None:
    script = Script(StopGuard())

    def ask(guard: StopGuard) -> None:
        nonlocal script
        script = Script(guard)
        with suppress(TimeoutError):
            script.talk.ask(text, ["yes"], 0)

    moments = 0
    for was_stopped in stops(ask):
        moments += 1
        states = script.states("question")
        assert states in ([], ["asked", ends], ["asked", "withdrawn"])
        assert was_stopped or states == ["asked", ends]
        assert script.talk.questions.why_not(1, "yes") == "question 1 does not wait for an answer"
    assert moments > 20


def test_checkpoint_is_left_as_often_as_it_is_waited_at() -> None:
    script = Script(StopGuard())

    def pass_by(guard: StopGuard) -> None:
        nonlocal script
        script = Script(guard)
        script.talk.pause()
        script.talk.checkpoint("here")

    for was_stopped in stops(pass_by):
        assert script.states("checkpoint") in ([], ["paused", "resumed"])
        assert was_stopped or script.states("checkpoint")


def test_clean_up_hears_what_the_script_was_about_to_listen_to() -> None:
    script = Script(StopGuard())

    def listen(guard: StopGuard) -> None:
        nonlocal script
        script = Script(guard)
        script.talk.hub.subscribe("dome.closed")

    for _ in stops(listen):
        with script.talk.hub.subscribe("dome.closed") as ear:
            assert script.said == [("subscribed", {"topics": ["dome.closed"]})]
            script.talk.deliver(Message("dome.closed", {}, 1))
            assert ear.get(0).topic == "dome.closed"


def test_latest_word_of_clean_up_is_told_even_if_nothing_follows() -> None:
    """Two words in a row leave the second to a thread, which must be there and awake."""
    script = Script(StopGuard())

    def speak(guard: StopGuard) -> None:
        nonlocal script
        script = Script(guard)
        script.talk.status("exposing")
        script.talk.status("reading out")

    for _ in stops(speak, ("oet.thinning",)):
        script.talk.status("parking")
        script.talk.status("parked")
        wait_until(lambda: ("status", {"text": "parked"}) in script.said, what=f"the last word in {script.said}")


def test_shell_script_is_ended_whenever_it_was_begun(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_text("#!/bin/sh\ntrap 'exit 3' TERM\nexec true\n")
    body.chmod(0o700)
    others = _children()
    for _ in stops(lambda guard: shell._run([str(body)], guard)):
        assert not _alive(_children() - others)
    for pid in _children() - others:  # it looks at its child only: the worker is about to end
        os.waitpid(pid, 0)


def test_command_is_gone_whenever_it_was_begun() -> None:
    def run(guard: StopGuard) -> None:
        inside.use(Conversation(ScriptContext(), lambda *_: True, guard), guard)
        harness.run_command(["sleep", "67"], timeout=0)

    others = _children()
    for _ in stops(run, ("oet.harness.process_tree", "oet.stopping")):
        assert not _alive(_children() - others)


def test_command_is_gone_if_ctrl_c_came_before_anybody_held_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is shielded from nowhere, but the mark is in the environment of the process."""
    start = subprocess.Popen
    started: list[subprocess.Popen[bytes]] = []

    def start_and_interrupt(*args: Any, **kwargs: Any) -> None:
        started.append(start(*args, **kwargs))
        raise KeyboardInterrupt

    monkeypatch.setattr("oet.harness.process_tree.subprocess.Popen", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        harness.run_command(["sleep", "68"])
    with started[0] as process:
        assert process.wait() == -signal.SIGKILL


def _children() -> set[int]:
    """Child processes of the main thread; those of other tests' fixtures are among them."""
    listed = Path(f"/proc/self/task/{threading.main_thread().native_id}/children").read_text()
    return {int(pid) for pid in listed.split()}


def _alive(pids: set[int]) -> list[processes.Process]:
    found = [processes.read_process(pid) for pid in pids]
    return [process for process in found if process is not None and not process.is_dead]


def test_run_that_is_stopped_ends_in_order_and_can_be_run_again() -> None:
    night = Night()

    def run(guard: StopGuard) -> None:
        nonlocal night
        inside.use(Conversation(ScriptContext(), lambda *_: True, guard), guard)
        night = Night({"one": lambda _: harness.progress(0.5)})
        night.listen("park", harness.POST_FATAL)
        night.listen("close", harness.POST_FATAL)
        night.script.run()

    for was_stopped in stops(run, HARNESS):
        told = night.told()
        assert told.count("run_started") == told.count("run_finished") <= 1
        for name in ("one", "two", "four"):
            assert told.count(f"action_started {name}") == told.count(f"action_finished {name}")
        post_fatal = [call for call in night.calls if call in {"park", "close"}]
        assert post_fatal in ([], ["park", "close"])
        if was_stopped and "run_started" in told and night.event("run_finished").data["exit_code"]:
            assert post_fatal, told
        inside.use(None)
        night.calls.clear()
        assert night.run() == ["one", "two", "four"]
        night = Night()


def test_run_that_is_terminated_parks_or_had_ended() -> None:
    outcome: tuple[int, list[str], list[str]] = (0, ["four"], ["run_finished"])

    def run() -> None:
        nonlocal outcome
        night = Night()
        night.listen("park", harness.POST_FATAL)
        code = night.script.main(handle_sigterm=True)
        outcome = code, night.calls, night.told()

    for _ in signals(signal.SIGTERM, run, HARNESS):
        code, calls, told = outcome
        assert (code, calls[-1:]) in ((143, ["park"]), (0, ["four"]))
        assert told.count("run_finished") == 1
        assert told.count("action_started one") == told.count("action_finished one")
