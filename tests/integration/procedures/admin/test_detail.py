"""The page of one procedure."""

import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from procedures.models import ArgCapture, Command, OutputChunk, Procedure, ProcedureHistory
from tests.integration.procedures.admin.conftest import START, MakeProcedure, print_output, words


def page_of(client: Client, procedure: Procedure) -> str:
    response = client.get(f"/admin/procedures/procedure/{procedure.pk}/change/")
    assert response.status_code == 200
    return words(response)


def test_history_shows_each_state_with_its_time_and_how_long_it_lasted(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    text = page_of(staff, make_procedure())
    assert "1 CREATING 2026-03-18 01:00:01.000 1.0 s operator" in text
    assert "2 RUNNING 2026-03-18 01:00:02.000 1.0 s operator" in text
    assert "3 COMPLETE 2026-03-18 01:00:03.000 operator" in text


def test_arguments_commands_and_answers_are_shown(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    Command.objects.create(
        kind="stop", procedure=procedure, node="n", issued_by="viewer", issued_at=START, expires_at=START, state="rejected",
        reason="not allowed on Sundays", answered_at=START,
    )  # fmt: skip
    text = page_of(staff, procedure)
    assert "main 2026-03-18 01:00:00.000 { &quot;subarray_id&quot;: 3 }" in text
    assert "start operator 2026-03-18 01:00:00.000 done 40 ms" in text
    assert "stop viewer 2026-03-18 01:00:00.000 rejected 0 ms not allowed on Sundays" in text


def test_latest_stack_trace_and_stop_report_are_shown(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(state="STOPPED")
    procedure.history.filter(sequence=2).update(stacktrace="Traceback: first")
    procedure.history.filter(sequence=3).update(
        stacktrace="Traceback: last", details={"killed": {"processes": [{"pid": 4720}]}}
    )
    text = page_of(staff, procedure)
    assert "Traceback: last" in text
    assert "Traceback: first" not in text
    assert "Stop report: 3. STOPPED" in text
    assert "&quot;pid&quot;: 4720" in text


def test_abort_and_aborted_link_to_each_other(staff: Client, make_procedure: MakeProcedure) -> None:
    stopped = make_procedure(state="STOPPED")
    abort = make_procedure(script_name="abort.py", abort_of=stopped)
    assert f"Aborted by #{abort.pk} abort.py" in page_of(staff, stopped)
    assert f"Abort of #{stopped.pk}" in page_of(staff, abort)


def test_short_output_is_shown_whole_with_errors_marked(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    print_output(procedure, ("one\n", False), ("two\n", True), ("three <b>\n", False))
    response = staff.get(f"/admin/procedures/procedure/{procedure.pk}/change/")
    assert (
        '<span>one\n</span><span class="oet-error">two\n</span><span>three &lt;b&gt;\n</span>'
        in response.content.decode()
    )
    assert "are not shown here" not in words(response)
    assert f'href="/api/v1/procedures/{procedure.pk}/output/?download=1"' in response.content.decode()


def test_long_output_shows_its_beginning_and_end_and_names_the_gap(
    staff: Client, make_procedure: MakeProcedure
) -> None:
    procedure = make_procedure()
    lines = [f"line {number:07}\n" for number in range(10_000)]
    print_output(procedure, *(("".join(lines[start : start + 1000]), False) for start in range(0, 10_000, 1000)))
    shown = staff.get(f"/admin/procedures/procedure/{procedure.pk}/change/").context["output"]
    head, tail = "".join(piece.text for piece in shown.head), "".join(piece.text for piece in shown.tail)
    whole = "".join(lines)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + len(tail) + shown.omitted_bytes == len(whole)
    assert len(head) + len(tail) <= 32_000


@pytest.mark.parametrize("size", [7_999, 8_000, 8_001, 31_999, 32_000, 32_001])
def test_head_and_tail_meet_without_gap_or_overlap(staff: Client, make_procedure: MakeProcedure, size: int) -> None:
    procedure = make_procedure()
    text = ("0123456789" * 4000)[:size]
    print_output(procedure, (text[:5000], False), (text[5000:], False))
    shown = staff.get(f"/admin/procedures/procedure/{procedure.pk}/change/").context["output"]
    joined = "".join(piece.text for piece in [*shown.head, *shown.tail])
    assert len(joined) + shown.omitted_bytes == size
    assert (joined == text) == (size <= 32_000)


def test_compressed_output_is_read(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    print_output(procedure, ("packed\n", False))
    chunk = OutputChunk.objects.get()
    OutputChunk.objects.update(frames=zlib.compress(bytes(chunk.frames)), is_compressed=True)
    assert "packed" in page_of(staff, procedure)


@pytest.mark.both_databases
def test_page_stays_bounded_for_a_procedure_that_did_very_much(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure(cause="c" * 100_000, script_body="b" * 200_000)
    ProcedureHistory.objects.bulk_create(
        ProcedureHistory(
            procedure=procedure, sequence=number, state="RUNNING", at=START + timedelta(seconds=number), details={"result": "r" * 30_000}
        )
        for number in range(4, 2004)
    )  # fmt: skip
    ArgCapture.objects.bulk_create(
        ArgCapture(procedure=procedure, function="main", args=["a" * 10_000], at=START) for _ in range(300)
    )
    Procedure.objects.update(sequence=2003)
    with CaptureQueriesContext(connection) as queries:
        response = staff.get(f"/admin/procedures/procedure/{procedure.pk}/change/")
    assert len(response.content) < 3_000_000
    assert "The first 1703 transitions are not shown" in words(response)
    assert len(queries) <= 14


def test_unknown_number_is_not_found(staff: Client) -> None:
    assert staff.get("/admin/procedures/procedure/4711/change/").status_code == 404


@pytest.mark.parametrize("number", ["9" * 18, "9" * 30])
def test_absurd_number_is_not_found(staff: Client, number: str) -> None:
    assert staff.get(f"/admin/procedures/procedure/{number}/change/").status_code == 404


def test_nothing_on_the_pages_is_inline(staff: Client, make_procedure: MakeProcedure) -> None:
    procedure = make_procedure()
    for address in ("", f"{procedure.pk}/change/"):
        page = staff.get(f"/admin/procedures/procedure/{address}").content.decode()
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page
