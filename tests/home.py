"""The OET_HOME of a test run: a temporary folder for each pytest-xdist worker, chosen before Django's settings are read.

Whatever OET variables a developer has set for a real system are taken away first, so that no test ever meets real data.
`OET_TEST_DATABASE_URL` names the PostgreSQL server for a run on it; `tests/postgres.py` sets it.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from tests import scratch

BASE_VARIABLE = "OET_TEST_BASE"
DATABASE_VARIABLE = "OET_TEST_DATABASE_URL"
FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL")


def set_up() -> Path:
    """Make the folder and point the environment at it; the first process of a run removes it at the end."""
    if settings.configured:
        raise pytest.UsageError(
            "Django's settings were read before the tests could set OET_HOME: unset DJANGO_SETTINGS_MODULE and drop --ds."
        )
    base = os.environ.get(BASE_VARIABLE) or _temporary_base()
    home = Path(base) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ.update(
        clean_environment(), DJANGO_SETTINGS_MODULE="oet_site.settings", OET_HOME=str(home), OET_NODE="test-node"
    )
    if url := os.environ.get(DATABASE_VARIABLE):
        os.environ["DATABASE_URL"] = url
    return home


def clean_environment() -> dict[str, str]:
    """Remove every setting of OET from this process's environment; what is left."""
    kept = {BASE_VARIABLE, DATABASE_VARIABLE}
    for name in list(os.environ):
        if name in FOREIGN or (name.startswith("OET_") and name not in kept):
            del os.environ[name]
    return dict(os.environ)


def _temporary_base() -> str:
    base = tempfile.mkdtemp(prefix="oet-tests-")
    os.environ[BASE_VARIABLE] = base
    if scratch.is_in_memory(base):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = (
            base  # pytest keeps the folders of its last runs, which would fill the memory
        )
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    return base
