"""The command line of a script: the options that every script has, and those of its template."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from oet.harness.errors import ScriptHarnessException
from oet.harness.selection import Selection, valid_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oet.harness.actions import ActionSequence
    from oet.harness.template import ConfigTemplate, Variable

_LIST = "--list-actions"
_CONFIG = ("-c", "--cfg", "--config-file")
_OPTIONAL_CONFIG = ("--opt-cfg", "--opt-config-file")
_RESERVED = frozenset(
    {"-h", "--help", _LIST, "--actions", "--add-actions", "--skip-actions", "--action-group", "--dump-config"}
    | set(_CONFIG + _OPTIONAL_CONFIG)
)
_OURS = "oet harness "
"""Begins the names under which our options are kept; no variable of a template is called that."""


class Parsed(NamedTuple):
    """What a command line asks for. `values` has the variables that were given, even if equal to their defaults."""

    values: dict[str, Any]
    flags: dict[str, bool]
    config_files: list[str]
    optional_files: list[str]
    is_dump: bool


class CommandLine:
    """Reads command lines for these actions and this template."""

    def __init__(self, actions: ActionSequence, template: ConfigTemplate) -> None:
        self._actions = actions
        self._template = template
        self.parser = _Parser(valid_names(actions))
        self._add_ours()
        for variable in template.variables.values():
            taken = sorted(_RESERVED.intersection(variable.options))
            if taken:
                raise ScriptHarnessException(
                    f"the template cannot define {', '.join(taken)}; every script has that already."
                )
            if variable.options:
                self.parser.add_variable(variable)

    def parse(self, arguments: Sequence[str]) -> Parsed:
        """Read a command line. SystemExit: 0 after --help and --list-actions, 2 after a usage error."""
        if self._is_list_wanted(arguments):
            self._print_actions()
            raise SystemExit(0)
        given = _Given(self._template)
        self.parser.parse_args(arguments, given)
        found = vars(given)
        selection = Selection(
            **{name: found[_OURS + name] for name in ("actions", "add_actions", "skip_actions", "action_group")}
        )
        try:
            flags = selection.resolve(self._actions)
        except ScriptHarnessException as error:
            self.parser.error(str(error))
        config_files, optional_files = found[_OURS + "config_files"] or [], found[_OURS + "optional_files"] or []
        return Parsed(found[_OURS + "values"], flags, config_files, optional_files, found[_OURS + "dump_config"])

    def _add_ours(self) -> None:
        group = self.parser.add_argument_group("actions and configuration", valid_names(self._actions))
        group.add_argument(_LIST, action="store_true", dest=_OURS + "list_actions", help="print the actions and exit")
        for option, text in (
            ("--actions", "run exactly these"),
            ("--add-actions", "run these too"),
            ("--skip-actions", "leave these out"),
        ):
            dest = _OURS + option[2:].replace("-", "_")
            group.add_argument(
                option, nargs="+", metavar="A", dest=dest, help=f"{text}; names are separated by blanks or commas"
            )
        group.add_argument(
            "--action-group", metavar="G", dest=_OURS + "action_group", help="run exactly the members of a group"
        )
        group.add_argument(
            *_CONFIG, action="append", metavar="F", dest=_OURS + "config_files", help="read configuration; repeatable"
        )
        group.add_argument(
            *_OPTIONAL_CONFIG,
            action="append",
            metavar="F",
            dest=_OURS + "optional_files",
            help="the same; the file may be missing",
        )
        group.add_argument(
            "--dump-config", action="store_true", dest=_OURS + "dump_config", help="print the configuration and exit"
        )

    def _is_list_wanted(self, arguments: Sequence[str]) -> bool:
        """Looked for first, since it counts even beside options that are wrong."""
        others = [option for option in (*_RESERVED, *self._template.options) if option != _LIST]
        for argument in arguments:
            if argument == "--":
                return False
            is_prefix = len(argument) > 2 and _LIST.startswith(argument)
            if is_prefix and (argument == _LIST or not any(option.startswith(argument) for option in others)):
                return True
        return False

    def _print_actions(self) -> None:
        for action in self._actions:
            mark = "* " if action.enabled else "  "
            sys.stdout.write(f"{mark}{action.name} {['all', *sorted(action.action_groups)]}\n")
        sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """Names what is valid in every error, and shows no secrets."""

    def __init__(self, valid: str) -> None:
        super().__init__()
        self._valid = valid
        self._secret_arguments: set[str] = set()

    def add_variable(self, variable: Variable) -> None:
        """Add the options of a variable of the template."""
        keywords = dict(variable.keywords)
        if variable.is_positional:
            keywords.pop("dest", None)
            keywords["default"] = None
            keywords["nargs"] = {None: "?", "+": "*"}.get(keywords.get("nargs"), keywords.get("nargs"))
        elif variable.is_secret:
            keywords["default"] = None  # help texts may show it
        added = self.add_argument(*variable.options, **keywords)
        if variable.is_secret:
            self._secret_arguments.add(str(argparse.ArgumentError(added, "").argument_name))

    def error(self, message: str) -> NoReturn:
        """Print usage, the valid names and the error on stderr, and exit with 2."""
        error = sys.exc_info()[1]
        if isinstance(error, argparse.ArgumentError) and error.argument_name in self._secret_arguments:
            message = f"argument {error.argument_name}: the value (not shown, it is secret) is not accepted"
        message = re.sub(r"^(ambiguous option: [^=\s]+)=.*( could match )", r"\1\2", message, flags=re.DOTALL)
        self.print_usage(sys.stderr)
        self.exit(2, f"{self._valid}\n{self.prog}: error: {message}\n")


class _Given(argparse.Namespace):
    """Remembers what was set by the command line, and not by a default."""

    def __init__(self, template: ConfigTemplate) -> None:
        super().__init__()
        # argparse sets its defaults only where there is nothing.
        self.__dict__.update({**dict.fromkeys(template.variables), _OURS + "template": template, _OURS + "values": {}})

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value
        variable = self.__dict__[_OURS + "template"].variables.get(name)
        if variable is not None and not (variable.is_positional and value in (None, [])):
            self.__dict__[_OURS + "values"][name] = value
