import json
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oet import journal
from oet.journal import JournalWriter, RecordTooLarge, read_records

PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
on_disk = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_records_come_out_as_they_went_in(path: Path) -> None:
    writer = JournalWriter(path)
    assert (writer.append("state", {"state": "IDLE"}), writer.append("event", [1, "é\n\u2028"])) == (1, 2)
    records, offset = read_records(path, 0)
    assert [(r.seq, r.topic, r.payload) for r in records] == [
        (1, "state", {"state": "IDLE"}),
        (2, "event", [1, "é\n\u2028"]),
    ]
    assert offset == path.stat().st_size == writer.size_bytes
    assert read_records(path, offset) == ([], offset)


def test_each_record_is_one_line_of_json(path: Path) -> None:
    JournalWriter(path).append("event", {"text": "two\nlines"})
    (line,) = path.read_text().splitlines()
    assert set(json.loads(line)) == {"seq", "time", "topic", "payload"}


@on_disk
@given(payloads=st.lists(PAYLOADS, min_size=1, max_size=5), share=st.floats(0, 1))
def test_journal_cut_anywhere_yields_whole_records_and_the_rest_later(
    tmp_path: Path, payloads: list[object], share: float
) -> None:
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    writer = JournalWriter(path)
    for payload in payloads:
        writer.append("event", payload)
    whole = path.read_bytes()
    cut = round(share * len(whole))  # the length varies with the time of day

    path.write_bytes(whole[:cut])
    first, offset = read_records(path, 0)
    assert offset == whole.rfind(b"\n", 0, cut) + 1
    path.write_bytes(whole)
    rest, _ = read_records(path, offset)
    assert [record.payload for record in first + rest] == payloads


def test_reading_goes_on_after_many_bytes(path: Path) -> None:
    writer = JournalWriter(path)
    for _ in range(12):
        writer.append("event", "x" * 200_000)
    found, offset, calls = [], 0, 0
    while True:
        records, offset = read_records(path, offset, max_bytes=1)
        if not records:
            break
        found += records
        calls += 1
    assert [record.seq for record in found] == list(range(1, 13))
    assert calls > 1


def test_reopened_journal_goes_on_counting(path: Path) -> None:
    JournalWriter(path).append("a", 1)
    assert JournalWriter(path).append("b", 2) == 2


def test_reopened_journal_shuts_off_a_torn_record(path: Path) -> None:
    JournalWriter(path).append("a", 1)
    with path.open("ab") as file:
        file.write(b'{"seq": 2, "ti')
    JournalWriter(path).append("b", 2)
    records, _ = read_records(path, 0)
    assert [(record.seq, record.topic) for record in records] == [(1, "a"), (0, journal.DAMAGED), (2, "b")]


@pytest.mark.parametrize(
    "line",
    [
        *(b"nonsense", b"[]", b"{}", b'{"seq": "x"}', b"\xff", b"[" * 50_000),
        b'{"seq": Infinity, "time": 1, "topic": "event", "payload": 1}',
        b'{"seq": 1, "time": 1' + b"0" * 400 + b', "topic": "event", "payload": 1}',
    ],
)
def test_line_that_is_no_record_is_named_and_passed_over(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n")
    (record,), offset = read_records(path, 0)
    assert (record.topic, record.payload["line"]) == (journal.DAMAGED, line[:200].decode(errors="replace"))
    assert offset == len(line) + 1


def test_endless_line_does_not_hold_a_reader_up(path: Path) -> None:
    path.write_bytes(b"x" * (6 << 20) + b"\n")
    offset = 0
    for _ in range(3):
        _, offset = read_records(path, offset)
    assert offset == (6 << 20) + 1


def test_missing_journal_has_no_records(path: Path) -> None:
    assert read_records(path, 0) == ([], 0)


def test_descriptor_may_be_read_and_is_not_moved(path: Path) -> None:
    JournalWriter(path).append("a", 1)
    with path.open("rb") as file:
        assert len(read_records(file.fileno(), 0)[0]) == 1
        assert file.tell() == 0


@pytest.mark.parametrize("payload", [float("nan"), {1, 2}, object()])
def test_payload_that_is_not_json_is_refused_and_takes_no_number(path: Path, payload: object) -> None:
    writer = JournalWriter(path)
    with pytest.raises((TypeError, ValueError)):
        writer.append("event", payload)
    assert writer.append("event", None) == 1


def test_record_that_is_too_large_is_refused(path: Path) -> None:
    writer = JournalWriter(path)
    with pytest.raises(RecordTooLarge):
        writer.append("event", "x" * journal.RECORD_LIMIT_BYTES)
    assert path.read_bytes() == b""


def test_torn_write_on_a_full_disk_is_taken_back(path: Path) -> None:
    writer = JournalWriter(path)
    writer.append("event", 1)
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, hard))  # the next write is cut short after 10 bytes
    try:
        with pytest.raises(OSError, match="No space left"):
            writer.append("event", 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == whole
    assert writer.append("event", 2) == 2


def test_descriptor_closed_behind_our_back_is_opened_again(path: Path) -> None:
    writer = JournalWriter(path)
    os.close(writer._descriptor)
    with (path.parent / "other").open("wb") as other:  # takes the number over
        assert writer.append("a", 1) == 1
        assert other.tell() == 0
    assert len(read_records(path, 0)[0]) == 1


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_an_error_and_keeps_nobody_waiting(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(OSError, match=r"Is a directory|Illegal seek"):
        read_records(path, 0)
