"""What the output of a command says about errors: rules for its lines, and what they found."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from oet.harness.errors import ScriptHarnessException

_KEYS = frozenset({"substr", "regex", "level", "exception", "explanation"})


class Rule(NamedTuple):
    """A line that matches is logged at `level` (negative: dropped); then `exception`, if there is one, is raised."""

    substr: str | None
    regex: re.Pattern[str] | None
    level: int
    exception: Any
    explanation: str

    def matches(self, line: str) -> bool:
        """Whether it says something about this line."""
        return self.substr in line if self.substr is not None else bool(self.regex and self.regex.search(line))


class ErrorList:
    """The first rule that matches a line counts."""

    def __init__(self, rules: Any) -> None:
        if rules is not None and (isinstance(rules, (str, Mapping)) or not isinstance(rules, Iterable)):
            raise ScriptHarnessException(f"error_list must be a list of rules, not {rules!r}.")
        self._rules = [_checked(rule) for rule in rules or ()]
        self.num_errors = 0
        self.num_warnings = 0
        self.worst_level = logging.INFO

    def judge(self, line: str) -> Rule | None:
        """The rule for this line; counted."""
        rule = next((rule for rule in self._rules if rule.matches(line)), None)
        if rule is not None:
            self.num_errors += rule.level > logging.WARNING
            self.num_warnings += logging.INFO < rule.level <= logging.WARNING
            self.worst_level = max(self.worst_level, rule.level)
        return rule


def raise_from(rule: Rule, line: str) -> None:
    """Raise the exception of a rule: an instance as it is, a class with the explanation or the line."""
    if isinstance(rule.exception, BaseException):
        raise rule.exception
    if rule.exception is not None:
        raise rule.exception(rule.explanation or line)


def _checked(rule: Any) -> Rule:
    if not isinstance(rule, Mapping):
        _refuse(rule, "it is no dict")
    unknown = sorted(str(key) for key in rule if key not in _KEYS)
    if unknown:
        _refuse(rule, f"{unknown[0]!r} is none of {', '.join(sorted(_KEYS))}")
    substr, regex, level, exception = (rule.get(key) for key in ("substr", "regex", "level", "exception"))
    if (substr is None) == (regex is None):
        _refuse(rule, "it needs one of substr and regex")
    if substr is not None and not isinstance(substr, str):
        _refuse(rule, "substr is no text")
    if regex is not None and not (isinstance(regex, re.Pattern) and isinstance(regex.pattern, str)):
        _refuse(rule, "regex is not compiled by re.compile() from text")
    if level is None and exception is None:
        _refuse(rule, "it needs at least one of level and exception")
    if level is not None and (not isinstance(level, int) or isinstance(level, bool)):
        _refuse(rule, "level is no number such as logging.ERROR")
    is_class = isinstance(exception, type) and issubclass(exception, BaseException)
    if exception is not None and not is_class and not isinstance(exception, BaseException):
        _refuse(rule, "exception is no exception")
    return Rule(substr, regex, logging.ERROR if level is None else level, exception, str(rule.get("explanation") or ""))


def _refuse(rule: Any, why: str) -> None:
    raise ScriptHarnessException(f"bad rule in error_list: {rule!r}: {why}.")
