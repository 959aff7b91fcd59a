"""Install the programs that the tests drive and pip does not bring: `python -m tests.needs`.

Chromium for `tests/browser`, node for `tests/js`, curl for the README's commands. On Debian and Ubuntu as root they come from
apt-get; elsewhere Chromium comes from Playwright, and the others have to be installed by hand.
What is there already is used as it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_BY_HAND = (
    "The browser tests need Chromium: have it installed from your distribution, on Debian by `apt-get install chromium` as root;"
    " then run this again."
)


class Missing(Exception):
    """A program that the tests need is not there and could not be installed; the message says what to do."""


def chromium() -> Path | None:
    """The Chromium that browser tests drive: the system's own, or else the one that Playwright installed."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def bring_chromium() -> None:
    """Install Chromium if there is none."""
    if chromium():
        return
    try:
        if _has_apt_get():
            _apt_get_install("chromium")
        else:
            _run(
                "installing Chromium for the browser tests with Playwright",
                [sys.executable, "-m", "playwright", "install", "chromium"],
            )
    except Missing as failed:
        raise Missing(f"{failed} {CHROMIUM_BY_HAND}") from failed
    if not chromium():
        raise Missing(f"Installing Chromium did not bring one. {CHROMIUM_BY_HAND}")


def bring_curl() -> None:
    """Install curl if there is none: the README's commands are run as they are written."""
    if not shutil.which("curl") and _has_apt_get():
        _apt_get_install("curl")
    if not shutil.which("curl"):
        raise Missing("The README's commands need curl: install it from your distribution.")


def bring_node() -> None:
    """Install node if there are JavaScript tests and no node to run them."""
    if not any(PROJECT_DIR.glob("tests/js/*.test.*js")) or shutil.which("node"):
        return
    if _has_apt_get():
        _apt_get_install("nodejs")
    if not shutil.which("node"):
        raise Missing(
            "The JavaScript tests need node, version 18 or later: install it from your distribution or from nodejs.org."
        )


def _has_apt_get() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_get_install(package: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run("reading the list of Debian packages", ["apt-get", "update", "-qq"], environment)
    _run(
        f"installing {package} for the tests with apt-get",
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
        environment,
    )


def _run(what: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    print(f"tests: {what}: {' '.join(command)}", flush=True)  # noqa: T201 - people wait for it and want to know why
    try:
        subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        raise Missing(f"{what} failed with exit status {error.returncode}; its messages are above.") from error


if __name__ == "__main__":
    try:
        bring_chromium()
        bring_node()
        bring_curl()
    except Missing as missing:
        sys.exit(f"tests: {missing}")
