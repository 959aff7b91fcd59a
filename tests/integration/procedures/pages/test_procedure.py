"""What a procedure's page shows of actions, events, logs, questions, attachments and failures; without a browser."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from procedures.domain.arguments import ProcedureInput
from procedures.domain.states import ProcedureState
from procedures.models import Attachment, Event, LogRecord, Procedure, Question
from procedures.moves import Move
from procedures.recorder import recording
from tests.fixtures.people import Users

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 3, 18, 1, 47, 32, tzinfo=UTC)
PageOf = Callable[..., str]


@pytest.fixture
def procedure(db: None) -> Procedure:
    made = Procedure(
        script_type="embedded",
        script_uri="embedded:observe.py",
        script_name="observe.py",
        state_at=NOW,
        created_at=NOW,
        created_by="ann",
        node="test-node",
    )
    with recording() as record:
        record.create(made, {"main": ProcedureInput()})
        for state in (ProcedureState.IDLE, ProcedureState.LOADING, ProcedureState.IDLE, ProcedureState.READY):
            record.move(made.pk, Move(state, NOW))
        record.move(made.pk, Move(ProcedureState.RUNNING, NOW, function="main"))
    return made


@pytest.fixture
def page_of(client: Client, users: Users) -> PageOf:
    """The page as an operator sees it."""
    client.force_login(users.operator)

    def get(procedure: Procedure, **query: Any) -> str:
        answer = client.get(f"/procedures/{procedure.pk}/", query)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def tell(procedure: Procedure, topic: str, payload: dict[str, Any]) -> Event:
    return Event.objects.create(procedure=procedure, at=NOW, topic=topic, payload=payload)


def of_harness(
    procedure: Procedure, topic: str, action: str | None = None, phase: str | None = None, **data: Any
) -> None:
    envelope = {"run_id": "r", "script": "night", "time": NOW.timestamp(), "action": action, "phase": phase}
    tell(procedure, f"script.{topic}", {**envelope, "data": data})


def test_actions_are_listed_with_state_progress_and_error(procedure: Procedure, page_of: PageOf) -> None:
    names = [{"name": name, "enabled": name != "park"} for name in ("open", "flat", "scan", "park")]
    of_harness(procedure, "run.started", actions=names)
    began = NOW.timestamp()
    of_harness(procedure, "action.started", "open", start_time=began)
    of_harness(procedure, "action.finished", "open", status_name="SUCCESS", duration=2.0)
    of_harness(procedure, "action.started", "flat", start_time=began)
    of_harness(procedure, "action.finished", "flat", status_name="ERROR", duration=3.0, error="no <solution>")
    of_harness(procedure, "action.started", "scan", start_time=NOW.timestamp())
    of_harness(procedure, "action.progress", "scan", fraction=0.59, message="scan 9 of 14")
    shown = page_of(procedure)
    assert "2 of 3 done" in shown
    assert "ERROR: no &lt;solution&gt;" in shown
    assert 'aria-label="59 percent"' in shown
    assert "scan 9 of 14" in shown
    drawn = json.loads(shown.split('id="procedure-history" type="application/json">')[1].split("</script>")[0])
    assert [[name, state] for name, state, _, _ in drawn["actions"]] == [
        ["open", "success"],
        ["flat", "error"],
        ["scan", "running"],
    ]


def test_events_are_those_of_the_script_and_a_link_leads_to_any_of_many(procedure: Procedure, page_of: PageOf) -> None:
    tell(procedure, "procedure.output", {"bytes": 1})
    first = tell(procedure, "qa.metric", {"frame": 0})
    Event.objects.bulk_create(
        Event(procedure=procedure, at=NOW, topic="qa.metric", payload={"frame": frame}) for frame in range(1, 400)
    )
    shown = page_of(procedure)
    assert "procedure.output" not in shown
    assert shown.count('<li id="event-') == 100
    assert "Show earlier events" in shown
    assert f'id="event-{first.pk}"' not in shown
    linked = page_of(procedure, event=first.pk)
    assert f'id="event-{first.pk}"' in linked
    assert "Show the latest events" in linked
    assert page_of(procedure, event="9" * 30)


def test_the_log_is_narrowed_by_the_address(procedure: Procedure, page_of: PageOf) -> None:
    for level, name, logger in ((20, "INFO", "obs.dish"), (30, "WARNING", "obs.dish"), (40, "ERROR", "obs.corr")):
        LogRecord.objects.create(
            procedure=procedure, at=NOW, level=level, level_name=name, logger=logger, message=f"{name} of {logger}"
        )
    assert page_of(procedure).count('<li id="log-') == 3
    warnings = page_of(procedure, level="WARNING")
    assert warnings.count('<li id="log-') == 2
    assert "INFO of obs.dish" not in warnings
    dishes = page_of(procedure, level="WARNING", logger="obs.dish")
    assert dishes.count('<li id="log-') == 1
    assert "only obs.dish" in dishes
    assert "Nothing of this level" in page_of(procedure, level="ERROR", logger="nobody")
    assert page_of(procedure, level="nonsense", logger="\0", log_before="x")


def test_questions_and_attachments_are_shown_with_what_came_of_them(procedure: Procedure, page_of: PageOf) -> None:
    Question.objects.create(
        procedure=procedure,
        number=1,
        text="Continue?",
        asked_at=NOW,
        state="answered",
        answer="yes",
        answered_by="ben",
        closed_at=NOW,
    )
    Question.objects.create(procedure=procedure, number=2, text="Again?", asked_at=NOW, state="timed_out")
    for name, media_type, data in (
        ("fit", "application/json", b'{"rms":1}'),
        ("note", "text/plain", b"<b>wind</b>" + b"x" * 9000),
        ("plot", "image/png", b"\x89PNG"),
        ("broken", "application/json", b"{"),
    ):
        Attachment.objects.create(
            procedure=procedure, name=name, media_type=media_type, at=NOW, size=len(data), data=data
        )
    shown = page_of(procedure)
    assert "ben answered “yes”" in shown
    assert "nobody answered in time" in shown
    assert "&quot;rms&quot;: 1" in shown
    assert "&lt;b&gt;wind" in shown
    assert "the rest is behind its name" in shown
    assert f'src="/api/v1/procedures/{procedure.pk}/attachments/plot"' in shown


@pytest.mark.parametrize("has_frames", [True, False])
def test_a_failure_shows_the_scripts_frames_first_and_old_ones_their_text(
    procedure: Procedure, page_of: PageOf, has_frames: bool
) -> None:
    frames = [
        {
            "file": "/srv/run/procedures/1/script.py",
            "line": 2,
            "function": "main",
            "kind": "script",
            "code": [[1, "def main():"], [2, "    go()"]],
            "variables": [["target", "'Cen <A>'"], ["token", "•••"]],
        },
        {"file": "/usr/lib/json.py", "line": 9, "function": "loads", "kind": "library", "code": [[9, "return x"]]},
    ]
    chain = [{"type": "ValueError", "message": "no <dish>", "frames": frames}]
    with recording() as record:
        details = {"chain": chain} if has_frames else None
        record.move(
            procedure.pk,
            Move(ProcedureState.FAILED, NOW, cause="x", stacktrace="Traceback: as printed", details=details),
        )
    shown = page_of(procedure)
    assert "Traceback: as printed" in shown
    assert ("observe.py:2" in shown) == has_frames
    assert ("1 frame of libraries and of OET" in shown) == has_frames
    assert ("no &lt;dish&gt;" in shown) == has_frames
    assert ("= &#x27;Cen &lt;A&gt;&#x27;" in shown) == has_frames


def test_a_look_at_what_has_ended_says_so(client: Client, users: Users, procedure: Procedure) -> None:
    with recording() as record:
        record.move(procedure.pk, Move(ProcedureState.FAILED, NOW, cause="x"))
    client.force_login(users.operator)
    answer = client.get(f"/procedures/{procedure.pk}/stack/")
    assert answer.status_code == 409
    assert "Nothing of it runs any more" in answer.content.decode()
