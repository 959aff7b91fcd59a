from pathlib import Path

import pytest

from environments.git.manager import GitManager
from tests.repositories import GitRepository


@pytest.fixture
def remotes(tmp_path: Path) -> Path:
    """The folder of the repositories that are allowed."""
    return tmp_path / "remotes"


@pytest.fixture
def remote(remotes: Path) -> GitRepository:
    """A repository that scripts may come from."""
    return GitRepository.make(remotes / "scripts")


@pytest.fixture
def git_manager(tmp_path: Path, remotes: Path) -> GitManager:
    """Git on a node that permits everything in `remotes`."""
    return GitManager(tmp_path / "home" / "git", f"{remotes}/*", timeout_s=60)
