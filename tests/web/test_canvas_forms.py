"""What the forms of the canvas ask: which way orders would go, and what orders hold."""

from typing import Any

from tests.core.flow_documents import total_over
from tests.web.conftest import House
from tests.web.test_canvas import send

COUNTS = "/flows/big-orders/counts"


def asked(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the page tells of a step with these conditions, in this order."""
    told = [{"id": f"r{number}", "name": "x", "when": when} for number, when in enumerate(rules, 1)]
    return {"type": "route", "settings": {"rules": told}, "connected": ["else"], "channels": ["own-shop"], **more}


def with_orders(house: House) -> None:
    for number, total in enumerate(("10.00", "80.00", "600.00", "7000.00"), 1):
        house.take(number, total=total)


def test_the_first_rule_that_fits_has_the_order(house: House) -> None:
    with_orders(house)
    told = send(house.enter("lin"), "POST", COUNTS, asked(total_over("500.00"), total_over("50.00"))).json

    assert told == {"orders": 4, "ways": {"r1": 2, "r2": 1, "else": 1, "unclear": 0}}


def test_what_cannot_be_told_goes_where_it_would_go_in_production(house: House) -> None:
    with_orders(house)
    lin, vague = house.enter("lin"), {"field": "total", "op": "gt", "value": {"amount": "1.00", "currency": "USD"}}
    unconnected = send(lin, "POST", COUNTS, asked(vague)).json
    connected = send(lin, "POST", COUNTS, asked(vague, connected=["else", "unclear"])).json

    assert unconnected is not None and unconnected["ways"] == {"r1": 0, "else": 4, "unclear": 0}
    assert connected is not None and connected["ways"] == {"r1": 0, "else": 0, "unclear": 4}


def test_nothing_is_said_of_a_rule_that_is_wrong_nor_of_what_comes_after_it(house: House) -> None:
    with_orders(house)
    lin, unfinished = house.enter("lin"), total_over("")

    told = send(lin, "POST", COUNTS, asked(total_over("500.00"), unfinished, total_over("50.00"))).json
    assert told == {"orders": 4, "ways": {"r1": 2}}
    told = send(lin, "POST", COUNTS, asked(unfinished)).json
    assert told == {"orders": 4, "ways": {}}


def test_only_orders_of_the_flows_channels_count(house: House) -> None:
    with_orders(house)
    house.take(9, "shaky-shop", total="900.00")
    lin = house.enter("lin")

    counted = [
        answer["orders"]
        for channels in (["own-shop"], ["shaky-shop"], ["nobody"], [])
        if (answer := send(lin, "POST", COUNTS, asked(total_over("1.00"), channels=channels)).json)
    ]
    assert counted == [4, 1, 0, 5]


def test_whoever_sees_flows_may_count_and_nonsense_is_refused(house: House) -> None:
    assert send(house.enter("oliver"), "POST", COUNTS, asked(total_over("1.00"))).status_code == 200
    lin = house.enter("lin")
    assert send(lin, "POST", "/flows/nowhere/counts", asked(total_over("1.00"))).status_code == 404
    nonsense: list[dict[str, Any]] = [{"type": "notify"}, {"type": "nothing"}, {"settings": []}, {"connected": [1]}]
    for wrong in nonsense:
        assert send(lin, "POST", COUNTS, asked(total_over("1.00"), **wrong)).status_code == 400
    lin.seen = ""
    assert send(lin, "POST", COUNTS, asked(total_over("1.00"))).status_code in (400, 403)


def test_fields_are_shown_with_what_real_orders_hold_and_people_stay_hidden(house: House) -> None:
    person = {"id": "b-10044", "name": "张小伟", "phone": "+86 138 0013 8000", "email": "zhang.wei@example.com"}
    house.take(1, total="600.00", buyer=person, attributes={"vip": "gold"})
    house.take(2, total="80.00", buyer={**person, "phone": "138****8000"})
    answer = house.enter("lin").client.get("/canvas/samples")
    told = answer.json

    assert told is not None
    assert told["order"]["total"] == ["CN¥80.00", "CN¥600.00"]
    assert told["order"]["attributes.vip"] == ["gold"] and "attributes.vip" in told["attributes"]
    assert told["order"]["buyer.name"] == ["张**"]
    assert told["shown"]["values"]["en"]["total"] == "CN¥80.00" and told["shown"]["number"]
    assert told["shown"]["values"]["zh-CN"]["total"] == "¥80.00", "each reader's language writes it its own way"
    for secret in ("小伟", "138 0013", "13800138000", "zhang.wei", "b-10044"):
        assert secret not in answer.text


def test_a_shop_without_orders_shows_messages_with_an_ordinary_one(house: House) -> None:
    told = house.enter("lin").client.get("/canvas/samples").json

    assert told is not None and told["shown"]["number"] == ""
    assert told["shown"]["values"]["en"]["total"] == "CN¥268.00" and told["order"]["total"] == []
