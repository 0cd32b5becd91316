"""Bad input gets a clear error: what, where and how to mend. Nothing is stored but the refusal."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from runtime.store.database import reading
from runtime.store.tables import flows, orders, refusals, runs
from tests.api.conftest import Api
from tests.core.flow_documents import approval, document
from tests.trade import SIX_STEPS, order

ORDERS = "/api/v1/orders"
BOTH = ("en", "zh-CN")


def counts(api: Api) -> tuple[int, int, int]:
    with reading(api.service.engine) as connection:
        return tuple(  # type: ignore[return-value]
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (orders, runs, refusals)
        )


def text_of(**more: Any) -> bytes:
    return orjson.dumps(order(1, **more))


def nested(levels: int) -> bytes:
    return text_of(attributes="DEEP").replace(b'"DEEP"', b'{"a":' * levels + b"1" + b"}" * levels)


def swapped(old: str, new: str) -> bytes:
    whole = text_of(note="NOTE")
    assert old.encode() in whole
    return whole.replace(old.encode(), new.encode(), 1)


NO_REQUEST: dict[str, tuple[bytes, int]] = {
    "broken JSON": (b'{"id": "A-1",}', 400),
    "cut off": (text_of()[:-5], 400),
    "nothing": (b"", 400),
    "two documents on one line": (b"{} {}", 400),
    "broken array": (b'[{"id": "A-1"} {"id": "A-2"}]', 400),
    "byte order mark": (b"\xef\xbb\xbf" + text_of(), 400),
    "no order in it": (b"[]", 400),
    "over 1,000 orders": (b"[" + b",".join([b"{}"] * 1001) + b"]", 413),
    "over 8 MiB": (b"[" + b" " * (8 * 1024 * 1024) + b"]", 413),
}

NO_ORDER: dict[str, tuple[bytes, str]] = {
    "no object": (b'"text"', ""),
    "a number": (b"7", ""),
    "wrong type of total": (text_of(total=["1"]), "total"),
    "wrong type of id": (text_of(id=7), "id"),
    "wrong type of a line": (text_of(lines=["SKU-1"]), "lines.0"),
    "wrong type of price": (text_of(lines=[{"price": True}]), "lines.0.price"),
    "unknown field": (text_of(totl="1"), "totl"),
    "unknown field in a line": (text_of(lines=[{"skuu": "1"}]), "lines.0.skuu"),
    "lone surrogate": (swapped('"NOTE"', '"\\ud800"'), "note"),
    "lone surrogate in a name": (swapped('"note"', '"attributes":{"\\udfff":1},"note"'), "attributes"),
    "NUL": (swapped('"NOTE"', '"a\\u0000b"'), "note"),
    "100 levels": (nested(100), ""),
    "100,000 levels": (nested(100_000), ""),
    "beyond 2^53": (swapped('{"source":"app"}', '{"n":9007199254740993}'), "attributes.n"),
    "beyond a float": (swapped('{"source":"app"}', '{"n":1e400}'), "attributes.n"),
    "not a number": (swapped('"total":"121.00"', '"total":NaN'), "total"),
    "a key twice": (swapped('"note"', '"id":"A-2","note"'), "id"),
    "too many decimals": (text_of(total="1.001"), "total"),
    "no zone": (text_of(created_at="2026-11-22T10:00:00"), "created_at"),
    "no such day": (text_of(created_at="2026-02-30T10:00:00Z"), "created_at"),
    "no currency": (text_of(currency="XXX"), "currency"),
    "required is missing": (orjson.dumps({"id": "A-1"}), "created_at"),
    "required is null": (text_of(total=None), "total"),
    "id too long": (text_of(id="x" * 129), "id"),
    "attributes over 64 KiB": (text_of(attributes={"a": "x" * 66_000}), "attributes"),
    "not UTF-8": (swapped('"NOTE"', '"NOTE"').replace(b'"NOTE"', b'"\xff\xfe"'), ""),
}


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("case", NO_REQUEST)
def test_a_request_that_is_none(shop: Api, case: str, language: str) -> None:
    body, status = NO_REQUEST[case]
    answer = shop.post(ORDERS, body, headers={"Accept-Language": language})
    assert answer.status_code == status
    problem = answer.get_json()
    assert problem["status"] == status and problem["detail"] and problem["remedy"]
    assert is_chinese(problem["detail"]) == is_chinese(problem["remedy"]) == (language == "zh-CN")
    assert counts(shop) == (0, 0, 1)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("case", NO_ORDER)
def test_an_order_that_is_none(shop: Api, case: str, language: str) -> None:
    body, where = NO_ORDER[case]
    answer = shop.post(ORDERS, body, headers={"Accept-Language": language})
    assert answer.status_code == 422, answer.text
    [result] = answer.get_json()["results"]
    assert (result["status"], result["trace"]) == ("refused", None)
    assert where in [error["where"] for error in result["errors"]]
    for error in result["errors"]:
        assert is_chinese(error["message"]) == is_chinese(error["remedy"]) == (language == "zh-CN")
    assert counts(shop) == (0, 0, 1)


def test_the_limit_of_1000_orders_is_exact(shop: Api) -> None:
    assert len(shop.orders([order(number) for number in range(1000)])) == 1000


def test_eight_mebibytes_exactly_are_taken(shop: Api) -> None:
    body = text_of()
    assert shop.post(ORDERS, body + b" " * (8 * 1024 * 1024 - len(body))).status_code == 202


def test_ids_travel_as_text_however_long_their_numbers(shop: Api) -> None:
    [result] = shop.orders(order(1, id="90071992547409930001"))
    assert shop.get(f"{ORDERS}/{result['trace']}").get_json()["id"] == "90071992547409930001"


def test_an_encoded_body_is_refused(shop: Api) -> None:
    answer = shop.post(ORDERS, order(1), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert counts(shop) == (0, 0, 1)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/orders", "/api/"])
def test_an_unknown_address_is_a_problem_document(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_a_wrong_method_says_which_are_right(api: Api) -> None:
    answer = api.ask("DELETE", ORDERS)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


# --- flows ----------------------------------------------------------------------------------------------------------


def circle() -> dict[str, Any]:
    return document(
        [("in", "ingest", {}), ("a", "set", note()), ("b", "set", note()), ("end", "end", {})],
        ["in.out>a", "a.out>b", "b.out>a"],
    )


def note() -> dict[str, Any]:
    return {"changes": [{"field": "note", "value": "x"}]}


def crowd() -> dict[str, Any]:
    middle = [(f"s{number}", "set", note()) for number in range(1000)]
    edges = ["in.out>s0", *(f"s{number}.out>s{number + 1}" for number in range(999)), "s999.out>end"]
    return document([("in", "ingest", {}), *middle, ("end", "end", {})], edges)


BAD_FLOWS: dict[str, Any] = {
    "circle without a wait": circle(),
    "dangling edge": document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end", "in.out>nowhere"]),
    "edge from nowhere": document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end", "ghost.out>end"]),
    "unknown port": document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end", "in.side>end"]),
    "unknown type": document([("in", "ingest", {}), ("x", "aproval", approval())], ["in.out>x"]),
    "over 1,000 nodes": crowd(),
    "unknown member": {**SIX_STEPS, "nodez": []},
    "another format": {**SIX_STEPS, "format": "orderflow/9"},
    "another product": {"nodes": [], "connections": {}},
    "no object": [1],
    "no nodes": {**SIX_STEPS, "nodes": 7},
}


@pytest.fixture(params=BAD_FLOWS)
def bad_flow(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield BAD_FLOWS[request.param]


@pytest.mark.parametrize("language", BOTH)
def test_a_flow_that_is_none(api: Api, bad_flow: Any, language: str) -> None:
    answer = api.post("/api/v1/flows", bad_flow, headers={"Accept-Language": language})
    assert answer.status_code == 422, answer.text
    problem = answer.get_json()
    assert problem["version"] is None and problem["problems"]
    for one in problem["problems"]:
        assert is_chinese(one["message"]) == (language == "zh-CN"), one
        assert one["remedy"] or one["level"] == "warning"
    with reading(api.service.engine) as connection:
        assert connection.execute(select(func.count()).select_from(flows)).scalar_one() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b'{"format": "orderflow/1", "format": "orderflow/1"}', 422),
        (b'{"format": "a\\u0000"}', 422),
        (b'{"format": "\\ud800"}', 422),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 422),
        (b'{"a": 1e999}', 422),
        (b" " * (8 * 1024 * 1024 + 1), 413),
    ],
)
def test_flow_text_is_read_as_strictly_as_orders(api: Api, body: bytes, status: int) -> None:
    assert api.post("/api/v1/flows", body).status_code == status


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
