"""Scripts from git: from a commit to a process, over whatever may come between."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from environments.manager import EnvironmentManager
from environments.models import Environment, Use
from oet_site.configuration import Configuration
from procedures.domain.arguments import ProcedureInput
from procedures.domain.scripts import GitArgs, GitScript
from procedures.models import Command, Event, Procedure
from procedures.moves import Move
from procedures.recorder import recording
from tests.integration.procedures.manager.station import TIMEOUT_S, S, Station, check_history, events, history, output
from tests.repositories import GitRepository, pyproject
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = """
import os, sys

def main():
    print(os.getcwd())
    print(sys.prefix)
    print(open(os.path.join(os.path.dirname(__file__), "data.txt")).read())
"""


@pytest.fixture
def configuration(configuration: Configuration, tmp_path: Path, settings: Any) -> Configuration:
    """A node that takes scripts from the test's repositories."""
    found: Configuration = settings.OET.model_copy(update={"git_allow": f"{tmp_path}/remotes/*", "env_timeout": 100.0})
    settings.OET = found
    return found


@pytest.fixture(autouse=True)
def _quiet_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages to builders are lost, as they may be."""
    monkeypatch.setattr("environments.tasks.send", lambda _environment_id, _node: None)


@pytest.fixture
def remote(tmp_path: Path) -> GitRepository:
    """A repository that scripts may come from; its project needs nothing."""
    files = {"scripts/observe.py": SCRIPT, "scripts/data.txt": "beside it", "pyproject.toml": pyproject()}
    return GitRepository.make(tmp_path / "remotes" / "scripts", files)


Prepare = Callable[..., int]


@pytest.fixture
def prepare(station: Station, remote: GitRepository) -> Prepare:
    """Ask for a script of the repository; the id of its procedure."""

    def ask(*, path: str = "scripts/observe.py", create_env: bool = False, **git_args: str) -> int:
        args = GitArgs(**{"git_repo": remote.url, **git_args})
        return station.prepare_script(GitScript(f"git://{path}", args, create_env=create_env))

    return ask


@contextmanager
def building() -> Iterator[None]:
    """A builder, while the block lasts: what a Celery worker would do."""
    is_over = threading.Event()

    def work() -> None:
        try:
            while not is_over.wait(0.05):
                for pk in list(Environment.objects.filter(state="REQUESTED").values_list("pk", flat=True)):
                    EnvironmentManager.from_settings().builder().build(pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work, name="builder")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_script_of_a_commit_runs_beside_its_files_in_a_folder_of_its_own(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    commit = remote.head()
    with station.manager():
        procedure_id = prepare()
        ready = station.wait_for(procedure_id, S.READY)
        assert ready.script_options["git_args"]["git_commit"] == commit
        assert Use.objects.filter(holder=f"procedure:{procedure_id}", commit=commit).exists()
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)
        wait_until(lambda: not Use.objects.exists(), what="its release")
    cwd, _, text = output(procedure_id).decode().splitlines()
    assert text == "beside it"
    assert cwd == str(station.run_dir / "procedures" / str(procedure_id) / "work")
    assert history(procedure_id)[:3] == [S.CREATING, S.PREP_ENV, S.IDLE]
    assert not list(Path(ready.script_path).parent.glob("__pycache__"))


@pytest.mark.both_databases
def test_script_runs_in_the_environment_of_its_commit(station: Station, prepare: Prepare) -> None:
    with station.manager(), building():
        procedure_id = prepare(create_env=True)
        ready = station.wait_for(procedure_id, S.READY)
        environment = Environment.objects.get()
        assert ready.environment_id == environment.pk
        assert ready.launcher == f"env-{environment.folder}"
        assert ready.pid
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)
    assert output(procedure_id).decode().splitlines()[1] == str(station.home / "environments" / environment.folder)
    states = Event.objects.filter(topic="environment.statechange").order_by("id").values_list("payload", flat=True)
    assert [payload["state"] for payload in states] == ["REQUESTED", "BUILDING", "READY"]


def test_failed_build_fails_the_procedure_with_its_last_lines(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    remote.commit({"pyproject.toml": pyproject("no-such-package @ file:///nowhere/no_such_package-1.0.tar.gz")})
    with station.manager(), building():
        procedure_id = prepare(create_env=True)
        failed = station.wait_for(procedure_id, S.FAILED)
    assert "could not be built" in failed.cause
    assert "no_such_package" in failed.cause
    assert history(procedure_id) == [S.CREATING, S.PREP_ENV, S.FAILED]


def test_commit_that_is_not_there_fails_the_procedure_by_name(station: Station, prepare: Prepare) -> None:
    with station.manager():
        failed = station.wait_for(prepare(git_branch="no-such-branch"), S.FAILED)
    assert "no-such-branch" in failed.cause


def test_stop_while_the_environment_is_wanted_stops_at_once_and_gives_the_build_up(
    station: Station, prepare: Prepare
) -> None:
    with station.manager():
        procedure_id = prepare(create_env=True)
        wait_until(
            lambda: Environment.objects.filter(state="REQUESTED").exists(), what="the request", timeout_s=TIMEOUT_S
        )
        command = station.answer(station.stop(procedure_id))
        assert command.state == "done"
        stopped = station.wait_for(procedure_id, S.STOPPED)
        assert "no process existed" in stopped.cause
        wait_until(lambda: Environment.objects.get().state == "EVICTED", what="the build to be given up")


@pytest.mark.both_databases
def test_stop_leaves_a_build_that_somebody_else_waits_for(station: Station, prepare: Prepare) -> None:
    with station.manager():
        first, second = prepare(create_env=True), prepare(create_env=True)
        wait_until(
            lambda: Use.objects.filter(environment__isnull=False).count() == 2,
            what="both requests",
            timeout_s=TIMEOUT_S,
        )
        station.answer(station.stop(first))
        station.wait_for(first, S.STOPPED)
        with building():
            station.wait_for(second, S.READY)


def test_manager_that_is_restarted_goes_on_with_the_commit_that_was_found(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    commit = remote.head()
    with station.manager(stop_scripts=False):
        procedure_id = prepare(create_env=True)
        wait_until(lambda: Environment.objects.exists(), what="the request", timeout_s=TIMEOUT_S)
    remote.commit({"scripts/observe.py": "def main(): print('newer')"})
    with station.manager(), building():
        ready = station.wait_for(procedure_id, S.READY)
    assert ready.script_options["git_args"]["git_commit"] == commit
    assert Environment.objects.get().commit == commit


@pytest.mark.both_databases
def test_what_a_manager_left_held_is_released_by_the_next(station: Station, prepare: Prepare) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = prepare(create_env=True)
        wait_until(
            lambda: Use.objects.filter(environment__isnull=False).exists(), what="the request", timeout_s=TIMEOUT_S
        )
    forgotten = Use.objects.get()
    forgotten.pk, forgotten.holder = None, "procedure:4711"
    forgotten.save()
    with station.manager(), building():
        station.wait_for(procedure_id, S.READY)
        assert [use.holder for use in Use.objects.all()] == [f"procedure:{procedure_id}"]


@pytest.mark.both_databases
def test_many_scripts_and_the_builder_that_tells_of_them_do_not_block_each_other(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    commits = [remote.commit() for _ in range(3)]
    with station.manager(), building():
        ids = [prepare(create_env=True, git_commit=commit) for commit in commits for _ in range(3)]
        for procedure_id in ids:
            station.wait_for(procedure_id, S.READY)
            station.stop(procedure_id, grace_s=0.0)
        for procedure_id in ids:
            station.wait_for(procedure_id, S.STOPPED)
    assert sorted(Environment.objects.values_list("build", flat=True)) == [1, 1, 1]
    assert not Use.objects.exists()


def test_stop_that_was_asked_for_before_a_restart_is_carried_out(station: Station, prepare: Prepare) -> None:
    with station.manager(stop_scripts=False):
        procedure_id = prepare(create_env=True)
        wait_until(lambda: Environment.objects.exists(), what="the request", timeout_s=TIMEOUT_S)
    command = station.stop(procedure_id)
    with station.manager():
        assert station.answer(command).state == "done"
    assert history(procedure_id)[-1] == S.STOPPED


def test_procedure_says_that_no_worker_answers_and_goes_on_when_one_comes(
    station: Station, prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("environments.selectors.UNANSWERED_S", 0.2)
    with station.manager():
        procedure_id = prepare(create_env=True)
        wait_until(
            lambda: "no Celery worker answers" in Procedure.objects.get(pk=procedure_id).cause,
            what="the words",
            timeout_s=20,
        )
        assert Event.objects.filter(topic="procedure.progress", procedure_id=procedure_id).exists()
        with building():
            station.wait_for(procedure_id, S.READY)


def test_launcher_of_an_environment_is_ended_when_it_is_idle(
    station: Station, prepare: Prepare, configuration: Configuration
) -> None:
    station.configuration = configuration.model_copy(update={"env_launcher_idle": 0.3})
    with station.manager(), building():
        procedure_id = prepare(create_env=True)
        folder = station.run_dir / "launchers" / station.wait_for(procedure_id, S.READY).launcher
        assert folder.is_dir()
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)
        wait_until(lambda: not folder.exists(), what="the end of the launcher")
        again = prepare(create_env=True)
        station.wait_for(again, S.READY)
        assert folder.is_dir()


def test_inputs_reach_the_init_of_a_script_from_git(station: Station, remote: GitRepository, prepare: Prepare) -> None:
    remote.commit({"scripts/observe.py": "def init(subarray_id): print(subarray_id, flush=True)"})
    args = GitArgs(remote.url)
    with station.manager():
        procedure_id = station.prepare_script(
            GitScript("git://scripts/observe.py", args), {"init": ProcedureInput(kwargs={"subarray_id": 7})}
        )
        station.wait_for(procedure_id, S.READY)
        wait_until(lambda: output(procedure_id) == b"7\n", what="its output")


@pytest.mark.both_databases
def test_script_whose_environment_is_there_takes_it_with_its_first_transition(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    commit = remote.head()
    with station.manager():
        with building():
            station.wait_for(prepare(create_env=True), S.READY)
        environment = Environment.objects.get()
        again = prepare(create_env=True, git_commit=commit)
        ready = station.wait_for(again, S.READY)
        assert (ready.environment_id, ready.launcher) == (environment.pk, f"env-{environment.folder}")
        assert [event.payload for event in events(again, "procedure.progress")] == [
            {
                "words": f"environment {commit[:7]} is ready",
                "commit": commit,
                "branch": "",
                "environment": environment.pk,
            }
        ]
        assert Use.objects.get(holder=f"procedure:{again}").environment == environment
        assert station.answer(Command.objects.get(procedure_id=again, kind="prepare").pk).state == "done"
        station.start(again)
        station.wait_for(again, S.COMPLETE)
        wait_until(lambda: not Use.objects.filter(holder=f"procedure:{again}").exists(), what="its release")
    check_history(again)
    assert output(again).decode().splitlines()[1] == str(station.home / "environments" / environment.folder)


def test_environment_that_has_lost_its_files_is_built_again_for_the_next_script(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    with station.manager(), building():
        station.wait_for(prepare(create_env=True), S.READY)
        before = Environment.objects.get()
        (station.home / "environments" / before.folder).rename(station.home / "lost")
        again = prepare(create_env=True, git_commit=remote.head())
        ready = station.wait_for(again, S.READY)
        after = Environment.objects.get()
        assert (after.build, ready.launcher) == (2, f"env-{after.folder}")
        assert after.folder != before.folder


@pytest.mark.both_databases
def test_manager_that_died_between_the_first_transition_and_the_process_is_followed_by_one_that_answers(
    station: Station, remote: GitRepository, prepare: Prepare
) -> None:
    with station.manager():
        station.wait_for(prepare(), S.READY)
    procedure_id = prepare(git_commit=remote.head())
    command = Command.objects.get(procedure_id=procedure_id, kind="prepare")
    with recording() as record:
        record.move(procedure_id, Move(S.PREP_ENV, datetime.now(UTC), cause="the commit is there"))
    Command.objects.filter(pk=command.pk).update(expires_at=datetime.now(UTC))
    with station.manager():
        station.wait_for(procedure_id, S.READY)
        assert station.answer(command.pk).state == "done"
        assert Use.objects.filter(holder=f"procedure:{procedure_id}").exists()
