"""The signs of life, and the frame that every door stands in."""

import httpx
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
