"""Describing exceptions for the journal: what was raised, where in the script, and with which exit code."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oet import frames, variables

if TYPE_CHECKING:
    from types import TracebackType

STACKTRACE_LIMIT_BYTES = 64 << 10
CHAIN_LIMIT_BYTES = 256 << 10
_MESSAGE_CHARACTERS = 2000
_WITH_VARIABLES = 8
"""Frames of the script, the innermost ones, whose variables are told; of each exception of a chain."""
_HEAD_SHARE = 4
_OURS = str(Path(__file__).parent)
_IMPORTLIB = "<frozen importlib"


def describe_exception(error: BaseException) -> dict[str, Any]:
    """`type`, `message`, `stacktrace`, `chain` and `exit_code` of a `raised` record; never fails, whatever the exception does."""
    return {
        "type": _kind(error),
        "message": _message(error),
        "stacktrace": stacktrace(error),
        "chain": _chain(error),
        # The harness's Fatal is a SystemExit and an Exception: a failure with a message, rather than a call of sys.exit.
        "exit_code": exit_status(error) if isinstance(error, SystemExit) and not isinstance(error, Exception) else None,
    }


def exit_status(error: BaseException) -> int:
    """The exit status Python would end with: that of SystemExit, 130 for KeyboardInterrupt, else 1."""
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def stacktrace(error: BaseException) -> str:
    """The traceback as Python prints it, from the script's own frames on, chained exceptions included; at most 64 KiB."""
    try:
        text = "".join(traceback.format_exception(type(error), error, _script_frames(error.__traceback__)))
    except Exception as fault:  # noqa: BLE001 - runs methods of the script's own exceptions
        text = f"{type(error).__name__} (its traceback cannot be shown: {type(fault).__name__})\n"
    return _bounded(text)


def show(error: BaseException) -> None:
    """Print on stderr what Python prints for an exception that nobody caught."""
    if isinstance(error, SystemExit):
        text = "" if error.code is None or isinstance(error.code, int) else f"{_message(error)}\n"
    else:
        text = stacktrace(error)
    try:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass  # the script closed or replaced them


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """What was raised, and what that came from; of very much without the variables, or only what was raised, or nothing."""
    links, with_variables = [], []
    for part in frames.chain(error):
        located = frames.frames_of_traceback(_script_frames(part.__traceback__))
        links.append({"type": _kind(part), "message": _message(part), "frames": [frame for frame, _ in located]})
        own = [(shown, frame) for shown, frame in located if frame is not None and shown["kind"] == frames.SCRIPT]
        with_variables += own[-_WITH_VARIABLES:]
    told = variables.describe_all([frame.f_locals for _, frame in with_variables], variables.TIMEOUT_S)
    for (shown, _), its_own in zip(with_variables, told):
        shown["variables"] = its_own
    if _is_bounded(links):
        return links
    for shown, _ in with_variables:
        del shown["variables"]
    return next((shorter for shorter in (links, links[:1]) if _is_bounded(shorter)), [])


def _is_bounded(links: list[dict[str, Any]]) -> bool:
    return len(json.dumps(links)) <= CHAIN_LIMIT_BYTES


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as fault:  # noqa: BLE001 - the script's own __str__
        text = f"<its message cannot be shown: {type(fault).__name__}>"
    return text if len(text) <= _MESSAGE_CHARACTERS else text[: _MESSAGE_CHARACTERS - 1] + "…"


def _script_frames(trace: TracebackType | None) -> TracebackType | None:
    """Without the frames above the script's: ours, and those of the import system below ours."""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((_OURS, _IMPORTLIB)):
            break
        trace = trace.tb_next
    return trace


def _bounded(text: str) -> str:
    data = text.encode(errors="backslashreplace")
    if len(data) <= STACKTRACE_LIMIT_BYTES:
        return data.decode()
    mark = f"\n… {len(data)} bytes, cut …\n".encode()
    head = STACKTRACE_LIMIT_BYTES // _HEAD_SHARE
    tail = STACKTRACE_LIMIT_BYTES - head - len(mark)
    return (data[:head] + mark + data[-tail:]).decode(errors="ignore")
