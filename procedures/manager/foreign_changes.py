"""Whether anybody else has changed the database, asked before looking for what they may have written."""

from django.db import connection


class ForeignChanges:
    """Changes by other connections than the one of the thread that asks. SQLite counts them; of others it is always supposed."""

    def __init__(self) -> None:
        self._version: int | None = None

    def since_last_look(self) -> bool:
        """Whether there may have been any since this was asked last."""
        if connection.vendor != "sqlite":
            return True
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            version = cursor.fetchone()[0]
        has_changed = version != self._version
        self._version = version
        return bool(has_changed)
