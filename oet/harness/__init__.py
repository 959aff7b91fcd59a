"""The action harness: scripts as lists of named actions. Reference: docs/harness.md.

    from oet import harness

This is the whole public interface, so unlike elsewhere it is gathered here. Inside, one noun has one file:

`script` joins everything, `run` goes through the phases (`phases`), `attempt` runs one action
`action`, `actions`, `functions`, `listeners`, `context`, `status`, `errors`, `outcome`
`selection`, `command_line`, `template`, `configuration`    which actions and which configuration
`logging_dict`, `logging_list`, `watching`, `read_only_dict`, `plain`    the configuration's forms
`events`, `stream`, `sinks`, `progress`    what a run tells
`commands`, `command_output`, `error_list`, `process_tree`    running programs
`interruptions`, `termination`, `seam`, `entry_points`    stops, SIGTERM and OET
`registry`, `logs`
"""

from __future__ import annotations

from oet.harness.action import Action
from oet.harness.actions import get_actions, get_actions_from_list
from oet.harness.commands import CommandResult, get_text_output, run_command
from oet.harness.context import Context, current
from oet.harness.entry_points import entry_points
from oet.harness.errors import (
    ScriptHarnessBaseException,
    ScriptHarnessError,
    ScriptHarnessException,
    ScriptHarnessFatal,
    ScriptHarnessTimeout,
    StopRequested,
)
from oet.harness.events import Event
from oet.harness.logging_dict import LoggingDict
from oet.harness.logs import prepare_simple_logging
from oet.harness.phases import (
    ACTION,
    ALL_PHASES,
    LISTENER_PHASES,
    POST_ACTION,
    POST_FATAL,
    POST_RUN,
    PRE_ACTION,
    PRE_RUN,
    RUN_ACTION,
)
from oet.harness.progress import progress
from oet.harness.read_only_dict import ReadOnlyDict
from oet.harness.registry import get_config, get_logger, get_script
from oet.harness.script import Script
from oet.harness.sinks import JsonLinesSink, ListSink, LoggingSink, sink_from_env
from oet.harness.status import Status
from oet.harness.template import ConfigTemplate, get_config_template

__all__ = [
    "ACTION",
    "ALL_PHASES",
    "LISTENER_PHASES",
    "POST_ACTION",
    "POST_FATAL",
    "POST_RUN",
    "PRE_ACTION",
    "PRE_RUN",
    "RUN_ACTION",
    "Action",
    "CommandResult",
    "ConfigTemplate",
    "Context",
    "Event",
    "JsonLinesSink",
    "ListSink",
    "LoggingDict",
    "LoggingSink",
    "ReadOnlyDict",
    "Script",
    "ScriptHarnessBaseException",
    "ScriptHarnessError",
    "ScriptHarnessException",
    "ScriptHarnessFatal",
    "ScriptHarnessTimeout",
    "Status",
    "StopRequested",
    "current",
    "entry_points",
    "get_actions",
    "get_actions_from_list",
    "get_config",
    "get_config_template",
    "get_logger",
    "get_script",
    "get_text_output",
    "prepare_simple_logging",
    "progress",
    "run_command",
    "sink_from_env",
]
