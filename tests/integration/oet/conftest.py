from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oet.running import RunningLauncher


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[RunningLauncher]:
    with RunningLauncher(tmp_path) as running:
        yield running
