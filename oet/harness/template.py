"""The ConfigTemplate: which variables a script's configuration has, and which options set them."""

from __future__ import annotations

import argparse
import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Callable

from oet.harness.errors import ScriptHarnessException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oet.harness.action import Action

    Validate = Callable[[str, dict[str, Any]], "Iterable[str] | str | None"]

_MAY_BE_MISSING = frozenset({argparse.OPTIONAL, argparse.ZERO_OR_MORE, argparse.REMAINDER})
_WITHOUT_VARIABLE = frozenset({"help", "version"})


@dataclass
class Variable:
    """One variable of the configuration. `keywords` are argparse's; without `options` nothing on the command line sets it."""

    name: str
    options: tuple[str, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    default: Any = None
    is_required: bool = False
    required_vars: tuple[str, ...] = ()
    incompatible_vars: tuple[str, ...] = ()
    validate: Validate | None = None
    is_secret: bool = False

    @property
    def is_positional(self) -> bool:
        """It is set by its place on the command line."""
        return any(not option.startswith("-") for option in self.options)

    @property
    def is_kept(self) -> bool:
        """False for an option that only prints something and exits."""
        return self.keywords.get("action") not in _WITHOUT_VARIABLE

    def faults(self, config: dict[str, Any]) -> list[str]:
        """What is wrong with it in this configuration, in words."""
        found = []
        if config.get(self.name) is None:
            found += [f"{self.name} is required{self._hint()}."] if self.is_required else []
        else:
            found += [f"{self.name} needs {n}, which is not set." for n in self.required_vars if config.get(n) is None]
            found += [
                f"{self.name} cannot be set together with {n}."
                for n in self.incompatible_vars
                if config.get(n) is not None
            ]
        if self.validate is not None:
            messages = self.validate(self.name, config)
            found += [messages] if isinstance(messages, str) else list(messages or ())
        return found

    def _hint(self) -> str:
        return f": {' or '.join(self.options)}" if self.options and not self.is_positional else ""


class ConfigTemplate:
    """A list of variables; made by `get_config_template()`."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.all_actions: tuple[Action, ...] = ()
        """The actions that `format_help` shows the options of."""

    def add_argument(
        self,
        *options: str,
        required_vars: Iterable[str] = (),
        incompatible_vars: Iterable[str] = (),
        validate_cb: Validate | None = None,
        secret: bool = False,
        **argparse_kwargs: Any,
    ) -> None:
        """A variable with options, as argparse's add_argument takes them.

        Its name is `dest`, else the first long option with `_` for `-`. `required` is checked after all layers of the
        configuration, so a file may supply the value; `validate_cb(name, config)` returns messages and is also asked if the
        variable is not set.
        """
        parsed = _tried(options, argparse_kwargs)
        keywords = {key: value for key, value in argparse_kwargs.items() if key != "required"}
        default = None if parsed.default is argparse.SUPPRESS else _converted(parsed, is_secret=secret)
        is_demanded = not parsed.option_strings and parsed.nargs not in _MAY_BE_MISSING
        variable = Variable(
            name=options[0].lstrip("-") if parsed.dest == argparse.SUPPRESS else parsed.dest,
            options=tuple(options) if options else (parsed.dest,),
            keywords=keywords,
            default=default,
            is_required=bool(argparse_kwargs.get("required")) or is_demanded,
            required_vars=_names(required_vars),
            incompatible_vars=_names(incompatible_vars),
            validate=validate_cb,
            is_secret=secret,
        )
        self._add(variable)

    def add_variable(
        self,
        name: str,
        *,
        default: Any = None,
        required: bool = False,
        required_vars: Iterable[str] = (),
        incompatible_vars: Iterable[str] = (),
        validate_cb: Validate | None = None,
        secret: bool = False,
    ) -> None:
        """A variable without an option: files, `initial_config` and the keywords of `init` and `main` set it."""
        if not isinstance(name, str) or not name:
            raise ScriptHarnessException(f"{name!r} cannot be the name of a variable; it is a non-empty string.")
        required_names, incompatible_names = _names(required_vars), _names(incompatible_vars)
        self._add(Variable(name, (), {}, default, required, required_names, incompatible_names, validate_cb, secret))

    def update(self, other: ConfigTemplate) -> None:
        """Add all variables of another template; nothing is added if one of them, or an option, is there already."""
        if not isinstance(other, ConfigTemplate):
            raise ScriptHarnessException(f"{other!r} is no ConfigTemplate.")
        for variable in other.variables.values():
            self._check_new(variable)
        for variable in other.variables.values():
            self._add(replace(variable, keywords=dict(variable.keywords)))

    def remove_option(self, option: str) -> None:
        """Take an option away; the variable goes with its last one."""
        variable = next((v for v in self.variables.values() if option in v.options), None)
        if variable is None:
            raise ScriptHarnessException(
                f"there is no option {option!r}; there are: {', '.join(self.options) or 'none'}."
            )
        variable.options = tuple(other for other in variable.options if other != option)
        variable.keywords["dest"] = variable.name  # which may have come from the option that goes
        if not variable.options:
            del self.variables[variable.name]

    def format_help(self) -> str:
        """The help text, with the options that every script has."""
        from oet.harness.actions import ActionSequence
        from oet.harness.command_line import CommandLine

        return CommandLine(ActionSequence(self.all_actions), self).parser.format_help()

    @property
    def options(self) -> list[str]:
        """All option strings."""
        return [option for variable in self.variables.values() for option in variable.options]

    @property
    def defaults(self) -> dict[str, Any]:
        """The lowest layer of a configuration: every variable, None where it has no default."""
        return {name: copy.deepcopy(v.default) for name, v in self.variables.items() if v.is_kept}

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secret variables."""
        return frozenset(name for name, variable in self.variables.items() if variable.is_secret)

    def validate(self, config: dict[str, Any]) -> None:
        """ScriptHarnessException("Invalid config!", [messages]) if anything is wrong; all of it at once."""
        messages = [message for variable in self.variables.values() for message in variable.faults(config)]
        if messages:
            raise ScriptHarnessException("Invalid config!", messages)

    def _add(self, variable: Variable) -> None:
        self._check_new(variable)
        self.variables[variable.name] = variable

    def _check_new(self, variable: Variable) -> None:
        if variable.name in self.variables:
            raise ScriptHarnessException(
                f"the template has a variable {variable.name!r} already; say dest= to name it otherwise."
            )
        for option in variable.options:
            if option in self.options:
                raise ScriptHarnessException(f"the template has an option {option} already.")


def get_config_template(
    template: ConfigTemplate | None = None, all_actions: Iterable[Action] | None = None
) -> ConfigTemplate:
    """A new template with all that `template` has. With `all_actions` its `format_help()` names them; scripts do so anyway."""
    made = ConfigTemplate()
    if template is not None:
        made.update(template)
    made.all_actions = tuple(all_actions or ())
    return made


def _tried(options: tuple[str, ...], keywords: dict[str, Any]) -> argparse.Action:
    """What argparse makes of it."""
    try:
        return argparse.ArgumentParser(add_help=False).add_argument(*options, **keywords)
    except (TypeError, ValueError, argparse.ArgumentError) as error:
        raise ScriptHarnessException(f"add_argument({', '.join(map(repr, options))}): {error}") from error


def _converted(parsed: argparse.Action, *, is_secret: bool) -> Any:
    """The default; text goes through `type`, as argparse has it."""
    if not isinstance(parsed.default, str) or not callable(parsed.type):
        return parsed.default
    try:
        return parsed.type(parsed.default)
    except (TypeError, ValueError, argparse.ArgumentTypeError) as error:
        why = "it is secret and not shown" if is_secret else str(error)
        raise ScriptHarnessException(f"the default of {parsed.dest} is not of its type: {why}") from (
            None if is_secret else error
        )


def _names(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
