"""What stands beside Now: overrides that are not as the site has them, and the night at a glance; and the volume of output."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from procedures import output_volume
from procedures.domain.arguments import ProcedureInput
from procedures.domain.nights import Run, night_at
from procedures.domain.states import ProcedureState
from procedures.models import OperatorOverride, OutputChunk, Procedure
from procedures.moves import Move
from procedures.output_volume import MOST_PARTS, volume_of
from procedures.pages.rail import draw_tonight
from procedures.recorder import recording
from tests.fixtures.people import Users

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AT = datetime(2026, 3, 18, 1, 30, tzinfo=UTC)


def running(name: str = "observe_sb.py") -> Procedure:
    now = datetime.now(UTC)
    made = Procedure(
        script_type="embedded",
        script_uri=f"embedded:{name}",
        script_name=name,
        state_at=now,
        created_at=now,
        node="test-node",
    )
    with recording() as record:
        record.create(made, {"main": ProcedureInput((), {"subarray_id": 2})})
        for state in (ProcedureState.IDLE, ProcedureState.LOADING, ProcedureState.IDLE, ProcedureState.READY):
            record.move(made.pk, Move(state, now))
        record.move(made.pk, Move(ProcedureState.RUNNING, now, function="main"))
    return made


def test_rail_names_the_night_and_what_an_operator_has_changed(client: Client, users: Users) -> None:
    made = running()
    OperatorOverride.objects.create(
        name="wait_for_qa_ready", value=True, set_by="l.okafor", set_at=datetime.now(UTC) - timedelta(hours=3)
    )
    client.force_login(users.operator)
    shown = client.get("/rail/").content.decode()
    assert f'href="/procedures/{made.pk}/"' in shown
    assert "Subarray 2" in shown
    assert "1 of 1 changed" in shown
    assert re.search(r"l\.okafor, [\d:]+ \(3 h ago\)", shown)
    assert 'aria-label="Switch wait for qa ready off"' in shown
    page = client.get("/").content.decode()
    assert "1 of 1 changed" in page
    assert '<span data-slot="changed">1</span>' in page


def test_a_viewer_sees_overrides_and_has_no_switch(client: Client, users: Users) -> None:
    client.force_login(users.viewer)
    shown = client.get("/rail/").content.decode()
    assert "wait for qa ready" in shown
    assert "<form" not in shown


def test_who_may_see_nothing_sees_no_rail(client: Client, users: Users) -> None:
    client.force_login(users.nobody)
    assert client.get("/rail/").status_code == 403


def test_tonight_shows_the_last_hours_and_what_is_expected_of_what_runs() -> None:
    night = night_at(AT, None)
    runs = [
        Run(1, "early.py", "COMPLETE", "subarray 1", AT - timedelta(hours=9), AT - timedelta(hours=8)),
        Run(2, "late.py", "FAILED", "subarray 1", AT - timedelta(hours=2), AT - timedelta(hours=1)),
        Run(3, "now.py", "RUNNING", "subarray 2", AT - timedelta(minutes=10), AT, is_open=True),
        Run(4, "ready.py", "READY", "subarray 3", AT - timedelta(minutes=10), AT, is_open=True),
    ]
    drawn = draw_tonight(night, runs, {3: AT + timedelta(minutes=30)}, AT)
    assert drawn.names == ["Subarray 1", "Subarray 2"]
    assert [bar.id for bar in drawn.bars] == [2, 3]
    assert drawn.words == "4 since 16:30"
    assert dict(drawn.counts) == {"COMPLETE": 1, "FAILED": 1}
    [rest] = drawn.expected
    assert (rest.x, rest.width) == (drawn.now.x, "6.25%")
    assert [tick.label for tick in drawn.ticks] == ["20:00", "22:00", "00:00", "02:00", "04:00"]


def test_a_night_of_many_lanes_says_what_it_leaves_out() -> None:
    runs = [
        Run(number, "a.py", "COMPLETE", f"subarray {number}", AT - timedelta(hours=1), AT) for number in range(1, 17)
    ]
    drawn = draw_tonight(night_at(AT, None), runs, {}, AT)
    assert len(drawn.names) == 10
    assert drawn.left_out == 6


def test_what_runs_or_ran_last_is_shown_before_what_comes_first_by_name() -> None:
    runs = [
        Run(number, "a.py", "COMPLETE", f"subarray {number:02}", AT - timedelta(hours=3), AT - timedelta(hours=2))
        for number in range(1, 17)
    ]
    runs.append(Run(17, "b.py", "RUNNING", "subarray 99", AT - timedelta(minutes=1), AT, is_open=True))
    assert draw_tonight(night_at(AT, None), runs, {}, AT).names[-1] == "Subarray 99"


def print_chunks(procedure: Procedure, count: int) -> None:
    """A chunk of ten bytes each second."""
    OutputChunk.objects.bulk_create(
        OutputChunk(
            procedure=procedure,
            offset=10 * number,
            first_line=number,
            at=AT + timedelta(seconds=number),
            size=10,
            lines=1,
            frames=b"",
        )
        for number in range(count)
    )
    Procedure.objects.filter(pk=procedure.pk).update(
        output_bytes=10 * count, last_output_at=AT + timedelta(seconds=count - 1)
    )
    procedure.refresh_from_db()


@pytest.mark.parametrize("most_chunks", [4000, 500])
def test_volume_counts_all_that_was_printed_in_few_parts(monkeypatch: pytest.MonkeyPatch, most_chunks: int) -> None:
    monkeypatch.setattr(output_volume, "_MOST_CHUNKS", most_chunks)
    made = running()
    print_chunks(made, 1000)
    parts = volume_of(made)
    assert len(parts) <= MOST_PARTS
    assert sum(part.size for part in parts) == 10_000
    assert parts == sorted(parts)
    lately = volume_of(made, AT + timedelta(seconds=900))
    assert sum(part.size for part in lately) == 1000
    assert lately[0].begin == (AT + timedelta(seconds=900)).timestamp()


def test_volume_is_served_to_whoever_may_see_it(client: Client, users: Users) -> None:
    made = running()
    print_chunks(made, 3)
    client.force_login(users.viewer)
    answer = client.get(f"/procedures/{made.pk}/volume/")
    assert answer.json() == {"parts": [[AT.timestamp() + n, AT.timestamp() + n, 10] for n in range(3)]}
    assert client.get(f"/procedures/{made.pk}/volume/?last=60").json() == {"parts": []}
    assert client.get(f"/procedures/{made.pk}/volume/?last=-1").status_code == 400
    assert client.get("/procedures/999999999/volume/").status_code == 404
    client.force_login(users.nobody)
    assert client.get(f"/procedures/{made.pk}/volume/").status_code == 403
