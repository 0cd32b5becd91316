"""What the canvas asks the server for: refusals say what, where and how to mend, and nothing is stored by them."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from builder.i18n import LANGUAGES
from nodes import node_types
from runtime.actor import SYSTEM
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


def change(visitor: Visitor, cells: dict[str, Any], rev: int = 0, base_rev: int = 1, name: str = "a") -> TestResponse:
    """One edit, as the canvas sends it."""
    edits = [{"id": name, "kind": "do", "label": "did it", "series": None, "change": cells, "back": {}}]
    return send(visitor, "POST", f"{DRAFT}/changes", {"page": "p", "rev": rev, "base_rev": base_rev, "edits": edits})


def drawn(house: House, person: str) -> dict[str, Any]:
    document = house.service.drafts.document("big-orders", person)
    assert document is not None
    return dict(document)


def test_a_change_is_stored_and_its_errors_stand_at_their_fields(house: House) -> None:
    lin = house.enter("lin")
    way = {**BIG_ORDERS["nodes"][1], "settings": {"rules": [{"id": "big", "name": "over", "when": {"all": []}}]}}
    answer = change(lin, {"nodes.way": way})

    assert answer.status_code == 200 and answer.json is not None and answer.json["rev"] == 1
    errors = [problem for problem in answer.json["problems"] if problem["level"] == "error"]
    assert [(error["node"], error["where"]) for error in errors] == [("way", "rules.0.when.all")]
    assert send(lin, "POST", "/flows/big-orders/publication", {"note": "", "rev": 1}).status_code == 422


def test_a_page_that_is_behind_its_draft_hears_what_it_missed(house: House) -> None:
    lin = house.enter("lin")
    change(lin, {"name": "One"})
    answer = change(lin, {"name": "Two"}, name="b")

    assert answer.status_code == 409 and answer.mimetype == "application/problem+json"
    assert answer.json is not None and answer.json["reason"] == "behind"
    assert [line["change"] for line in answer.json["changes"]] == [{"name": "One"}]
    assert drawn(house, "lin")["name"] == "One"
    around = send(lin, "POST", "/flows/big-orders/presence", {"page": "q", "node": None, "rev": 0}).json
    assert around is not None and [line["number"] for line in around["changes"]] == [1]


def test_who_publishes_second_is_told_who_was_first_and_merges(house: House) -> None:
    lin, root = house.enter("lin"), house.enter("root")
    change(lin, {"name": "Lin's"})
    change(root, {"description": "Root's"})
    assert send(root, "POST", "/flows/big-orders/publication", {"note": "", "rev": 1}).status_code == 200
    answer = send(lin, "POST", "/flows/big-orders/publication", {"note": "", "rev": 1})

    assert answer.status_code == 409 and answer.json is not None
    assert (answer.json["reason"], answer.json["trunk"]["who"]) == ("overtaken", "Root")
    offer = send(lin, "POST", f"{DRAFT}/merge", {"of": None}).json
    assert offer is not None and offer["change"] == {"description": "Root's"} and not offer["conflicts"]


def test_others_at_the_flow_are_seen_and_their_drafts_can_be_looked_at(house: House) -> None:
    lin, root = house.enter("lin"), house.enter("root")
    change(root, {"name": "Root's"})
    send(root, "POST", "/flows/big-orders/presence", {"page": "p", "node": "ask", "rev": 1})
    told = lin.client.get(DRAFT).json
    assert told is not None
    [other] = told["others"]

    assert (other["who"], other["here"], other["node"], other["changes"]) == ("Root", True, "ask", 1)
    theirs = lin.client.get(f"{DRAFT}?of=root").json
    assert theirs is not None and theirs["document"]["name"] == "Root's"
    assert told["document"]["name"] == BIG_ORDERS["name"]


def test_every_moment_and_every_version_can_be_looked_at(house: House) -> None:
    lin = house.enter("lin")
    change(lin, {"name": "One"})
    change(lin, {"name": "Two"}, rev=1, name="b")
    lines = lin.client.get(f"{DRAFT}/history").json
    moment = lin.client.get(f"{DRAFT}/moments/1").json
    version = lin.client.get("/flows/big-orders/versions/1").json
    listed = lin.client.get("/flows/big-orders/versions").json

    assert lines is not None and [line["number"] for line in lines["lines"]] == [2, 1]
    assert moment is not None and moment["document"]["name"] == "One"
    assert version is not None and version["document"]["name"] == BIG_ORDERS["name"]
    assert listed is not None and [one["number"] for one in listed["versions"]] == [1]
    assert lin.client.get(f"{DRAFT}/moments/9").status_code == 404
    assert lin.client.get("/flows/big-orders/versions/9").status_code == 404


@pytest.mark.parametrize(
    ("edits", "status"),
    [
        (None, 400),
        ([], 400),
        ([{"id": "a", "kind": "do", "label": "x", "change": {"nodes": []}}], 400),
        ([{"id": "a", "kind": "gone", "label": "x", "change": {}}], 400),
        ([{"id": "a", "kind": "do", "label": "x", "change": {"key": "other"}}], 422),
        ([{"id": "a", "kind": "do", "label": "x", "change": {"nodes.x": {"id": "x"}}}], 422),
        ([{"id": "a", "kind": "do", "label": "x", "change": {"format": "else/9"}}], 422),
    ],
)
def test_what_is_no_change_of_this_flow_is_refused(house: House, edits: Any, status: int) -> None:
    lin = house.enter("lin")
    answer = send(lin, "POST", f"{DRAFT}/changes", {"page": "p", "rev": 0, "base_rev": 1, "edits": edits})

    assert answer.status_code == status and answer.json is not None and answer.json["title"]
    assert drawn(house, "lin")["name"] == BIG_ORDERS["name"]


def test_publishing_answers_with_the_new_version(house: House) -> None:
    lin = house.enter("lin")
    told = send(lin, "POST", "/flows/big-orders/publication", {"note": "again", "rev": 0}).json

    assert told is not None and told["version"] == 2


def test_who_may_only_look_can_neither_save_nor_publish(house: House) -> None:
    oliver = house.enter("oliver")
    oliver.get("/flows/big-orders/canvas")

    assert change(oliver, {"name": "Oliver's"}).status_code == 403
    assert send(oliver, "POST", f"{DRAFT}/merge", {"of": None}).status_code == 403
    assert send(oliver, "POST", "/flows/big-orders/publication", {"note": "", "rev": 0}).status_code == 403


def test_a_request_without_the_token_of_the_page_is_refused(house: House) -> None:
    lin = house.enter("lin")
    answer = lin.client.post(f"{DRAFT}/changes", json={"page": "p", "rev": 0, "base_rev": 1, "edits": []})

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
    approved = next(edge for edge in BIG_ORDERS["edges"] if edge["port"] == "approved")
    answer = change(lin, {"teams": None, f"edges.{approved['id']}": None})

    assert answer.json is not None
    codes = {problem["code"]: problem["text"] for problem in answer.json["problems"]}
    assert "“通过”" in codes["flow.port_open"] and "flow.team_unlisted" not in codes


def test_who_publishes_hears_whose_orders_come_and_only_who_may_hands_channels_over(house: House) -> None:
    rival = {**BIG_ORDERS, "key": "rival", "name": "Rival", "channels": ["own-shop", "new-shop"]}
    house.service.flows.add(rival, SYSTEM)
    lin, root = house.enter("lin"), house.enter("root")
    address = "/flows/rival/publication"
    told = lin.client.get(address).json
    assert told is not None and (told["is_default"], told["may_take_over"]) == (False, False)
    assert [one["channel"] for one in told["elsewhere"]] == ["own-shop"]

    assert send(lin, "POST", address, {"note": "", "rev": 0, "take_over": True}).status_code == 200
    assert "own-shop" in {one["channel"] for one in lin.client.get(address).json["elsewhere"]}  # type: ignore[index]
    change_of_root = {"id": "r", "kind": "do", "label": "did", "change": {"name": "Mine"}}
    at = root.client.get("/flows/rival/draft").json
    assert at is not None
    body = {"page": "p", "rev": 0, "base_rev": at["base_rev"], "edits": [change_of_root]}
    assert send(root, "POST", "/flows/rival/draft/changes", body).status_code == 200
    assert send(root, "POST", address, {"note": "", "rev": 1, "take_over": True}).status_code == 200
    assert root.client.get(address).json["elsewhere"] == []  # type: ignore[index]
    offered = root.client.get("/canvas/palette?lang=en").json
    assert offered is not None
    assert {one["key"]: one.get("flow", {}).get("label") for one in offered["channels"]}["own-shop"] == "Mine"


def test_a_change_that_was_stored_long_ago_or_comes_twice_in_one_breath_is_stored_once(house: House) -> None:
    lin = house.enter("lin")
    assert change(lin, {"name": "One"}).status_code == 200
    again = change(lin, {"name": "One"}, rev=1)
    assert again.status_code == 200 and again.json is not None and again.json["rev"] == 1
    two = [{"id": "b", "kind": "do", "label": "did it", "change": {"name": name}} for name in ("Two", "Three")]
    answer = send(lin, "POST", f"{DRAFT}/changes", {"page": "p", "rev": 1, "base_rev": 1, "edits": two})
    assert answer.status_code == 200 and answer.json is not None and answer.json["rev"] == 2
    assert drawn(house, "lin")["name"] == "Two"


@pytest.mark.parametrize("channels", [5, -0.5, [[]], [{"name": "x"}], "own-shop"])
def test_a_draft_with_wrecked_channels_is_opened_and_its_publication_refused(house: House, channels: Any) -> None:
    lin = house.enter("lin")
    assert change(lin, {"channels": channels}).status_code == 200
    assert lin.client.get("/flows/big-orders/publication").status_code == 200
    assert send(lin, "POST", "/flows/big-orders/publication", {"note": "", "rev": 1}).status_code == 422
