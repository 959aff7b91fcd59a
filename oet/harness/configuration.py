"""A script's configuration: its layers, what is read and written, and the form it takes."""

from __future__ import annotations

import copy
import difflib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from oet.harness.errors import ScriptHarnessException
from oet.harness.logging_dict import LoggingDict
from oet.harness.plain import as_json
from oet.harness.read_only_dict import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oet.harness.command_line import Parsed
    from oet.harness.template import ConfigTemplate, Variable

ARTIFACT = "localconfig.json"

log = logging.getLogger("oet.harness.config")


class Configuration:
    """Makes the configuration of one script, and says what may be said about it."""

    def __init__(self, script: str, template: ConfigTemplate, *, is_strict: bool, redact: frozenset[str]) -> None:
        self._script = script
        self._template = template
        self._is_strict = is_strict
        self.hidden = redact | template.secrets
        """Keys whose values are shown nowhere."""

    @property
    def variables(self) -> list[Variable]:
        """Those of the template, without the options that only print something."""
        return [variable for variable in self._template.variables.values() if variable.is_kept]

    def build(self, initial: Any, parsed: Parsed) -> dict[str, Any]:
        """The layers, the later the stronger, validated; ScriptHarnessException if they do not fit together."""
        values = self._template.defaults
        values.update(_checked_mapping(initial))
        for path in parsed.config_files:
            values.update(_read(path))
        for path in parsed.optional_files:
            values.update(_read_optional(path))
        values.update(parsed.values)
        self._template.validate(values)
        return self.form(values)

    def form(self, values: dict[str, Any]) -> dict[str, Any]:
        """A LoggingDict; for a strict script a locked ReadOnlyDict."""
        if not self._is_strict:
            return LoggingDict(values, name=f"{self._script}.config", redact=self.hidden)
        locked = ReadOnlyDict(values)
        locked.lock()
        return locked

    def with_keywords(self, config: dict[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
        """Plain values with these on top, validated; ScriptHarnessException, and nothing has changed, if they do not fit."""
        known = {*self._template.variables, *(key for key in config if isinstance(key, str))}
        for name in keywords:
            if name not in known:
                _refuse_unknown(name, known)
        values: dict[str, Any] = {**copy.deepcopy(config), **keywords}
        self._template.validate(values)
        return values

    def text(self, config: Mapping[str, Any]) -> str:
        """The configuration as indented JSON, secrets as `...`."""
        return as_json(config, self.hidden)

    def write(self, config: Mapping[str, Any], directory: str | os.PathLike[str]) -> None:
        """Write localconfig.json into `directory`, whole or not at all."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{ARTIFACT}.{os.getpid()}"
        fresh.write_text(self.text(config) + "\n", encoding="utf-8")
        fresh.replace(folder / ARTIFACT)


def _checked_mapping(initial: Any) -> dict[str, Any]:
    if initial is None:
        return {}
    if not isinstance(initial, Mapping):
        raise ScriptHarnessException(f"initial_config must be a mapping, not {type(initial).__name__}.")
    return dict(initial)


def _read_optional(path: str) -> dict[str, Any]:
    """Absence is forgiven, nothing else is."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        log.info("Can't read optional config file %s; skipping.", path)
        return {}
    except (OSError, ValueError):
        pass  # reading it says what is wrong
    return _read(path)


def _read(path: str) -> dict[str, Any]:
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8-sig"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ScriptHarnessException(f"Can't read config file {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ScriptHarnessException(f"Config file {path} is not valid JSON: {error}.") from error
    if not isinstance(values, dict):
        raise ScriptHarnessException(f"Config file {path} must hold one JSON object, not {_json_name(values)}.")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _json_name(value: Any) -> str:
    return "an array" if isinstance(value, list) else f"the {type(value).__name__} {str(value)[:40]!r}"


def _refuse_unknown(name: str, known: Iterable[str]) -> NoReturn:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0)
    hint = f"; did you mean {close[0]!r}? There are: {', '.join(names)}" if close else "; it has no variables"
    raise ScriptHarnessException(f"the configuration has no variable {name!r}{hint}.")
