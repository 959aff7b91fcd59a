"""The phases of a run, and which of them take listeners."""

from __future__ import annotations

PRE_RUN = "pre_run"
POST_RUN = "post_run"
PRE_ACTION = "pre_action"
POST_ACTION = "post_action"
POST_FATAL = "post_fatal"
RUN_ACTION = ACTION = "run_action"

LISTENER_PHASES = (PRE_RUN, POST_RUN, PRE_ACTION, POST_ACTION, POST_FATAL)
"""The phases that take listeners; not in the order of time."""
ALL_PHASES = (*LISTENER_PHASES, RUN_ACTION)

ACTION_PHASES = frozenset({PRE_ACTION, RUN_ACTION, POST_ACTION})
"""The phases that belong to one action."""
