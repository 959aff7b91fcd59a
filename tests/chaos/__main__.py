"""`python -m tests.chaos [--rounds 300] [--seed S]`, or `make chaos`: minutes of work and kills, then the judgement.

Exit status 1 if a promise was broken.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.storm import run


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="how many processes are killed (default: 300)")
    parser.add_argument("--seed", default="", help="of an earlier run, to repeat its choices")
    parser.add_argument("--folder", type=Path, help="where to leave the home with its logs (default: a temporary one)")
    options = parser.parse_args()
    seed = options.seed or secrets.token_hex(4)
    print(f"SEED={seed} ROUNDS={options.rounds}", flush=True)
    begin = time.monotonic()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="oet-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    outcome = run(folder, seed, options.rounds)
    print(outcome.table())
    for words in outcome.violations:
        print(f"VIOLATION: {words}")
    print(f"{(time.monotonic() - begin) / 60:.1f} minutes; logs are in {folder}")
    if outcome.violations:
        print(f"To repeat it: make chaos SEED={seed} ROUNDS={options.rounds}")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
