"""A station for each test: a home of its own, on the database of the test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oet_site.configuration import Configuration
from tests.integration.procedures.manager.station import Station, environment_of


@pytest.fixture
def configuration(tmp_path: Path, settings: Any) -> Configuration:
    """Settings of a site whose OET_HOME is the test's folder; the bells of this process ring there too."""
    found: Configuration = settings.OET.model_copy(update={"home": tmp_path, "node": f"node-{tmp_path.name}"[:100]})
    settings.OET = found
    return found


@pytest.fixture
def station(configuration: Configuration, child_environment: dict[str, str]) -> Iterator[Station]:
    """The node of a test; nothing of it runs yet."""
    station = Station(configuration, environment_of(configuration, child_environment))
    yield station
    station.clear_away()
