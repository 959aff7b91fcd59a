"""Where things lie below OET_HOME."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The folders of one node."""

    home: Path

    @property
    def git(self) -> Path:
        """Mirrors and trees."""
        return self.home / "git"

    @property
    def environments(self) -> Path:
        """One folder for each environment, named by the token of its build; only what a READY row names may be used."""
        return self.home / "environments"

    @property
    def scratch(self) -> Path:
        """One folder for each build under way, with a copy of the sources."""
        return self.home / "environments" / "building"

    @property
    def vital_signs(self) -> Path:
        """One file for each build under way, locked as long as its builder lives."""
        return self.home / "environments" / "builders"

    @property
    def cache(self) -> Path:
        """The cache of uv, on the same file system as the environments."""
        return self.home / "environments" / "cache"

    def environment(self, token: str) -> Path:
        """The folder of the environment that was built under this token."""
        return self.environments / token
