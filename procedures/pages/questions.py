"""Questions that wait for an answer, as every page shows them above all else. `static/js/questions.js` makes the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from procedures.pages.rows import Row
from procedures.words import countdown


@dataclass(frozen=True)
class ShownQuestion:
    """A question, in words; the empty one is the mould of those that the browser makes."""

    key: str = ""
    """Procedure and number: `12.1`."""
    text: str = ""
    choices: tuple[str, ...] = ()
    address: str = ""
    """Where the answer goes."""
    page: str = ""
    who: str = ""
    left: str = ""


def questions(live: Iterable[Row], now: float) -> list[ShownQuestion]:
    """Every open question, the one that has waited longest first."""
    asked = [(row, question) for row in live for question in row.said.get("questions") or ()]
    return [
        ShownQuestion(
            key=f"{row.id}.{question['number']}",
            text=question["text"],
            choices=tuple(question["choices"]),
            address=reverse("answer", args=[row.id, question["number"]]),
            page=reverse("procedure", args=[row.id]),
            who=f"{row.name} #{row.id} waits for an answer.",
            left=f"Without one it goes on in {countdown(question['deadline_at'] - now)}."
            if question["deadline_at"]
            else "",
        )
        for row, question in sorted(asked, key=lambda pair: float(pair[1]["asked_at"]))
    ]
