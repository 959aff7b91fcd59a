"""The Django project: `configuration` (OET_… variables), `settings`, `urls`, `asgi`, `celery`, and the command `up`."""
