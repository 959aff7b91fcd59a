"""Questions of a script to its operators, while they wait for an answer."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Callable

from oet.shielding import NO_SHIELD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oet.shielding import Shield

TEXT_CHARACTERS = 500
MAX_CHOICES = 20
CHOICE_CHARACTERS = 200


class NoAnswer(TimeoutError):
    """Nobody answered in time."""


class Questions:
    """Those of one script. `write(payload)` records what becomes of a question; False where it could not.

    However the wait ends, the question does not stay open: it is asked in a block that no stop interrupts, and only the wait is open
    to one (`oet.shielding`).
    """

    def __init__(self, write: Callable[[dict[str, Any]], bool], shield: Shield = NO_SHIELD) -> None:
        self._write = write
        self._shield = shield
        self._lock = threading.Lock()
        self._count = 0
        self._open: dict[int, tuple[list[str], SimpleQueue[str]]] = {}

    def ask(self, text: str, choices: Sequence[str], timeout_s: float | None) -> str:
        """Ask, and wait for the answer. NoAnswer after `timeout_s`; ValueError where that is no question."""
        offered = _checked(text, choices)
        with self._shield.shielded():
            number, waiting = self._register(offered)
            try:
                asked = {"number": number, "state": "asked", "text": text, "choices": offered, "timeout_s": timeout_s}
                _require(is_written=self._write(asked))
                return self._shield.opened(lambda: waiting.get(timeout=timeout_s))
            except Empty:
                if not self._close(number):
                    return waiting.get()  # the answer came at the last moment
                self._write({"number": number, "state": "timed_out"})
                raise NoAnswer(f"nobody answered “{text}” within {timeout_s:g} s") from None
            except BaseException:
                if self._close(number):
                    self._write({"number": number, "state": "withdrawn"})
                raise

    def why_not(self, number: Any, answer: Any) -> str | None:
        """Why this cannot be the answer to that question; None if it can."""
        known = self._open.get(number)
        if known is None:
            return f"question {number} does not wait for an answer"
        if not isinstance(answer, str) or (known[0] and answer not in known[0]):
            return f"the answer is one of {', '.join(known[0])}" if known[0] else "the answer is text"
        return None

    def answer(self, number: int, answer: str, by: str) -> Callable[[], None] | None:
        """Write down that somebody has answered; what tells the script so. None where nobody waits for it any more.

        OSError where it cannot be written down; the question waits on then.
        """
        with self._lock:
            known = self._open.get(number)
            if known is None:
                return None
            if not self._write({"number": number, "state": "answered", "answer": answer, "by": by}):
                raise OSError("the disk is full, or the script has said too much")
            del self._open[number]
        return lambda: known[1].put(answer)

    def _register(self, offered: list[str]) -> tuple[int, SimpleQueue[str]]:
        waiting: SimpleQueue[str] = SimpleQueue()
        with self._lock:
            self._count += 1
            self._open[self._count] = (offered, waiting)
            return self._count, waiting

    def _close(self, number: int) -> bool:
        """True if it was open."""
        with self._lock:
            return self._open.pop(number, None) is not None


def _require(*, is_written: bool) -> None:
    if not is_written:
        raise RuntimeError("the question cannot be asked: what the script says cannot be written down any more")


def _checked(text: str, choices: Sequence[str]) -> list[str]:
    if not isinstance(text, str) or not 0 < len(text) <= TEXT_CHARACTERS:
        raise ValueError(f"ask: a question is text of 1 to {TEXT_CHARACTERS} characters")
    offered = [choices] if isinstance(choices, str) else list(choices)
    if len(offered) > MAX_CHOICES or any(
        not isinstance(c, str) or not 0 < len(c) <= CHOICE_CHARACTERS for c in offered
    ):
        raise ValueError(f"ask: choices are at most {MAX_CHOICES} texts of 1 to {CHOICE_CHARACTERS} characters")
    return offered
