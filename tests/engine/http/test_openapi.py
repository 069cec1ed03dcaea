"""The document says what is served: typed starts, every status, and nothing that is not there."""

import re
from typing import Any

import pytest

from tests.engine.http.kit import Front

pytestmark = pytest.mark.anyio


async def document(front: Front) -> Any:
    answer = await front.client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_the_document_is_openapi_3_1_and_can_be_cached(front: Front) -> None:
    answer = await front.client.get("/openapi.json")
    again = await front.client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})

    assert answer.json()["openapi"] == "3.1.0"
    assert again.status_code == 304


async def test_each_exposed_flow_has_a_start_with_its_own_inputs(front: Front) -> None:
    told = await document(front)

    body = told["paths"]["/flows/counting/executions"]["post"]["requestBody"]
    inputs = body["content"]["application/json"]["schema"]["properties"]["inputs"]
    assert inputs["properties"].keys() == {"what"}
    assert inputs["required"] == ["what"]
    assert inputs["additionalProperties"] is False
    assert "/flows/{flow}/executions" not in told["paths"]


async def test_every_reference_leads_somewhere(front: Front) -> None:
    told = await document(front)

    for name in re.findall(r'"#/components/schemas/(\w+)"', (await front.client.get("/openapi.json")).text):
        assert name in told["components"]["schemas"]


async def test_every_operation_that_needs_a_token_says_so_and_no_path_carries_one(front: Front) -> None:
    told = await document(front)

    for path, methods in told["paths"].items():
        assert "capability" not in path
        for operation in methods.values():
            assert (
                ("security" in operation)
                == ("401" in operation["responses"])
                == path.startswith(("/executions", "/operator"))
            )


async def test_the_step_is_described_without_a_word_of_html(front: Front) -> None:
    told = await document(front)

    step = told["components"]["schemas"]["StepBody"]
    assert set(step["properties"]) == {
        "execution", "flow", "token", "status", "node", "title", "help", "show", "fields", "actions", "messages",
        "expires_at", "outcome", "result",
    }  # fmt: skip
    assert not re.search(r"html|<[a-z]+>|css|submit button", str(told).replace("HTML: any", ""), re.IGNORECASE)
