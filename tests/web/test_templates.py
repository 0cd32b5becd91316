"""From a template to a flow that runs: every template, with its questions answered, on its sample orders."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import insert, select

from builder.flows.fitting import value_at
from builder.flows.templates import PAINS, Template, templates
from runtime.core.flow import read_flow
from runtime.store import tables
from runtime.store.database import begin, reading
from tests.web.conftest import House, Visitor

ALL = [pytest.param(one, id=one.key) for one in templates()]
ROW = re.compile(r'<th scope="row">')


@pytest.fixture
def designer(house: House) -> Visitor:
    return house.enter("lin")


@pytest.fixture
def root(house: House) -> Visitor:
    return house.enter("root")


def answers(found: Template, **more: Any) -> dict[str, Any]:
    """What the wizard's form sends when nothing is changed."""
    told: dict[str, Any] = {"name": found.document["name"]["en"]}
    for question in found.questions:
        before = value_at(found.document, question["sets"][0])
        match question["kind"]:
            case "amount":
                told |= {question["id"]: before["amount"], f"{question['id']}-unit": before["currency"]}
            case "minutes":
                told |= {question["id"]: str(before), f"{question['id']}-unit": "minutes"}
            case "team":
                told[question["id"]] = "new"
            case _:
                told[question["id"]] = str(before)
    return told | more


def make(visitor: Visitor, key: str, **more: Any) -> dict[str, Any]:
    """Make the flow of a template by its form; its document."""
    found = next(one for one in templates() if one.key == key)
    visitor.get(f"/flows/from/{key}")
    answer = visitor.post(f"/flows/from/{key}", answers(found, **more))
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>.*?<span>(.*?)</span>', answer.text, re.DOTALL)
    made = answer.headers["Location"].split("/")[2]
    document: dict[str, Any] = json.loads(visitor.get(f"/flows/{made}/export"))
    return document


# --- the templates ------------------------------------------------------------------------------------------------------


def test_there_are_templates_against_what_hurts_most() -> None:
    assert len(templates()) >= 10
    foremost = {one.pains[0] for one in templates()}
    assert {"missed", "wrong", "late", "payment"} <= foremost
    assert {pain for one in templates() for pain in one.pains} == set(PAINS)


@pytest.mark.parametrize("found", ALL)
def test_a_template_asks_for_what_is_there_and_for_every_team(found: Template) -> None:
    asked_teams = []
    for question in found.questions:
        assert set(question["label"]) == {"en", "zh-CN"}
        for pointer in (*question["sets"], *question.get("moves", ())):
            value_at(found.document, pointer)
        if question["kind"] == "team":
            asked_teams.append(value_at(found.document, question["sets"][0])["key"])
    assert sorted(asked_teams) == sorted(team["key"] for team in found.document["teams"])


@pytest.mark.parametrize("found", ALL)
def test_a_template_with_nothing_changed_makes_a_flow_that_runs(designer: Visitor, found: Template) -> None:
    document = make(designer, found.key, new_channel="night-shop")
    assert "template" not in document
    assert read_flow(document).problems == ()
    assert [case["expect"] for case in document["cases"]] == [case["expect"] for case in found.document["cases"]]
    page = designer.get(f"/flows/{document['key']}/first-run")
    assert len(ROW.findall(page)) == 20
    assert "Where 20 sample orders come to" in page
    published = designer.post(f"/flows/{document['key']}/first-run/publication", {"rev": "0"})
    assert published.status_code == 303
    assert "It is running." in designer.get(f"/flows/{document['key']}/first-run")


@pytest.mark.parametrize("found", ALL)
def test_the_sample_orders_do_not_all_go_one_way(designer: Visitor, found: Template) -> None:
    document = make(designer, found.key)
    page = designer.get(f"/flows/{document['key']}/first-run")
    endings = page.partition('class="endings"')[2].partition("</ul>")[0].count("<li>")
    assert endings >= 2


# --- the gallery --------------------------------------------------------------------------------------------------------


def test_the_gallery_is_sorted_by_pain_and_searched_in_both_languages(designer: Visitor) -> None:
    page = designer.get("/flows/new")
    assert page.count('class="template-card"') == len(templates())
    shown = re.findall(r'class="foremost">([^<]+)', page)
    worst_first = [str(name) for name in PAINS.values()]
    assert [worst_first.index(name) for name in shown] == sorted(worst_first.index(name) for name in shown)
    payment = designer.get("/flows/new?pain=payment")
    assert re.findall(r"</p>\s*<h3>([^<]+)", payment)[0] == "Check that the money came"
    assert "Check that the money came" in designer.get("/flows/new?q=到账")
    assert "No template fits" in designer.get("/flows/new?q=xyzzy")
    assert designer.get("/flows/new?pain=<b>").count('class="template-card"') == len(templates())


def test_the_gallery_speaks_the_words_of_order_staff(designer: Visitor) -> None:
    designer.speak("zh-CN")
    page = designer.get("/flows/new")
    for pain in ("漏单", "错发", "超时", "付款核对"):
        assert pain in page
    assert designer.get("/flows/new?q=漏单").count('class="template-card"') == 3


# --- the wizard ---------------------------------------------------------------------------------------------------------


def test_only_what_is_missing_is_asked_openly(house: House, root: Visitor) -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(insert(tables.teams).values(key="supervisors", name='"Bosses"', made_at=1))
        connection.execute(insert(tables.team_members).values(team="supervisors", user_name="zhao"))
    page = root.get("/flows/from/wrong-prices")
    open_part, _details, settled = page.partition("Known already")
    assert "Below which unit price" in open_part
    assert "Who packs?" in open_part
    assert "Who decides?" in settled
    assert "Who decides?" not in open_part


def test_the_answers_stand_where_they_belong(house: House, root: Visitor) -> None:
    document = make(
        root,
        "payment-check",
        limit="1200.00",
        minutes="2",
        **{"minutes-unit": "hours"},
        finance="team:leads",
        service="person:chen",
        warehouse="new",
        **{"warehouse-members": ["chen", "wang", "nobody"]},
        channel=["own-shop", "not-there"],
        new_channel="night-shop",
        name="Money first",
    )
    nodes = {node["id"]: node.get("settings", {}) for node in document["nodes"]}
    assert nodes["sure"]["rules"][0]["when"]["all"][1]["value"] == {"amount": "1200.00", "currency": "CNY"}
    assert nodes["money"]["deadline_minutes"] == 120
    assert nodes["money"]["who"] == {"kind": "team", "value": "leads"}
    assert nodes["buyer"]["who"] == {"kind": "person", "value": "chen"}
    assert nodes["tell"]["to"] == "team:warehouse"
    assert [team["key"] for team in document["teams"]] == ["leads", "warehouse"]
    assert (document["name"], document["channels"]) == ("Money first", ["own-shop", "night-shop"])
    with reading(house.service.engine) as connection:
        members = select(tables.team_members.c.user_name).where(tables.team_members.c.team == "warehouse")
        assert sorted(connection.execute(members).scalars()) == ["chen", "wang"]


def test_orders_on_the_border_stay_on_it_when_the_limit_moves(root: Visitor) -> None:
    document = make(root, "payment-check", limit="1200.00")
    exactly, more = document["cases"][1], document["cases"][2]
    assert (exactly["order"]["total"], exactly["expect"]["path"][-1]) == ("1200.00", "done")
    assert (more["order"]["total"], more["expect"]["path"][-1]) == ("1200.01", "money")


@pytest.mark.parametrize(("currency", "limit", "one_more"), [("USD", "90.00", "90.01"), ("JPY", "9000", "9001")])
def test_another_currency_goes_through_to_the_sample_orders(
    root: Visitor, currency: str, limit: str, one_more: str
) -> None:
    document = make(root, "payment-check", limit=limit, **{"limit-unit": currency})
    assert document["cases"][2]["order"]["total"] == one_more
    assert document["cases"][2]["order"]["currency"] == currency
    assert document["cases"][2]["expect"]["path"][-1] == "money"
    assert len(ROW.findall(root.get(f"/flows/{document['key']}/first-run"))) == 20


def test_whoever_may_not_staff_teams_is_told_where_their_tasks_go(house: House, designer: Visitor) -> None:
    page = designer.get("/flows/from/odd-orders")
    assert 'name="desk-members"' not in page
    assert "its tasks go to the administrators" in page
    document = make(designer, "odd-orders", **{"desk-members": ["chen"]})
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.teams.c.key).where(tables.teams.c.key == "desk")).first() is None
    assert "Nobody is in: Order desk, Warehouse" in designer.get(f"/flows/{document['key']}/first-run")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("limit", "a lot", "a lot"),
        ("limit", "0.00", "more than nothing"),
        ("limit", "1.234", "decimals"),
        ("limit-unit", "XXX", "not known"),
        ("minutes", "-5", "whole number"),
        ("minutes", "", "whole number"),
        ("minutes", "9" * 300, "whole number"),
        ("minutes-unit", "aeons", "whole number"),
        ("finance", "team:gone", "not there any more"),
        ("finance", "person:<b>", "not there any more"),
        ("new_channel", "x" * 65, "at most 64"),
    ],
)
def test_a_wrong_answer_is_told_at_its_question_and_nothing_is_stored(
    house: House, root: Visitor, name: str, value: str, told: str
) -> None:
    found = next(one for one in templates() if one.key == "payment-check")
    root.get("/flows/from/payment-check")
    refused = root.post("/flows/from/payment-check", answers(found, **{"name": "Kept <i>", name: value}))
    assert refused.status_code == 422
    assert told in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert "Kept &lt;i&gt;" in refused.text
    assert house.service.flows.draft("payment-check") is None


def test_a_deadline_that_the_step_does_not_allow_is_told_at_its_question(root: Visitor) -> None:
    found = next(one for one in templates() if one.key == "payment-check")
    root.get("/flows/from/payment-check")
    refused = root.post("/flows/from/payment-check", answers(found, minutes="999", **{"minutes-unit": "days"}))
    assert refused.status_code == 422
    assert 'id="p-minutes"' in refused.text


def test_two_flows_of_one_template_have_keys_of_their_own(designer: Visitor) -> None:
    assert [make(designer, "odd-orders")["key"] for _ in range(3)] == ["odd-orders", "odd-orders-2", "odd-orders-3"]


# --- the first run ------------------------------------------------------------------------------------------------------


def test_the_first_run_says_what_really_happens(house: House, root: Visitor) -> None:
    """What the page tells of the first case is what the flow does with such an order when it is published."""
    document = make(root, "payment-check", new_channel="night-shop", finance="team:leads")
    page = root.get(f"/flows/{document['key']}/first-run")
    assert "small and paid goes straight on" in page
    root.post(f"/flows/{document['key']}/first-run/publication", {"rev": "0", "note": "try"})
    run = house.take(1, "night-shop", total="39.00")
    assert "It may be packed" in root.get(f"/orders/{run}")
    waits = house.take(2, "night-shop", total="9000.00")
    assert "Finance looks" in root.get(f"/orders/{waits}")


def test_what_is_still_missing_is_told_after_publication_too(root: Visitor) -> None:
    document = make(root, "odd-orders", **{"desk-members": ["chen"]})
    root.post(f"/flows/{document['key']}/first-run/publication", {"rev": "0"})
    page = root.get(f"/flows/{document['key']}/first-run")
    assert "It is published." in page
    assert "It takes no channel yet" in page
    assert f"/flows/{document['key']}/default" in page
    assert "Nobody is in: Warehouse." in page
    root.post(f"/flows/{document['key']}/default")
    assert "every channel without a flow of its own" in root.get(f"/flows/{document['key']}/first-run")


def test_a_flow_is_tried_on_orders_that_really_came(house: House, root: Visitor) -> None:
    run = house.take(61, total="9000.00")
    document = make(root, "payment-check", channel=["own-shop"])
    page = root.get(f"/flows/{document['key']}/first-run?real=1")
    assert "Where the last order would come to" in page
    assert f"/orders/{run}" in page
    assert "Finance looks" in page
    assert "Real ones" not in root.get(
        f"/flows/{make(root, 'odd-orders', new_channel='empty')['key']}/first-run?real=1"
    )


def test_a_flow_with_errors_is_sent_to_the_canvas_and_not_published(house: House, designer: Visitor) -> None:
    designer.post("/flows/new", {"name": "Half"})
    page = designer.get("/flows/half/first-run")
    assert "not finished" in page
    designer.post("/flows/half/first-run/publication", {"rev": "0"})
    draft = house.service.flows.draft("half")
    assert draft is not None
    assert draft.version is None


def test_a_channel_of_another_flow_is_handed_over_only_by_who_may(
    house: House, designer: Visitor, root: Visitor
) -> None:
    document = make(designer, "odd-orders", channel=["own-shop"])
    told = {"rev": "0", "take_over": "1"}
    assert "own-shop goes to “Trial” now" in designer.get(f"/flows/{document['key']}/first-run")
    designer.post(f"/flows/{document['key']}/first-run/publication", told)
    assert _taker(house, "own-shop") == "big-orders"
    second = make(root, "odd-orders", channel=["own-shop"])
    root.post(f"/flows/{second['key']}/first-run/publication", told)
    assert _taker(house, "own-shop") == second["key"]
    with reading(house.service.engine) as connection:
        acts = connection.execute(select(tables.audit.c.action, tables.audit.c.subject)).all()
    assert ("channel.change", "own-shop") in acts


def test_only_those_who_may_publish_do(house: House, designer: Visitor) -> None:
    document = make(designer, "odd-orders")
    auditor = house.enter("oliver")
    page = auditor.get(f"/flows/{document['key']}/first-run")
    assert "Somebody who may publish" in page
    assert auditor.post(f"/flows/{document['key']}/first-run/publication", {"rev": "0"}).status_code == 403
    assert designer.post(f"/flows/{document['key']}/first-run/publication", {}).status_code == 400
    designer.post(f"/flows/{document['key']}/first-run/publication", {"rev": "7"})
    assert "changed in the meantime" in designer.get("/flows")


def _taker(house: House, channel: str) -> str | None:
    with reading(house.service.engine) as connection:
        query = select(tables.channels.c.flow_key).where(tables.channels.c.name == channel)
        key: str | None = connection.execute(query).scalar()
        return key
