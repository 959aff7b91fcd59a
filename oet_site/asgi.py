"""The web process: HTTP to Django, websockets to the event feed."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oet_site.settings")
http = get_asgi_application()  # sets Django up; what follows needs that

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from procedures.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})
