"""The catalogue as JSON Schema and as a page to read, both made from the code.

The rule: neither says anything that is not enforced. The schema describes an event as it stands in the log and leaves
it by export; what a client may send of it is the part whose ``source`` is ``client``.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cdp.catalogue import Entry, entries

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def document() -> dict[str, Any]:
    """Write the JSON Schema of one event of the log, every version of every event."""
    known = entries()
    bodies, shapes = msgspec.json.schema_components([entry.shape for entry in known], ref_template="#/$defs/{name}")
    events = {
        f"{entry.name}/{entry.schema}": {
            "title": f"{entry.name} {entry.schema}",
            "description": entry.title,
            "type": "object",
            "properties": {
                "name": {"const": entry.name},
                "schema": {"const": entry.schema},
                "source": {"const": entry.source},
                "body": body,
            },
            "required": ["name", "schema", "source", "body"],
            "x-necessary": entry.necessary,
        }
        for entry, body in zip(known, bodies, strict=True)
    }
    return {
        "$schema": DIALECT,
        "title": "An event of the engagement log",
        "oneOf": [{"$ref": f"#/$defs/{_escaped(name)}"} for name in events],
        "$defs": {**events, **shapes},
    }


def page() -> str:
    """Write the page of the catalogue, in Markdown."""
    lines = [
        "# Events",
        "",
        "What can be in the engagement log. Each name has exactly one source: what the server knows is never taken "
        "from a client. No event holds a phone number, an openid, a name or free text. *Necessary* events are "
        "written, without the person, also where there is no consent.",
        "",
        "This page is made from the code by `make docs`; the same as JSON Schema is at `/api/events/schema`.",
    ]
    for source, heading in (("server", "From the server"), ("client", "From clients")):
        lines += ["", f"## {heading}"]
        for entry in entries():
            if entry.source == source:
                lines += _section(entry)
    return "\n".join(lines) + "\n"


def _section(entry: Entry) -> Iterator[str]:
    (schema,), shapes = msgspec.json.schema_components([entry.shape])
    shape = shapes[schema["$ref"].rsplit("/", 1)[-1]]
    yield from ("", f"### `{entry.name}` {entry.schema}{' · necessary' if entry.necessary else ''}", "", entry.title)
    if shape["properties"]:
        yield from ("", "| Field | Value | |", "|---|---|---|")
    for name, field in shape["properties"].items():
        yield f"| `{name}` | {_said(field)} | {'' if name in shape.get('required', ()) else 'may be left out'} |"


def _said(field: dict[str, Any]) -> str:
    """Say in words what a field may hold."""
    if "anyOf" in field:
        return " or ".join(_said(choice) for choice in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    kind = field["type"]
    if kind == "array":
        items = field.get("items") or field["prefixItems"][0]
        many = "pair" if "prefixItems" in field else f"up to {field['maxItems']}"
        return f"{many} of: {_said(items)}"
    if kind == "string":
        if "format" in field:
            return {"date-time": "time with offset", "uuid": "UUID"}[field["format"]]
        return str(field.get("description") or f"code of up to {field['maxLength']} characters").rstrip(".")
    if kind in {"integer", "number"}:
        return f"{kind} {_bound(field['minimum'])} to {_bound(field['maximum'])}"
    return {"boolean": "true or false", "null": "nothing"}[kind]


def _bound(number: float) -> str:
    for power in (31, 63):
        if abs(number) in {2**power, 2**power - 1}:
            return f"{'−' if number < 0 else ''}2^{power}{' − 1' if number > 0 else ''}"
    return str(number)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
