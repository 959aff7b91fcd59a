"""Guessing passwords is made slow, at every entrance that takes one: wrong passwords are counted, by who was tried from where."""

import threading
import time
from collections import deque
from math import ceil
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

WINDOW_S = 60.0
MAX_FAILURES = 10
"""Wrong passwords for one name from one address within the window."""
MAX_FAILURES_OF_ADDRESS = 60
MAX_REMEMBERED = 10_000


class Guesses:
    """Wrong passwords of the last minute, by who was tried from where. Kept in memory: each web process counts for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, ...], deque[float]] = {}

    def wait_s(self, address: str, name: str) -> float:
        """Seconds until the next attempt is allowed; 0 if it is now."""
        with self._lock:
            return max(self._wait_s((address, name), MAX_FAILURES), self._wait_s((address,), MAX_FAILURES_OF_ADDRESS))

    def failed(self, address: str, name: str) -> None:
        """Count a wrong password."""
        now = time.monotonic()
        with self._lock:
            if len(self._failures) >= MAX_REMEMBERED:
                self._failures = {key: times for key, times in self._failures.items() if times[-1] > now - WINDOW_S}
            if len(self._failures) >= MAX_REMEMBERED:  # an attack; the counts of addresses are few, and they stop it
                self._failures = {key: times for key, times in self._failures.items() if len(key) == 1}
            for key in ((address, name), (address,)):
                self._failures.setdefault(key, deque(maxlen=MAX_FAILURES_OF_ADDRESS)).append(now)

    @property
    def remembered(self) -> int:
        """How many names and addresses are counted."""
        return len(self._failures)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._failures.clear()

    def _wait_s(self, key: tuple[str, ...], allowed: int) -> float:
        times = self._failures.get(key, deque())
        return max(0.0, times[-allowed] + WINDOW_S - time.monotonic()) if len(times) >= allowed else 0.0


guesses = Guesses()
"""Those at this process."""


class LoginForm(AuthenticationForm):
    """Django's form for people, which refuses without looking at the password while there is reason to."""

    wait_s = 0.0
    """Seconds until the next attempt is allowed, where this one was refused."""

    def clean(self) -> dict[str, Any]:
        """Name and password, if they are right; raises ValidationError."""
        address, name = address_of(self.request), self.cleaned_data.get("username") or ""
        self.wait_s = guesses.wait_s(address, name)
        if self.wait_s:
            raise ValidationError(f"Too many wrong passwords. Try again in {ceil(self.wait_s)} s.", code="throttled")
        try:
            return super().clean()
        except ValidationError:
            if self.user_cache is None:  # else the password was right, and the person may not come in here
                guesses.failed(address, name)
            raise


def address_of(request: HttpRequest | None) -> str:
    """Where a request comes from."""
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""
