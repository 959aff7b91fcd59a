import json
import threading
import time
from typing import Any

import pytest

from oet import attachments, conversation
from oet.conversation import EVENT_LIMIT_BYTES, Conversation
from oet.messages import MAX_WAITING, Message, NoMessage, message_of
from oet.pacing import Pace
from oet.questions import NoAnswer
from oet.script_context import ScriptContext


class Journal:
    """What a script says, in a list."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.came = threading.Event()

    def __call__(self, topic: str, payload: dict[str, Any]) -> bool:
        json.dumps(payload)
        self.records.append((topic, payload))
        self.came.set()
        return True

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [payload for known, payload in self.records if known == topic]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def talk(journal: Journal) -> Conversation:
    return Conversation(ScriptContext({"overrides": {"wait_for_qa_ready": False}}), journal)


def heard(topic: str, number: int = 1, **payload: Any) -> Message:
    return Message(topic, payload, number)


# Events.


def test_event_is_written_down_as_it_is(talk: Conversation, journal: Journal) -> None:
    assert talk.publish("sky.seeing", {"arcsec": 0.8})
    assert journal.of("event") == [{"topic": "sky.seeing", "payload": {"arcsec": 0.8}}]


def test_event_that_is_too_large_is_dropped_and_said_to_be(
    talk: Conversation, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not talk.publish("big", {"x": "y" * EVENT_LIMIT_BYTES})
    assert not talk.publish("big", {"x": "y" * EVENT_LIMIT_BYTES})
    assert journal.records == []
    assert capsys.readouterr().err.count("was dropped") == 1


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_event_that_is_no_json_is_refused(talk: Conversation, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        talk.publish("x", {"value": value})


def test_flood_is_slowed_after_its_burst() -> None:
    pace = Pace(rate_hz=10, burst=3)
    assert [pace.take() for _ in range(3)] == [0.0, 0.0, 0.0]
    assert 0 < pace.take() <= 0.1


def test_rest_gives_no_more_than_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    pace, now = Pace(rate_hz=10, burst=2), time.monotonic()
    monkeypatch.setattr("oet.pacing.time.monotonic", lambda: now + 1000)
    assert [bool(pace.take()) for _ in range(3)] == [False, False, True]


def test_subscriptions_hear_what_matches_and_in_order(talk: Conversation, journal: Journal) -> None:
    with talk.hub.subscribe("weather.*") as ear:
        for number, topic in enumerate(["weather.wind", "noise", "weather.rain"], 1):
            talk.deliver(heard(topic, number))
        assert [ear.get(0).topic, ear.get(0).topic] == ["weather.wind", "weather.rain"]
        with pytest.raises(NoMessage, match="no message under weather"):
            ear.get(0.01)
    talk.deliver(heard("weather.wind"))
    with pytest.raises(NoMessage):
        ear.get(0)
    assert journal.of("subscribed") == [{"topics": ["weather.*"]}]


def test_of_two_threads_that_begin_to_listen_none_is_forgotten() -> None:
    """The manager takes the latest list as the whole: it must have both topics, whichever thread was slower to send its own."""
    announced: list[list[str]] = []
    other = threading.Thread(target=lambda: both.hub.subscribe("rain"))

    def write(_topic: str, payload: dict[str, Any]) -> bool:
        if not announced and not other.is_alive():
            other.start()
            other.join(0.2)  # for the lock, if all is well
        announced.append(payload["topics"])
        return True

    both = Conversation(ScriptContext(), write)
    both.hub.subscribe("wind")
    other.join(20)
    assert announced == [["wind"], ["wind", "rain"]]


def test_topic_that_could_not_be_asked_for_is_asked_for_again() -> None:
    answers = [False, True]
    announced: list[list[str]] = []

    def write(_topic: str, payload: dict[str, Any]) -> bool:
        announced.append(payload["topics"])
        return answers.pop(0)

    talk = Conversation(ScriptContext(), write)
    for _ in range(3):
        talk.hub.subscribe("wind")
    assert announced == [["wind"], ["wind"]]


def test_callbacks_that_are_too_slow_lose_messages_and_that_is_said(
    talk: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on = threading.Event()
    talk.hub.subscribe("x", lambda _message: go_on.wait(60))
    for number in range(MAX_WAITING + 5):
        talk.deliver(heard("x", number))
    go_on.set()
    assert capsys.readouterr().err.count("callbacks, which are too slow; more are lost") == 1


def test_callbacks_are_called_one_after_the_other_and_survive_their_faults(
    talk: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def callback(message: Message) -> None:
        seen.append(message.id)
        if message.id == 2:
            raise ValueError("no two")

    talk.hub.subscribe("*", callback)
    for number in range(1, 6):
        talk.deliver(heard("x", number))
    assert talk.hub.settle(20)
    assert seen == [1, 2, 3, 4, 5]
    assert "ValueError: no two" in capsys.readouterr().err


def test_what_nobody_reads_is_bounded(talk: Conversation, capsys: pytest.CaptureFixture[str]) -> None:
    ear = talk.hub.subscribe("x")
    for number in range(MAX_WAITING + 5):
        talk.deliver(heard("x", number))
    assert "more are lost" in capsys.readouterr().err
    assert [ear.get(0).id for _ in range(MAX_WAITING)] == list(range(MAX_WAITING))
    with pytest.raises(NoMessage):
        ear.get(0)


def test_very_many_topics_become_every_topic(talk: Conversation, journal: Journal) -> None:
    for number in range(300):
        talk.hub.subscribe(f"topic.{number}").cancel()
    assert len(journal.of("subscribed")[-1]["topics"]) == 200
    assert journal.of("subscribed")[-1]["topics"][-1] == "*"


@pytest.mark.parametrize("topic", ["", "x" * 201, None, 3])
def test_what_cannot_be_a_topic_is_refused(talk: Conversation, topic: Any) -> None:
    with pytest.raises(ValueError, match="a topic is text"):
        talk.hub.subscribe(topic)


def test_override_is_current_before_any_callback_runs(talk: Conversation) -> None:
    talk.deliver(heard("operator.wait_for_qa_ready.enable", name="wait_for_qa_ready", value=True))
    assert talk.context.overrides["wait_for_qa_ready"] is True
    with pytest.raises(KeyError, match="there are: wait_for_qa_ready"):
        talk.context.overrides["other"]


def test_message_comes_whole_out_of_the_control_socket() -> None:
    sent = {"id": 7, "at": 1.5, "topic": "a.b", "payload": {"x": 1}, "procedure": 3, "who": "ann"}
    assert message_of(sent) == Message("a.b", {"x": 1}, 7, 1.5, 3, "ann")
    assert message_of(sent)["x"] == 1


# Progress and words.


def test_progress_is_thinned_and_the_latest_is_never_lost(talk: Conversation, journal: Journal) -> None:
    for number in range(2000):
        talk.progress(number / 1999, f"step {number}")
    talk.flush()
    told = journal.of("progress")
    assert told[-1] == {"fraction": 1.0, "message": "step 1999"}
    assert len(told) < 200


@pytest.mark.parametrize(("given", "kept"), [(None, None), (-1, 0.0), (2, 1.0), (float("nan"), None), (0.5, 0.5)])
def test_fraction_is_from_0_to_1(talk: Conversation, journal: Journal, given: Any, kept: float | None) -> None:
    talk.progress(given, "x" * 1000)
    [told] = journal.of("progress")
    assert told["fraction"] == kept
    assert len(told["message"]) == conversation.MESSAGE_CHARACTERS


def test_checkpoint_waits_only_while_somebody_wants_it(talk: Conversation, journal: Journal) -> None:
    talk.checkpoint("first")
    talk.pause()
    waiting = threading.Thread(target=talk.checkpoint, args=("second",))
    waiting.start()
    while {"name": "second", "state": "paused"} not in journal.of("checkpoint"):
        journal.came.wait(20)
        journal.came.clear()
    assert waiting.is_alive()
    talk.resume()
    waiting.join(20)
    talk.checkpoint("third")
    talk.flush()
    assert [(told["name"], told["state"]) for told in journal.of("checkpoint")] == [
        *(("first", "passed"), ("second", "paused"), ("second", "resumed"), ("third", "passed")),
    ]


# Questions.


def test_answer_ends_the_wait_and_is_written_down_before_it_does(talk: Conversation, journal: Journal) -> None:
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(talk.ask("Go on?", ["yes", "no"], 60)))
    asking.start()
    while not journal.of("question"):
        journal.came.wait(20)
        journal.came.clear()
    assert talk.questions.why_not(1, "perhaps") == "the answer is one of yes, no"
    assert talk.questions.why_not(2, "yes") == "question 2 does not wait for an answer"
    tell = talk.questions.answer(1, "yes", "ann")
    assert tell
    tell()
    assert journal.of("question")[-1] == {"number": 1, "state": "answered", "answer": "yes", "by": "ann"}
    asking.join(20)
    assert answers == ["yes"]
    assert not talk.questions.answer(1, "no", "bob")


def test_answer_that_cannot_be_written_down_leaves_the_question_open(journal: Journal) -> None:
    """Else the script would wait for ever: nobody can answer a question that is closed."""
    is_disk_full = False

    def write(topic: str, payload: dict[str, Any]) -> bool:
        return not is_disk_full and journal(topic, payload)

    talk = Conversation(ScriptContext(), write)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(talk.ask("Go on?", [], 60)))
    asking.start()
    while not journal.of("question"):
        journal.came.wait(20)
        journal.came.clear()
    is_disk_full = True
    with pytest.raises(OSError, match="disk is full"):
        talk.questions.answer(1, "yes", "ann")
    is_disk_full = False
    tell = talk.questions.answer(1, "no", "bob")
    assert tell
    tell()
    asking.join(20)
    assert answers == ["no"]


def test_question_that_nobody_answers_times_out(talk: Conversation, journal: Journal) -> None:
    with pytest.raises(NoAnswer, match="nobody answered “Well\\?”"):
        talk.ask("Well?", [], 0.01)
    assert [told["state"] for told in journal.of("question")] == ["asked", "timed_out"]


@pytest.mark.parametrize(("text", "choices"), [("", []), ("x" * 501, []), ("x", ["y"] * 21), ("x", [""]), ("x", [3])])
def test_what_is_no_question_is_refused(talk: Conversation, text: str, choices: Any) -> None:
    with pytest.raises(ValueError, match="ask: "):
        talk.ask(text, choices, None)


# Attachments.


@pytest.mark.parametrize(
    ("data", "media_type", "kept"),
    [
        ({"a": 1}, None, "application/json"),
        ("text", None, "text/plain"),
        ("a,b", "text/csv", "text/csv"),
        (b"\x89PNG\r\n\x1a\nxxx", None, "image/png"),
    ],
)
def test_kind_of_an_attachment_is_found(
    talk: Conversation, journal: Journal, data: Any, media_type: str | None, kept: str
) -> None:
    talk.attach("x", data, media_type)
    assert [(told["media_type"], told["count"]) for told in journal.of("attachment")] == [(kept, 1)]


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("x", b"???", None),
        ("x", "<svg/>", "image/svg+xml"),
        ("x", "<p>", "text/html"),
        ("", "x", None),
        ("a/b", "x", None),
        ("x", b"x" * (attachments.LIMIT_BYTES + 1), "text/plain"),
    ],
)
def test_what_cannot_be_attached_is_refused_with_the_reason(
    talk: Conversation, journal: Journal, name: str, data: Any, media_type: str | None
) -> None:
    with pytest.raises(ValueError, match="attach: "):
        talk.attach(name, data, media_type)
    assert journal.records == []


def test_one_script_attaches_so_many_and_no_more(talk: Conversation) -> None:
    for number in range(attachments.MOST):
        talk.attach(f"x{number}", number, None)
    talk.attach("x1", "again", None)
    with pytest.raises(ValueError, match="one too many"):
        talk.attach("another", 1, None)
