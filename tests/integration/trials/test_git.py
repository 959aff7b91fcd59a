"""Trials whose files, or scripts, come from git."""

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from environments.manager import EnvironmentManager
from environments.models import Environment, Use
from oet_site.configuration import Configuration
from procedures.bells import Role, ring_at_commit
from procedures.models import Procedure
from tests.fixtures.people import Users
from tests.integration.procedures.manager.station import history, output
from tests.integration.trials.night import Night
from tests.repositories import GitRepository, pyproject
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {
    "observe.py": "import os, sys\ndef main(n):\n    print(n, os.getcwd(), sys.prefix)\n",
    "config.in": "port={{PORT}} who={{WHO}}",
    "run.sh": "#!/bin/sh\ncat config\n",
    "pyproject.toml": pyproject(),
}


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
    """A repository that trials may use."""
    repository = GitRepository.make(tmp_path / "remotes" / "night", FILES)
    (repository.path / "run.sh").chmod(0o755)
    repository.commit()
    return repository


def test_the_working_directory_is_a_commit_and_templates_are_rendered_in_it(
    night: Night, remote: GitRepository
) -> None:
    with night.manager():
        task = night.submit(f"""
            max_trials: 1
            git_args: {{git_repo: {remote.url}}}
            environment_variables: {{WHO: me}}
            ports: {{PORT: {{min: 21000, max: 31000}}}}
            templates: {{config: {{src: config.in, dest: config}}}}
            scripts:
              a: {{body: "./run.sh && touch made && test -w observe.py"}}
        """)
        trial = night.finished(task)
    script = night.script_of(task, "a")
    assert (trial.state, script.procedure_id is not None) == ("passed", True), trial.error
    assert output(script.procedure_id or 0).decode() == f"port={trial.ports['PORT']} who=me"


def test_a_commit_that_cannot_be_read_fails_the_set_up(night: Night, remote: GitRepository) -> None:
    with night.manager():
        task = night.submit(
            f"{{max_trials: 1, git_args: {{git_repo: {remote.url}, git_branch: nowhere}}, scripts: {{a: {{}}}}}}"
        )
        trial = night.finished(task)
    assert (trial.state, "nowhere" in trial.error) == ("defective", True)


def test_a_script_from_git_runs_in_its_environment_which_is_built_before_its_time_counts(
    night: Night, remote: GitRepository
) -> None:
    document = f"""
        max_trials: 1
        scripts:
          a:
            script: {{script_type: git, script_uri: "git://observe.py", git_args: {{git_repo: {remote.url}}}, create_env: true}}
            kwargs: {{n: 7}}
            timeout: 20 seconds
          never: {{start_when: {{d: {{script_key: a, states: [failed]}}}}}}
    """
    with night.manager():
        task = night.submit(document)
        environment = wait_until(lambda: Environment.objects.first(), what="a request", timeout_s=60)
        assert night.trial(task).state == "dispatching"
        EnvironmentManager.from_settings().builder().build(environment.pk)
        trial = night.finished(task)
        script = night.script_of(task, "a")
        assert (night.states(trial), script.procedure_id is not None) == ({"a": "passed", "never": "skipped"}, True), (
            trial.error
        )
        wait_until(lambda: not Use.objects.exists(), what="the release of the environment", timeout_s=60)
    procedure = Procedure.objects.get(pk=script.procedure_id or 0)
    number, folder, prefix = output(procedure.pk).decode().split()
    assert (number, folder) == ("7", trial.working_dir)
    assert prefix.startswith(str(night.home))
    assert history(procedure.pk)[:3] == ["CREATING", "PREP_ENV", "IDLE"]
    assert procedure.state == "COMPLETE"


def test_an_abort_while_an_environment_is_built_ends_the_trial(night: Night, remote: GitRepository) -> None:
    with night.manager():
        task = night.submit(
            "{max_trials: 1, scripts: {a: {script: {script_type: git, script_uri: 'git://observe.py', "
            f"git_args: {{git_repo: {remote.url}}}, create_env: true}}}}}}}}"
        )
        wait_until(lambda: Environment.objects.first(), what="a request", timeout_s=60)
        night.service.abort_task(task.pk)
        trial = night.finished(task)
    assert (trial.state, night.states(trial)) == ("aborted", {"a": "skipped"})


def test_what_ignores_an_abort_is_set_up_although_the_trial_is_aborted_meanwhile(
    night: Night, remote: GitRepository
) -> None:
    with night.manager():
        task = night.submit(
            "{max_trials: 1, scripts: {cleanup: {body: echo tidy, ignore_abort: true}, a: {script: {script_type: git, "
            f"script_uri: 'git://observe.py', git_args: {{git_repo: {remote.url}}}, create_env: true}}}}}}}}"
        )
        wait_until(lambda: Environment.objects.first(), what="a request", timeout_s=60)
        night.service.abort_task(task.pk)
        with transaction.atomic():
            Environment.objects.update(state="READY", folder="nowhere")
            ring_at_commit(Role.MANAGER)
        trial = night.finished(task)
    assert (trial.state, night.states(trial)) == ("aborted", {"a": "skipped", "cleanup": "passed"})


def test_the_pages_of_procedures_show_scripts_of_trials(night: Night, users: Users) -> None:
    with night.manager():
        task = night.submit(
            "{max_trials: 1, scripts: {a: {body: echo hello}, b: {start_when: {d: {script_key: a, states: [failed]}}}}}"
        )
        night.finished(task)
    client = Client(headers={"host": "localhost"})
    client.force_login(users.operator)
    for procedure in Procedure.objects.all():
        assert client.get(f"/procedures/{procedure.pk}/").status_code == 200
        again = client.get("/prepare/", {"again": procedure.pk})
        assert (again.status_code < 500, "retry that" in again.content.decode()) == (True, True)
    assert client.get("/").status_code == 200
    users.admin.is_staff = True
    client.force_login(users.admin)
    for procedure in Procedure.objects.all():
        assert client.get(f"/admin/procedures/procedure/{procedure.pk}/change/").status_code == 200
