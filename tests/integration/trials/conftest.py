"""A node for each test, on the database of the test, and trials on it."""

from collections.abc import Iterator

import pytest

from oet_site.configuration import Configuration
from tests.integration.procedures.manager.conftest import configuration
from tests.integration.procedures.manager.station import environment_of
from tests.integration.trials.night import Night
from trials.manager import desk

__all__ = ["configuration"]


@pytest.fixture
def night(
    configuration: Configuration, child_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Night]:
    """A station that runs trials; nothing of it runs yet. Nothing that its desk does may wait for a tick, so there is none."""
    monkeypatch.setattr(desk, "NET_S", 3600.0)
    night = Night(configuration, environment_of(configuration, child_environment))
    yield night
    night.clear_away()
