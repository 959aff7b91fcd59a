"""The web process: HTTP to Django, websockets to the event feed."""

import os
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oet_site.settings")
django.setup(set_prefix=False)  # what follows needs that

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from oet_site.web.handler import ThreadedHandler  # noqa: E402
from procedures.routing import websocket_urlpatterns  # noqa: E402

import_module(settings.ROOT_URLCONF)  # every view and the admin: the first request need not wait for them
application = ProtocolTypeRouter(
    {"http": ThreadedHandler(settings.OET.body_limit), "websocket": URLRouter(websocket_urlpatterns)}
)
