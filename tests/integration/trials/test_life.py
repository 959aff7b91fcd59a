"""Trials with a real manager and real processes: what goes beyond the acceptance table."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oet_site.configuration import PROJECT_DIR
from procedures.models import Command, Event, Node, Procedure, ResourceClaim
from procedures.recorder import recording
from procedures.supervision import launcher_link, stop_ladder
from tests.integration.procedures.manager.station import S, history
from tests.integration.trials.night import Night
from tests.waiting import wait_until
from trials.domain.rendering import TrialFacts, rendered_scripts
from trials.domain.states import ScriptState
from trials.losses import bury_lost_trials
from trials.manager.beginning import Outfit, begin, read_plan
from trials.manager.dispatching import dispatch
from trials.models import Trial, TrialIssue, TrialScript

pytestmark = pytest.mark.django_db(transaction=True)

T = "[aborted, defective, failed, passed, skipped]"


def chain(ran: Path, count: int = 3) -> str:
    """Scripts one after the other, of which each writes down that it runs, and ends once it may; a service runs all the while."""
    scripts = {
        f"s{i}": {
            "body": f"echo s{i} >> {ran}; until test -e {ran}.s{i}; do sleep 0.05; done",
            "start_when": {"before": {"script_key": f"s{i - 1}"}} if i else {},
        }
        for i in range(count)
    }
    over = {"script_key": f"s{count - 1}", "states": ["aborted", "defective", "failed", "passed", "skipped"]}
    service = {"body": f"echo service >> {ran}; exec sleep 100", "ignore_state": True, "terminate_when": {"over": over}}
    return json.dumps({"max_trials": 1, "scripts": {**scripts, "service": service}})


def test_row_31_the_manager_is_killed_again_and_again_and_no_script_runs_twice(night: Night) -> None:
    ran = night.home / "ran"
    manager = night.process()
    task = night.submit(chain(ran))
    Path(f"{ran}.s1").touch()
    for key in ("s0", "s2"):
        night.script_of(task, key, state="executing")
        manager.kill()
        manager.wait()
        Path(f"{ran}.{key}").touch()  # it may end while nobody manages, or later
        manager = night.process()
    trial = night.finished(task)
    assert trial.state == "passed", night.states(trial)
    assert sorted(ran.read_text().split()) == ["s0", "s1", "s2", "service"]
    assert night.script_of(task, "service").reason == "terminate_when"


def test_an_operators_stop_of_a_script_is_obeyed(night: Night) -> None:
    with night.manager():
        task = night.submit(
            f"scripts: {{a: {{body: sleep 100, ignore_abort: true}}, b: {{start_when: {{d: {{script_key: a, states: {T}}}}}}}, "
            "never: {start_when: {d: {script_key: a}}}}"
        )
        script = night.script_of(task, "a", state="executing")
        assert script.procedure_id is not None
        night.stop(script.procedure_id)
        assert night.finished(task).state == "aborted"
        states = {s.key: (s.state, s.reason) for s in TrialScript.objects.filter(trial__task=task)}
        assert states == {"a": ("aborted", "operator"), "b": ("passed", ""), "never": ("skipped", "unsatisfiable")}


def test_a_script_that_has_not_started_can_be_stopped(night: Night) -> None:
    with night.manager():
        task = night.submit("scripts: {a: {body: sleep 100}, b: {start_when: {d: {script_key: a}}}}")
        night.script_of(task, "a", state="executing")
        waiting = night.script_of(task, "b")
        assert waiting.procedure_id is not None
        assert night.answer(night.stop(waiting.procedure_id)).state == Command.State.DONE
        assert night.script_of(task, "b", state="skipped").reason == "operator"
        night.service.abort_task(task.pk)
        assert night.finished(task).state == "aborted"


@pytest.mark.both_databases
def test_a_script_waits_for_what_an_ordinary_procedure_holds_and_the_other_way_round(night: Night) -> None:
    body = "import sys, time\ndef main():\n    print('up', flush=True)\n    time.sleep(100)\n"
    with night.manager():
        holder = night.running(body, resources=["dish"])
        task = night.submit('scripts: {a: {body: sleep 0.2, exclusive_executor_resource: "site:dish"}}')
        night.script_of(task, "a", state="waiting")
        night.stop(holder, 0)
        assert night.finished(task).state == "passed"

        holding = night.submit('scripts: {a: {body: sleep 100, exclusive_executor_resource: "site:dish"}}')
        script = night.script_of(holding, "a", state="executing")
        assert ResourceClaim.objects.get(name="dish").procedure_id == script.procedure_id
        other = night.ready(body, resources=["dish"])
        refused = night.answer(night.start(other))
        assert (refused.state, refused.refusal, "shell" in refused.reason or "“dish”" in refused.reason) == (
            "rejected",
            "resource_held",
            True,
        )
        night.service.abort_trial(night.trial(holding).pk)
        night.finished(holding)
        assert not ResourceClaim.objects.exists()


@pytest.mark.both_databases
def test_what_ignores_an_abort_runs_after_it(night: Night) -> None:
    with night.manager():
        task = night.submit(
            f"scripts: {{a: {{body: sleep 100}}, b: {{start_when: {{d: {{script_key: a}}}}}}, "
            f"cleanup: {{body: sleep 0.2, ignore_abort: true, start_when: {{d: {{script_key: a, states: {T}}}}}}}}}"
        )
        night.script_of(task, "a", state="executing")
        trial = night.service.abort_trial(night.trial(task).pk)
        assert trial.state == "aborting"
        trial = night.finished(task)
        assert (trial.state, night.states(trial)) == ("aborted", {"a": "aborted", "b": "skipped", "cleanup": "passed"})
        assert trial.abort_requested_by == "ann"


def test_a_set_up_that_was_cut_short_is_begun_again(night: Night) -> None:
    task = night.submit('scripts: {a: {body: "test ! -e left-over"}}')
    trial = night.trial(task)
    Trial.objects.filter(pk=trial.pk).update(state="dispatching", node=night.configuration.node)
    Procedure.objects.update(node=night.configuration.node)
    folder = night.run_dir / "trials" / str(trial.pk) / "work"
    folder.mkdir(parents=True)
    (folder / "left-over").touch()
    with night.manager():
        assert night.finished(task).state == "passed"
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.both_databases
def test_what_was_decided_and_not_carried_out_is_carried_out_by_the_next_manager(night: Night) -> None:
    """As if the manager had died right after the commit in which one script starts, and one starts and is to be ended."""
    ran = night.home / "ran"
    task = night.submit(
        f'{{max_trials: 1, scripts: {{a: {{body: "echo ran >> {ran}"}}, '
        f"b: {{body: sleep 100, terminate_when: {{d: {{script_key: a, states: [executing]}}}}}}}}}}"
    )
    trial, node = night.trial(task), night.configuration.node
    with recording() as record:
        assert dispatch(record, node).trials == [trial.pk]
    plan = read_plan(trial.pk)
    assert plan is not None
    folder = night.home / "work"
    folder.mkdir()
    rendered, _ = rendered_scripts(plan.spec, TrialFacts(task.pk, trial.pk, str(folder)), resource_templates="")
    with recording() as record:
        begin(record, trial.pk, plan, Outfit(folder, scripts=rendered))
    assert {s.key: (s.state, s.kill) for s in trial.scripts.all()} == {
        "a": ("executing", None),
        "b": ("executing", "terminate_when"),
    }
    with night.manager():
        trial = night.finished(task)
    assert night.states(trial) == {"a": "passed", "b": "aborted"}
    assert ran.read_text() == "ran\n"


def test_ports_and_templates_are_given_to_a_trial_and_ports_are_not_shared(night: Night) -> None:
    repository = "ports: {PORT: {min: 20000, max: 20001}}"
    body = 'body: "echo $PORT; sleep 100"'
    with night.manager():
        one, other = (night.submit(f"{{{repository}, load: 0.1, scripts: {{a: {{{body}}}}}}}") for _ in range(2))
        third = night.submit(f"{{{repository}, max_trials: 1, load: 0.1, scripts: {{a: {{{body}}}}}}}")
        failed = night.finished(third)
        assert (failed.state, failed.error) == ("defective", "no port from 20000 to 20001 is free for PORT")
        ports = {night.script_of(task, "a", state="executing").trial.ports["PORT"] for task in (one, other)}
        assert ports == {20000, 20001}
        for task in (one, other):
            night.service.abort_task(task.pk)
            night.finished(task)


@pytest.mark.both_databases
def test_a_node_takes_only_what_it_has_room_and_traits_for(night: Night, settings: Any) -> None:
    settings.OET = night.configuration.model_copy(update={"trial_load": 1.0, "traits": ("dish",)})
    with night.manager():
        first = night.submit("{load: 0.7, scripts: {a: {body: sleep 100}}}")
        night.script_of(first, "a", state="executing")
        low = night.submit("{load: 0.7, max_trials: 1, scripts: {a: {body: exit 0}}}")
        high = night.submit("{load: 0.7, max_trials: 1, priority: 5, traits: [dish], scripts: {a: {body: exit 0}}}")
        nowhere = night.submit("{load: 0.1, priority: 9, traits: [comb], scripts: {a: {body: exit 0}}}")
        assert {night.trial(task).state for task in (low, high, nowhere)} == {"pending"}
        night.service.abort_task(first.pk)
        began = [night.finished(task).started_at for task in (high, low)]
        assert began[0] is not None
        assert began[1] is not None
        assert began[0] < began[1]
        assert night.trial(nowhere).state == "pending"


@pytest.mark.both_databases
def test_a_trial_whose_node_is_lost_is_defective_and_its_scripts_end_when_the_node_is_back(night: Night) -> None:
    with night.manager(stop_scripts=False):
        task = night.submit("{max_trials: 1, scripts: {a: {body: sleep 300}, b: {start_when: {d: {script_key: a}}}}}")
        script = night.script_of(task, "a", state="executing")
        wait_until(lambda: history(script.procedure_id or 0)[-1] == "RUNNING", what="a process", timeout_s=60)
    assert bury_lost_trials() == []
    Node.objects.update(heartbeat_at=datetime.now(UTC) - timedelta(minutes=4))
    trial = night.trial(task)
    assert bury_lost_trials() == [trial.pk]
    trial.refresh_from_db()
    assert (trial.state, night.states(trial)) == ("defective", {"a": "defective", "b": "skipped"})
    lost = Procedure.objects.get(part_of__key="a")
    assert (lost.state, lost.deadline_at) == (S.UNKNOWN, None)  # what is lost cannot run out of time any more
    with night.manager():
        wait_until(lambda: Procedure.objects.get(part_of__key="a").state == S.STOPPED, what="its end", timeout_s=60)


def test_the_working_directory_is_removed_in_time_unless_it_is_to_be_kept(night: Night, settings: Any) -> None:
    settings.OET = night.configuration.model_copy(update={"trial_retention": 0.0})
    with night.manager():
        plain = night.submit('{max_trials: 1, scripts: {a: {body: "mkdir x; chmod 0 x"}}}')
        kept = night.submit('{max_trials: 1, scripts: {a: {body: "touch _oet_keep"}}}')
        trials = [night.finished(task) for task in (plain, kept)]
        wait_until(
            lambda: not Trial.objects.filter(removed_at__isnull=True).exists(), what="clearing away", timeout_s=60
        )
    assert [Path(trial.working_dir).exists() for trial in trials] == [False, True]


@pytest.mark.both_databases
def test_an_environment_that_does_not_settle_fails_the_set_up_and_names_the_script(night: Night) -> None:
    with night.manager():
        task = night.submit('{max_trials: 1, scripts: {a: {environment_variables: {X: "x{{X}}"}}, b: {}}}')
        trial = night.finished(task)
    states = {s.key: (s.state, s.reason == "setup") for s in TrialScript.objects.filter(trial=trial)}
    assert (trial.state, states) == ("defective", {"a": ("defective", False), "b": ("skipped", True)})
    assert "the value of X does not settle" in trial.error
    assert {p.state for p in Procedure.objects.all()} == {"FAILED", "STOPPED"}


def test_unknown_variables_are_warned_of_once(night: Night) -> None:
    with night.manager():
        task = night.submit('{max_trials: 1, scripts: {a: {environment_variables: {X: "{{NOBODY}} {{NOBODY}}"}}}}')
        assert night.finished(task).state == "passed"
    issue = TrialIssue.objects.get()
    assert (issue.level, issue.title) == ("warning", "NOBODY is unknown")


def test_a_launcher_that_dies_makes_its_scripts_defective_and_the_trial_goes_on(night: Night) -> None:
    with night.manager():
        task = night.submit(
            f"{{max_trials: 1, scripts: {{a: {{body: sleep 300}}, b: {{start_when: {{d: {{script_key: a, states: {T}}}}}}}}}}}"
        )
        script = night.script_of(task, "a", state="executing")
        wait_until(lambda: history(script.procedure_id or 0)[-1] == "RUNNING", what="a process", timeout_s=60)
        os.kill(night.launcher_pid(), signal.SIGKILL)
        trial = night.finished(task)
    assert (trial.state, night.states(trial)) == ("defective", {"a": "defective", "b": "passed"})
    assert "launcher lost" in night.script_of(task, "a").reason


def test_what_cannot_be_confirmed_dead_keeps_its_resource_until_the_truth_is_known(
    night: Night, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(launcher_link, "KILL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(stop_ladder, "LAST_TIMEOUT_S", 0.2)
    night.configuration = settings.OET = night.configuration.model_copy(update={"grace": 0.2})
    with night.manager():
        task = night.submit(
            "{max_trials: 1, scripts: {a: {body: \"trap '' TERM; sleep 300\", timeout: 1 second, exclusive_executor_resource: R}, "
            "b: {exclusive_executor_resource: R, start_when: {d: {script_key: a, states: [executing]}}}}}"
        )
        script = night.script_of(task, "a", state="executing")
        wait_until(lambda: history(script.procedure_id or 0)[-1] == "RUNNING", what="a process", timeout_s=60)
        launcher = night.launcher_pid()
        os.kill(launcher, signal.SIGSTOP)
        try:
            lost = night.script_of(task, "a", state="defective")
            assert lost.procedure is not None
            assert (lost.reason, lost.procedure.state, lost.procedure.deadline_at) == ("timeout", S.UNKNOWN, None)
            assert any("could not be confirmed dead" in issue.title for issue in lost.issues.all())
            assert night.script_of(task, "b").state == "waiting"
            assert ResourceClaim.objects.get(name="R").procedure_id == lost.procedure_id
        finally:
            os.kill(launcher, signal.SIGCONT)
        trial = night.finished(task)  # the launcher carries out the kill after all
    assert (trial.state, night.states(trial)) == ("defective", {"a": "defective", "b": "passed"})


def test_when_everything_is_stopped_nothing_of_a_trial_starts_by_itself(night: Night) -> None:
    ran = night.home / "ran"
    with night.manager():
        task = night.submit(
            f"{{scripts: {{a: {{body: sleep 300}}, b: {{body: echo b >> {ran}, start_when: {{d: {{script_key: a, states: {T}}}}}}}}}}}"
        )
        script = night.script_of(task, "a", state="executing")
        wait_until(lambda: history(script.procedure_id or 0)[-1] == "RUNNING", what="a process", timeout_s=60)
    trial = night.finished(task)  # the manager was ended as Ctrl-C does it
    assert (trial.state, night.states(trial)) == ("aborted", {"a": "aborted", "b": "skipped"})
    assert (trial.abort_requested_by, ran.exists()) == ("process manager", False)


def test_after_an_emergency_stop_nothing_of_a_trial_starts_by_itself(night: Night) -> None:
    with night.manager():
        task = night.submit(
            f"{{scripts: {{a: {{body: sleep 300}}, b: {{start_when: {{d: {{script_key: a, states: {T}}}}}}}}}}}"
        )
        script = night.script_of(task, "a", state="executing")
        wait_until(lambda: history(script.procedure_id or 0)[-1] == "RUNNING", what="a process", timeout_s=60)
        command = [sys.executable, "manage.py", "emergency_stop"]
        subprocess.run(
            command, cwd=PROJECT_DIR, env=dict(night.environment), check=False, capture_output=True, timeout=60
        )
        trial = night.finished(task)
    assert (trial.state, night.states(trial)) == ("aborted", {"a": "aborted", "b": "skipped"})


@pytest.mark.both_databases
def test_every_transition_is_an_event_in_the_order_in_which_it_came(night: Night) -> None:
    with night.manager():
        task = night.submit("{max_trials: 1, scripts: {a: {}, b: {start_when: {d: {script_key: a}}}}}")
        trial = night.finished(task)
    events = Event.objects.filter(topic="trial.script.statechange").order_by("id")
    told = [(e.payload["key"], e.payload["from"], e.payload["to"]) for e in events]
    assert told == [
        ("a", "pending", "executing"),
        ("a", "executing", "passed"),
        ("b", "pending", "executing"),
        ("b", "executing", "passed"),
    ]
    states = Event.objects.filter(topic="trial.statechange", payload__trial=trial.pk).order_by("id")
    assert [e.payload["to"] for e in states] == ["pending", "dispatching", "executing", "passed"]
    assert {s.state for s in trial.scripts.all()} == {ScriptState.PASSED}
    of_task = Event.objects.filter(topic="task.statechange").order_by("id")
    assert [e.payload["to"] for e in of_task] == ["pending", "executing", "passed"]
