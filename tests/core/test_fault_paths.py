"""Paths of faults: real keys where the decoder writes none, and nothing wrong where they cannot be told."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from server.core.fault_paths import half_of_a_character, leaves, number_beyond, with_keys, written
from server.core.wire import BadField, decode

Short = Annotated[str, Meta(max_length=3)]


class Inner(Struct):
    marks: dict[Short, int] = {}


class Outer(Struct):
    marks: dict[Short, int] = {}
    rows: list[dict[str, Inner]] = []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"marks":{"a":1,"b":"x","c":"y"}}', "marks.b"),
        ('{"marks":{"a":1,"abcd":2}}', "marks.abcd"),
        ('{"marks":{"钙":"x"}}', "marks.钙"),
        ('{"rows":[{},{"x":{"marks":{}},"y z":{"marks":{"a":1,"b":true}}}]}', "rows[1].y z.marks.b"),
        ('{"marks":{"a":1,"b":' + "9" * 5000 + "}}", "marks.b"),
        ('{"marks":{"a":1,"b":1e999}}', "marks.b"),
        ('{"marks":[]}', "marks"),
        ("[]", ""),
    ],
    ids=[
        "a value",
        "a key",
        "a key in Chinese",
        "a map in a map",
        "a long number",
        "a large number",
        "no map",
        "a list",
    ],
)
def test_the_field_at_fault_is_named_with_the_keys_of_maps(body: str, field: str) -> None:
    with pytest.raises(BadField) as refused:
        decode(body.encode(), Outer)
    assert refused.value.field == field
    assert "`key`" not in refused.value.detail


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), min_size=1, max_size=30), st.data())
def test_the_first_entry_at_fault_is_found_among_however_many(marks: dict[str, Any], data: st.DataObject) -> None:
    bad = data.draw(st.lists(st.sampled_from(list(marks)), min_size=1, unique=True))
    body = msgspec.json.encode({"marks": {key: "x" if key in bad else value for key, value in marks.items()}})
    with pytest.raises(msgspec.ValidationError) as fault:
        msgspec.json.decode(body, type=Outer)
    first = next(key for key in marks if key in bad)
    assert with_keys(body, Outer, fault.value) == f"marks.{first}"


def test_half_of_a_character_is_found_in_texts_and_keys() -> None:
    assert half_of_a_character(rb'{"a":["b",{"c":"\udc00"}]}') == "a[1].c"
    assert half_of_a_character(rb'{"a":{"\ud800":1}}') == "a.?"
    assert half_of_a_character(rb'{"a":"\ud83d\ude00"}') == ""


def test_what_cannot_be_read_is_no_fault_of_the_search() -> None:
    for document in (b"", b"{", b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000):
        assert half_of_a_character(document) == number_beyond(document) == ""


def test_leaves_come_in_the_order_of_the_document() -> None:
    found = [(written(place), leaf) for place, leaf in leaves({"a": [1, {"b": 2}], "c": 3})]
    assert found == [("a", "a"), ("a[0]", 1), ("a[1].b", "b"), ("a[1].b", 2), ("c", "c"), ("c", 3)]
