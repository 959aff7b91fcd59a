"""The script of the chaos test: it prints a known stream, and keeps account of itself in files of its own."""

import struct
from pathlib import Path

ACCOUNT = struct.Struct("<QQQ")
"""Bytes written at most, bytes written at least, events published at least."""
TICK = "chaos.tick"

TEXT = """
import os, struct, time
import oet

ACCOUNT = struct.Struct("<QQQ")

def init(tag, dish): pass

def line(attempt, number):
    return f"{attempt} {number} {'.' * (number * 37 % 200)}\\n".encode()

def work(attempt, folder, lines, pause):
    with open(f"{folder}/{attempt}.ran", "ab", buffering=0) as proof:
        proof.write(f"{os.environ['OET_PROCEDURE_ID']} {time.time()}\\n".encode())
    account = os.open(f"{folder}/{attempt}.account", os.O_RDWR | os.O_CREAT)
    done = published = 0
    for number in range(lines):
        text = line(attempt, number)
        os.pwrite(account, ACCOUNT.pack(done + len(text), done, published), 0)
        os.write(1, text)
        done += len(text)
        os.pwrite(account, ACCOUNT.pack(done, done, published), 0)
        if number % 10 == 0:
            oet.publish("chaos.tick", {"attempt": attempt, "number": published})
            published += 1
            os.pwrite(account, ACCOUNT.pack(done, done, published), 0)
        time.sleep(pause)
    os.close(account)

def main(attempt, folder, lines, pause):
    work(attempt, folder, lines, pause)

def observe(attempt, folder, lines, pause):
    work(attempt, folder, lines, pause)
"""


def line(attempt: str, number: int) -> bytes:
    """The line with that number, as the script writes it."""
    return f"{attempt} {number} {'.' * (number * 37 % 200)}\n".encode()


def stream(attempt: str, lines: int) -> bytes:
    """Everything that it writes if nobody stops it."""
    return b"".join(line(attempt, number) for number in range(lines))


def proofs_of(folder: Path, attempt: str) -> list[tuple[int, float]]:
    """How often it ran: for which procedure, and when (Unix)."""
    path = folder / f"{attempt}.ran"
    rows = [text.split() for text in path.read_text().splitlines()] if path.exists() else []
    return [(int(procedure), float(time)) for procedure, time in rows]


def proofs_of_trial(folder: Path, trial: int, key: str) -> list[int]:
    """How often a script of a trial ran: as which procedure."""
    path = folder / f"trial-{trial}-{key}.ran"
    return [int(text) for text in path.read_text().split()] if path.exists() else []


def account_of(folder: Path, attempt: str) -> tuple[int, int, int, float]:
    """Bytes written at most and at least, events published, and when it noted that down (Unix)."""
    path = folder / f"{attempt}.account"
    if not path.exists() or not (data := path.read_bytes()):
        return 0, 0, 0, 0.0
    return *ACCOUNT.unpack(data), path.stat().st_mtime
