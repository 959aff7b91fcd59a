"""A script that fails while it observes, with an exception worth reading: what went wrong, and what that was caused by."""

import json

DELAYS = '{"m000": 1.25, "m001": "about two"}'


class CalibrationError(Exception):
    """The delays cannot be used."""


def main(antenna: str = "m001") -> None:
    """Apply the delay of `antenna`; that of m001 is no number."""
    print(f"Applying the delay of {antenna} …")
    _apply(antenna, json.loads(DELAYS))


def _apply(antenna: str, delays: dict[str, object]) -> None:
    """Both exceptions are in the stacktrace: `from` says that the first one is the cause of the second."""
    try:
        delay_ns = float(str(delays[antenna]))
    except ValueError as error:
        raise CalibrationError(f"{antenna} cannot be calibrated: its delay is {delays[antenna]!r}") from error
    print(f"{antenna}: {delay_ns} ns")
