"""A script that takes its time to load, as those do that import half the world: see it in LOADING, and only then in READY.

Modules named in OET_PRELOAD are imported once, in advance, and cost nothing here.
"""

import asyncio  # noqa: F401
import csv  # noqa: F401
import decimal  # noqa: F401
import email  # noqa: F401
import html.parser  # noqa: F401
import http.client  # noqa: F401
import multiprocessing  # noqa: F401
import sqlite3  # noqa: F401
import time
import unittest  # noqa: F401
import xml.dom.minidom  # noqa: F401

WORK_S = 1.0

began = time.process_time()
primes = [2]
candidate = 3
while time.process_time() - began < WORK_S:  # what a module does when it is imported delays everybody who imports it
    if all(candidate % prime for prime in primes if prime * prime <= candidate):
        primes.append(candidate)
    candidate += 2


def main(show: int = 10) -> int:
    """Print the last `show` primes that were found while loading."""
    print(*primes[-show:])
    return len(primes)
