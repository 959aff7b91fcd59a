import itertools
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oet.output import STDERR, STDOUT, Frame, OutputWriter, decode_frames, encode_frame, read_frames

TEXTS = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(min_size=1, max_size=40)), max_size=12)
LIMIT = 8 * (65536 + 29)
on_disk = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _read_all(directory: Path, position: int = 0, max_bytes: int = 1) -> list[Frame]:
    frames: list[Frame] = []
    while True:
        more, position = read_frames(directory, position, max_bytes)
        if not more:
            return frames
        assert position == more[-1].end
        frames += more


def _clean(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()


@on_disk
@given(texts=TEXTS)
def test_frames_come_out_as_they_went_in(tmp_path: Path, texts: list[tuple[int, bytes]]) -> None:
    _clean(tmp_path)
    writer = OutputWriter(tmp_path, LIMIT)
    for stream, text in texts:
        writer.write(stream, text, 5.0)
    frames = _read_all(tmp_path)
    assert [(frame.stream, frame.text) for frame in frames] == texts
    offset = line = position = 0
    for frame in frames:
        assert (frame.offset, frame.line, frame.position, frame.time) == (offset, line, position, 5.0)
        offset, line, position = offset + len(frame.text), line + frame.text.count(b"\n"), frame.end
    assert (writer.bytes, writer.lines, writer.position) == (offset, line, position)


@on_disk
@given(texts=TEXTS.filter(bool), data=st.data())
def test_file_cut_anywhere_yields_whole_frames_and_the_rest_later(
    tmp_path: Path, texts: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    _clean(tmp_path)
    writer = OutputWriter(tmp_path, LIMIT)
    for stream, text in texts:
        writer.write(stream, text, 1.0)
    path = tmp_path / "output"
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    first = _read_all(tmp_path)
    path.write_bytes(whole)
    rest = _read_all(tmp_path, first[-1].end if first else 0)
    assert [(frame.stream, frame.text) for frame in first + rest] == texts


@given(st.binary(max_size=200))
def test_garbage_is_never_taken_for_more_than_it_holds(data: bytes) -> None:
    frames, _ = decode_frames(data, 0)
    assert b"".join(encode_frame(frame) for frame in frames) == data[: frames[-1].end if frames else 0]


def _fill(writer: OutputWriter, count: int) -> list[bytes]:
    texts = [b"%06d\n" % number * 1024 for number in range(count)]
    for text in texts:
        writer.write(STDOUT, text, 1.0)
    return texts


def test_head_and_latest_tail_are_kept_and_the_gap_shows(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, LIMIT)
    texts = _fill(writer, 400)
    frames = _read_all(tmp_path)
    kept = [texts.index(frame.text) for frame in frames]

    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert LIMIT * 0.8 < size < LIMIT * 1.2
    (gap,) = [number for number, (a, b) in enumerate(itertools.pairwise(kept)) if b != a + 1]
    assert kept[: gap + 1] == list(range(gap + 1))
    assert kept[gap + 1 :] == list(range(kept[gap + 1], 400))
    assert sum(len(frame.text) for frame in frames[gap + 1 :]) >= LIMIT / 2 * 0.98
    missing = frames[gap + 1].offset - frames[gap].offset - len(frames[gap].text)
    assert missing == (kept[gap + 1] - kept[gap] - 1) * 7 * 1024
    assert frames[gap + 1].line - frames[gap].line - 1024 == missing / 7


def test_reader_whose_position_is_gone_goes_on_at_the_oldest_segment(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, LIMIT)
    _fill(writer, 60)
    position = _read_all(tmp_path)[-1].end
    assert (tmp_path / "output").stat().st_size <= position
    _fill(writer, 400)
    oldest = min(int(path.suffix[1:]) for path in tmp_path.glob("output.*"))
    assert oldest > position
    frames, _ = read_frames(tmp_path, position)
    assert frames[0].position == oldest


def test_reader_at_the_end_waits_for_what_comes(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, LIMIT)
    _fill(writer, 100)
    position = _read_all(tmp_path)[-1].end
    assert read_frames(tmp_path, position) == ([], position)
    writer.write(STDERR, b"more", 2.0)
    ((frame,), _) = read_frames(tmp_path, position)
    assert (frame.stream, frame.text, frame.position) == (STDERR, b"more", position)


def test_torn_frame_before_a_later_segment_is_passed_over(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, LIMIT)
    texts = _fill(writer, 45)
    head = tmp_path / "output"
    head.write_bytes(head.read_bytes()[:-3])
    frames = _read_all(tmp_path)
    assert len(frames) == len(texts) - 1


def test_no_output_yet_is_no_error(tmp_path: Path) -> None:
    assert read_frames(tmp_path, 0) == ([], 0)
    assert read_frames(tmp_path / "missing", 7) == ([], 7)


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    OutputWriter(tmp_path, LIMIT).write(STDOUT, b"a", 1.0)
    for name in ("output.bak", "output.1.2", "outputs", "output."):
        (tmp_path / name).write_bytes(b"x" * 100)
    assert [frame.text for frame in _read_all(tmp_path)] == [b"a"]


def test_full_disk_costs_frames_but_breaks_nothing(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path, LIMIT)
    writer.write(STDOUT, b"before\n", 1.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.position + 20, hard))
    try:
        writer.write(STDOUT, b"lost\n", 2.0)
        writer.write(STDOUT, b"lost too\n", 3.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.write(STDOUT, b"after\n", 4.0)
    before, after = _read_all(tmp_path)
    assert (before.text, after.text) == (b"before\n", b"after\n")
    assert after.offset - before.offset - len(before.text) == writer.lost_bytes == 14
    assert after.line == 3
    assert after.position == before.end


def test_folder_that_is_gone_breaks_nothing(tmp_path: Path) -> None:
    writer = OutputWriter(tmp_path / "missing", LIMIT)
    writer.write(STDOUT, b"x", 1.0)
    (tmp_path / "missing").mkdir()
    writer.write(STDOUT, b"y", 1.0)
    writer.close()
    assert [(frame.offset, frame.text) for frame in _read_all(tmp_path / "missing")] == [(1, b"y")]


@pytest.mark.parametrize("limit", [0, 1, -5])
def test_tiny_limit_still_keeps_something(tmp_path: Path, limit: int) -> None:
    writer = OutputWriter(tmp_path, limit)
    texts = _fill(writer, 200)
    assert _read_all(tmp_path)[-1].text == texts[-1]
