"""The Celery application: runs what takes long or happens now and then, beside the web server and the manager."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oet_site.settings")

TRANSPORT_ALIASES["oetfiles"] = "oet_site.broker:Transport"

app = Celery("oet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
