"""What is stored of a state comes back as it was, whichever writer could write it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution import decode, encode

parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(parts)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value", ["half a pair \ud800", {"\udfff": [1.5]}, 10**400, "zwölf \U0001f40c", {"": None}], ids=ascii
)
def test_what_only_one_writer_can_write_comes_back_too(value: Any) -> None:
    assert decode(encode(value)) == value


def test_lists_in_lists_come_back_however_deep() -> None:
    deep: Any = "bottom"
    for _ in range(400):
        deep = [deep]
    assert decode(encode(deep)) == deep


def test_what_the_standard_library_has_written_is_read() -> None:
    assert decode(json.dumps({"ü": ["\ud800", float("inf")]}).encode()) == {"ü": ["\ud800", float("inf")]}
