"""The pages of trials, as a browser without JavaScript gets them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from procedures.domain.people import Actor, Right
from procedures.models import Procedure
from tests.fixtures.people import Users
from trials.models import Task, Trial
from trials.service import TrialService

DOCUMENT = """\
name: <night>
max_trials: 1
scripts:
  prepare: {body: exit 0}
  observe:
    body: exit 0
    start_when: {prepared: {script_key: prepare}}
  tidy:
    body: exit 0
    ignore_abort: true
    start_when: {over: {script_key: obsrve}}
"""

Visit = Callable[[str], Client]


@pytest.fixture
def visit(users: Users) -> Visit:
    def as_role(role: str) -> Client:
        client = Client(headers={"accept": "text/html"})
        client.force_login(getattr(users, role))
        return client

    return as_role


@pytest.fixture
def task(db: None) -> Task:
    return TrialService(Actor("ann", frozenset(Right))).create(DOCUMENT)[0]


def text_of(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, response.content[:500]
    assert "unsafe-inline" not in response.headers.get("Content-Security-Policy", "")
    return response.content.decode()


def test_without_any_task_the_list_says_what_to_do(visit: Visit) -> None:
    assert "No task yet" in text_of(visit("operator"), "/trials/")
    assert "needs the right" in text_of(visit("viewer"), "/trials/")


def test_list_leads_to_task_and_trial(visit: Visit, task: Task) -> None:
    shown = text_of(visit("viewer"), "/trials/")
    trial = task.trials.get()
    assert f'href="/tasks/{task.pk}/"' in shown
    assert f'href="/trials/{trial.pk}/"' in shown
    assert "3 scripts: 3 pending" in shown
    assert "&lt;night&gt;" in shown
    assert "<night>" not in shown
    assert "No older task" in text_of(visit("viewer"), f"/trials/?before={task.pk}")
    assert visit("viewer").get("/trials/?before=x").status_code == 400


def test_now_shows_a_trial_as_one_line_and_none_of_its_scripts(visit: Visit, task: Task) -> None:
    trial = task.trials.get()
    shown = text_of(visit("operator"), "/")
    assert shown.count(f'data-trial="{trial.pk}"') == 1
    assert "&lt;night&gt;" in shown
    assert '<td class="second" data-slot="counts">3 waiting</td>' in shown
    assert f'href="/trials/{trial.pk}/abort/"' in shown
    assert "OET is up and waits for its first script" not in shown
    assert shown.count("data-procedure=") == shown.count('data-procedure="0"')  # the moulds
    assert f'href="/trials/{trial.pk}/abort/"' not in text_of(visit("viewer"), "/")
    assert f'href="/trials/{trial.pk}/abort/"' in text_of(visit("operator"), "/stop/")


def test_what_can_be_stopped_stands_in_the_columns_of_one_table(visit: Visit, task: Task) -> None:
    trial, at = task.trials.get(), datetime.now(UTC)
    alone = Procedure.objects.create(
        script_type="filesystem",
        script_uri="file:///srv/scan.py",
        script_name="scan.py",
        state="READY",
        state_at=at,
        created_at=at,
        created_by="ann",
        node="atlas-1",
    )
    shown = text_of(visit("operator"), "/stop/").partition("What can be stopped")[2]
    rows = [row for row in shown.split("</tr>") if "<tr" in row]
    assert [f"/trials/{trial.pk}/" in row for row in rows] == [True, False]
    assert f"/procedures/{alone.pk}/stop/" in rows[1]
    assert len({row.count("</td>") for row in rows}) == 1


def test_a_trial_that_has_ended_stays_on_now_for_a_while(visit: Visit, task: Task) -> None:
    trial = TrialService(Actor("ann", frozenset(Right))).abort_trial(task.trials.get().pk)
    shown = text_of(visit("operator"), "/")
    assert '<td class="second" data-slot="counts">3 skipped</td>' in shown
    assert f'href="/trials/{trial.pk}/abort/" data-slot="abort" hidden' in shown
    assert "What has run stays here" in shown  # scripts of trials are no news by themselves
    assert "prepare" in text_of(visit("operator"), "/?q=prepare").partition('data-list="recent"')[2]
    Trial.objects.update(finished_at=datetime.now(UTC) - timedelta(hours=13))
    assert f'data-trial="{trial.pk}"' not in text_of(visit("operator"), "/")


def test_the_page_of_a_trial_has_the_facts_of_its_graph_in_a_table(visit: Visit, task: Task) -> None:
    shown = text_of(visit("viewer"), f"/trials/{task.trials.get().pk}/")
    assert "starts when <strong>prepare</strong> is passed" in shown
    assert "starts once prepare is passed" in shown
    assert "there is no such script" in shown
    assert "did you mean" in shown
    assert 'id="trial-data"' in shown
    assert "Abort trial" not in shown
    assert "Run all again" not in shown


def test_the_page_of_a_procedure_leads_to_the_trial_that_it_is_a_script_of(visit: Visit, task: Task) -> None:
    trial = task.trials.get()
    procedure = trial.scripts.get(key="observe").procedure
    assert procedure is not None
    assert f'href="/trials/{trial.pk}/">observe of a trial</a>' in text_of(
        visit("viewer"), f"/procedures/{procedure.pk}/"
    )


def test_only_who_may_stop_is_offered_the_abort_which_names_what_ends(visit: Visit, task: Task) -> None:
    trial = task.trials.get()
    operator = visit("operator")
    assert f'href="/trials/{trial.pk}/abort/"' in text_of(operator, f"/trials/{trial.pk}/")
    asked = text_of(operator, f"/trials/{trial.pk}/abort/")
    assert "prepare, observe" in asked
    assert "tidy" in asked
    assert visit("viewer").post(f"/trials/{trial.pk}/abort/").status_code == 403
    done = operator.post(f"/trials/{trial.pk}/abort/")
    assert (done.status_code, done.headers["Location"]) == (302, f"/trials/{trial.pk}/")
    assert Trial.objects.get(pk=trial.pk).state == "aborted"
    assert "nothing left to abort" in text_of(operator, f"/trials/{trial.pk}/abort/")
    assert "aborted by operator at " in text_of(operator, f"/trials/{trial.pk}/")
    assert operator.post(f"/trials/{trial.pk}/abort/").status_code == 409


def test_a_task_is_run_again_from_its_page_and_keeps_its_history(visit: Visit, task: Task) -> None:
    operator = visit("operator")
    operator.post(f"/tasks/{task.pk}/abort/")
    answer = operator.post(f"/tasks/{task.pk}/run/", headers={"accept": "application/json"})
    second = task.trials.get(number=2)
    assert answer.json() == {"url": f"/trials/{second.pk}/"}
    shown = text_of(operator, f"/tasks/{task.pk}/")
    assert "trial 1" in shown
    assert "trial 2" in shown
    assert "ignore_abort: true" in shown
    assert visit("viewer").post(f"/tasks/{task.pk}/run/").status_code == 403


def test_a_retry_of_the_rest_is_refused_while_the_trial_runs(visit: Visit, task: Task) -> None:
    answer = visit("operator").post(
        f"/tasks/{task.pk}/run/", {"only_not_passed": "1"}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 409
    assert "Retry the whole task" in answer.json()["detail"]


def test_the_editor_opens_tasks_and_files_and_says_what_it_cannot_open(visit: Visit, task: Task) -> None:
    operator = visit("operator")
    assert "a first task" in text_of(operator, "/tasks/new/")
    assert "script_key: obsrve" in text_of(operator, f"/tasks/new/?task={task.pk}")
    assert "does not lie in a folder for scripts" in text_of(operator, "/tasks/new/?file=/etc/passwd")
    assert "a first task" in text_of(operator, "/tasks/new/?task=²")
    assert text_of(operator, "/tasks/new/?task=999", status=404)
    assert "Run<" not in text_of(visit("viewer"), "/tasks/new/")


def test_the_editor_works_without_javascript(visit: Visit) -> None:
    operator = visit("operator")
    wrong = {"text": "scripts: {a: {bdy: x}}"}
    refused = operator.post("/tasks/new/", wrong)
    assert refused.status_code == 400
    assert "did you mean &#x27;body&#x27;?" in refused.content.decode()
    assert "no errors" in operator.post("/tasks/new/", {"text": DOCUMENT, "check": "1"}).content.decode()
    assert Task.objects.count() == 0
    made = operator.post("/tasks/new/", {"text": DOCUMENT})
    assert made.headers["Location"] == f"/trials/{Trial.objects.get().pk}/"
    assert visit("viewer").post("/tasks/new/", {"text": DOCUMENT}).status_code == 403


def test_a_look_says_everything_that_is_wrong_with_line_and_remedy(visit: Visit) -> None:
    found = visit("viewer").post("/tasks/draft/", {"text": "scripts:\n  a: {bdy: x}\n  b: {timeout: 5}\n"}).json()
    assert [(e["line"], e["path"]) for e in found["errors"]] == [(2, "scripts.a.bdy"), (3, "scripts.b.timeout")]
    assert found["errors"][0]["hint"] == "did you mean 'body'?"
    assert found["tasks"] == []


def test_a_look_plays_what_would_be(visit: Visit) -> None:
    text = "scripts: {a: {}, b: {start_when: {x: {script_key: a}}}}"
    viewer = visit("viewer")
    as_usual = viewer.post("/tasks/draft/", {"text": text, "rehearse": "1"}).json()
    assert as_usual["rehearsal"]["state"] == "passed"
    assert "start_when" in as_usual["tasks"][0]["resolved"]
    failing = viewer.post(
        "/tasks/draft/", {"text": text, "rehearse": "1", "fate.a": "fails", "fate.gone": "fails"}
    ).json()
    assert failing["rehearsal"]["state"] == "failed"
    assert failing["rehearsal"]["scripts"]["b"]["state"] == "skipped"
    aborted = viewer.post("/tasks/draft/", {"text": text, "rehearse": "1", "abort_at": "0.5"}).json()
    assert aborted["rehearsal"]["state"] == "aborted"
    for wrong in ({"fate.a": "explodes"}, {"abort_at": "nan"}, {"abort_at": "-1"}, {"which": "7"}):
        answer = viewer.post(
            "/tasks/draft/", {"text": text, "rehearse": "1", **wrong}, headers={"accept": "application/json"}
        )
        assert answer.status_code == 400, wrong


def test_findings_name_cycles_and_endless_services(visit: Visit) -> None:
    text = (
        "scripts:\n  a: {start_when: {x: {script_key: b}}}\n  b: {start_when: {x: {script_key: a}}}\n"
        "  s: {body: sleep 9}\n  t: {start_when: {x: {script_key: s, states: [executing]}}}\n"
    )
    found = visit("viewer").post("/tasks/draft/", {"text": text}).json()
    assert {it["kind"] for it in found["tasks"][0]["graph"]["findings"]} == {"cycle", "endless_service"}


def test_nobody_without_a_role_sees_any_of_it(visit: Visit, task: Task) -> None:
    for url in ("/trials/", f"/trials/{task.trials.get().pk}/", f"/tasks/{task.pk}/", "/tasks/new/"):
        assert visit("nobody").get(url).status_code == 403
    assert visit("nobody").post("/tasks/draft/", {"text": "exit 0"}).status_code == 403
    assert visit("viewer").get("/trials/99999999999999999999/").status_code == 404
