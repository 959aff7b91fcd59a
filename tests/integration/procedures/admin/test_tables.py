"""Commands, events, nodes and claims."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from procedures.models import Attachment, Command, Event, LogRecord, Node, OperatorOverride, Question, ResourceClaim
from tests.integration.procedures.admin.conftest import START, MakeProcedure, listed, words


def test_command_shows_who_asked_for_what_and_the_answer(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    command = Command.objects.get()
    text = words(staff.get("/admin/procedures/command/"))
    assert f"{command.pk} Start #{procedure.pk} operator 2026-03-18 01:00:00.000 Done 40 ms" in text


def test_commands_of_one_procedure_can_be_listed(staff: Client, make_procedure: MakeProcedure) -> None:
    make_procedure()
    wanted = make_procedure()
    found = listed(staff.get("/admin/procedures/command/", {"procedure": f"#{wanted.pk}"}))
    assert found == [wanted.commands.get().pk]


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "\0", "²"])
def test_procedure_that_is_no_number_leads_back_to_the_list(staff: Client, number: str) -> None:
    for model in ("command", "event"):
        response = staff.get(f"/admin/procedures/{model}/", {"procedure": number})
        assert response.status_code == 302


def test_commands_are_found_by_their_reason(staff: Client, make_procedure: MakeProcedure) -> None:
    make_procedure()
    make_procedure()
    refused = Command.objects.order_by("pk").first()
    assert refused
    Command.objects.filter(pk=refused.pk).update(state="rejected", reason="the dish is stowed")
    assert listed(staff.get("/admin/procedures/command/", {"q": "rejected stowed"})) == [refused.pk]


def test_event_shows_its_payload(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    event = Event.objects.create(at=START, topic="user.phase", procedure=procedure, payload={"phase": "slewing <b>"})
    text = words(staff.get(f"/admin/procedures/event/{event.pk}/change/"))
    assert "slewing &lt;b&gt;" in text


def test_event_of_a_procedure_that_is_gone_is_still_shown(staff: Client) -> None:
    event = Event.objects.create(at=START, topic="user.phase", procedure_id=4711)
    assert "#4711" in words(staff.get("/admin/procedures/event/"))
    assert staff.get(f"/admin/procedures/event/{event.pk}/change/").status_code == 200


def test_events_can_be_narrowed_to_days(staff: Client) -> None:
    event = Event.objects.create(at=START, topic="user.phase")
    assert listed(staff.get("/admin/procedures/event/?since=2026-03-18&until=2026-03-18")) == [event.pk]
    assert listed(staff.get("/admin/procedures/event/?since=2026-03-19")) == []


@pytest.mark.parametrize("model", ["command", "event"])
def test_number_of_queries_does_not_depend_on_the_number_of_rows(
    staff: Client, make_procedure: MakeProcedure, model: str
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            procedure = make_procedure()
            Event.objects.create(at=START, topic="user.phase", procedure=procedure, payload={"a": 1})
        with CaptureQueriesContext(connection) as queries:
            staff.get(f"/admin/procedures/{model}/")
        counts.append(len(queries))
        texts = [query["sql"].lower() for query in queries]
        assert [text for text in texts if "count(" in text or '"payload"' in text or '"arguments"' in text] == []
    assert counts[0] == counts[1] <= 6


def test_node_shows_its_versions_and_condition(staff: Client) -> None:
    node = Node.objects.create(
        name="atlas-1", heartbeat_at=START, started_at=START, versions={"oet": "0.1.0"}, condition={"load": 0.4}
    )
    text = words(staff.get(f"/admin/procedures/node/{node.pk}/change/"))
    assert "&quot;oet&quot;: &quot;0.1.0&quot;" in text
    assert "&quot;load&quot;: 0.4" in text


def test_claim_names_its_holder(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    ResourceClaim.objects.create(scope="site", name="subarray_3", procedure=procedure, taken_at=START)
    assert f"subarray_3 site #{procedure.pk} 2026-03-18 01:00:00.000" in words(
        staff.get("/admin/procedures/resourceclaim/")
    )


def test_what_scripts_said_and_operators_decided_is_shown(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    Question.objects.create(
        procedure=procedure, number=1, text="Continue?", asked_at=START, answer="yes", answered_by="ann"
    )
    Attachment.objects.create(procedure=procedure, name="x.txt", media_type="text/plain", at=START, size=1, data=b"x")
    LogRecord.objects.create(
        procedure=procedure, at=START, level=30, level_name="WARNING", logger="obs", message="slow"
    )
    OperatorOverride.objects.create(name="wait_for_qa_ready", value=True, set_by="ann", set_at=START)
    expected = {
        "question": "Continue?",
        "attachment": "x.txt",
        "logrecord": "WARNING obs slow",
        "operatoroverride": "wait_for_qa_ready",
    }
    for model, shown in expected.items():
        page = staff.get(f"/admin/procedures/{model}/")
        assert shown in words(page)
        [row] = listed(page)
        assert staff.get(f"/admin/procedures/{model}/{row}/change/").status_code == 200
