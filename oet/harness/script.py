"""The Script: actions, configuration, listeners and sinks, joined; run from the command line, from code or by OET."""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Callable

from oet.harness import logs, outcome, seam
from oet.harness.actions import ActionSequence
from oet.harness.command_line import CommandLine
from oet.harness.configuration import Configuration
from oet.harness.errors import ScriptHarnessException, StopRequested
from oet.harness.interruptions import shielded
from oet.harness.listeners import Listeners
from oet.harness.logging_dict import LoggingDict
from oet.harness.plain import hidden_keys
from oet.harness.run import Run
from oet.harness.selection import Selection, apply_flags
from oet.harness.sinks import Sinks, sink_from_env
from oet.harness.status import Status
from oet.harness.template import ConfigTemplate
from oet.harness.termination import sigterm_is_fatal

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from oet.harness.action import Action
    from oet.harness.listeners import Callback
    from oet.harness.sinks import Sink
    from oet.harness.template import Variable

_LOGGER = "oet.harness.script"


class Script:
    """A list of actions with what belongs to them.

    Making one reads the command line (`cmdln_args`; None means `sys.argv[1:]`, inside OET `[]`) and may end in SystemExit:
    after --help, --list-actions, --dump-config and usage errors.
    """

    actions: ActionSequence
    config: dict[str, Any]
    logger: logging.Logger
    name: str
    fatal_action: Action | None
    """The action whose fatal error ended the latest run; None if none did."""
    worst_status: Status
    """The highest status of the latest run."""

    def __init__(  # noqa: PLR0913 - as specified
        self,
        actions: Iterable[Action],
        template: ConfigTemplate | None = None,
        name: str = "root",
        *,
        cmdln_args: Sequence[str] | None = None,
        initial_config: Mapping[str, Any] | None = None,
        sinks: Iterable[Sink] = (),
        strict: bool = False,
        artifact_dir: str | os.PathLike[str] | None = None,
        redact: Iterable[str] = (),
        config_events: bool = False,
        crash_is_fatal: bool = False,
    ) -> None:
        template = ConfigTemplate() if template is None else template
        if not isinstance(template, ConfigTemplate):
            raise ScriptHarnessException(f"{template!r} is no ConfigTemplate; make one by get_config_template().")
        if not isinstance(name, str) or not name:
            raise ScriptHarnessException(f"{name!r} cannot be the name of a script; it is a non-empty string.")
        self.name = name
        self.actions = ActionSequence(actions)
        self.fatal_action = None
        self.worst_status = Status.SUCCESS
        self.listeners = Listeners()
        env_sink = sink_from_env()
        self.sinks = Sinks([*sinks, *([] if env_sink is None else [env_sink])])
        self.is_crash_fatal = crash_is_fatal
        self._artifact_dir = artifact_dir
        self._tells_changes = config_events
        self._is_strict = strict
        self._is_sealed = False
        self._busy = threading.Lock()
        self._run: Run | None = None
        self._configuration = Configuration(name, template, is_strict=strict, redact=hidden_keys(redact))
        parsed = CommandLine(self.actions, template).parse(_arguments(cmdln_args))
        self._set_config(self._configuration.build(initial_config, parsed))
        apply_flags(self.actions, parsed.flags)
        if parsed.is_dump:
            self._dump_config()

    def __setattr__(self, name: str, value: Any) -> None:
        self._refuse_if_sealed(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse_if_sealed(name)
        super().__delattr__(name)

    def add_listener(self, listener: Callback, phase: str, action_names: Iterable[str] | None = None) -> None:
        """Have `listener(context)` called in a phase; with `action_names` only for these actions."""
        self.listeners.add(listener, phase, action_names)

    def listener(self, phase: str, *action_names: str) -> Callable[[Callback], Callback]:
        """`add_listener` as a decorator."""

        def add(function: Callback) -> Callback:
            self.add_listener(function, phase, action_names)
            return function

        return add

    def select(
        self, actions: Any = None, *, add_actions: Any = None, skip_actions: Any = None, action_group: Any = None
    ) -> None:
        """Enable and disable actions, as the options of the same names do, on top of the flags as they are.

        Lists of names, or strings with blanks or commas between them. ScriptHarnessException for an unknown name; then nothing
        has changed.
        """
        Selection(actions, add_actions, skip_actions, action_group).apply(self.actions)

    def configure(self, selection: Selection, keywords: Mapping[str, Any]) -> None:
        """Apply a selection and values of configuration variables together, or neither; for `init` and `main` inside OET."""
        flags = selection.resolve(self.actions)
        if keywords:
            values = self._configuration.with_keywords(self.config, keywords)
            if self._is_strict:
                self._set_config(self._configuration.form(values))
            else:
                self.config.update(keywords)
                self.note(logger=_logger(self.config))
        apply_flags(self.actions, flags)

    def run(self) -> None:
        """Run the actions that are enabled. What ends the run early comes out; errors of actions do not."""
        self.carry_out()

    def main(self, *, error_exit_code: int = 0, handle_sigterm: bool = False) -> int:
        """Run, and return the exit code, having printed what Python would have; StopRequested comes out.

        `error_exit_code` is that of a run in which actions failed without ending it. `handle_sigterm`: the first SIGTERM is a
        fatal error, exit code 143.
        """
        logs.ensure_logging()
        try:
            with sigterm_is_fatal() if handle_sigterm else nullcontext():
                self.carry_out(error_exit_code)
        except StopRequested:
            raise
        except BaseException as error:  # noqa: BLE001 - the border of the program: this is what Python itself does there
            outcome.print_as_python(error)
            return outcome.exit_code_of(error)
        return error_exit_code if self.worst_status is Status.ERROR else 0

    def carry_out(self, error_exit_code: int = 0) -> Run:
        """Run once, and return what is known about it."""
        with shielded():
            if not self._busy.acquire(blocking=False):
                raise ScriptHarnessException(
                    f"script {self.name} is running; it cannot run again until it has finished."
                )
            try:
                run = Run(self, error_exit_code)
                self.note(fatal_action=None, worst_status=Status.SUCCESS, _run=run, _is_sealed=self._is_strict)
                run.carry_out()
                return run
            finally:
                self.note(_run=None)
                self._busy.release()

    # For the harness itself.

    def note(self, **attributes: Any) -> None:
        """Set attributes, also of a strict script."""
        self.__dict__.update(attributes)

    def announce(self) -> None:
        """Log what is about to run, and with which configuration; write it where it is wanted."""
        now = time.localtime()
        self.logger.info("Starting at %s.", time.strftime("%Y-%m-%d %H:%M %Z", now))
        enabled = [action.name for action in self.actions if action.enabled]
        self.logger.info("Enabled actions:")
        self.logger.info(" %s", ", ".join(enabled) or "None")
        self._log_config()

    @property
    def variables(self) -> list[Variable]:
        """The variables of its template."""
        return self._configuration.variables

    def _log_config(self) -> None:
        for line in self._configuration.text(self.config).splitlines():
            self.logger.info("%s", line)
        if self._artifact_dir is not None:
            self._configuration.write(self.config, self._artifact_dir)

    def _dump_config(self) -> None:
        logs.ensure_logging()
        self.logger.info("Dumping config:")
        self._log_config()
        sys.stdout.write(self._configuration.text(self.config) + "\n")
        sys.stdout.flush()
        raise SystemExit(0)

    def _set_config(self, config: dict[str, Any]) -> None:
        if self._tells_changes and isinstance(config, LoggingDict):
            config.on_change(self._tell_change)
        self.note(config=config, logger=_logger(config))

    def _tell_change(self, path: str, message: str) -> None:
        if self._run is not None:
            self._run.tell_change(path, message)

    def _refuse_if_sealed(self, name: str) -> None:
        if self.__dict__.get("_is_sealed"):
            raise ScriptHarnessException(
                f"script {self.name} is strict: its attribute {name!r} cannot be changed after the first run."
            )


def _arguments(cmdln_args: Sequence[str] | None) -> list[str]:
    if cmdln_args is None:
        return [] if seam.is_inside() else sys.argv[1:]
    if isinstance(cmdln_args, str):
        raise ScriptHarnessException(f"cmdln_args must be a list of words, not the string {cmdln_args!r}.")
    return list(cmdln_args)


def _logger(config: Mapping[str, Any]) -> logging.Logger:
    return logging.getLogger(config.get("logger_name") or _LOGGER)
