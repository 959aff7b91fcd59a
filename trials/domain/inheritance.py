"""One rule for everything that is inherited: deep merge."""

from collections.abc import Mapping
from typing import Any


def merged(general: Any, special: Any) -> Any:
    """`special` over `general`: maps merge key by key, everything else in `special` replaces, null included.

    A null stays in the result, so that it goes on deleting; whoever reads the result takes it for an absent key.
    """
    if not isinstance(general, Mapping) or not isinstance(special, Mapping):
        return special
    result = dict(general)
    for key, value in special.items():
        result[key] = merged(result[key], value) if key in result else value
    return result
