"""Tasks and trials as templates show them: the summaries of `trials.selectors`, with their words."""

from collections.abc import Mapping
from typing import Any

from procedures.words import duration, moment, took
from trials.domain.states import UNFINISHED
from trials.pages.words import counts_in_words

CHIPS = 12
"""Trials that a list shows of each task, the newest."""


def shown_task(task: Mapping[str, Any], now: float) -> dict[str, Any]:
    """A task of `task_summaries`."""
    trials = [shown_trial_of_task(trial, now) for trial in task["trials"]]
    return {
        **task,
        "title": task["name"] or f"task {task['id']}",
        "created": moment(task["created_at"], now),
        "trials": trials,
        "latest_trials": trials[-CHIPS:],
        "earlier": max(0, len(trials) - CHIPS),
        "is_unfinished": task["state"] in UNFINISHED or any(trial["is_unfinished"] for trial in trials),
    }


def shown_trial(trial: Mapping[str, Any], now: float) -> dict[str, Any]:
    """A trial of `trial_summaries`, or what a graph has of it."""
    created_by = trial["created_by"]
    return {
        **trial,
        **_times(trial, now),
        "title": trial["task_name"] or f"task {trial['task']}",
        "created": moment(trial["created_at"], now),
        "by": created_by or "by itself",
        "abort_asked": moment(asked, now) if (asked := trial["abort_requested_at"]) else "",
        "counts_in_words": counts_in_words(trial["counts"]),
    }


def shown_trial_of_task(trial: Mapping[str, Any], now: float) -> dict[str, Any]:
    """A trial as its task names it."""
    return {**trial, **_times(trial, now)}


def _times(trial: Mapping[str, Any], now: float) -> dict[str, Any]:
    started, finished = trial["started_at"], trial["finished_at"]
    lasted = ""
    if started:
        lasted = took(finished - started) if finished else duration(now - started)
    return {
        "started": moment(started, now) if started else "",
        "finished": moment(finished, now) if finished else "",
        "lasted": lasted,
        "is_unfinished": trial["state"] in UNFINISHED,
    }
