"""Lines made of frames, and what is found in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oet.output import STDERR, STDOUT, Frame
from procedures.domain.lines import Finder, Hit, LineAssembler, error_finder, every_line, plain, text_finder

Piece = tuple[int, bytes]

TEXTS = st.text(alphabet="ab\n\x1b[1mERé", min_size=1, max_size=12).map(str.encode)
PIECES = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), TEXTS), max_size=12)


def frames(pieces: list[Piece]) -> list[Frame]:
    """Frames that follow each other."""
    made, offset, line = [], 0, 0
    for stream, text in pieces:
        made.append(Frame(0, float(offset), stream, offset, line, text))
        offset, line = offset + len(text), line + text.count(b"\n")
    return made


def found(find: Finder, pieces: list[Piece]) -> list[Hit]:
    """What `find` finds in the lines that the pieces make."""
    assembler = LineAssembler()
    blocks = [block for frame in frames(pieces) for block in assembler.take(frame)] + assembler.finish()
    return [hit for block in blocks for hit in find(block)]


def lines_one_by_one(pieces: list[Piece]) -> list[tuple[int, int, int, bytes]]:
    """The same lines, made slowly and plainly: (stream, offset, number, text)."""
    lines: list[tuple[int, int, int, bytes]] = []
    offset, newlines, is_open = 0, 0, False
    for stream, text in pieces:
        for byte in (text[i : i + 1] for i in range(len(text))):
            if not (is_open and lines[-1][0] == stream):
                lines.append((stream, offset, newlines + 1, b""))
            is_open = byte != b"\n"
            if is_open:
                lines[-1] = (*lines[-1][:3], lines[-1][3] + byte)
            offset, newlines = offset + 1, newlines + (not is_open)
    return lines


@given(PIECES)
def test_lines_are_the_same_however_they_are_cut_into_frames(pieces: list[Piece]) -> None:
    hits = found(every_line, pieces)
    assert [(hit.stream, hit.offset, hit.line, hit.text) for hit in hits] == lines_one_by_one(pieces)


@given(PIECES, st.text(alphabet="abREmé", min_size=1, max_size=3))
def test_a_text_is_found_in_every_line_that_shows_it_and_only_there(pieces: list[Piece], words: str) -> None:
    wanted = [
        (offset, number)
        for _, offset, number, text in lines_one_by_one(pieces)
        if words.casefold() in plain(text).decode(errors="replace").casefold()
    ]
    assert [(hit.offset, hit.line) for hit in found(text_finder(words), pieces)] == wanted


def test_what_colours_part_is_found_as_one() -> None:
    hits = found(text_finder("error dish"), [(STDOUT, b"one\n\x1b[31mERROR\x1b[0m dish 37\n")])
    assert [(hit.line, hit.offset) for hit in hits] == [(2, 4)]


def test_a_line_counts_once_however_often_it_shows_the_text() -> None:
    assert [hit.line for hit in found(text_finder("x"), [(STDOUT, b"xxx x\n\nx")])] == [1, 3]


def test_a_line_without_end_is_searched_in_pieces_of_the_same_number() -> None:
    pieces = [(STDOUT, b"." * 60_000), (STDOUT, b"." * 60_000), (STDOUT, b"here"), (STDOUT, b"\nnext\n")]
    assert [(hit.line, hit.offset) for hit in found(text_finder("here"), pieces)] == [(1, 120_000)]
    assert [hit.line for hit in found(text_finder("next"), pieces)] == [2]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"INFO fine\nERROR broken\nINFO\n", [2]),
        (b"12:00 [CRITICAL] on fire\n", [1]),
        (b"\x1b[1;31mERROR\x1b[0m: x\n", [1]),
        (b"0 ERRORS, NO_ERROR, TERROR\n", []),
        (b"Traceback (most recent call last):\n  File\nValueError: x\n", [1]),
        (b"ERROR it failed\nTraceback (most recent call last):\nValueError\n", [1]),
        (b"ERROR one\nERROR two\n", [1, 2]),
    ],
)
def test_errors_begin_where_a_level_or_a_traceback_says_so(text: bytes, lines: list[int]) -> None:
    assert [hit.line for hit in found(error_finder(), [(STDERR, text)])] == lines
