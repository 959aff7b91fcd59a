"""A node for each test, on the database of the test, and trials on it."""

from collections.abc import Iterator

import pytest

from oet_site.configuration import Configuration
from tests.integration.procedures.manager.conftest import configuration
from tests.integration.procedures.manager.station import environment_of
from tests.integration.trials.night import Night

__all__ = ["configuration"]


@pytest.fixture
def night(configuration: Configuration, child_environment: dict[str, str]) -> Iterator[Night]:
    """A station that runs trials; nothing of it runs yet."""
    night = Night(configuration, environment_of(configuration, child_environment))
    yield night
    night.clear_away()
