import logging
from collections.abc import Iterator
from typing import Any

import pytest

from oet import log_tap


@pytest.fixture
def kept() -> Iterator[list[dict[str, Any]]]:
    records: list[dict[str, Any]] = []
    level = logging.getLogger().level
    log_tap.install(lambda _topic, payload: not records.append(payload))  # type: ignore[func-returns-value]
    yield records
    logging.Logger.callHandlers = log_tap._plain_call_handlers  # type: ignore[method-assign]
    logging.getLogger().setLevel(level)


def test_records_come_with_level_and_logger_whatever_the_script_does_with_them(kept: list[dict[str, Any]]) -> None:
    log = logging.getLogger("obs.dish")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.warning("dish %d is %s", 3, "slow")
    try:
        int("broken")
    except ValueError:
        log.exception("no")
    log.debug("%d", "not a number")
    assert [(r["level"], r["number"], r["logger"]) for r in kept] == [
        *(("WARNING", 30, "obs.dish"), ("ERROR", 40, "obs.dish"), ("DEBUG", 10, "obs.dish")),
    ]
    assert kept[0]["message"] == "dish 3 is slow"
    assert kept[1]["message"].endswith("base 10: 'broken'")
    assert kept[2]["message"].startswith("%d (TypeError")


def test_of_a_flood_a_part_is_kept_and_how_much_was_not(
    kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("obs.flood")
    log.setLevel(logging.INFO)
    log.propagate = False
    for number in range(5000):
        log.info("%d", number)
    assert len(kept) < 4000
    monkeypatch.setattr("oet.pacing.Pace.take", lambda _self: 0.0)
    log.info("after")
    assert "log records were not kept here" in kept[-2]["message"]
    assert kept[-1]["message"] == "after"
