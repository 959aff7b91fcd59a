"""What the service decides before any manager is asked; the rest is tested with a real manager in tests/acceptance."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import (
    AbortImpossible,
    InvalidInput,
    NoAnswer,
    NoManager,
    NoSuchProcedure,
    NotAllowed,
    StopUnderWay,
    WrongState,
)
from procedures.domain.people import Actor, Right
from procedures.domain.scripts import EmbeddedStringScript, FileSystemScript, GitArgs, GitScript
from procedures.models import ArgCapture, Command, Node, Procedure
from procedures.service import (
    PrepareProcessCommand,
    ScriptExecutionService,
    StartProcessCommand,
    StopProcessCommand,
    actor_of,
)
from tests.fixtures.people import Users

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = PrepareProcessCommand(EmbeddedStringScript("def main(): pass"))


@pytest.fixture
def service() -> ScriptExecutionService:
    return ScriptExecutionService(Actor("ann", frozenset(Right)))


@pytest.fixture
def _manager(settings: object) -> None:
    """A node with a fresh heartbeat whose manager never answers."""
    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now, started_at=now)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    from procedures import commanding, service

    monkeypatch.setattr(commanding, "_SLACK_S", -10.0)
    monkeypatch.setattr(service, "_KILL_S", 0.0)


def procedure(state: str = "READY", **columns: object) -> Procedure:
    now = datetime.now(UTC)
    return Procedure.objects.create(
        script_type="embedded", script_name="x", state=state, state_at=now, created_at=now, node="test-node", **columns
    )


def test_rights_come_from_the_groups(users: Users) -> None:
    assert actor_of(users.viewer).rights == {Right.VIEW}
    assert actor_of(users.operator).rights == set(Right) - {Right.ENVIRONMENTS, Right.PRESETS}
    assert actor_of(users.engineer).rights == set(Right)
    assert actor_of(users.admin).rights == set(Right)
    assert actor_of(users.nobody).rights == set()
    assert actor_of(User(username="gone", is_active=False, is_superuser=True)).rights == set()


def test_who_lacks_the_right_is_told_which(users: Users) -> None:
    viewer = ScriptExecutionService(actor_of(users.viewer))
    with pytest.raises(NotAllowed, match=r"viewer may not prepare scripts.*prepare_procedure"):
        viewer.prepare(TEXT)
    with pytest.raises(NotAllowed, match="may not start"):
        viewer.start(StartProcessCommand(1))
    with pytest.raises(NotAllowed, match="may not stop"):
        viewer.stop(StopProcessCommand(1))
    with pytest.raises(NotAllowed, match="may not see"):
        ScriptExecutionService(actor_of(users.nobody)).summarise(1)


def test_without_a_manager_nothing_is_written(service: ScriptExecutionService) -> None:
    with pytest.raises(NoManager, match="no process manager is running; nothing was done"):
        service.prepare(TEXT)
    with pytest.raises(NoManager):
        service.start(StartProcessCommand(procedure().pk))
    assert not Command.objects.exists()
    assert Procedure.objects.count() == 1


def test_a_stale_heartbeat_is_no_manager_and_says_when_it_was_heard_of(service: ScriptExecutionService) -> None:
    long_ago = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Node.objects.create(name="test-node", heartbeat_at=long_ago, started_at=long_ago)
    with pytest.raises(NoManager, match=r"last heard of 2026-01-02 03:04:05 UTC"):
        service.prepare(TEXT)


@pytest.mark.usefixtures("_manager", "_impatient")
def test_a_manager_that_does_not_answer_leaves_a_command_that_expires(service: ScriptExecutionService) -> None:
    with pytest.raises(NoAnswer, match="did not answer within 10 s"):
        service.prepare(TEXT)
    command = Command.objects.get()
    assert (command.kind, command.state, command.issued_by) == ("prepare", "queued", "ann")
    assert command.expires_at - command.issued_at == timedelta(seconds=10)
    assert command.procedure.state == "CREATING"


@pytest.mark.usefixtures("_manager", "_impatient")
def test_the_path_is_stored_with_its_links_resolved(
    service: ScriptExecutionService, settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setitem(service_settings().__dict__, "script_root_paths", (tmp_path / "real",))
    with pytest.raises(NoAnswer):
        service.prepare(PrepareProcessCommand(FileSystemScript(f"file://{tmp_path}/link/not-there.py")))
    assert Procedure.objects.get().script_path == str(tmp_path / "real" / "not-there.py")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "{root}/../outside.py", "{root}/link/outside.py", "{root}-beside/a.py"]
)
@pytest.mark.usefixtures("_manager")
def test_a_path_outside_the_roots_is_refused_and_told_the_remedy(
    service: ScriptExecutionService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    (tmp_path / "outside.py").touch()
    monkeypatch.setitem(service_settings().__dict__, "script_root_paths", (root,))
    with pytest.raises(InvalidInput, match="OET_SCRIPT_ROOTS"):
        service.prepare(PrepareProcessCommand(FileSystemScript(f"file://{path.format(root=root)}")))
    assert not Procedure.objects.exists()


@pytest.mark.parametrize("state", ["COMPLETE", "STOPPED", "FAILED"])
@pytest.mark.usefixtures("_manager")
def test_what_has_ended_can_neither_be_started_nor_stopped(service: ScriptExecutionService, state: str) -> None:
    ended = procedure(state)
    with pytest.raises(WrongState, match=rf"procedure {ended.pk} is {state}; it cannot be started. Prepare it again."):
        service.start(StartProcessCommand(ended.pk))
    with pytest.raises(WrongState, match=rf"procedure {ended.pk} is {state}; it cannot be stopped"):
        service.stop(StopProcessCommand(ended.pk))


def test_an_unknown_id_is_said_so(service: ScriptExecutionService) -> None:
    for number in (4711, 2**70):
        with pytest.raises(NoSuchProcedure, match=f"no procedure {number}"):
            service.summarise(number)


@pytest.mark.usefixtures("_manager")
class TestAbortIsCheckedBeforeAnythingIsStopped:
    def refusal(self, service: ScriptExecutionService, found: Procedure) -> str:
        with pytest.raises(AbortImpossible) as caught:
            service.stop(StopProcessCommand(found.pk, abort=True))
        assert not Command.objects.exists()
        return str(caught.value)

    def test_no_abort_script(self, service: ScriptExecutionService) -> None:
        assert "no abort script is set (OET_ABORT_SCRIPT)" in self.refusal(service, procedure())

    def test_no_subarray_id(self, service: ScriptExecutionService, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(service_settings().__dict__, "abort_script", "file:///srv/abort.py")
        assert "have no subarray_id" in self.refusal(service, procedure())

    def test_two_subarray_ids(self, service: ScriptExecutionService, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(service_settings().__dict__, "abort_script", "file:///srv/abort.py")
        found = procedure()
        for function, subarray_id in (("init", 1), ("main", 2)):
            ArgCapture.objects.create(
                procedure=found, function=function, kwargs={"subarray_id": subarray_id}, at=found.created_at
            )
        assert "name several: 1, 2" in self.refusal(service, found)

    @pytest.mark.usefixtures("_impatient")
    def test_one_subarray_id(self, service: ScriptExecutionService, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(service_settings().__dict__, "abort_script", "/srv/abort.py")
        monkeypatch.setitem(service_settings().__dict__, "reply_timeout", 0.01)
        found = procedure()
        ArgCapture.objects.create(procedure=found, function="init", kwargs={"subarray_id": 7}, at=found.created_at)
        with pytest.raises(NoAnswer):
            service.stop(StopProcessCommand(found.pk, grace_s=0, abort=True))
        arguments = Command.objects.get().arguments
        assert arguments["abort_procedure"] == {
            "script": {"script_type": "filesystem", "script_uri": "file:///srv/abort.py"},
            "inputs": {"main": {"args": [], "kwargs": {"subarray_id": 7}}},
        }


def test_git_script_is_checked_without_asking_its_repository_and_every_fault_is_named(
    service: ScriptExecutionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(service_settings().__dict__, "git_allow", "https://example.org/*")
    script = GitScript("git://../a.py", GitArgs("ext::sh -c true", "--upload-pack=x", "HEAD"))
    with pytest.raises(InvalidInput) as refused:
        service.prepare(PrepareProcessCommand(script))
    assert refused.value.errors.keys() == {
        "script.git_args.git_repo",
        "script.git_args.git_branch",
        "script.git_args.git_commit",
        "script.script_uri",
    }
    with pytest.raises(NoManager):  # all is well with it, so the next thing that is missing is named
        service.prepare(PrepareProcessCommand(GitScript("git://a.py", GitArgs("https://example.org/r.git", "main"))))


@pytest.mark.usefixtures("_manager", "_impatient")
def test_a_stop_that_has_begun_is_not_said_to_have_expired(service: ScriptExecutionService) -> None:
    stopping = procedure(stop_asked_at=datetime.now(UTC), stop_asked_by="eve", stop_grace_s=5.0)
    with pytest.raises(StopUnderWay, match=f"procedure {stopping.pk} is being stopped.*the stop goes on"):
        service.stop(StopProcessCommand(stopping.pk, grace_s=0))
    with pytest.raises(NoAnswer):
        service.stop(StopProcessCommand(procedure().pk, grace_s=0))


@pytest.mark.usefixtures("_manager", "_impatient")
def test_resources_follow_the_setting_or_the_request(
    service: ScriptExecutionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(service_settings().__dict__, "resources", "subarray_{subarray_id}")
    inputs = {"init": ProcedureInput(kwargs={"subarray_id": 2})}
    for resources in (None, ["mine"], []):
        with pytest.raises(NoAnswer):
            service.prepare(PrepareProcessCommand(TEXT.script, inputs, resources=resources))
    assert [p.resources for p in Procedure.objects.order_by("id")] == [["subarray_2"], ["mine"], []]


def service_settings() -> object:
    from django.conf import settings

    return settings.OET


@pytest.mark.usefixtures("_manager", "_impatient")
def test_prepare_and_start_is_one_request_and_needs_both_rights(service: ScriptExecutionService) -> None:
    wanted = PrepareProcessCommand(
        EmbeddedStringScript("def main(n): pass"), {"main": ProcedureInput((), {"n": 3})}, is_started=True
    )
    with pytest.raises(NotAllowed, match="may not start"):
        ScriptExecutionService(Actor("eve", frozenset({Right.VIEW, Right.PREPARE}))).prepare(wanted)
    assert not Procedure.objects.exists()
    with pytest.raises(NoAnswer):
        service.prepare(wanted)
    prepare, start = Command.objects.order_by("id")
    assert (prepare.kind, start.kind) == ("prepare", "start")
    assert start.arguments == {
        "function": "main",
        "args": [],
        "kwargs": {"n": 3},
        "timeout_s": None,
        "when_ready": True,
    }
