"""The output of a command while it runs: read without waiting too long, cut into lines, logged and judged."""

from __future__ import annotations

import logging
import os
import selectors
import time
from typing import TYPE_CHECKING

from oet.harness.error_list import ErrorList, raise_from

if TYPE_CHECKING:
    import subprocess

_CHUNK_BYTES = 1 << 16
_LOOK_S = 0.02
_DRAIN_BYTES = 64 << 20


class _Pipe:
    """One of its pipes. `is_kept`: its lines are part of the result."""

    def __init__(self, descriptor: int, *, is_kept: bool) -> None:
        self.descriptor = descriptor
        self.is_kept = is_kept
        self.rest = b""


class _Ending:
    """Wakes the selector when the process ends. Where the kernel or Python cannot do that, one has to look now and then."""

    def __init__(self, process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> None:
        self.look_s: float | None = None
        self._descriptor: int | None = None
        try:
            self._descriptor = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            self.look_s = _LOOK_S
        else:
            selector.register(self._descriptor, selectors.EVENT_READ, None)

    def __enter__(self) -> _Ending:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


class Output:
    """Follows the pipes of one command."""

    def __init__(self, log: logging.Logger, errors: ErrorList, encoding: tuple[str, str]) -> None:
        self._log = log
        self._errors = errors
        self._encoding = encoding
        self._lines: list[str] = []
        self._pipes: list[_Pipe] = []
        self._process: subprocess.Popen[bytes] | None = None

    def text(self) -> str:
        """What was kept, without the lines that rules dropped."""
        return "".join(self._lines)

    def take(self, process: subprocess.Popen[bytes]) -> None:
        """It is the output of this process; `close` it."""
        self._process = process
        for stream, is_kept in ((process.stdout, True), (process.stderr, False)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._pipes.append(_Pipe(stream.fileno(), is_kept=is_kept))

    def follow(self, began: float, timeout: float | None, output_timeout: float | None) -> str:
        """Log lines until the process ends; the limit it hit in words, "" if none. Times are monotonic, in seconds."""
        process = self._process
        assert process is not None
        heard = time.monotonic()
        with selectors.DefaultSelector() as selector, _Ending(process, selector) as ending:
            for pipe in self._pipes:
                selector.register(pipe.descriptor, selectors.EVENT_READ, pipe)
            while process.poll() is None:
                now = time.monotonic()
                left = None if timeout is None else began + timeout - now
                left_silent = None if output_timeout is None else heard + output_timeout - now
                if left is not None and left <= 0:
                    return f"took longer than {timeout:g} s"
                if left_silent is not None and left_silent <= 0:
                    return f"was silent for {output_timeout:g} s"
                pauses = [pause for pause in (left, left_silent, ending.look_s) if pause is not None]
                if self._read_ready(selector, min(pauses, default=None)):
                    heard = time.monotonic()
        self.drain()
        return ""

    def drain(self) -> None:
        """Read what is there, without waiting for those that hold the pipes open and say nothing."""
        for pipe in self._pipes:
            taken = 0
            while taken < _DRAIN_BYTES:
                count = self._read(pipe)
                if not count:
                    break
                taken += count
            if pipe.rest:
                rest, pipe.rest = pipe.rest, b""
                self._take(pipe, rest)

    def close(self) -> None:
        """Close the pipes."""
        if self._process is not None:
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()

    def _read_ready(self, selector: selectors.BaseSelector, pause_s: float | None) -> bool:
        """Wait at most so long for something to happen, and take what was printed; True if there was any."""
        was_any = False
        for key, _ in selector.select(pause_s):
            if key.data is None:  # it has ended
                continue
            count = self._read(key.data)
            was_any = was_any or bool(count)
            if count == 0:
                selector.unregister(key.fileobj)
        return was_any

    def _read(self, pipe: _Pipe) -> int | None:
        """Take a chunk: the number of bytes, 0 at the end, None if there is nothing now."""
        try:
            data = os.read(pipe.descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return None
        *lines, pipe.rest = (pipe.rest + data).split(b"\n")
        for line in lines:
            self._take(pipe, line + b"\n")
        return len(data)

    def _take(self, pipe: _Pipe, data: bytes) -> None:
        text = data.decode(*self._encoding)
        line = text.rstrip("\r\n")
        rule = self._errors.judge(line)
        level = logging.INFO if rule is None else rule.level
        if level >= 0:
            self._log.log(level, " %s", line)
            if pipe.is_kept:
                self._lines.append(text)
        if rule is not None:
            if level >= 0 and rule.explanation:
                self._log.log(level, " %s", rule.explanation)
            raise_from(rule, line)
