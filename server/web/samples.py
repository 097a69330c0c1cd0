"""Examples of shapes for the OpenAPI document, made from their schemas where nobody has written a better one.

The rule: an example fits its schema; a test holds every one of the document against it.
"""

from typing import Any

MOST_DEPTH = 8

_FORMATS = {
    "date-time": "2026-11-22T20:00:00+08:00",
    "date": "2026-11-22",
    "uuid": "01a203c1-3abb-7cbf-8eaa-64815f143d83",
    "duration": "PT30M",
    "byte": "5p2P5p6X",
}


def sample(schema: dict[str, Any], components: dict[str, Any], depth: int = 0) -> Any:
    """Make a value that fits a schema of JSON, with all fields that it knows."""
    if "examples" in schema or "enum" in schema:
        return (schema.get("examples") or schema["enum"])[0]
    if "$ref" in schema:
        return sample(components[schema["$ref"].rsplit("/", 1)[-1]], components, depth)
    if "const" in schema:
        return schema["const"]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        # The last levels of a shape that holds itself take the way out.
        empty = [choice for choice in choices if choice.get("type") == "null"]
        return None if empty and depth >= MOST_DEPTH else sample(choices[0], components, depth)
    return _of_type(schema, components, depth)


def _of_type(schema: dict[str, Any], components: dict[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, components, depth)
        case "array":
            return _array(schema, components, depth)
        case "string":
            text = _FORMATS.get(schema.get("format", ""), "example")
            least = schema.get("minLength", 0)
            return (text + "x" * max(0, least - len(text)))[: schema.get("maxLength", 1000)]
        case "integer" | "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return min(least if least > 0 else 1, schema.get("maximum", least if least > 0 else 1))
        case "boolean":
            return True
    return None


def _object(schema: dict[str, Any], components: dict[str, Any], depth: int) -> dict[str, Any]:
    fields = schema.get("properties", {})
    others = schema.get("additionalProperties")
    if not fields and isinstance(others, dict):
        return {"example": sample(others, components, depth + 1)}
    wanted = fields if depth < MOST_DEPTH else {name: fields[name] for name in schema.get("required", ())}
    return {name: sample(inner, components, depth + 1) for name, inner in wanted.items()}


def _array(schema: dict[str, Any], components: dict[str, Any], depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [sample(inner, components, depth + 1) for inner in schema["prefixItems"]]
    items = schema.get("items")
    if not isinstance(items, dict) or (depth >= MOST_DEPTH and not schema.get("minItems")):
        return []
    return [sample(items, components, depth + 1)] * max(1, schema.get("minItems", 1))
