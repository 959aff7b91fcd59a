"""When people can use OET: the web server answers, and the process manager has reported."""

import http.client
from datetime import datetime
from urllib.parse import urlsplit

from django.db import OperationalError, connection

from procedures.models import Node

ANSWER_S = 5.0
SERVER_ERROR = 500


def missing(url: str, node: str, since: datetime) -> str:
    """What is not there yet, in words; empty when everything is. Blocks for at most a few seconds."""
    if not _answers(url):
        return "the web server does not answer yet"
    if not _has_heartbeat(node, since):
        return "the process manager has not reported yet"
    return ""


def _answers(url: str) -> bool:
    address = urlsplit(url)
    client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)
    try:
        client.request("GET", "/")
        return client.getresponse().status < SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def _has_heartbeat(node: str, since: datetime) -> bool:
    try:
        return Node.objects.filter(name=node, heartbeat_at__gte=since).exists()
    except OperationalError:
        return False
    finally:
        connection.close()  # this thread may never come back
