"""The board: who may see it and act from it, what its script is told, and how small and quick that stays."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from builder.board.views import MOST_ROWS
from runtime.actor import Actor
from runtime.clock import now
from runtime.store.database import reading
from runtime.store.tables import audit, messages, sla_limits, tasks
from tests.crowd import gather, remember
from tests.web.conftest import House, Visitor
from tests.web.test_every_address import token_of

ZHAO = Actor("zhao")
LARGEST_ANSWER = 200_000
PATIENCE_SECONDS = 15.0


def answer_of(answer: TestResponse) -> dict[str, Any]:
    """The JSON of an answer that must be a success."""
    assert answer.status_code == 200, answer.text[:300]
    read: dict[str, Any] = answer.get_json()
    return read


def rows(visitor: Visitor, **query: str) -> dict[str, Any]:
    return answer_of(visitor.client.get("/board/rows", query_string=query))


def told(answer: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The rows by order number, with what stands in their words."""
    words = answer["words"]
    names = ("channel", "flow", "flow_name", "node", "stage", "owner", "rest", "kin")
    return {row[1]: dict(zip(names, (words[place] for place in row[3:11]), strict=True)) for row in answer["rows"]}


def send(visitor: Visitor, path: str, **body: Any) -> TestResponse:
    return visitor.client.post(path, json=body, headers={"X-CSRFToken": token_of(visitor)})


def open_tasks(house: House) -> list[str]:
    with reading(house.service.engine) as connection:
        query = select(tasks.c.trace).where(tasks.c.state == "open").order_by(tasks.c.trace)
        return list(connection.execute(query).scalars())


def test_whoever_looks_after_orders_sees_the_board_and_those_who_draw_do_not(house: House) -> None:
    for who, sees in {"chen": True, "zhao": True, "root": True, "oliver": True, "lin": False}.items():
        visitor = house.enter(who)
        for path in ("/board", "/board/wall", "/board/limits", "/board/rows", "/board/forecast"):
            assert visitor.look(path).status_code == (200 if sees else 403), (who, path)
        assert ('href="/board"' in visitor.get("/")) == sees


def test_only_those_who_lead_hand_tasks_over_escalate_and_set_limits(house: House) -> None:
    chen = house.enter("chen")
    assert "data-board-many" not in chen.get("/board")
    assert "<form" not in chen.get("/board/limits").partition('id="board-side"')[2].partition("</main>")[0]
    for path in ("/board/reassign", "/board/escalate", "/board/limits"):
        assert send(chen, path, keys=["x"]).status_code == 403
    assert "data-board-many" in house.enter("zhao").get("/board")


def test_a_row_tells_where_an_order_stands_whose_it_is_and_when_its_time_ends(house: House) -> None:
    house.take(1, total="9000.00")
    house.take(2, channel="shaky-shop")
    house.service.answering.claim(open_tasks(house)[0], Actor("wang"))
    answer = rows(house.enter("chen"))
    found = told(answer)
    assert (found["A-00001"]["owner"], found["A-00001"]["rest"], found["A-00001"]["flow"]) == (
        "Wang",
        "person",
        "big-orders",
    )
    assert (found["A-00002"]["rest"], found["A-00002"]["owner"]) == ("failed", "")
    by_number = {row[1]: row for row in answer["rows"]}
    since, due, amber, stopped = by_number["A-00001"][12:]
    # The step's own deadline is half an hour; amber comes ten minutes before.
    assert (due - since, due - amber, stopped) == (1800, 600, None)
    # Who failed waits too, and has the half hour of every stage.
    assert by_number["A-00002"][13] - by_number["A-00002"][12] == 1800


def test_after_the_first_answer_only_what_has_changed_is_told_and_nothing_where_nothing_has(house: House) -> None:
    house.take(1, total="9000.00")
    house.take(2, total="9000.00")
    chen = house.enter("chen")
    first = rows(chen)
    same = chen.client.get("/board/rows", query_string={"since": first["mark"]})
    assert (same.status_code, same.data) == (304, b"")
    assert abs(int(same.headers["Orderflow-Now"]) / 1000 - now().timestamp()) < 60

    house.service.decide_task(open_tasks(house)[0], "approve", "", ZHAO)
    house.settle()
    house.take(3, total="9000.00")
    second = rows(chen, since=first["mark"])
    assert (second["after"], second["total"]) == (first["mark"], 2)
    assert [row[1] for row in second["rows"]] == ["A-00003"]
    assert second["gone"] == [next(row[0] for row in first["rows"] if row[1] == "A-00001")]


def test_a_mark_that_the_server_does_not_know_brings_everything_anew(house: House) -> None:
    house.take(1, total="9000.00")
    answer = rows(house.enter("chen"), since="of another process")
    assert (answer["after"], len(answer["rows"]), answer["next"]) == ("", 1, None)


def test_a_lead_hands_many_over_at_once_also_what_somebody_had_taken_on(house: House) -> None:
    for number in (1, 2, 3):
        house.take(number, total="9000.00")
    first, second, third = open_tasks(house)
    house.service.answering.claim(first, Actor("wang"))
    house.service.decide_task(third, "approve", "", ZHAO)
    zhao = house.enter("zhao")
    answer = answer_of(send(zhao, "/board/reassign", keys=[first, second, third], to="person:chen", note="on leave"))
    assert answer["done"] == 2
    assert [one["order"] for one in answer["missed"]] == ["A-00003"]
    assert "Zhao approved this" in answer["missed"][0]["why"]
    found = told(rows(zhao))
    assert [found[number]["owner"] for number in ("A-00001", "A-00002")] == ["Chen", "Chen"]


def test_what_cannot_be_handed_over_is_refused_with_a_sentence(house: House) -> None:
    zhao = house.enter("zhao")
    refused: list[dict[str, Any]] = [
        {"keys": ["x"], "to": "person:nobody"},
        {"keys": ["x"], "to": "person:lin"},
        {"keys": [], "to": "person:chen"},
        {"keys": ["x"] * 201, "to": "person:chen"},
        {"keys": "all", "to": "person:chen"},
    ]
    for wrong in refused:
        answer = send(zhao, "/board/reassign", **wrong)
        assert answer.status_code == 422, wrong
        assert "." in answer.get_json()["detail"], wrong


def test_escalating_calls_up_whoever_leads_once_and_stands_in_the_trail(house: House) -> None:
    house.take(1, total="9000.00")
    (trace,) = open_tasks(house)
    visitor = house.enter("zhao")
    stands_still = house.service.clock()
    house.service.clock = lambda: stands_still
    for _twice in (1, 2):
        assert send(visitor, "/board/escalate", keys=[trace], note="the customer calls").json == {
            "done": 1,
            "missed": [],
        }
    with reading(house.service.engine) as connection:
        addressees = connection.execute(select(messages.c.addressee, messages.c.text)).all()
        acts = connection.execute(select(audit.c.after).where(audit.c.action == "task.escalate")).scalars().all()
    assert sorted(who for who, _text in addressees) == ["person:wang", "person:zhao"]
    assert all("the customer calls" in text for _who, text in addressees)
    assert len(acts) == 1


def test_a_limit_that_a_lead_sets_holds_at_once_and_stands_in_the_trail(house: House) -> None:
    with_deadline = house.take(1, total="9000.00")
    zhao = house.enter("zhao")
    page = zhao.get("/board/limits")
    assert 'name="minutes ask"' in page
    saved = zhao.post("/board/limits", {"flow": "big-orders", "minutes ": "90", "amber ": "15", "rev ": "0"})
    assert "It holds for all open orders" in saved.text
    # The step has a deadline of its own, which ends sooner than the whole order's time.
    row = next(row for row in rows(zhao)["rows"] if row[0].startswith(with_deadline))
    assert row[13] - row[12] == 1800
    zhao.post("/board/limits", {"flow": "big-orders", "minutes ": "12", "amber ": "5", "rev ": "1"})
    row = next(row for row in rows(zhao)["rows"] if row[0].startswith(with_deadline))
    assert (row[11] & 2, row[13] - row[14]) == (2, 300)
    with reading(house.service.engine) as connection:
        kept = connection.execute(select(sla_limits.c.minutes, sla_limits.c.editor, sla_limits.c.rev)).all()
        acts = connection.execute(select(audit.c.actor).where(audit.c.action == "limit.change")).scalars().all()
    assert [tuple(one) for one in kept] == [(12, "zhao", 2)]
    assert acts == ["zhao", "zhao"]


def test_minutes_for_exactly_this_step_go_before_a_longer_deadline_of_its_own(house: House) -> None:
    house.take(1, total="9000.00")
    zhao = house.enter("zhao")
    times = []
    for rev, minutes in enumerate(("20", "45")):
        zhao.post(
            "/board/limits", {"flow": "big-orders", "minutes ask": minutes, "amber ask": "5", "rev ask": str(rev)}
        )
        (row,) = rows(zhao)["rows"]
        times.append((row[13] - row[12], row[13] - row[14]))
    assert times == [(1200, 300), (1800, 300)]


def test_a_limit_that_is_none_is_told_at_its_field_and_what_was_typed_stays(house: House) -> None:
    zhao = house.enter("zhao")
    for minutes, amber in (("0", ""), ("soon", ""), ("-5", ""), ("999999", ""), ("20", "20"), ("20", "x")):
        answer = zhao.post("/board/limits", {"flow": "", "minutes *": minutes, "amber *": amber, "rev *": "0"})
        assert answer.status_code == 422, minutes
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{minutes}"' in answer.text


def test_who_changed_a_limit_that_another_changed_meanwhile_is_told(house: House) -> None:
    zhao, wang = house.enter("zhao"), house.enter("wang")
    zhao.post("/board/limits", {"flow": "", "minutes *": "40", "amber *": "", "rev *": "0"})
    late = wang.post("/board/limits", {"flow": "", "minutes *": "50", "amber *": "", "rev *": "0"})
    assert late.status_code == 409
    assert "Somebody else has changed this" in late.text


def test_a_forecast_is_told_with_how_often_it_was_right_and_too_little_history_is_said(house: House) -> None:
    house.take(1, total="9000.00")
    chen = house.enter("chen")
    nothing = answer_of(chen.client.get("/board/forecast"))
    assert (nothing["spreads"], nothing["known"], nothing["rate"]["looked"]) == ({}, 0, 0)

    remember(house.service, "big-orders", "ask", [45] * 160)
    (row,) = told(rows(chen, since="anew")).values()
    assert row["kin"] == "big-orders ask -1"
    found = answer_of(chen.client.get("/board/forecast"))
    assert found["spreads"] == {"big-orders ask -1": [45 * 60] * 21}
    assert found["rate"] == {"looked": 144, "predicted": 144, "hits": 144, "late": 144}


def test_times_are_told_by_the_house_s_own_clock(house: House) -> None:
    chen = house.enter("chen")
    house.service.clock = lambda: now() + timedelta(hours=3)
    answer = chen.client.get("/board/rows")
    assert abs(int(answer.headers["Orderflow-Now"]) / 1000 - now().timestamp() - 3 * 3600) < 60


def test_five_thousand_open_orders_come_in_small_answers_and_soon(house: House) -> None:
    gather(house.service, 5_000)
    chen = house.enter("chen")
    first, start = rows(chen), 0
    sizes, seconds, keys = [], [], set()
    while True:
        began = time.monotonic()
        page = chen.client.get("/board/rows", query_string={"mark": first["mark"], "from": start} if start else {})
        seconds.append(time.monotonic() - began)
        sizes.append(len(page.data))
        answer = answer_of(page)
        keys |= {row[0] for row in answer["rows"]}
        if answer["next"] is None:
            break
        start = answer["next"]
    assert len(keys) == 5_000
    assert start == 3 * MOST_ROWS
    assert max(sizes) < LARGEST_ANSWER
    assert max(seconds) < PATIENCE_SECONDS
    urgent = [row[13] for row in first["rows"]]
    assert urgent == sorted(urgent)
