"""The lock of a manager."""

from pathlib import Path

import pytest

from procedures.supervision.sole_manager import AlreadyManaged, sole_manager

ME = {"pid": 4711, "node": "dish", "since": "2026-03-01T12:00:00"}


def test_the_lock_keeps_a_second_one_out_and_names_the_first(tmp_path: Path) -> None:
    file = tmp_path / "run" / "lock"
    with (
        sole_manager(file, ME),
        pytest.raises(AlreadyManaged, match="process 4711 on dish, since 2026-03-01T12:00:00"),
        sole_manager(file, ME),
    ):
        pass


def test_the_lock_is_free_after_its_block_and_a_longer_description_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with sole_manager(file, {**ME, "node": "a very long name of a node"}):
        pass
    with sole_manager(file, ME), pytest.raises(AlreadyManaged, match="on dish"), sole_manager(file, ME):
        pass
