"""A short chaos run, in every `make test`; `make chaos` is the long one."""

import secrets
from pathlib import Path

import pytest

from tests.chaos.killer import WEIGHTS
from tests.chaos.storm import run

ROUNDS = len(WEIGHTS) + 1


@pytest.mark.acceptance
@pytest.mark.both_databases
@pytest.mark.timeout(400)  # it takes 50 s, on a machine that does nothing else
def test_whatever_is_killed_every_promise_is_kept(tmp_path: Path) -> None:
    seed = secrets.token_hex(4)
    outcome = run(tmp_path, seed, ROUNDS)
    print(outcome.table())
    assert outcome.violations == [], f"to repeat it: make chaos SEED={seed} ROUNDS={ROUNDS}"
    assert sum(outcome.kills.values()) >= ROUNDS - 2  # a victim may end by itself just before
    assert len(outcome.kills) >= len(WEIGHTS) - 2  # what is dead already when its turn comes is replaced by chance
    assert any(start.proofs for start in outcome.evidence.starts)
