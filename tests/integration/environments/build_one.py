"""A builder as a process of its own: `python -m tests.integration.environments.build_one <id of the environment>`."""

import dataclasses
import os
import sys
from pathlib import Path

import django


def main(environment_id: int) -> None:
    """Build it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oet_site.settings")
    django.setup()
    from environments.manager import EnvironmentManager

    manager = EnvironmentManager.from_settings()
    installing = dataclasses.replace(manager.installing, cache=Path(os.environ["OET_TEST_UV_CACHE"]))
    dataclasses.replace(manager, installing=installing).builder().build(environment_id)


if __name__ == "__main__":
    main(int(sys.argv[1]))
