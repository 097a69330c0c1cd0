"""The OpenAPI 3.1 document, made from the declarations of the doors and their msgspec shapes.

The rule: nothing about a door is written here; what its `Operation` declares is enforced at the request and shown here.
"""

import re
from collections.abc import Iterable
from typing import Any, get_origin

import msgspec
from sanic import Sanic

from server.core.errors import Refusal, TooLarge
from server.core.roles import EVERYONE, Role
from server.core.wire import LARGEST_ID, BadField
from server.web.auth import NotSignedIn, WrongRole
from server.web.operation import BODY_REFUSALS, KeyNeeded, NoSuchAddress, Operation
from server.web.refusals import AWAY, FAULT, Problem, status_of
from server.web.samples import sample

VERSION = "0.1.0"
REF = "#/components/schemas/{name}"
PATH_TYPES = {
    "int": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    "str": {"type": "string", "minLength": 1},
}
METHODS_DOCUMENTED = ("GET", "POST", "PUT", "DELETE")


def document(app: Sanic[Any, Any], *, server_url: str = "/") -> dict[str, Any]:
    """Write the document of all doors that declare an operation."""
    found = sorted(_operations(app), key=lambda found: (found[0], found[1]))
    shapes = _shapes(declared for _, _, _, declared in found)
    schemas, components = msgspec.json.schema_components(shapes, ref_template=REF)
    schema_of = dict(zip(map(_key, shapes), schemas, strict=True))
    paths: dict[str, Any] = {}
    for path, method, parameters, declared in found:
        paths.setdefault(path, {})[method.lower()] = _operation(
            path, method, parameters, declared, schema_of, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Xinglin 杏林",
            "version": VERSION,
            "description": "The back end of two WeChat mini-programs. Times are ISO 8601 with an offset; lists are "
            "paged by cursor; everything that is not a success is a problem document (RFC 9457) with a stable `code`.",
            "license": {"name": "Proprietary", "url": "https://example.org/licence"},
        },
        "servers": [{"url": server_url}],
        "tags": [{"name": name} for name in sorted({tag for *_, declared in found for tag in declared.tags})],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operations(app: Sanic[Any, Any]) -> Iterable[tuple[str, str, list[dict[str, Any]], Operation]]:
    for route in app.router.routes:
        declared = getattr(route.handler, "operation", None)
        if not isinstance(declared, Operation):
            continue
        parameters = [
            {
                "name": info.name,
                "in": "path",
                "required": True,
                "schema": PATH_TYPES.get(info.label, {"type": "string"}),
            }
            for info in route.params.values()
        ]
        # Of `<token:ext=ics>` the ending is a part of the address.
        path = re.sub(r"<([A-Za-z_]+):ext=([a-z]+)>", r"{\1}.\2", f"/{route.path.lstrip('/')}")
        path = re.sub(r"<([A-Za-z_]+)[^>]*>", r"{\1}", path)
        for method in route.methods & set(METHODS_DOCUMENTED):
            yield path, method, parameters, declared


def _shapes(operations: Iterable[Operation]) -> list[Any]:
    shapes: dict[Any, Any] = {_key(Problem): Problem}
    for declared in operations:
        for shape in (declared.body, declared.query, declared.form, declared.reply):
            if shape is not None and shape not in (str, bytes):
                shapes.setdefault(_key(shape), shape)
    return list(shapes.values())


def _key(shape: Any) -> str:
    return f"{shape.__module__}.{shape!r}" if get_origin(shape) is None else repr(shape)


def _operation(
    path: str,
    method: str,
    parameters: list[dict[str, Any]],
    declared: Operation,
    schema_of: dict[str, Any],
    components: dict[str, Any],
) -> dict[str, Any]:
    refusals = _refusals(declared, parameters)
    written: dict[str, Any] = {
        "operationId": _operation_id(path, method),
        "summary": declared.summary,
        "parameters": [*parameters, *_query_parameters(declared, schema_of, components), *_header_parameters(declared)],
        "responses": {
            str(declared.status): _success(declared, schema_of, components),
            **{str(status): {"description": what} for status, what in declared.also.items()},
            **({"304": {"description": "The client has these bytes already."}} if declared.cached else {}),
            **_problems(refusals, public=declared.public),
        },
        "security": _security(declared),
    }
    if declared.description:
        written["description"] = declared.description
    if declared.tags:
        written["tags"] = list(declared.tags)
    if declared.body is not None:
        schema = schema_of[_key(declared.body)]
        example = msgspec.to_builtins(declared.example) if declared.example is not None else sample(schema, components)
        content: dict[str, Any] = {"schema": schema, "example": example}
        written["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif declared.form is not None:
        file = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"]}
        sent = {"schema": {"allOf": [schema_of[_key(declared.form)], file]}}
        written["requestBody"] = {"required": True, "content": {"multipart/form-data": sent}}
    elif declared.raw_body:
        written["requestBody"] = {"required": True, "content": {declared.raw_body: {}}}
    return written


def _security(declared: Operation) -> list[dict[str, Any]]:
    if declared.public:
        return []
    return [{}, {"bearer": []}] if Role.GUEST in declared.roles else [{"bearer": []}]


def _operation_id(path: str, method: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", path)
    return "_".join([method.lower(), *words])


def _query_parameters(
    declared: Operation, schema_of: dict[str, Any], components: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    if declared.query is None:
        return
    reference = schema_of[_key(declared.query)]["$ref"].rsplit("/", 1)[-1]
    shape = components[reference]
    for name, schema in shape.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": schema}


def _header_parameters(declared: Operation) -> Iterable[dict[str, Any]]:
    if declared.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 8, "maxLength": 64},
            "example": "0b6f6f0e-2f5e-4c53-8f59-1f1d5f1f4a11",
        }
    if declared.cached:
        yield {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}


def _success(declared: Operation, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-ID": {"schema": {"type": "string"}, "description": "The id of the request."}}
    if declared.cached:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "Names the exact bytes of the answer."}
    for name, what in declared.headers.items():
        headers[name] = {"schema": {"type": "string"}, "description": what}
    content: dict[str, Any] = {"schema": {"type": "string"}}
    if declared.reply not in (str, bytes):
        schema = schema_of[_key(declared.reply)]
        content = {"schema": schema, "example": sample(schema, components)}
    return {
        "description": "Done." if declared.status != 302 else "Go on there.",
        "headers": headers,
        "content": {declared.content_type: content},
    }


def _refusals(declared: Operation, parameters: list[dict[str, Any]]) -> list[type[Refusal]]:
    refusals: list[type[Refusal]] = list(declared.refuses)
    if declared.body is not None:
        refusals += BODY_REFUSALS
    if declared.raw_body:
        refusals.append(TooLarge)
    if declared.query is not None:
        refusals.append(BadField)
    if parameters:
        refusals.append(NoSuchAddress)
    if declared.idempotent:
        refusals.append(KeyNeeded)
    if declared.roles != EVERYONE and not declared.public:
        refusals += [NotSignedIn, WrongRole]
    return list(dict.fromkeys(refusals))


TOKEN_CODES = ["token_invalid", "token_expired", "session_ended"]


def _problems(refusals: list[type[Refusal]], *, public: bool) -> dict[str, Any]:
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in refusals:
        by_status.setdefault(status_of(refusal), []).append(refusal)
    answers = {
        str(status): _problem(status, {kind.code: kind.title for kind in kinds}, kinds)
        for status, kinds in sorted(by_status.items())
    }
    if not public:
        unknown = answers.setdefault("401", _problem(401, {}, []))
        named = unknown["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
        named.extend(code for code in TOKEN_CODES if code not in named)
        unknown["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "example": 'Bearer realm="xinglin"'}}
    away = {"away": "服务暂不可用，请稍后再试", **{kind.code: kind.title for kind in by_status.get(AWAY, [])}}
    answers[str(AWAY)] = _problem(AWAY, away, by_status.get(AWAY, []))
    answers[str(FAULT)] = _problem(FAULT, {"fault": "服务内部错误"}, [])
    return dict(sorted(answers.items()))


def _problem(status: int, titles: dict[str, str], kinds: list[type[Refusal]]) -> dict[str, Any]:
    said = "; ".join(f"`{kind.code}`: {(kind.__doc__ or '').strip().splitlines()[0]}" for kind in kinds)
    codes = list(titles)
    content: dict[str, Any] = {
        "schema": {
            "allOf": [
                {"$ref": REF.format(name=Problem.__name__)},
                {"type": "object", "properties": {"code": {"enum": codes}}},
            ]
        }
    }
    if codes:
        code = codes[0]
        content["example"] = {"type": "about:blank", "title": titles[code], "status": status, "code": code}
    return {"description": said or "Not now.", "content": {"application/problem+json": content}}
