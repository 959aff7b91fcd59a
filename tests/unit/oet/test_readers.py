"""Readers of journal and output while they are written: whatever is cut, deleted or appended, nothing is lost, doubled or torn."""

import json
import os
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from oet import journal, output
from oet.journal import DAMAGED, JournalWriter, Record, read_records
from oet.output import STDERR, STDOUT, Frame, OutputWriter, encode_frame, read_frames
from oet.rundir import OUTPUT

TORN = object()
"""In place of a payload: a line that its writer could not finish."""
quick = settings(deadline=None, max_examples=60, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow])


class JournalMachine(RuleBasedStateMachine):
    """A writer that appends, is killed in the middle of a record and begins anew; and readers that read on from where they were."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="oet-test-"))
        self.path = self.folder / "journal"
        self.writer: JournalWriter | None = JournalWriter(self.path)
        self.written: list[Any] = []
        self.torn = b""
        """What of a record is in the file and waits for its rest."""
        self.readers: list[tuple[int, list[Record]]] = [(0, []), (0, [])]

    def teardown(self) -> None:
        if self.writer is not None:
            self.writer.close()
        shutil.rmtree(self.folder)

    @precondition(lambda self: self.writer is not None)
    @rule(payload=st.none() | st.integers() | st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=3))
    def append(self, payload: Any) -> None:
        assert self.writer is not None
        number = self.writer.append("event", payload)
        self.written.append(payload)
        assert number == sum(1 for item in self.written if item is not TORN)

    @precondition(lambda self: self.writer is not None)
    @rule(share=st.floats(0, 0.99))
    def be_killed_in_the_middle_of_a_record(self, share: float) -> None:
        """The write(2) of a process that is killed may have been cut short by a full disk."""
        assert self.writer is not None
        self.writer.close()
        self.writer = None
        line = json.dumps({"seq": len(self.written) + 1, "time": 1.0, "topic": "event", "payload": "torn"}).encode()
        self.torn = line[: int(share * len(line))]
        with self.path.open("ab") as file:
            file.write(self.torn)

    @precondition(lambda self: self.writer is None)
    @rule()
    def begin_anew(self) -> None:
        self.writer = JournalWriter(self.path)
        if self.torn:
            self.written.append(TORN)
        self.torn = b""

    @rule(number=st.integers(0, 1), max_bytes=st.sampled_from([1, 7, 100, 1 << 20]))
    def read_on(self, number: int, max_bytes: int) -> None:
        offset, seen = self.readers[number]
        records, following = read_records(self.path, offset, max_bytes)
        assert following >= offset
        assert (following > offset) == bool(records)
        self.readers[number] = following, seen + records

    @rule()
    def numbers_have_no_gap(self) -> None:
        numbers = [record.seq for record in read_records(self.path, 0)[0] if record.topic != DAMAGED]
        assert numbers == list(range(1, len(numbers) + 1))
        assert journal.last_seq(self.path) == len(numbers)

    @invariant()
    def readers_have_seen_a_beginning_of_what_was_written(self) -> None:
        for offset, seen in self.readers:
            assert [TORN if record.topic == DAMAGED else record.payload for record in seen] == self.written[: len(seen)]
            assert offset <= self.path.stat().st_size - len(self.torn)

    @invariant()
    def a_reader_that_begins_now_sees_everything(self) -> None:
        records, offset = read_records(self.path, 0)
        assert len(records) == len(self.written)
        assert offset == self.path.stat().st_size - len(self.torn)


class OutputMachine(RuleBasedStateMachine):
    """A writer whose segments are small, that is cut short; readers that are slow; segments that are deleted under them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="oet-test-"))
        self.writer = OutputWriter(self.folder, 0)
        self.written: dict[int, Frame] = {}
        """By position."""
        self.readers: list[tuple[int, list[Frame]]] = [(0, []), (0, [])]

    def teardown(self) -> None:
        self.writer.close()
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(0, 12))
    def be_in_the_middle_of_much_output(self, count: int) -> None:
        for _ in range(count):
            self.write(STDOUT, b"x" * output.TEXT_LIMIT_BYTES)

    @rule(stream=st.sampled_from([STDOUT, STDERR]), text=st.binary(min_size=1, max_size=50))
    def write_little(self, stream: int, text: bytes) -> None:
        self.write(stream, text)

    @rule(size=st.integers(20_000, output.TEXT_LIMIT_BYTES), count=st.integers(1, 6))
    def write_much(self, size: int, count: int) -> None:
        for number in range(count):
            self.write(STDOUT, b"%07d\n" % number * (size // 8))

    def write(self, stream: int, text: bytes) -> None:
        frame = Frame(self.writer.position, 1.0, stream, self.writer.bytes, self.writer.lines, text)
        self.writer.write(stream, text, 1.0)
        self.written[frame.position] = frame
        assert self.writer.position == frame.end

    @rule(number=st.integers(0, 1), max_bytes=st.sampled_from([1, 1 << 17, 1 << 20]))
    def read_on(self, number: int, max_bytes: int) -> None:
        position, seen = self.readers[number]
        frames, following = read_frames(self.folder, position, max_bytes)
        assert following == (frames[-1].end if frames else position) or (not frames and following > position)
        self.readers[number] = following, seen + frames

    @rule(data=st.data())
    def read_while_a_frame_is_being_written(self, data: st.DataObject) -> None:
        """The launcher is killed, or just not through, in the middle of a frame: it is not there yet."""
        frame = encode_frame(Frame(0, 1.0, STDOUT, self.writer.bytes, self.writer.lines, b"half"))
        part = frame[: data.draw(st.integers(0, len(frame) - 1))]
        latest = self._latest()
        size = latest.stat().st_size
        with latest.open("ab") as file:
            file.write(part)
        try:
            frames = self._all_from(0)
            assert all(self.written[found.position] == found for found in frames)
            assert not self.written or frames[-1].end == self.writer.position
        finally:
            os.truncate(latest, size)

    @precondition(lambda self: any(self.folder.glob(f"{OUTPUT}.*")))
    @rule(data=st.data())
    def a_segment_is_deleted_after_it_was_listed(self, data: st.DataObject) -> None:
        """A reader that has listed the segments finds one gone; it goes on at the next, and invents nothing."""
        paths = sorted(self.folder.glob(f"{OUTPUT}.*"), key=lambda path: int(path.suffix[1:]))
        victim = data.draw(st.sampled_from(paths))
        start = int(victim.suffix[1:])
        listed = output._segments(self.folder)
        hidden = victim.with_name("hidden")
        victim.rename(hidden)
        try:
            with _listing(listed):
                frames = self._all_from(start)
            assert all(self.written[found.position] == found for found in frames)
            assert all(found.position >= start for found in frames)
            following = [int(path.suffix[1:]) for path in paths if int(path.suffix[1:]) > start]
            if following and self.writer.position > following[0]:
                assert frames[0].position == following[0]
        finally:
            hidden.rename(victim)

    @invariant()
    def readers_have_seen_true_frames_in_order(self) -> None:
        for _, seen in self.readers:
            assert all(self.written[frame.position] == frame for frame in seen)
            assert all(a.end <= b.position for a, b in pairwise(seen))

    @invariant()
    def a_reader_sees_the_head_and_the_latest_tail(self) -> None:
        frames = self._all_from(0)
        assert not self.written or (frames[0].position, frames[-1].end) == (0, self.writer.position)
        gaps = [a for a, b in pairwise(frames) if a.end != b.position]
        assert len(gaps) <= 1

    def _all_from(self, position: int) -> list[Frame]:
        found: list[Frame] = []
        while True:
            frames, following = read_frames(self.folder, position)
            if not frames:
                return found
            found += frames
            position = following

    def _latest(self) -> Path:
        return output._segments(self.folder)[-1][1]


class _listing:  # noqa: N801 - reads as a statement
    """Within the block a reader sees these segments, whatever is there."""

    def __init__(self, listed: list[tuple[int, Path]]) -> None:
        self._listed = listed
        self._real = output._segments

    def __enter__(self) -> None:
        output._segments = lambda directory: self._listed

    def __exit__(self, *_: object) -> None:
        output._segments = self._real


TestJournal = JournalMachine.TestCase
TestJournal.settings = quick
TestOutput = OutputMachine.TestCase
TestOutput.settings = quick
