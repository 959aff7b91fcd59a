"""Real git repositories, made for a test."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PYPROJECT = """\
[project]
name = "observing"
version = "1.0"
requires-python = ">=3.9"
dependencies = [{dependencies}]
"""


def pyproject(*dependencies: str) -> str:
    """A pyproject.toml that depends on these packages and is no package itself."""
    return PYPROJECT.format(dependencies=", ".join(f'"{d}"' for d in dependencies))


@dataclass(frozen=True)
class GitRepository:
    """A repository with a work tree, on the branch `trunk` (a default branch need not be called main)."""

    path: Path

    @classmethod
    def make(cls, path: Path, files: dict[str, str] | None = None) -> "GitRepository":
        """A repository with one commit of these files."""
        path.mkdir(parents=True)
        repository = cls(path)
        repository.git("init", "--quiet", "--initial-branch=trunk")
        repository.commit(files if files is not None else {"observe.py": "def main() -> None:\n    print('hello')\n"})
        return repository

    @property
    def url(self) -> str:
        """As a client would write it."""
        return str(self.path)

    def commit(self, files: dict[str, str] | None = None, message: str = "a commit") -> str:
        """Write the files, commit everything; the commit's full name."""
        for name, text in (files or {}).items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head()

    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git in it; what it says."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        person = {
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@b",
        }
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path,
            env=clean | person | alone,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()
