from pathlib import Path

import pytest

from tests.integration.oet.conftest import launcher
from tests.integration.oet.harness.shell import Shell

__all__ = ["launcher"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)
