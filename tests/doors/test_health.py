"""The signs of life, and the frame that every door stands in."""

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


async def test_a_house_with_all_its_stores_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "database": True, "redis": True, "migrations": True}


async def test_the_openapi_document_is_valid(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_an_answer_carries_the_id_of_its_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-ID": "given-by-the-caller"})
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] == "given-by-the-caller"
    assert answer.json()["code"] == "missing"
    assert answer.json()["request_id"] == "given-by-the-caller"


@pytest.mark.parametrize("address", ["/healthz", "/openapi.json", "/api/doctor/series", "/docs"])
async def test_head_is_answered_wherever_get_is_with_the_headers_alone(client: httpx.AsyncClient, address: str) -> None:
    whole, head = await client.get(address), await client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    "address", ["/static/%00", "/static/a%00.js", "/api/doctor/episodes/%00", "/media/%00", "/%00"]
)
async def test_an_address_with_nul_is_one_of_nothing(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.get(address)
    assert answer.status_code == 404
    assert answer.json()["code"] in {"missing", "address_broken"}


async def test_another_method_is_refused_with_those_that_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.put("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


async def test_every_example_of_the_document_fits_its_shape(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    wrong = []
    for path, doors in document["paths"].items():
        for method, door in doors.items():
            contents = [door.get("requestBody", {}), *door["responses"].values()]
            for content in (one for part in contents for one in part.get("content", {}).values()):
                if "example" in content:
                    schema = {**content["schema"], "components": document["components"]}
                    faults = list(Draft202012Validator(schema).iter_errors(content["example"]))
                    wrong += [(method, path, fault.json_path, fault.message) for fault in faults]
    assert wrong == []


async def test_every_body_of_the_document_has_an_example(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    bodies = [
        door["requestBody"] for doors in document["paths"].values() for door in doors.values() if "requestBody" in door
    ]
    # What a door takes as it comes, an archive or a file, has no shape.
    of_json = [body["content"].get("application/json", {}) for body in bodies]
    described = [content for content in of_json if "schema" in content]
    assert described
    assert all("example" in content for content in described)
