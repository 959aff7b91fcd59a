"""What somebody may have meant who wrote a word that is not legal here."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

ALIASES: Final = {
    "bundle": "body",
    "run": "body",
    "command": "body",
    "success": "passed",
    "ok": "passed",
    "error": "failed",
    "needs": "start_when",
    "depends_on": "start_when",
    "env": "environment_variables",
    "environment": "environment_variables",
}
"""Words of other systems."""

NOT_SUPPORTED: Final = {
    "jobs": "a document has `scripts`, or `tasks` of its own",
    "generate_tasks": "write the tasks out, under `tasks`",
    "git_options": "use `git_args`",
    "trial_attachments": "let the script write where its results belong",
    "tree_attachments": "let the script write where its results belong",
    "exclusive_global_resources": "use `exclusive_executor_resource`, with `site:NAME` for the whole installation",
    "dispatch_storm_delay_duration": "leave it out; nothing is dispatched in storms",
}
"""Keys of larger systems, and what to do instead."""

MAX_WORD_CHARACTERS = 60
"""Longer ones are no slips of the finger, and comparing them costs."""


def meant(word: str, legal: Collection[str]) -> str:
    """The hint: the closest legal word, what a known alias stands for, or all the legal words."""
    found = closest(word, legal)
    return f"did you mean '{found}'?" if found else f"one of: {', '.join(legal)}"


def closest(word: str, legal: Iterable[str]) -> str:
    """The legal word that was probably meant; empty if none is near."""
    words = {candidate.lower().replace("_", "-"): candidate for candidate in legal}
    plain = word.lower().replace("_", "-")
    alias = ALIASES.get(word.lower())
    if alias and alias in words.values():
        return alias
    if plain in words:
        return words[plain]
    if len(word) > MAX_WORD_CHARACTERS:
        return ""
    near = get_close_matches(plain, words, n=1)
    return words[near[0]] if near else ""
