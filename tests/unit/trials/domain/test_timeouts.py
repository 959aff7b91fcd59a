"""Each row of the table of durations, as the timeout of a script."""

import json

import pytest

from trials.domain import parse_duration
from trials.domain.errors import SpecError
from trials.domain.parsing import parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3 Minutes", 180),
        ("2 minutes 30 seconds", 150),
        ("2.5 minutes", 150),
        ("1 hour, 30 minutes", 5400),
        ("1 hour , 30 minutes", 5400),
        ("1 HOUR plus 30 MINUTES", 5400),
        ("1 Year and 3 Months and 3 weeks, 3 days , 7 minutes plus 1 second and 3 milliseconds", 41520859.003),
        ("1 minute and", 60),
        ("1e2 secondssss,,", 100),
        ("0.25 seconds", 0.25),
    ],
)
def test_a_timeout_in_words_is_understood(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert parse(json.dumps({"body": "", "timeout": text})).scripts["main"].timeout == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("1h 30min", "3 min", "30s", "2minutes", "5", "1 minute 30", "1,5 minutes", "-1 minute", "0 seconds"),
        *(
            "1 hour,30 minutes",
            " 1 minute",
            "three minutes",
            "5 hourglasses",
            "and",
            "",
            "1e999 seconds",
            "nan seconds",
        ),
    ],
)
def test_a_timeout_that_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        parse(json.dumps({"body": "", "timeout": text}))
    assert [(error.path, error.code) for error in refused.value.errors] == [("timeout", "invalid_duration")]


def test_a_number_is_no_duration() -> None:
    with pytest.raises(SpecError) as refused:
        parse("{body: '', timeout: 5}")
    assert [(error.path, error.code) for error in refused.value.errors] == [("timeout", "type_mismatch")]
