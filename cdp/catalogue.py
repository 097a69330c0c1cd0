"""The catalogue read as data: every event with its source, its shape and the decoder that holds it to its shape.

The rule: a name has exactly one source; (name, schema) names exactly one shape.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from cdp import (  # noqa: F401 -- parts of the catalogue
    activity_events,
    professional_events,
    reading_events,
    search_events,
)
from cdp.client_events import ClientEvent
from cdp.events import Event

HOUSE: Final = 1
CLIENT: Final = 2

ENVELOPE: Final = frozenset({"at", "account_id"})


class Entry(Struct, frozen=True):
    """One version of one event. ``shape`` is its body."""

    name: str
    schema: str
    source: Literal["server", "client"]
    necessary: bool
    title: str
    shape: type[Struct]
    decoder: msgspec.json.Decoder[Any]


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _subclasses(kind)


def _entry(kind: type[Event] | type[ClientEvent], shape: type[Struct], source: Literal["server", "client"]) -> Entry:
    return Entry(
        name=kind.name,
        schema=kind.schema,
        source=source,
        necessary=getattr(kind, "necessary", False),
        title=" ".join((kind.__doc__ or "").replace("``", "`").split()),
        shape=shape,
        decoder=msgspec.json.Decoder(shape),
    )


def _body_of(kind: type[Event]) -> type[Struct]:
    fields = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(kind)
        if field.name not in ENVELOPE
    ]
    return msgspec.defstruct(
        kind.__name__, fields, kw_only=True, forbid_unknown_fields=True, namespace={"__doc__": kind.__doc__}
    )


SERVER_EVENTS: Final[dict[type[Event], Entry]] = {
    kind: _entry(kind, _body_of(kind), "server") for kind in _subclasses(Event) if kind.name
}
CLIENT_EVENTS: Final[dict[tuple[str, str], Entry]] = {
    (kind.name, kind.schema): _entry(kind, kind, "client") for kind in _subclasses(ClientEvent) if kind.name
}
SERVER_NAMES: Final = frozenset(entry.name for entry in SERVER_EVENTS.values())


def entries() -> list[Entry]:
    """List everything that can be in the log, by name and version."""
    found = [*SERVER_EVENTS.values(), *CLIENT_EVENTS.values()]
    return sorted(found, key=lambda entry: (entry.name, entry.schema))
