"""procedures.pages.timeouts: a number of seconds, or words."""

import pytest

from procedures.pages.timeouts import TimeoutField, read_timeout, timeout_field


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), (" 0.5 ", 0.5), ("3 minutes", 180.0), ("1 hour, 30 minutes", 5400.0), ("", None)],
)
def test_seconds_and_words_are_read(text: str, seconds: float | None) -> None:
    field = TimeoutField()
    assert read_timeout(field, text) == seconds
    assert (field.error, field.value) == ("", text.strip())


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", "3 parsecs", "1e12"])
def test_what_is_no_timeout_is_said_and_kept(text: str) -> None:
    field = TimeoutField()
    assert read_timeout(field, text) is None
    assert field.error
    assert field.value == text


def test_a_start_says_what_holds_where_nothing_is_filled_in() -> None:
    assert timeout_field(180).placeholder == "3:00, as it was prepared"
    assert timeout_field(None).placeholder == "none"
