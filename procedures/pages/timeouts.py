"""The field for a timeout: a number of seconds, or a duration in words."""

from dataclasses import dataclass

from procedures.domain.durations import MAX_TIMEOUT_S, seconds_of
from procedures.words import duration

HTML_NAME = "timeout"


@dataclass
class TimeoutField:
    """The timeout as it is asked for and as it was filled in."""

    value: str = ""
    error: str = ""
    placeholder: str = "none"
    """What holds where it is left empty."""


def timeout_field(prepared_s: float | None) -> TimeoutField:
    """The field of a start, where the procedure was prepared with a timeout or with none."""
    return TimeoutField(placeholder=f"{duration(prepared_s)}, as it was prepared" if prepared_s else "none")


def read_timeout(field: TimeoutField, text: str) -> float | None:
    """Seconds that were filled in, None if nothing was; what is wrong is noted in the field."""
    field.value = text.strip()
    if not field.value:
        return None
    try:
        return seconds_of(_number_or_words(field.value), most_s=MAX_TIMEOUT_S)
    except ValueError as fault:
        field.error = str(fault)
        return None


def _number_or_words(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
