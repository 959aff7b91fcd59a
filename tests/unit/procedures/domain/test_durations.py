from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.domain.durations import in_words, parse_duration, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3 Minutes", 180),
        ("2 minutes 30 seconds", 150),
        ("2.5 minutes", 150),
        ("1e2 seconds", 100),
        ("1 hour, 30 minutes", 5400),
        ("1 hour , 30 minutes", 5400),
        ("1 HOUR plus 30 MINUTES", 5400),
        ("1 Year and 3 Months and 3 weeks, 3 days , 7 minutes plus 1 second and 3 milliseconds", 41520859.003),
        ("1 minute and", 60),
    ],
)
def test_what_people_write_is_understood(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1h 30min",
            "3 min",
            "30s",
            "2minutes",
            "5",
            "1 minute 30",
            "1,5 minutes",
            "-1 minute",
            "0 seconds",
            "1 hour,30 minutes",
        ),
        *(
            " 1 minute",
            "three minutes",
            "5 hourglasses",
            "and",
            "",
            "1e999 seconds",
            "nan seconds",
            "inf years",
            "1_0 seconds",
        ),
    ],
)
def test_what_could_be_misread_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|unit of time|above 0"):
        parse_duration(text)


@pytest.mark.parametrize(("value", "seconds"), [(5, 5.0), (0.5, 0.5), ("2 minutes", 120.0), (3600, 3600.0)])
def test_a_request_may_give_seconds_or_words(value: Any, seconds: float) -> None:
    assert seconds_of(value, most_s=3600) == seconds


@pytest.mark.parametrize("value", [0, -1, True, None, [], "", 3601, 10**400, float("nan"), float("inf"), "2 hours"])
def test_a_request_with_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        seconds_of(value, most_s=3600)


@given(st.text())
def test_any_text_gives_seconds_or_a_reason(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        seconds, reason = 0.0, str(error)
    else:
        reason = ""
    assert bool(reason) == (seconds == 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "0.25 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (180, "3 minutes"),
        (5400, "90 minutes"),
        (9000, "2.5 hours"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
