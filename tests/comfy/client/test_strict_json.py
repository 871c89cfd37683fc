"""JSON that means harm becomes data that does none, or a plain no."""

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vastgui.comfy.strict_json import MAX_DEPTH, UnusableJson, read_json


def test_numbers_that_are_none_become_null() -> None:
    assert read_json('{"a": NaN, "b": [Infinity, -Infinity], "c": 1e999, "d": 1.5}') == {
        "a": None, "b": [None, None], "c": None, "d": 1.5,
    }  # fmt: skip


def test_integers_stay_exact() -> None:
    assert read_json("18446744073709551615") == 2**64 - 1


def test_half_a_character_cannot_break_a_later_write() -> None:
    found = read_json('{"\\ud83d": ["\\udc00x", "\\ud83d\\ude00"]}')
    assert found == {"\ufffd": ["\ufffdx", "😀"]}


@pytest.mark.parametrize("raw", [
    b"", b"\xff\xfe", b"{", b"nope", b"[" * 1_000_000, b'{"a":' * 1_000_000, b"9" * 100_000,
    "\ud800", b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "{}".encode("utf-16"), b"\xed\xa0\x80",
], ids=lambda raw: repr(raw[:9]))  # fmt: skip
def test_what_cannot_be_used_is_one_kind_of_error(raw: str | bytes) -> None:
    with pytest.raises(UnusableJson):
        read_json(raw)


def test_brackets_in_texts_are_no_depth() -> None:
    prompt = {"text": "[" * 5000 + "{" * 5000}
    assert read_json(json.dumps(prompt)) == prompt


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats()


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
    )
)
def test_whatever_json_holds_comes_through_and_can_be_written(value: object) -> None:
    found = read_json(json.dumps(value))
    json.dumps(found, allow_nan=False).encode()
    if not holds_odd_number(value):
        assert found == value


def holds_odd_number(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(holds_odd_number, value.values()))
    return isinstance(value, list) and any(map(holds_odd_number, value))


@given(st.binary())
def test_any_bytes_are_data_or_unusable(raw: bytes) -> None:
    with contextlib.suppress(UnusableJson):
        read_json(raw)
