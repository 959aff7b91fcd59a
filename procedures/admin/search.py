"""What the search box of a list means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

MAX_WORDS = 8
_NUMBER = re.compile(r"#?([0-9]{1,18})")


@dataclass(frozen=True)
class Search:
    """Either one row by its number, or rows in which every word occurs; neither where nothing was asked for."""

    key: int | None = None
    match: Q | None = None


def search_for(text: str, columns: Sequence[str]) -> Search:
    """`12` or `#12` is the row of that number; anything else is words, each to be found somewhere in one of the columns."""
    if number := _NUMBER.fullmatch(text.strip()):
        return Search(key=int(number[1]))
    match: Q | None = None
    for word in text.split()[:MAX_WORDS]:
        somewhere = Q()
        for column in columns:
            somewhere |= Q(**{f"{column}__icontains": word})
        match = somewhere if match is None else match & somewhere
    return Search(match=match)
