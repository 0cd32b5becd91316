"""What the canvas asks the server for: refusals say what, where and how to mend, and nothing is stored by them."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from builder.i18n import LANGUAGES
from nodes import node_types
from tests.web.conftest import BIG_ORDERS, TOKEN, House, Visitor

DRAFT = "/flows/big-orders/draft"


def send(visitor: Visitor, method: str, path: str, body: Any) -> TestResponse:
    """A request as the canvas sends it."""
    found = TOKEN.search(visitor.seen)
    headers = {"X-CSRFToken": found[1] if found else "", "Accept": "application/json"}
    return visitor.client.open(
        path, method=method, data=json.dumps(body), content_type="application/json", headers=headers
    )


def test_the_draft_comes_with_its_problems_and_what_is_published(house: House) -> None:
    lin = house.enter("lin")
    told = lin.client.get(DRAFT).json

    assert told is not None and told["document"]["key"] == "big-orders"
    assert told["published"] == {"version": 1, "fingerprint": told["fingerprint"]}
    assert all(problem["text"] and problem["level"] == "warning" for problem in told["problems"])


def test_a_change_is_stored_and_its_errors_stand_at_their_fields(house: House) -> None:
    lin = house.enter("lin")
    nodes = [dict(node) for node in BIG_ORDERS["nodes"]]
    nodes[1] |= {"settings": {"rules": [{"id": "big", "name": "over 5,000", "when": {"all": []}}]}}
    answer = send(lin, "PUT", DRAFT, {"document": BIG_ORDERS | {"nodes": nodes}, "rev": 1})

    assert answer.status_code == 200 and answer.json is not None and answer.json["rev"] == 2
    errors = [problem for problem in answer.json["problems"] if problem["level"] == "error"]
    assert [(error["node"], error["where"]) for error in errors] == [("way", "rules.0.when.all")]
    assert send(lin, "POST", "/flows/big-orders/publication", {"note": ""}).status_code == 422


def test_an_outdated_change_is_refused_with_who_and_when(house: House) -> None:
    lin, root = house.enter("lin"), house.enter("root")
    send(root, "PUT", DRAFT, {"document": BIG_ORDERS | {"name": "Root's"}, "rev": 1})
    answer = send(lin, "PUT", DRAFT, {"document": BIG_ORDERS | {"name": "Lin's"}, "rev": 1})

    assert answer.status_code == 409 and answer.mimetype == "application/problem+json"
    assert answer.json is not None and answer.json["who"] == "Root" and answer.json["rev"] == 2 and answer.json["at"]
    draft = house.service.flows.draft("big-orders")
    assert draft is not None and draft.document["name"] == "Root's"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"document": BIG_ORDERS}, 400),
        ({"document": BIG_ORDERS | {"key": "other"}, "rev": 1}, 400),
        ({"document": {"key": "big-orders", "format": "else/9"}, "rev": 1}, 422),
        ([], 400),
    ],
)
def test_what_is_no_draft_of_this_flow_is_refused(house: House, body: Any, status: int) -> None:
    lin = house.enter("lin")
    answer = send(lin, "PUT", DRAFT, body)

    assert answer.status_code == status and answer.json is not None and answer.json["title"]
    draft = house.service.flows.draft("big-orders")
    assert draft is not None and draft.rev == 1


def test_publishing_answers_with_the_new_version(house: House) -> None:
    lin = house.enter("lin")
    told = send(lin, "POST", "/flows/big-orders/publication", {"note": "again"}).json

    assert told is not None and told["version"] == 2


def test_who_may_only_look_can_neither_save_nor_publish(house: House) -> None:
    oliver = house.enter("oliver")
    oliver.get("/flows/big-orders/canvas")

    assert send(oliver, "PUT", DRAFT, {"document": BIG_ORDERS, "rev": 1}).status_code == 403
    assert send(oliver, "POST", "/flows/big-orders/publication", {"note": ""}).status_code == 403


def test_a_request_without_the_token_of_the_page_is_refused(house: House) -> None:
    lin = house.enter("lin")
    answer = lin.client.put(DRAFT, json={"document": BIG_ORDERS, "rev": 1})

    assert answer.status_code == 400


def test_an_unknown_flow_has_no_canvas(house: House) -> None:
    house.enter("lin").get("/flows/nobody-drew-this/canvas", 404)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_palette_has_words_for_every_setting_and_way_out(house: House, language: str) -> None:
    lin = house.enter("lin")
    lin.speak(language)
    told = lin.client.get("/canvas/palette").json

    assert told is not None and {kind["kind"] for kind in told["kinds"]} == set(node_types())
    wordless = [code for kind in told["kinds"] for code in _codes(kind["kind"], kind["schema"])]
    wordless += [port for kind in told["kinds"] for port in kind["ports"]["fixed"] if not port["label"]]
    assert wordless == []


def _codes(kind: str, schema: dict[str, Any]) -> list[str]:
    """Titles that are still message codes, at any depth."""
    title = schema.get("title", "")
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    bare = [title] if title.startswith(f"{kind}.field.") else []
    return bare + [code for part in inner for code in _codes(kind, part)]


def test_a_way_out_is_named_as_its_card_names_it_and_a_team_of_the_shop_is_not_called_new(house: House) -> None:
    lin = house.enter("lin")
    lin.client.set_cookie("language", "zh-CN")
    document = {name: part for name, part in BIG_ORDERS.items() if name != "teams"}
    send_on = [edge for edge in BIG_ORDERS["edges"] if edge["port"] != "approved"]
    answer = send(lin, "PUT", DRAFT, {"document": document | {"edges": send_on}, "rev": 1})

    assert answer.json is not None
    codes = {problem["code"]: problem["text"] for problem in answer.json["problems"]}
    assert "“通过”" in codes["flow.port_open"] and "flow.team_unlisted" not in codes
