"""Names of Celery queues."""


def queue_of(node: str) -> str:
    """The queue of the builders of a node: an environment lies on the disk of one machine."""
    return f"env.{node}"
