"""Frames as they are stored."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from oet.output import Frame, decode_frames, encode_frame
from procedures.manager.output import CHUNK_BYTES, new_output


def frames(texts: list[bytes], *, gap_after: int = -1) -> list[Frame]:
    found: list[Frame] = []
    position = offset = line = 0
    for number, text in enumerate(texts):
        found.append(Frame(position, float(number), 1 + number % 2, offset, line, text))
        position, offset, line = found[-1].end, offset + len(text), line + text.count(b"\n")
        if number == gap_after:
            position, offset, line = position + 500, offset + 400, line + 7
    return found


@given(st.lists(st.binary(min_size=1, max_size=60_000), min_size=1, max_size=12))
def test_pieces_hold_every_frame_in_order_and_are_not_too_large(texts: list[bytes]) -> None:
    given_frames = frames(texts)
    output = new_output(given_frames, given_frames[-1].end)
    assert output is not None
    stored = []
    for piece in output.pieces:
        data = zlib.decompress(piece.frames) if piece.is_compressed else piece.frames
        held, is_whole = decode_frames(data, 0)
        assert is_whole
        assert piece.size == sum(len(frame.text) for frame in held) <= CHUNK_BYTES
        assert (piece.offset, piece.first_line) == (held[0].offset, held[0].line)
        assert piece.lines == sum(frame.text.count(b"\n") for frame in held)
        stored += held
    assert [(f.time, f.stream, f.offset, f.line, f.text) for f in stored] == [
        (f.time, f.stream, f.offset, f.line, f.text) for f in given_frames
    ]
    assert output.bytes == sum(map(len, texts))
    assert output.lines == sum(text.count(b"\n") for text in texts)
    assert output.position == given_frames[-1].end


def test_a_gap_begins_a_piece_of_its_own() -> None:
    output = new_output(frames([b"a\n", b"b\n", b"c\n"], gap_after=1), 1000)
    assert output is not None
    assert [(piece.offset, piece.first_line) for piece in output.pieces] == [(0, 0), (404, 9)]


def test_what_does_not_become_smaller_is_not_compressed() -> None:
    output = new_output(frames([b"x"]), 30)
    assert output is not None
    assert not output.pieces[0].is_compressed
    assert output.pieces[0].frames == encode_frame(frames([b"x"])[0])


def test_no_frames_are_no_output() -> None:
    assert new_output([], 0) is None
