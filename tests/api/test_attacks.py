"""What was tried against the API to make it lose orders, lie or break."""

import socket

import orjson
import pytest
from sqlalchemy import select

from builder.api.reading import write_cursor
from runtime.store.database import reading
from runtime.store.tables import refusals
from tests.api.conftest import Api
from tests.api.test_intake import seconds, secret, send_signed, signed  # noqa: F401 - one is a fixture
from tests.api.test_real_server import House, house  # noqa: F401 - a fixture
from tests.trade import order

TASKS = "/api/v1/tasks"


@pytest.mark.parametrize("place", [2**63, 2**64 - 1])
def test_a_cursor_beyond_every_number_is_refused(shop: Api, place: int) -> None:
    assert shop.get(f"{TASKS}?cursor={write_cursor(place, 'x')}", "operator").status_code == 422


def test_a_transfer_that_was_cut_off_takes_nothing_and_leaves_its_key_free(house: House) -> None:  # noqa: F811
    whole = b"\n".join(orjson.dumps(order(number)) for number in range(2)) + b"\n"
    first = whole[: whole.index(b"\n") + 1]
    headers = {**house.headers, "Content-Type": "application/x-ndjson", "Idempotency-Key": "once"}
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as line:
        line.sendall(f"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\n{told}Content-Length: {len(whole)}\r\n\r\n".encode())
        line.sendall(first)
        line.shutdown(socket.SHUT_WR)
        with line.makefile("rb") as answer:
            assert b"intake.cut_off" in answer.read()
    assert house.ask("GET", "/api/v1/balance")[1]["received"] == 0
    house.headers |= {"Idempotency-Key": "once"}
    assert house.ask("POST", "/api/v1/orders", whole)[0] == 202
    assert house.ask("GET", "/api/v1/balance")[1]["received"] == 2


def test_what_a_shop_signed_with_a_wrong_clock_is_on_the_list_of_refusals(shop: Api, secret: str) -> None:  # noqa: F811
    body = orjson.dumps(order(1))
    old = signed(body, secret, seconds(shop) - 600)
    assert send_signed(shop, body, old).status_code == 401
    assert send_signed(shop, body, old.replace("v1=", "v1=0")[:-1]).status_code == 401
    with reading(shop.service.engine) as connection:
        [row] = connection.execute(select(refusals)).mappings().all()
    assert (row["channel"], row["raw"]) == ("own-shop", body.decode())
    assert "api.old_signature" in row["problems"]
