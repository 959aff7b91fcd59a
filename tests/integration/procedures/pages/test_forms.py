"""Prepare, start and stop through the pages' forms; the manager's answers are written by the test."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from procedures.models import ArgCapture, Command, Node, Preset, Procedure
from procedures.recorder import recording
from tests.fixtures.people import Users
from tests.waiting import wait_until

AS_JSON = {"Accept": "application/json"}
HELLO = "def init(subarray_id: int, band: str = '2'): ...\ndef main(target: str): ...\n"


@pytest.fixture
def operator(transactional_db: None, users: Users) -> Client:
    Node.objects.create(
        name="test-node", heartbeat_at=datetime.now(UTC) + timedelta(minutes=5), started_at=datetime.now(UTC)
    )
    client = Client()
    client.force_login(users.operator)
    return client


@contextmanager
def answering(state: Command.State = Command.State.DONE, reason: str = "", refusal: str = "") -> Iterator[None]:
    """Answer the next command as the manager would."""

    def answer() -> None:
        def queued() -> Command | None:
            return Command.objects.filter(state=Command.State.QUEUED).first()

        try:
            command = wait_until(queued, what="a command")
            with recording() as record:
                record.answer(command.pk, state, reason=reason, refusal=refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path.resolve() / "scripts"
    (root / "imaging").mkdir(parents=True)
    path = root / "imaging" / "observe me.py"
    path.write_text(f'"""Looks at the sky."""\n{HELLO}')
    monkeypatch.setitem(settings.OET.__dict__, "script_root_paths", (root,))
    return path


def test_the_scripts_below_the_roots_are_listed(operator: Client, script: Path) -> None:
    page = operator.get("/prepare/").content.decode()
    assert 'data-name="imaging/observe me.py"' in page


def test_a_script_says_what_it_needs_before_it_is_loaded(operator: Client, script: Path) -> None:
    page = operator.get("/prepare/", {"script": str(script)}).content.decode()
    assert "Looks at the sky." in page
    assert 'name="init.subarray_id"' in page
    assert 'name="main.target"' in page


def test_a_pipe_among_the_scripts_is_said_to_be_one_instead_of_waiting_for_it(operator: Client, script: Path) -> None:
    pipe = script.with_name("pipe.py")
    os.mkfifo(pipe)
    page = operator.get("/prepare/", {"script": str(pipe)}).content.decode()
    assert "cannot be read: it is no regular file." in page


def test_a_prepared_script_has_what_was_filled_in(operator: Client, script: Path) -> None:
    form = {"script": str(script), "init.subarray_id": "3", "init.band": "", "main.target": "Cen A"}
    with answering():
        response = operator.post("/prepare/", form)
    procedure = Procedure.objects.get()
    assert response.headers["Location"] == f"/procedures/{procedure.pk}/"
    assert procedure.script_path == str(script)
    captured = {capture.function: capture.kwargs for capture in ArgCapture.objects.all()}
    assert captured == {"init": {"subarray_id": 3}, "main": {"target": "Cen A"}}


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_prepared(operator: Client, script: Path) -> None:
    response = operator.post("/prepare/", {"script": str(script), "init.subarray_id": "three", "init.band": "5a"})
    assert response.status_code == 400
    page = response.content.decode()
    assert "must be a whole number" in page
    assert 'value="three"' in page
    assert 'value="5a"' in page
    assert not Procedure.objects.exists()


def test_a_file_outside_the_roots_is_neither_shown_nor_run(operator: Client, script: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("SECRET = 'xyzzy'")
    for response in (
        operator.get("/prepare/", {"script": str(secret)}),
        operator.post("/prepare/", {"script": str(secret)}),
        operator.get("/prepare/", {"script": f"{script.parent}/../../secret.py"}),
    ):
        page = response.content.decode()
        assert "does not lie in a folder for scripts" in page
        assert "xyzzy" not in page
    assert not Procedure.objects.exists()


def test_a_file_that_is_gone_is_said_to_be(operator: Client, script: Path) -> None:
    page = operator.get("/prepare/", {"script": f"{script}x"}).content.decode()
    assert "cannot be read: No such file or directory" in page


def test_a_pasted_script_is_prepared_under_its_name(operator: Client) -> None:
    with answering():
        operator.post("/prepare/", {"text": "def main():\r\n    pass\r\n", "name": "quick.py"})
    procedure = Procedure.objects.get()
    assert (procedure.script_name, procedure.script_body) == ("quick.py", "def main():\n    pass\n")


def test_a_pasted_script_can_be_asked_for_its_arguments(operator: Client) -> None:
    page = operator.post("/prepare/", {"text": HELLO, "describe": "1"}).content.decode()
    assert 'name="init.subarray_id"' in page
    assert "is needed" not in page
    assert not Procedure.objects.exists()


def test_text_that_is_no_python_is_shown_with_its_line(operator: Client) -> None:
    assert "line 1: " in operator.post("/prepare/", {"text": "def main(:", "describe": "1"}).content.decode()


def test_an_empty_paste_is_refused_in_words(operator: Client) -> None:
    response = operator.post("/prepare/", {"text": " "})
    assert response.status_code == 400
    assert "must be the text of a Python script" in response.content.decode()


def test_without_a_manager_what_was_filled_in_is_kept(operator: Client, script: Path) -> None:
    Node.objects.all().delete()
    response = operator.post("/prepare/", {"script": str(script), "init.subarray_id": "3"})
    assert response.status_code == 503
    page = response.content.decode()
    assert "no process manager is running" in page
    assert 'value="3"' in page


@pytest.fixture
def ready(operator: Client) -> Procedure:
    from procedures.domain.source import describe_source

    now = datetime.now(UTC)
    return Procedure.objects.create(
        script_type="embedded", script_uri="embedded:a.py", script_name="a.py", state="READY", state_at=now, created_at=now,
        node="test-node", functions=describe_source(HELLO).functions,
    )  # fmt: skip


def test_a_start_sends_what_was_filled_in(operator: Client, ready: Procedure) -> None:
    with answering():
        response = operator.post(f"/procedures/{ready.pk}/start/", {"function": "main", "main.target": "Cen A"})
    assert response.headers["Location"] == f"/procedures/{ready.pk}/"
    arguments = Command.objects.get().arguments
    assert (arguments["function"], arguments["kwargs"]) == ("main", {"target": "Cen A"})


def test_a_start_at_the_push_of_a_button_sends_what_was_prepared(operator: Client, ready: Procedure) -> None:
    ArgCapture.objects.create(procedure=ready, function="main", kwargs={"target": "Vela"}, at=datetime.now(UTC))
    with answering():
        operator.post(f"/procedures/{ready.pk}/start/", {"as_prepared": "1"})
    assert Command.objects.get().arguments["kwargs"] == {"target": "Vela"}


def test_a_start_that_needs_arguments_leads_to_their_form(operator: Client, ready: Procedure) -> None:
    form = {"as_prepared": "1"}
    assert (
        operator.post(f"/procedures/{ready.pk}/start/", form).headers["Location"]
        == f"/procedures/{ready.pk}/#start-main"
    )
    answer = operator.post(f"/procedures/{ready.pk}/start/", form, headers=AS_JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "arguments_needed")
    assert not Command.objects.exists()


def test_a_start_with_a_fault_names_the_field(operator: Client, ready: Procedure) -> None:
    answer = operator.post(f"/procedures/{ready.pk}/start/", {"function": "main"}, headers=AS_JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"main.target": ["is needed."]}
    page = operator.post(f"/procedures/{ready.pk}/start/", {"function": "main"}).content.decode()
    assert "is needed." in page


def test_a_refusal_of_the_manager_is_shown_as_it_is(operator: Client, ready: Procedure) -> None:
    with answering(Command.State.REJECTED, "procedure 4 holds “telescope”.", "resource_held"):
        response = operator.post(f"/procedures/{ready.pk}/start/", {"function": "main", "main.target": "Cen A"})
    assert response.status_code == 409
    page = response.content.decode()
    assert "procedure 4 holds “telescope”." in page
    assert 'value="Cen A"' in page


@pytest.mark.parametrize(
    ("how", "arguments"),
    [("stop", {"grace": None, "abort": False}), ("kill", {"grace": 0.0, "abort": False})],
)
def test_a_plain_form_stops(operator: Client, ready: Procedure, how: str, arguments: dict[str, object]) -> None:
    with answering():
        response = operator.post(f"/procedures/{ready.pk}/stop/", {"how": how})
    assert response.headers["Location"] == f"/procedures/{ready.pk}/"
    assert Command.objects.get().arguments == arguments


def test_a_stop_of_what_has_ended_is_refused_with_its_state(operator: Client, ready: Procedure) -> None:
    Procedure.objects.update(state="COMPLETE")
    answer = operator.post(f"/procedures/{ready.pk}/stop/", {"how": "stop"}, headers=AS_JSON)
    assert answer.status_code == 409
    assert "is COMPLETE" in json.loads(answer.content)["detail"]


def test_a_rung_that_does_not_exist_is_refused(operator: Client, ready: Procedure) -> None:
    assert operator.post(f"/procedures/{ready.pk}/stop/", {"how": "please"}).status_code == 400
    assert not Command.objects.exists()


def test_the_confirmation_names_what_will_end(operator: Client, ready: Procedure) -> None:
    page = operator.get(f"/procedures/{ready.pk}/stop/?how=kill").content.decode()
    assert "Stop a.py" in page
    assert 'value="kill" checked' in page


@pytest.mark.parametrize(("procedure_id", "status"), [(999999, 404), (None, 503)])
def test_json_and_pages_refuse_with_the_same_status(
    operator: Client, ready: Procedure, procedure_id: int | None, status: int
) -> None:
    Node.objects.all().delete()
    address = f"/procedures/{procedure_id or ready.pk}/stop/"
    assert operator.post(address).status_code == operator.post(address, headers=AS_JSON).status_code == status


# --- what a draft says before it is sent


def test_a_draft_is_checked_without_being_prepared(operator: Client, script: Path) -> None:
    filled_in = {"script": str(script), "init.subarray_id": "x", "check": "1"}
    verdict = operator.post("/prepare/", filled_in, headers=AS_JSON).json()
    assert verdict["errors"] == {"init.subarray_id": "must be a whole number, such as 3."}
    assert verdict["request"] is None
    verdict = operator.post("/prepare/", {**filled_in, "init.subarray_id": "3"}, headers=AS_JSON).json()
    assert verdict["request"]["script_args"] == {"init": {"args": [], "kwargs": {"subarray_id": 3}}}
    assert (verdict["errors"], verdict["claims"], verdict["held"]) == ({}, ["telescope"], [])
    assert not Procedure.objects.exists()


def test_prepare_and_start_needs_what_main_needs(operator: Client, script: Path) -> None:
    wanted = {"script": str(script), "init.subarray_id": "1", "start": "1"}
    page = operator.post("/prepare/", wanted)
    assert page.status_code == 400
    assert 'aria-describedby="e-main.target"' in page.content.decode()
    with answering():
        answer = operator.post("/prepare/", {**wanted, "main.target": "Cen A"})
    assert answer.status_code == 302
    start = Command.objects.get(kind="start")
    assert (start.arguments["kwargs"], start.arguments["when_ready"]) == ({"target": "Cen A"}, True)


def test_an_earlier_procedure_is_prepared_again_with_its_arguments(operator: Client, script: Path) -> None:
    with answering():
        operator.post(
            "/prepare/", {"script": str(script), "init.subarray_id": "5", "main.target": "M 31", "timeout": "90"}
        )
    page = operator.get(f"/prepare/?again={Procedure.objects.get().pk}").content.decode()
    assert 'name="init.subarray_id" value="5"' in page
    assert 'name="main.target" value="M 31"' in page
    assert 'name="timeout" value="90"' in page
    with answering():
        operator.post("/prepare/", {"text": "def main(n: int): ...", "name": "pasted.py", "main.n": "4"})
    page = operator.get(f"/prepare/?again={Procedure.objects.latest('pk').pk}").content.decode()
    assert "def main(n: int): ..." in page
    assert 'name="main.n" value="4"' in page


def test_what_cannot_be_prepared_again_says_why(operator: Client, script: Path) -> None:
    assert "there is no procedure 77" in operator.get("/prepare/?again=77").content.decode()
    assert "there is no preset 77" in operator.get("/prepare/?preset=77").content.decode()
    assert operator.get("/prepare/?again=x").status_code == 200


def test_presets_are_kept_filled_in_and_deleted(operator: Client, script: Path, users: Users) -> None:
    kept = {"script": str(script), "init.subarray_id": "2", "preset_name": "Night", "save": "1"}
    address = operator.post("/prepare/", kept)["Location"]
    page = operator.get(address).content.decode()
    assert 'name="init.subarray_id" value="2"' in page
    assert "as in preset Night" in page
    assert not Procedure.objects.exists()
    preset = Preset.objects.get()
    other = Client()
    other.force_login(User.objects.create_user("second", password="x"))
    other_user = User.objects.get(username="second")
    other_user.groups.set(users.operator.groups.all())
    assert other.post(f"/presets/{preset.pk}/delete/").status_code == 403
    assert "Delete" not in other.get(f"/prepare/?script={script}").content.decode().split('id="presets"')[1][:800]
    assert operator.post(f"/presets/{preset.pk}/delete/")["Location"].startswith("/prepare/?script=")
    assert not Preset.objects.exists()


def test_the_page_tells_what_the_script_did_before(operator: Client, script: Path) -> None:
    with answering():
        operator.post("/prepare/", {"script": str(script), "init.subarray_id": "5"})
    page = operator.get("/prepare/", {"script": str(script)}).content.decode()
    assert "use its arguments" in page
    assert "first run" in page
