"""Sets the stage of a test run, before anything reads Django's settings; the fixtures are in `tests/fixtures`."""

import os

import django
import pytest
from django.conf import settings

from tests import home

home.set_up()
django.setup()
# Real hashing takes a third of a second for each user of each test, on purpose.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.people", "tests.fixtures.running"]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """Keep the workers that pytest-xdist starts now from reading the settings before they have a folder of their own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
