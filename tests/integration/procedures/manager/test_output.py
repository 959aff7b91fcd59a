"""What scripts print: all of it, in time, bounded."""

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from oet.output import read_frames
from procedures.domain.states import ProcedureState as S
from procedures.models import OutputChunk, Procedure
from tests.integration.procedures.manager.station import Station, events, frames_of, output
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_hundred_thousand_lines_are_all_there(station: Station) -> None:
    with station.manager():
        procedure_id = station.ready("def main():\n    for n in range(100_000): print('line', n)")
        station.start(procedure_id)
        station.wait_for(procedure_id, S.COMPLETE)
        expected = b"".join(b"line %d\n" % n for n in range(100_000))
        wait_until(lambda: Procedure.objects.get(pk=procedure_id).output_bytes == len(expected), what="all of it")
    assert output(procedure_id) == expected
    procedure = Procedure.objects.get(pk=procedure_id)
    assert (procedure.output_lines, procedure.last_line) == (100_000, "line 99999")
    assert len(events(procedure_id, "procedure.output")) < 20
    assert all(chunk.size <= 256 * 1024 for chunk in OutputChunk.objects.all())


def test_much_output_of_a_script_whose_launcher_died_unseen_is_all_stored(station: Station) -> None:
    """More than the manager reads in one turn, written while no manager ran, and no exit report that says how much it is."""
    manager = station.process()
    go = station.home / "go"
    text = f"""
import os, time
def main():
    print("up")
    while not os.path.exists({str(go)!r}):
        time.sleep(0.01)
    for n in range(50_000):
        print("line", n, "x" * 80)
    open({str(go)!r} + ".done", "w").close()
    time.sleep(600)
"""
    procedure_id = station.running(text)
    manager.kill()
    manager.wait()
    go.touch()
    wait_until(go.with_name("go.done").exists, what="all that it prints", timeout_s=60)
    directory = station.run_dir / "procedures" / str(procedure_id)
    expected = b"up\n" + b"".join(b"line %d %s\n" % (n, b"x" * 80) for n in range(50_000))
    wait_until(lambda: _size_of_output(directory) == len(expected), what="all that is pumped", timeout_s=60)
    os.kill(station.launcher_pid(), signal.SIGKILL)
    with station.manager():
        station.wait_for(procedure_id, S.FAILED)
        wait_until(lambda: not directory.exists(), what="the rest of its output", timeout_s=60)
    assert output(procedure_id) == expected


def _size_of_output(directory: Path) -> int:
    position = end = 0
    while True:
        frames, position = read_frames(directory, position)
        if not frames:
            return end
        end = frames[-1].offset + len(frames[-1].text)


def test_output_is_seen_while_the_script_runs_with_its_stream_and_without_colours(station: Station) -> None:
    text = "import sys, time\ndef main():\n    print('\\x1b[31mred\\x1b[0m', file=sys.stderr)\n    time.sleep(600)"
    with station.manager():
        procedure_id = station.running(text)
        event = events(procedure_id, "procedure.output")[0]
        assert event.payload["last_line"] == "red"
        assert (event.payload["bytes"], event.payload["lines"]) == (13, 1)
    assert output(procedure_id) == b"\x1b[31mred\x1b[0m\n"


def test_of_endless_output_the_head_and_the_latest_tail_are_kept_and_others_are_served_meanwhile(
    station: Station,
) -> None:
    limit = 2 * 1024 * 1024
    station.configuration = station.configuration.model_copy(update={"output_limit": limit})
    with station.manager():
        loud = station.ready("def main():\n    n = 0\n    while True:\n        print('line', n); n += 1")
        station.answer(station.start(loud))
        wait_until(lambda: Procedure.objects.get(pk=loud).output_bytes > 4 * limit, what="much output", timeout_s=60)
        station.ready("def main(): pass")
        station.answer(station.stop(loud, 0))
        procedure = Procedure.objects.get(pk=loud)
        directory = station.run_dir / "procedures" / str(loud)
        wait_until(lambda: not directory.exists(), what="the rest of its output", timeout_s=60)
    procedure.refresh_from_db()
    chunks = list(OutputChunk.objects.filter(procedure_id=loud).order_by("offset"))
    kept = sum(chunk.size for chunk in chunks)
    assert limit / 2 < kept < 2 * limit
    assert chunks[0].offset == 0
    assert chunks[-1].offset + chunks[-1].size == procedure.output_bytes
    assert b"".join(part for chunk in chunks[:2] for part in frames_of(chunk)).startswith(b"line 0\nline 1\n")
    assert all(a.offset + a.size <= b.offset for a, b in pairwise(chunks))
