import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oet import harness
from oet.harness import logs


@contextmanager
def bare_root() -> Iterator[logging.Logger]:
    """The root logger as in a fresh program; inside of a test, since pytest adds handlers of its own just before."""
    logger = logging.getLogger()
    before, level = list(logger.handlers), logger.level
    logger.handlers[:] = []
    try:
        yield logger
    finally:
        for handler in logs._ours:
            handler.close()
        logger.handlers[:] = before
        logger.setLevel(level)
        logs._ours.clear()


def test_console_and_a_fresh_file_are_set_up_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log"
    file.write_text("old")
    with bare_root():
        harness.prepare_simple_logging()
        harness.prepare_simple_logging(file)
        logging.getLogger("oet.harness").info("opening")
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("opening")) == ("", 1)
    assert file.read_text().endswith("INFO - opening\n")
    assert "old" not in file.read_text()


def test_main_sets_up_the_console_only_if_nobody_did() -> None:
    script = harness.Script([], cmdln_args=[])
    mine = logging.NullHandler()
    with bare_root() as root:
        root.addHandler(mine)
        script.main()
        assert root.handlers == [mine]
        root.handlers[:] = []
        script.main()
        assert [type(handler) for handler in root.handlers] == [logging.StreamHandler]
