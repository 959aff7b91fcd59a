"""Finding procedures by their words, on each database's own index; held to `matches`, which says what is right."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection

from procedures import search
from procedures.domain.arguments import ProcedureInput
from procedures.domain.errors import NotAllowed
from procedures.domain.people import Actor, Right
from procedures.domain.search import matches, parse_search
from procedures.domain.states import ProcedureState
from procedures.models import Procedure, ProcedureText
from procedures.moves import Move
from procedures.recorder import recording

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BEGIN = datetime(2026, 3, 17, 18, tzinfo=UTC)
NOW = datetime(2026, 3, 18, 6, tzinfo=UTC)
READER = Actor("t.mokoena", frozenset({Right.VIEW}))


def procedure(number: int = 0, *, script: str = "observe_sb.py", who: str = "t.mokoena", **kwargs: object) -> Procedure:
    made = Procedure(
        script_type="filesystem",
        script_uri=f"file:///srv/imaging/{script}",
        script_name=script,
        state_at=BEGIN,
        node="atlas-1",
        resources=["telescope"],
        created_by=who,
        created_at=BEGIN + timedelta(minutes=number),
    )
    with recording() as record:
        record.create(made, {"main": ProcedureInput((), kwargs)})
    return made


def end(made: Procedure, state: ProcedureState, cause: str = "", stacktrace: str = "") -> None:
    with recording() as record:
        record.move(made.pk, Move(state, NOW, cause=cause, who="l.okafor", stacktrace=stacktrace))


def found(line: str, **options: int) -> list[int]:
    return [
        row.pk
        for row in search.find(READER, parse_search(line, NOW), size=options.pop("size", 30), **options).procedures
    ]


def test_a_procedure_is_found_from_the_moment_it_is_prepared() -> None:
    made = procedure(subarray_id=2, target="Centaurus A")
    for line in (
        "observe",
        "observe_sb.py",
        "mokoena",
        "by:t.mok",
        "subarray_id=2",
        "target:centaurus",
        "imaging",
        "centaur",
    ):
        assert found(line) == [made.pk], line
    for line in ("bserve", "subarray_id=1", "by:okafor", "timeouterror"):
        assert found(line) == [], line


def test_what_became_of_it_can_be_found_once_it_has_ended() -> None:
    made = procedure()
    procedure()
    end(
        made,
        ProcedureState.FAILED,
        "TimeoutError: correlator 3 did not answer",
        "Traceback\n  File x.py, in slew\nTimeoutError",
    )
    for line in ("correlator 3", "timeout", "slew", "by:l.okafor", "state:failed", "state:failed correl"):
        assert found(line) == [made.pk], line
    assert found("correlator 4") == []


def test_words_follow_when_they_change_and_go_with_the_procedure() -> None:
    made = procedure()
    ProcedureText.objects.filter(pk=made.pk).update(words="quench")
    assert (found("quench"), found("observe")) == ([made.pk], [])
    made.delete()
    assert found("quench") == []


def test_a_number_finds_that_procedure() -> None:
    made = procedure()
    assert found(f"#{made.pk}") == found(f"{made.pk}") == [made.pk]
    assert found("#999999999") == []


def test_without_a_search_the_newest_come_first_page_by_page() -> None:
    made = [procedure(number).pk for number in range(5)][::-1]
    first = search.find(READER, parse_search("", NOW), size=2)
    assert [row.pk for row in first.procedures] == made[:2]
    second = search.find(READER, parse_search("", NOW), size=2, before=first.older)
    assert [row.pk for row in second.procedures] == made[2:4]
    last = search.find(READER, parse_search("", NOW), size=2, before=second.older)
    assert ([row.pk for row in last.procedures], last.older) == (made[4:], None)


def test_a_span_of_time_is_part_of_the_search() -> None:
    made = [procedure(60 * number).pk for number in range(4)]
    assert found("since:2026-03-17T19:00 until:2026-03-17T20:30") == [made[2], made[1]]
    assert found("observe since:2026-03-17T19:00 until:2026-03-17T20:30") == [made[2], made[1]]
    assert found("since:2026-03-19") == []


def test_whoever_may_not_see_procedures_finds_none() -> None:
    with pytest.raises(NotAllowed):
        search.find(Actor("nobody"), parse_search("", NOW), size=1)


@pytest.mark.parametrize("few", [2, 500])
def test_every_page_of_every_search_holds_what_it_should_and_nothing_else(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small windows, so that every way of finding is taken; compared with looking at each procedure."""
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "WINDOW", 7)
    random = Random(few)
    endings = [ProcedureState.FAILED, ProcedureState.STOPPED, None]
    for number in range(40):
        script, who = random.choice(["observe_1.py", "observe_2.py", "slew.py"]), random.choice(["ann", "anna", "bo"])
        made = procedure(number, script=script, who=who, subarray_id=random.randint(1, 12))
        if ending := random.choice(endings):
            end(made, ending, random.choice(["timeout of dish 7", "no power", ""]))
    lines = ["observe", "observe_1", "slew by:ann", "subarray_id=1", "dish 7", "o", "nothing", "tim"]
    settings = [
        "",
        "state:failed",
        "state:failed,stopped",
        "state:unknown",
        "since:2026-03-17T18:10",
        "since:2026-03-17T18:10 state:stopped",
    ]
    rows = list(Procedure.objects.select_related("text").order_by("-pk"))
    for line in [f"{words} {setting}" for words in lines for setting in settings]:
        wanted = parse_search(line, NOW)
        right = [
            row.pk
            for row in rows
            if matches(row.text.words, wanted.terms)
            and (not wanted.states or row.state in wanted.states)
            and (wanted.since is None or row.created_at >= wanted.since)
        ]
        assert _every_page(line) == right, line


def _every_page(line: str) -> list[int]:
    before, numbers = None, []
    for _ in range(50):
        page = search.find(READER, parse_search(line, NOW), size=4, before=before)
        numbers += [row.pk for row in page.procedures]
        assert page.older is not None or not page.is_cut_short
        if page.older is None:
            return numbers
        before = page.older
    raise AssertionError(f"{line}: the pages do not end")


def test_each_database_uses_its_index_of_words() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT 1 FROM procedures_proceduretext WHERE vector @@ %s::tsquery", ["'a':*"])
        else:
            cursor.execute(
                "EXPLAIN QUERY PLAN SELECT rowid FROM procedures_words WHERE procedures_words MATCH %s", ['"a"*']
            )
        assert "procedures_words" in str(cursor.fetchall())
