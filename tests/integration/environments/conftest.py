import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from environments import hooks
from environments.git.manager import GitManager
from environments.hooks import Change
from environments.manager import EnvironmentManager
from environments.models import Environment
from oet_site.configuration import PROJECT_DIR
from tests.integration.environments.stalling import Stall
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


@pytest.fixture
def sent() -> list[int]:
    """Ids of the environments that builders were told of."""
    return []


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests, so that each package is fetched once."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def manager(tmp_path: Path, remotes: Path, sent: list[int], uv_cache: Path) -> EnvironmentManager:
    """A node with a home of its own; what it sends is only noted down."""
    site = settings.OET.model_copy(
        update={"home": tmp_path / "home", "git_allow": f"{remotes}/*", "env_timeout": 100.0}
    )
    made = EnvironmentManager.from_settings(site)
    installing = dataclasses.replace(made.installing, cache=uv_cache)
    return dataclasses.replace(
        made, installing=installing, send=lambda environment_id, _node: sent.append(environment_id)
    )


@pytest.fixture
def requested(manager: EnvironmentManager) -> Callable[..., Environment]:
    """Request the environment of a repository's default branch, or of a commit."""

    def request(remote: GitRepository, holder: str = "procedure:1", commit: str = "") -> Environment:
        return manager.request(manager.source(remote.url, commit=commit), holder=holder, who="anna")

    return request


@pytest.fixture
def changes() -> Iterator[list[Change]]:
    """Every change that listeners were told of."""
    heard: list[Change] = []
    hooks.on_change(heard.append)
    yield heard
    hooks.forget(heard.append)


@pytest.fixture
def stall(tmp_path: Path, remotes: Path) -> Stall:
    """A repository whose build stops half-way until it is told to go on."""
    return Stall.make(remotes / "stalling", tmp_path)


@pytest.fixture
def builder_environment(
    child_environment: dict[str, str], tmp_path: Path, remotes: Path, uv_cache: Path
) -> dict[str, str]:
    """The variables of a real builder process, which works on this test's database and home."""
    own = {
        "OET_HOME": str(tmp_path / "home"),
        "OET_GIT_ALLOW": f"{remotes}/*",
        "OET_ENV_TIMEOUT": "100",
        "OET_TEST_UV_CACHE": str(uv_cache),
    }
    return child_environment | own | {"PYTHONPATH": str(PROJECT_DIR)}
