"""Addresses of websockets."""

from django.urls import re_path

from procedures.consumers import EventsConsumer, UnknownConsumer

websocket_urlpatterns = [re_path(r"^ws/events/?$", EventsConsumer.as_asgi()), re_path(r"", UnknownConsumer.as_asgi())]
