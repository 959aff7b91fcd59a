"""Running commands: logged, limited in time, judged by their exit and their output, killed as a whole tree."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oet.harness.command_output import Output
from oet.harness.error_list import ErrorList
from oet.harness.errors import (
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    ScriptHarnessTimeout,
)
from oet.harness.interruptions import opened, shielded
from oet.harness.process_tree import CannotStart, ProcessTree
from oet.harness.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger("oet.harness.commands")

_OURS = ("stdout", "stderr", "bufsize")
_TEXT = ("text", "universal_newlines")


class CommandResult(NamedTuple):
    """How a command went. `return_value` is None if it was killed or could not start; `duration` is in seconds."""

    status: Status
    return_value: int | None
    output: str
    duration: float
    num_errors: int
    num_warnings: int
    worst_level: int


class _Limits(NamedTuple):
    timeout: float | None
    output_timeout: float | None


class _Failure(NamedTuple):
    words: str
    is_timeout: bool


def run_command(
    cmd: str | Sequence[str],
    *,
    timeout: float | None = None,
    output_timeout: float | None = None,
    check: bool = False,
    halt_on_failure: bool = False,
    error_list: Any = None,
    **popen: Any,
) -> CommandResult:
    """Run a command (a string: by a shell) and log its output live; `timeout` limits the whole, `output_timeout` the silence.

    Limits are in seconds; who hits one is killed with everything it started. `check` raises ScriptHarnessError or
    ScriptHarnessTimeout, `halt_on_failure` ScriptHarnessFatal. Other keywords go to subprocess.Popen.
    """
    result, failure = _run(cmd, _limits(timeout, output_timeout, popen), error_list, popen, keep_stderr=True)
    if failure is not None and halt_on_failure:
        raise ScriptHarnessFatal(f"Fatal {'timeout' if failure.is_timeout else 'error'}: {failure.words}")
    if failure is not None and check:
        raise (ScriptHarnessTimeout if failure.is_timeout else ScriptHarnessError)(failure.words)
    return result


def get_text_output(cmd: str | Sequence[str], **kwargs: Any) -> str:
    """What a command prints on stdout, without the final newlines; keywords as in `run_command`.

    ScriptHarnessError (with halt_on_failure ScriptHarnessFatal) if it fails.
    """
    limits = _limits(kwargs.pop("timeout", None), kwargs.pop("output_timeout", None), kwargs)
    halt_on_failure = kwargs.pop("halt_on_failure", False)
    kwargs.pop("check", None)
    result, failure = _run(cmd, limits, kwargs.pop("error_list", None), kwargs, keep_stderr=False)
    if failure is not None and halt_on_failure:
        raise ScriptHarnessFatal(f"Fatal {'timeout' if failure.is_timeout else 'error'}: {failure.words}")
    if failure is not None:
        raise ScriptHarnessError(failure.words)
    return result.output.rstrip("\r\n")


def _run(
    cmd: Any, limits: _Limits, error_list: Any, popen: dict[str, Any], *, keep_stderr: bool
) -> tuple[CommandResult, _Failure | None]:
    errors = ErrorList(error_list)
    encoding = (popen.pop("encoding", None) or "utf-8", popen.pop("errors", None) or "replace")
    options = _options(cmd, popen)
    _announce(cmd, popen)
    began = time.monotonic()
    output = Output(log, errors, encoding)
    tree = ProcessTree(cmd, {**options, "stderr": subprocess.STDOUT if keep_stderr else subprocess.PIPE})
    try:
        return_value, hit = _watch(tree, output, limits, began)
    except CannotStart as error:
        failure: _Failure | None = _Failure(f"{_words(cmd)} cannot be started: {error}", is_timeout=False)
        return_value = None
    else:
        failure = _judge(cmd, return_value, hit, errors)
    if failure is not None:
        log.error("%s", failure.words)
    status = Status.SUCCESS if failure is None else Status.TIMEOUT if failure.is_timeout else Status.ERROR
    duration = time.monotonic() - began
    found = (errors.num_errors, errors.num_warnings, errors.worst_level)
    return CommandResult(status, return_value, output.text(), duration, *found), failure


def _watch(tree: ProcessTree, output: Output, limits: _Limits, began: float) -> tuple[int | None, str]:
    """From its start until it ends or hits a limit; its return value and which limit it hit. It is dead when anything is raised here."""
    with (
        shielded()
    ):  # only the wait may be interrupted: else there would be moments in which nobody holds the process, or its pipes
        try:
            tree.start()
            output.take(tree.process)
            hit = opened(lambda: output.follow(began, limits.timeout, limits.output_timeout))
            if hit:
                tree.kill()
                output.drain()
        except BaseException:
            tree.kill()
            raise
        finally:
            output.close()
        return (None if hit else tree.process.wait()), hit


def _judge(cmd: Any, return_value: int | None, hit: str, errors: ErrorList) -> _Failure | None:
    if hit:
        return _Failure(f"{_words(cmd)} {hit}; it was killed with all its children", is_timeout=True)
    if return_value:
        how = f"was ended by signal {-return_value}" if return_value < 0 else f"exited with {return_value}"
        return _Failure(f"{_words(cmd)} {how}", is_timeout=False)
    if errors.num_errors:
        return _Failure(
            f"{_words(cmd)} exited with 0, but printed {errors.num_errors} lines that say error", is_timeout=False
        )
    return None


def _limits(timeout: Any, output_timeout: Any, popen: dict[str, Any]) -> _Limits:
    alias = popen.pop("max_timeout", None)
    if timeout is not None and alias is not None:
        raise ScriptHarnessException("timeout and max_timeout are the same; say one of them.")
    limits = _Limits(alias if timeout is None else timeout, output_timeout)
    for name, seconds in zip(limits._fields, limits):
        if seconds is not None and (
            not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not seconds >= 0
        ):
            raise ScriptHarnessException(f"{name} must be a number of seconds, not {seconds!r}.")
    return limits


def _options(cmd: Any, popen: dict[str, Any]) -> dict[str, Any]:
    """The keywords for Popen; ScriptHarnessException for what cannot work."""
    if not cmd:
        raise ScriptHarnessException(f"there is nothing to run: the command is {cmd!r}.")
    refused = [name for name in _OURS if name in popen]
    if refused:
        raise ScriptHarnessException(f"{refused[0]}= cannot be given: the output is read, logged and returned here.")
    cwd = popen.get("cwd")
    if cwd is not None and not Path(cwd).is_dir():
        raise ScriptHarnessException(f"the directory {os.fspath(cwd)} to run {_words(cmd)} in does not exist.")
    kept = {name: value for name, value in popen.items() if name not in _TEXT}
    return {"shell": isinstance(cmd, str), **kept, "stdout": subprocess.PIPE, "bufsize": 0}


def _announce(cmd: Any, popen: dict[str, Any]) -> None:
    where = f" in {os.fspath(popen['cwd'])}" if popen.get("cwd") is not None else ""
    log.info("Running command: %s%s", cmd, where)
    if not isinstance(cmd, (str, bytes)):
        log.info("Copy/paste: %s", _words(cmd))
    environment = popen.get("env") or {}
    names = sorted(str(name) for name, value in environment.items() if os.environ.get(name) != value)
    if names:
        log.info("Environment variables added or changed: %s", ", ".join(names))


def _words(cmd: Any) -> str:
    return str(cmd) if isinstance(cmd, (str, bytes, os.PathLike)) else shlex.join(map(os.fsdecode, cmd))
