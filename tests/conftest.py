"""Sets the stage of a test run, before anything reads Django's settings; the fixtures are in `tests/fixtures`."""

import os
import signal

import django
import hypothesis
import pytest
from django.conf import settings

from tests import home, scratch

# A shell that starts a run in the background makes it deaf to Ctrl-C, and everything that the run starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
scratch.use_memory()
home.set_up()
django.setup()
# Real hashing takes a third of a second for each user of each test, on purpose.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# An example that takes long says that the machine is busy, not that the code is wrong.
hypothesis.settings.register_profile("oet", deadline=None)
hypothesis.settings.load_profile("oet")

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.people",
    "tests.fixtures.running",
    "tests.fixtures.verdict",
]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """Keep the workers that pytest-xdist starts now from reading the settings before they have a folder of their own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what drives a browser last: from the first of them on, Playwright's event loop runs in the process for good."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
