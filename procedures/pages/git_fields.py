"""The fields of a script from git: what was filled in, and what is wrong with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from procedures.domain.arguments import ProcedureInput, inputs_from_json
from procedures.domain.errors import InvalidInput

_NAMES = {
    "script.git_args.git_repo": "repository",
    "script.git_args.git_branch": "branch",
    "script.git_args.git_commit": "commit",
    "script.script_uri": "path",
}


@dataclass
class GitFields:
    """One filled-in form. Its script is not read before it is prepared, so the arguments of init are JSON."""

    repository: str = ""
    branch: str = ""
    commit: str = ""
    path: str = ""
    create_env: bool = True
    init: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """By the name of the field."""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "GitFields":
        """What was sent; an empty form wants an environment."""
        made = cls(create_env="create_env" in data or "repository" not in data)
        for name in ("repository", "branch", "commit", "path", "init"):
            setattr(made, name, data.get(name, "").strip())
        return made

    def fill(self, inputs: Mapping[str, ProcedureInput]) -> None:
        """Show the arguments of init, of a script that has not been read."""
        kwargs = inputs["init"].kwargs if "init" in inputs else {}
        self.init = json.dumps(dict(kwargs), ensure_ascii=False) if kwargs else ""

    def script(self) -> dict[str, Any]:
        """The script, as a request to the API would say it."""
        args = {"git_repo": self.repository, "git_branch": self.branch, "git_commit": self.commit}
        uri = f"git://{quote(self.path)}"
        return {"script_type": "git", "script_uri": uri, "git_args": args, "create_env": self.create_env}

    def inputs(self) -> dict[str, ProcedureInput]:
        """The arguments of init; a fault is noted."""
        if not self.init:
            return {}
        try:
            return inputs_from_json({"init": {"kwargs": json.loads(self.init)}})
        except (ValueError, RecursionError) as error:
            self.errors["init"] = f'must be a JSON object, such as {{"subarray_id": 1}}: {error}.'
        except InvalidInput as refused:
            self.errors["init"] = " ".join(" ".join(words) for words in refused.errors.values())
        return {}

    def take(self, refused: InvalidInput) -> bool:
        """Note the faults beside their fields; whether every one has a field."""
        for place, words in refused.errors.items():
            if place in _NAMES:
                self.errors[_NAMES[place]] = " ".join(words)
        return refused.errors.keys() <= _NAMES.keys()
