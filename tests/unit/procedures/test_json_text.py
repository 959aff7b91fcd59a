import json

import pytest

from procedures.json_text import compact_json


@pytest.mark.parametrize("data", [{"a": [1, None, True, "é\u2028"]}, "\ud800 half", {"\udfff": "x"}])
def test_whatever_json_holds_is_one_line_of_valid_unicode(data: object) -> None:
    text = compact_json(data)
    assert "\n" not in text
    assert json.loads(text.encode()) == data
