"""Orders come in: each is checked on its own, none twice, none in silence."""

import hashlib
import hmac
import json
import threading
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from runtime.sealing import Seal, add_signing_secret, drop_old_secrets
from runtime.store.database import begin, reading
from runtime.store.tables import channels, orders, refusals, runs
from tests.api.conftest import Api
from tests.trade import order

ORDERS = "/api/v1/orders"


def rows(api: Api, table: Any) -> list[Any]:
    with reading(api.service.engine) as connection:
        return list(connection.execute(select(table)).mappings())


def test_one_order_is_answered_with_its_trace_code(shop: Api) -> None:
    answer = shop.post(ORDERS, order(1))
    assert answer.status_code == 202
    [result] = answer.get_json()["results"]
    assert (result["id"], result["status"], result["errors"]) == ("A-00001", "accepted", [])
    shop.drain()
    assert shop.get(f"{ORDERS}/{result['trace']}").get_json()["state"] == "done"


def test_an_array_and_lines_are_taken_like_single_orders(shop: Api) -> None:
    array = shop.orders([order(1), order(2)])
    told = shop.ask(
        "POST",
        ORDERS,
        data=b"\n".join(orjson.dumps(order(number)) for number in (3, 4)) + b"\n",
        content_type="application/x-ndjson",
    )
    by_shape = shop.orders(b"\r\n".join(orjson.dumps(order(number)) for number in (5, 6)))
    results = [*array, *told.get_json()["results"], *by_shape]
    assert [result["status"] for result in results] == ["accepted"] * 6
    assert len({result["trace"] for result in results}) == 6


def test_a_bad_order_never_spoils_its_neighbours(shop: Api) -> None:
    answer = shop.post(ORDERS, [order(1), order(2, totl="1"), order(3)])
    assert answer.status_code == 202
    first, bad, last = answer.get_json()["results"]
    assert first["status"] == last["status"] == "accepted"
    assert (bad["id"], bad["status"], bad["trace"]) == ("A-00002", "refused", None)
    [error] = bad["errors"]
    assert error["where"] == "totl" and "total" in error["message"] and error["remedy"]


def test_a_broken_line_is_refused_alone(shop: Api) -> None:
    lines = orjson.dumps(order(1)) + b'\n{"id": \n' + orjson.dumps(order(2))
    answer = shop.ask("POST", ORDERS, data=lines, content_type="application/x-ndjson")
    assert [result["status"] for result in answer.get_json()["results"]] == ["accepted", "refused", "accepted"]


def test_all_refused_is_422(shop: Api) -> None:
    answer = shop.post(ORDERS, [order(1, total="x"), order(2, currency="???")])
    assert answer.status_code == 422
    assert [result["status"] for result in answer.get_json()["results"]] == ["refused", "refused"]
    assert rows(shop, orders) == rows(shop, runs) == []


def test_sending_an_order_again_does_nothing(shop: Api) -> None:
    [first] = shop.orders(order(1))
    again = shop.post(ORDERS, dict(reversed(order(1).items())))
    assert again.status_code == 202
    assert again.get_json()["results"] == [{**first, "status": "duplicate"}]
    assert len(rows(shop, runs)) == 1


def test_the_same_id_with_other_content_is_refused_with_both_digests(shop: Api) -> None:
    [first] = shop.orders(order(1))
    answer = shop.post(ORDERS, order(1, total="9.99"))
    assert answer.status_code == 422
    [result] = answer.get_json()["results"]
    [error] = result["errors"]
    [known] = [row["digest"] for row in rows(shop, orders)]
    assert error["code"] == "intake.conflict" and known in error["message"] and first["trace"] in error["message"]
    [kept] = rows(shop, refusals)
    assert kept["external_id"] == "A-00001" and json.loads(kept["raw"])["total"] == "9.99"
    params = json.loads(kept["problems"])[0]["params"]
    assert params["known_digest"] == known != params["digest"]


def test_the_same_id_twice_in_one_request_is_one_order(shop: Api) -> None:
    first, second, third = shop.orders([order(1), order(1), order(1, note="other")])
    assert [first["status"], second["status"], third["status"]] == ["accepted", "duplicate", "refused"]
    assert second["trace"] == first["trace"]


def test_the_same_id_on_two_channels_is_two_orders(shop: Api) -> None:
    first, second = shop.orders([order(1), order(1, channel="other-shop")])
    assert [first["status"], second["status"]] == ["accepted", "accepted"]


def test_without_a_flow_an_order_is_held_and_seen(api: Api) -> None:
    [result] = api.orders(order(1))
    assert result["status"] == "accepted"
    assert api.get(f"{ORDERS}/{result['trace']}").get_json()["state"] == "held"
    assert api.get("/api/v1/balance").get_json()["held"] == 1


# --- keys -----------------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_get_the_same_answer_and_no_second_run(shop: Api) -> None:
    body = orjson.dumps([order(1), order(2, total="x")])
    key = {"Idempotency-Key": "k-1"}
    first = shop.post(ORDERS, body, headers=key)
    again = shop.post(ORDERS, body, headers=key)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert len(rows(shop, runs)) == 1
    assert len(rows(shop, refusals)) == 1


def test_the_same_key_with_another_body_is_422_and_stores_nothing(shop: Api) -> None:
    key = {"Idempotency-Key": "k-1"}
    shop.post(ORDERS, order(1), headers=key)
    answer = shop.post(ORDERS, order(2), headers=key)
    assert answer.status_code == 422
    assert answer.get_json()["where"] == "Idempotency-Key"
    assert [row["external_id"] for row in rows(shop, orders)] == ["A-00001"]
    assert len(rows(shop, refusals)) == 1


def test_a_key_belongs_to_its_token(shop: Api) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert shop.post(ORDERS, order(1), headers=key).status_code == 202
    assert shop.post(ORDERS, order(2), "intake", headers=key).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_of_the_wrong_length_is_refused(shop: Api, key: str) -> None:
    assert shop.post(ORDERS, order(1), headers={"Idempotency-Key": key}).status_code == 422
    assert rows(shop, orders) == []


def test_one_key_from_many_threads_makes_one_run(shop: Api) -> None:
    body = orjson.dumps(order(1))
    answers: list[bytes] = []

    def send() -> None:
        answers.append(shop.post(ORDERS, body, headers={"Idempotency-Key": "k"}).data)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and len(set(answers)) == 1
    assert len(rows(shop, runs)) == 1


def test_one_order_from_many_threads_is_accepted_once(shop: Api) -> None:
    found: list[str] = []

    def send(number: int) -> None:
        found.extend(result["status"] for result in shop.orders([order(1), order(100 + number)]))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["accepted"] * 9 + ["duplicate"] * 7


# --- who may send, and for which channel ----------------------------------------------------------------------------


def test_a_token_brings_only_its_channels(shop: Api) -> None:
    token = shop.token("intake", "shop-a")
    mine, other = shop.orders([order(1), order(2, channel="shop-b")], token)
    assert mine["status"] == "accepted"
    assert other["status"] == "refused" and other["errors"][0]["code"] == "intake.channel_not_allowed"
    assert [row["channel"] for row in rows(shop, orders)] == ["shop-a"]
    assert [row["channel"] for row in rows(shop, refusals)] == ["shop-a"]


def test_an_untold_channel_is_the_own_shop_unless_the_token_has_just_one(shop: Api) -> None:
    shop.orders(order(1))
    shop.orders(order(2), shop.token("intake", "shop-a"))
    [refused] = shop.orders(order(3), shop.token("intake", "shop-a", "shop-b"))
    assert [row["channel"] for row in rows(shop, orders)] == ["own-shop", "shop-a"]
    assert "shop-a, shop-b" in refused["errors"][0]["remedy"]


def signed(body: bytes, secret: str, when: int) -> str:
    mark = hmac.new(secret.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={when},v1={mark}"


@pytest.fixture
def secret(shop: Api) -> str:
    with begin(shop.service.engine, durable=True) as connection:
        return add_signing_secret(connection, seal(shop), "own-shop", 1)


def seal(shop: Api) -> Seal:
    found: Seal = shop.app.extensions["orderflow.seal"]
    return found


def seconds(shop: Api) -> int:
    return int(shop.service.clock().timestamp())


def send_signed(shop: Api, body: bytes, signature: str, channel: str | None = None) -> Any:
    headers = {"X-Signature": signature} | ({"X-Channel": channel} if channel else {})
    return shop.post(ORDERS, body, None, headers=headers)


def test_an_own_shop_signs_instead_of_showing_a_token(shop: Api, secret: str) -> None:
    body = orjson.dumps(order(1))
    assert send_signed(shop, body, signed(body, secret, seconds(shop))).status_code == 202
    [row] = rows(shop, orders)
    assert row["channel"] == "own-shop"


def test_the_signature_is_of_the_raw_bytes(shop: Api, secret: str) -> None:
    body = orjson.dumps(order(1))
    signature = signed(body, secret, seconds(shop))
    assert send_signed(shop, body + b" ", signature).status_code == 401
    assert send_signed(shop, b"{", signature).status_code == 401
    assert send_signed(shop, body, signature.replace("v1=", "v1=0")).status_code == 401
    assert send_signed(shop, body, signature, "shop-b").status_code == 401
    assert rows(shop, orders) == rows(shop, refusals) == []


def test_a_signature_is_good_for_five_minutes(shop: Api, secret: str) -> None:
    body = orjson.dumps(order(1))
    assert send_signed(shop, body, signed(body, secret, seconds(shop) - 301)).status_code == 401
    assert send_signed(shop, body, signed(body, secret, seconds(shop) + 302)).status_code == 401
    assert send_signed(shop, body, signed(body, secret, seconds(shop) - 290)).status_code == 202


def test_two_secrets_live_while_they_are_rotated(shop: Api, secret: str) -> None:
    with begin(shop.service.engine, durable=True) as connection:
        newer = add_signing_secret(connection, seal(shop), "own-shop", 1)
    for number, one in enumerate((secret, newer)):
        body = orjson.dumps(order(number))
        assert send_signed(shop, body, signed(body, one, seconds(shop))).status_code == 202
    with begin(shop.service.engine, durable=True) as connection:
        drop_old_secrets(connection, seal(shop), "own-shop", 1)
    body = orjson.dumps(order(3))
    assert send_signed(shop, body, signed(body, secret, seconds(shop))).status_code == 401
    assert send_signed(shop, body, signed(body, newer, seconds(shop))).status_code == 202


def test_secrets_are_sealed_where_they_are_stored(shop: Api, secret: str) -> None:
    [row] = [row for row in rows(shop, channels) if row["name"] == "own-shop"]
    assert secret not in row["secrets"]
    assert Seal("another key of at least 32 characters").open(row["secrets"]) == ()


def test_a_signed_order_cannot_name_another_channel(shop: Api, secret: str) -> None:
    body = orjson.dumps(order(1, channel="shop-b"))
    answer = send_signed(shop, body, signed(body, secret, seconds(shop)))
    assert answer.status_code == 422
    assert answer.get_json()["results"][0]["errors"][0]["code"] == "intake.channel_not_allowed"


# --- refusals are kept ----------------------------------------------------------------------------------------------


def test_nothing_is_kept_of_strangers(shop: Api) -> None:
    for token in (None, "of_unknown"):
        assert shop.post(ORDERS, order(1), token).status_code == 401
        assert shop.post(ORDERS, b"{", token).status_code == 401
    assert rows(shop, refusals) == rows(shop, orders) == []


def test_every_refusal_is_kept_and_the_first_of_a_burst_alarms(shop: Api) -> None:
    shop.orders([order(1, total="x"), order(2, total="y")])
    shop.orders(order(3, channel="other", total="z"))
    shop.post(ORDERS, b"[{")
    shop.moved += shop.moved.__class__(minutes=11)
    shop.orders(order(4, total="x"))
    kept = rows(shop, refusals)
    assert [(row["channel"], row["external_id"], row["alarm"]) for row in kept] == [
        ("own-shop", "A-00001", True),
        ("own-shop", "A-00002", False),
        ("other", "A-00003", True),
        ("own-shop", None, False),
        ("own-shop", "A-00004", True),
    ]
    assert json.loads(kept[0]["raw"]) == order(1, total="x")
    assert {row["token_name"] for row in kept} == {"admin"}


def test_a_wrong_role_that_brings_orders_is_refused_and_kept(shop: Api) -> None:
    assert shop.post(ORDERS, order(1), "auditor").status_code == 403
    assert [json.loads(row["problems"])[0]["code"] for row in rows(shop, refusals)] == ["api.wrong_role"]


def test_what_was_sent_is_kept_up_to_64_kib(shop: Api) -> None:
    shop.post(ORDERS, b'{"id": "' + b"x" * 100_000)
    [row] = rows(shop, refusals)
    assert (len(row["raw"]), row["raw_size"]) == (64 * 1024, 100_008)


def test_refusals_and_answers_are_forgotten_after_thirty_days(shop: Api) -> None:
    body = orjson.dumps([order(1), order(2, total="x")])
    shop.post(ORDERS, body, headers={"Idempotency-Key": "k"})
    shop.service.tick()
    shop.moved += shop.moved.__class__(days=29)
    shop.service.tick()
    assert len(rows(shop, refusals)) == 1
    shop.moved += shop.moved.__class__(days=2)
    shop.service.tick()
    assert rows(shop, refusals) == []
    again = shop.post(ORDERS, body, headers={"Idempotency-Key": "k"})
    assert again.get_json()["results"][0]["status"] == "duplicate"


def test_a_refusal_that_cannot_be_stored_as_it_is_is_kept_as_text(shop: Api) -> None:
    shop.post(ORDERS, b'{"id": "a\x00\xff\xed\xa0\x80"}')
    [row] = rows(shop, refusals)
    assert "\0" not in row["raw"] and row["raw"].startswith('{"id": "a')
