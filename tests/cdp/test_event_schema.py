"""The catalogue as it is published: the page in the documents is current, and the schema names every event."""

from pathlib import Path

import jsonschema

from cdp.catalogue import entries
from cdp.event_schema import document, page

ROOT = Path(__file__).parents[2]


def test_the_written_page_is_current() -> None:
    assert (ROOT / "docs" / "events.md").read_text("utf-8") == page(), "run `make docs`"


def test_the_page_tells_every_event_and_its_source() -> None:
    server, clients = page().split("## From clients")
    for entry in entries():
        told = server if entry.source == "server" else clients
        assert f"### `{entry.name}` {entry.schema}" in told
        assert entry.title in told


def test_the_schema_is_one_and_names_every_version_of_every_event() -> None:
    schema = document()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert len(schema["oneOf"]) == len(entries())
    for entry in entries():
        said = schema["$defs"][f"{entry.name}/{entry.schema}"]["properties"]
        assert (said["name"], said["schema"]) == ({"const": entry.name}, {"const": entry.schema})
        assert said["source"] == {"const": entry.source}
