"""The catalogue: every name once, every field bounded, and nothing in it that could hold a person's words."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from cdp.catalogue import CLIENT_EVENTS, SERVER_EVENTS, Entry, entries

PERSONAL = {
    "a phone number": "13812345678",
    "a phone number with its country": "+8613812345678",
    "a phone number after a letter": "p13812345678",
    "an openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "an openid in small letters and figures": "o6_bmjrptlm6_2sgvt7hmzopfl2m".upper(),
    "a name": "张医生",
    "a sentence": "I feel much worse today",
    "a line break": "video\n",
    "half of a character": "a\ud800",
    "NUL": "a\0b",
}


def leaves(schema: dict[str, Any], shapes: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk to every value that is not made of others."""
    if "$ref" in schema:
        yield from leaves(shapes[schema["$ref"].rsplit("/", 1)[-1]], shapes, path)
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from leaves(choice, shapes, path)
    elif schema.get("type") == "object":
        assert schema["additionalProperties"] is False, f"{path} takes fields that it does not name"
        for name, inner in schema["properties"].items():
            yield from leaves(inner, shapes, f"{path}.{name}")
    elif schema.get("type") == "array":
        inner = schema.get("prefixItems") or [schema["items"]]
        assert "maxItems" in schema, f"{path} has no end"
        for index, one in enumerate(inner):
            yield from leaves(one, shapes, f"{path}[{index}]")
    else:
        yield path, schema


def all_leaves() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for entry in entries():
        (schema,), shapes = msgspec.json.schema_components([entry.shape])
        found += list(leaves(schema, shapes, entry.name))
    return found


@pytest.mark.parametrize(("path", "schema"), all_leaves(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_field_is_an_id_a_word_of_a_list_a_bounded_number_or_a_code(path: str, schema: dict[str, Any]) -> None:
    if "enum" in schema or schema.get("type") in {"boolean", "null"}:
        return
    if schema.get("type") in {"integer", "number"}:
        assert {"minimum", "maximum"} <= schema.keys(), f"{path} has no bounds"
        return
    assert schema.get("type") == "string", f"{path} is no plain value: {schema}"
    if schema.get("format") in {"date-time", "uuid"}:
        return
    for what, text in PERSONAL.items():
        taken = re.search(schema["pattern"], text) and len(text) <= schema.get("maxLength", len(text))
        assert not taken, f"{path} takes {what}"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.name} {entry.schema}")
def test_an_event_is_named_object_action_and_says_what_it_is(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", entry.name)
    assert re.fullmatch(r"[1-9][0-9]*-[0-9]+-[0-9]+", entry.schema)
    assert entry.title.endswith((".", ")."))
    assert len(entry.name) <= 60


def test_every_name_has_exactly_one_source() -> None:
    server = [entry.name for entry in SERVER_EVENTS.values()]
    client = {name for name, _ in CLIENT_EVENTS}
    assert len(server) == len(set(server))
    assert not client & set(server)
