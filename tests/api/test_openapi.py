"""The OpenAPI document is valid, complete and true. Each answer of the other tests is held against it too (conftest)."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from builder.api.openapi import document
from runtime.core.order import ORDER_SCHEMA
from tests.api.conftest import Api, contract, template_of
from tests.trade import APPROVAL, SIX_STEPS, order


def test_the_document_is_openapi_3_1(api: Api) -> None:
    served = api.get("/api/openapi.json", None)
    assert served.get_json() == document()
    OpenAPIV31SpecValidator(served.get_json()).validate()


def test_every_route_is_in_the_document_and_nothing_else(api: Api) -> None:
    routes = {
        (str(rule).replace("<", "{").replace(">", "}"), method)
        for rule in api.app.url_map.iter_rules()
        if str(rule).startswith("/api/") or rule.endpoint.startswith("health.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method.upper()) for path, methods in document()["paths"].items() for method in methods}
    assert routes == told


def test_every_address_has_a_summary_and_names_its_roles() -> None:
    for path, methods in document()["paths"].items():
        for method, one in methods.items():
            assert one["summary"].endswith((".", "NDJSON); at most 1,000.")), (path, method)
            assert ("Roles:" in one.get("description", "")) == bool(one["security"])
    ids = [one["operationId"] for methods in document()["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


def test_the_order_is_the_public_contract() -> None:
    told = document()["components"]["schemas"]["Order"]
    assert told["properties"] == ORDER_SCHEMA["properties"]


@pytest.mark.parametrize(
    "body", [order(1), [order(1), order(2)], SIX_STEPS, APPROVAL], ids=["one", "many", "six", "approval"]
)
def test_what_is_taken_fits_the_document(api: Api, body: Any) -> None:
    path = "/api/v1/flows" if isinstance(body, dict) and "format" in body else "/api/v1/orders"
    assert api.post(path, body).status_code in (201, 202)
    schema = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document()["components"]}).validate(body)


def test_the_hook_sees_lies(api: Api) -> None:
    assert template_of("/api/v1/orders/01X/close") == "/api/v1/orders/{trace}/close"
    assert template_of("/api/v1/none") is None
    answers = contract()["paths"]["/api/v1/balance"]["get"]["responses"]
    assert set(answers) == {"200", "401", "403", "500"}


def test_a_defect_is_a_problem_document(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.api.balance.queries.balance", lambda _connection: 1 / 0)
    answer = api.get("/api/v1/balance")
    assert answer.status_code == 500 and answer.get_json()["code"] == "api.defect"
    assert "ZeroDivision" not in answer.text


def test_the_process_is_alive_and_ready(api: Api) -> None:
    assert api.get("/healthz", None).get_json() == {"status": "ok"}
    ready = api.get("/readyz", None).get_json()
    assert ready == {"status": "ok", "checks": {"database": "ok", "redis": "ok"}}
