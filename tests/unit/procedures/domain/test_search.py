from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.search import (
    MAX_WORD_CHARACTERS,
    MAX_WORDS,
    Search,
    Term,
    matches,
    parse_search,
    with_setting,
    words_of,
)
from procedures.domain.states import ProcedureState

NOW = datetime(2026, 3, 18, 1, 47, tzinfo=UTC)
KNOWN = words_of(
    ["night_calibration.py", "T.Mokoena", "ValueError: attenuation 33 dB is above 31.75 dB (dish 014)", "Ångström"],
    [("script", "night_calibration.py"), ("by", "T.Mokoena"), ("subarray_id", 1), ("target", "Cen A"), ("dry", True)],
)


def is_found(line: str) -> bool:
    wanted = parse_search(line, NOW)
    assert wanted.faults == ()
    return matches(KNOWN, wanted.terms)


@pytest.mark.parametrize(
    "line",
    [
        "calib",
        "CALIBRATION",
        "night_calib",
        "night_calibration.py",
        "valueerr dish",
        "33 db",
        "ångs",
        "script:night",
        "script:night_calibration.py",
        "by:t.mok",
        "mokoena",
        "subarray_id=1",
        "subarray_id:1",
        'target="cen a"',
        "target:cen",
        "dry=true",
        "(dish",
        "",
    ],
)
def test_these_are_found(line: str) -> None:
    assert is_found(line)


@pytest.mark.parametrize(
    "line",
    ["alibration", "subarray_id=10", "3 dish", "script:calibration", "by:okafor", "calibration nowhere", "target=a"],
)
def test_these_are_not(line: str) -> None:
    assert not is_found(line)


def test_a_number_finds_the_procedure_of_that_number() -> None:
    assert parse_search(" #4182 ", NOW) == parse_search("4182", NOW) == Search(number=4182)
    assert parse_search("4182 dish", NOW).terms == (Term("4182", False), Term("dish", True))


def test_states_and_times_are_told_from_words() -> None:
    wanted = parse_search("state:failed,STOPPED since:2026-03-16 until:2026-03-17 dish", NOW)
    assert wanted.states == {ProcedureState.FAILED, ProcedureState.STOPPED}
    assert wanted.since == datetime(2026, 3, 16, tzinfo=UTC)
    assert wanted.until == datetime(2026, 3, 18, tzinfo=UTC), "the day itself is included"
    assert wanted.terms == (Term("dish", True),)


def test_times_may_be_told_to_the_minute_or_in_days_ago() -> None:
    wanted = parse_search("since:3d until:2026-03-17T21:30+02:00", NOW)
    assert wanted.since == NOW - timedelta(days=3)
    assert wanted.until == datetime(2026, 3, 17, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("state:lost dish", "state: there is no state LOST; there are CREATING"),
        ("since:yesterday", "since: must be a day such as 2026-03-18"),
        ("until:9999-12-31", "until: must be a day"),
        ("since:9999999d", "since: must be a day"),
    ],
)
def test_what_cannot_be_understood_is_said_and_the_rest_is_looked_for(line: str, fault: str) -> None:
    wanted = parse_search(f"{line} quench", NOW)
    assert wanted.faults[0].startswith(fault)
    assert Term("quench", True) in wanted.terms


def test_a_setting_of_the_line_is_replaced_or_left_out() -> None:
    line = 'state:failed "cen a" since:3d dish'
    assert with_setting(line, "state", "STOPPED") == '"cen a" since:3d dish state:STOPPED'
    assert with_setting(line, "since", "") == 'state:failed "cen a" dish'


def test_words_are_bounded_and_distinct() -> None:
    assert words_of(["b a b", "A"]) == "b a"
    assert len(words_of([f"w{n}" for n in range(1000)]).split()) == MAX_WORDS
    assert words_of(["x" * 1000]) == "x" * MAX_WORD_CHARACTERS


@given(st.text(max_size=200))
def test_any_line_can_be_read(line: str) -> None:
    wanted = parse_search(line, NOW)
    for term in wanted.terms:
        assert term.word
        assert not set(term.word) & set(" '\"\\*&|!():")


@given(st.lists(st.text(max_size=40), max_size=5), st.text(max_size=20))
def test_what_was_written_is_found_again(texts: list[str], name: str) -> None:
    words = words_of(texts, [(name, texts[0])] if texts else [])
    for text in texts:
        line = text.replace(":", " ").replace("=", " ").replace('"', " ").replace("#", " ")
        if not line.strip().isdigit():
            assert matches(words, parse_search(line, NOW).terms)
