"""Scripts started as people start them: `python script.py`."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

PROJECT = Path(__file__).parents[4]

NIGHT = """
import os, sys, time
from oet import harness

def one(ctx): print("one", flush=True)
def two(ctx): {two}
def three(ctx): print("three", flush=True)
def four(ctx): print("four", flush=True)

pairs = {{"one": True, "two": True, "three": False, "four": True}}
script = harness.Script(harness.get_actions(pairs), cmdln_args=None)

@script.listener(harness.POST_FATAL)
def close_dome(ctx): {post_fatal}

if __name__ == "__main__":
    {run}
"""


class Shell:
    """A folder with scripts, and a Python to run them."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = python

    def write(self, text: str, name: str = "night.py") -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def night(
        self, two: str = "print('two')", *, post_fatal: str = "print('closed')", run: str = "sys.exit(script.main())"
    ) -> Path:
        return self.write(NIGHT.format(two=two, post_fatal=post_fatal, run=run))

    def run(self, script: Path, *args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(script, *args),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment(**environment),
        )

    def start(self, script: Path, *args: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(script, *args),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def command(self, script: Path, *args: str) -> list[str]:
        return [self.python, str(script), *args]

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "TZ": "UTC", **more}
