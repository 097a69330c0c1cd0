"""JSON from outside: decoded strictly, with a named error and the path of the field."""

from datetime import datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from server.core.errors import Invalid
from server.core.wire import BadField, Instant, Malformed, convert, decode


class Question(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(max_length=20)]


class Body(Struct, forbid_unknown_fields=True):
    questions: list[Question] = []
    at: Instant | None = None
    number: float = 0
    more: Any = None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"questions": [{"text": "a"}, {"text": 3}]}', "questions[1].text"),
        (b'{"questions": [{}]}', "questions[0].text"),
        (b'{"question": []}', "question"),
        (b'{"questions": [{"text": "' + b"x" * 21 + b'"}]}', "questions[0].text"),
        (b'{"questions": [{"text": "a\\u0000"}]}', "questions[0].text"),
        (b'{"more": {"\\u0000": 1}}', "more.\0"),
        (b'{"more": 1' + b"0" * 60 + b"}", "more"),
        (b'{"at": "0001-01-01T00:00:00+14:00"}', "at"),
        (b'{"at": "9999-12-31T23:59:59-14:00"}', "at"),
        (b'{"at": "2026-11-22T10:00:00"}', "at"),
    ],
)
def test_a_wrong_field_is_named(body: bytes, field: str) -> None:
    with pytest.raises(BadField) as refused:
        decode(body, Body)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"more": "\\udc00 and more"}',
        b'{"number": NaN}',
        b'{"more": ' + b"[" * 100_000,
        b'{"more": ' * 5_000 + b"1" + b"}" * 5_000,
    ],
    ids=["empty", "cut off", "not UTF-8", "half a character", "NaN", "deep list", "deep object"],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body, Body)


def test_an_escaped_backslash_is_no_nul() -> None:
    assert decode(b'{"questions": [{"text": "\\\\u0000"}]}', Body).questions[0].text == "\\u0000"


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(b'{"questions": [{"text": "\\ud83d\\ude00"}]}', Body).questions[0].text == "😀"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_named_error(body: bytes) -> None:
    try:
        decode(body, Body)
    except Invalid as refusal:
        assert refusal.code in {"malformed", "bad_field"}


def test_a_query_is_read_like_a_body() -> None:
    class Query(Struct):
        limit: Annotated[int, Meta(ge=1, le=50)] = 20
        day: datetime | None = None

    assert convert({"limit": "7", "other": "x"}, Query).limit == 7
    with pytest.raises(BadField) as refused:
        convert({"limit": "70"}, Query)
    assert refused.value.field == "limit"
    with pytest.raises(BadField):
        convert({"other": "a\0"}, Query)
