"""Changes of orders' content: checked, written down with before and after, found by lists, and only by those who may."""

from typing import Any

import orjson
import pytest
from sqlalchemy import Table, select

from builder.auth import DUTIES, MAY
from runtime.actor import Actor
from runtime.core.order import digest
from runtime.core.run import with_changes
from runtime.mending import MAY_AMEND, Proposed, Unchanged, Unfit
from runtime.store import queries
from runtime.store.database import reading
from runtime.store.tables import audit, order_changes
from tests.store.conftest import House
from tests.trade import APPROVAL, arrival, order, publish

LI = Actor("li", "127.0.0.1", "test")
WANG = Actor("wang")


@pytest.fixture
def run_id(house: House) -> str:
    """An order that waits for the leads."""
    publish(house.service, APPROVAL)
    taken = house.service.receive([arrival(order(1))])[0].run_id
    house.settle()
    return taken


def change(house: House, run_id: str, patch: dict[str, Any], **more: Any) -> Proposed | Unchanged | Unfit:
    told: dict[str, Any] = {"duty": "after_sales", "reason": "buyer called", "actor": LI} | more
    return house.service.mending.propose_change(run_id, patch, **told)


def standing(house: House, run_id: str) -> dict[str, Any]:
    with reading(house.service.engine) as connection:
        row = queries.order(connection, run_id)
    assert row is not None
    laid = with_changes(orjson.loads(row["document"]), orjson.loads(row["changes"]))
    return {**dict(laid), "raw": row["raw"], "state": row["state"]}


def rows(house: House, table: Table) -> list[Any]:
    with reading(house.service.engine) as connection:
        return list(connection.execute(select(table)).mappings())


def test_a_change_is_laid_over_the_order_and_written_down(house: House, run_id: str) -> None:
    raw = standing(house, run_id)["raw"]
    done = change(house, run_id, {"buyer.phone": "139 0000 1111", "lines.0.quantity": 3})
    assert isinstance(done, Proposed)
    assert done.applied
    after = standing(house, run_id)
    assert (after["buyer"]["phone"], after["lines"][0]["quantity"]) == ("139 0000 1111", 3)
    assert (after["raw"], after["state"]) == (raw, "waiting")
    [row] = rows(house, order_changes)
    assert (row["proposed_by"], row["duty"], row["reason"]) == ("li", "after_sales", "buyer called")
    assert orjson.loads(row["before"]) == {"buyer.phone": "+86 138 0013 8000", "lines.0.quantity": 1}
    assert orjson.loads(row["after"]) == {"buyer.phone": "139 0000 1111", "lines.0.quantity": 3}
    [act] = [one for one in rows(house, audit) if one["action"] == "run.amend"]
    assert (act["actor"], act["ip"], act["subject"]) == ("li", "127.0.0.1", run_id)
    with reading(house.service.engine) as connection:
        last = queries.trace(connection, run_id)[-1]
    assert (last["event"]["kind"], last["event"]["reason"], last["actor"]) == ("amend", "buyer called", "li")


def test_lists_find_the_order_by_what_it_says_now(house: House, run_id: str) -> None:
    change(house, run_id, {"buyer.name": "Ada", "buyer.phone": "139 0000 1234", "lines.0.sku": "NEW-1"})
    with reading(house.service.engine) as connection:
        for text in ("Ada", "1234", "NEW-1"):
            assert [row["run_id"] for row in queries.find_orders(connection, text=text)] == [run_id]
        assert not queries.find_orders(connection, text="8000")


def test_what_does_not_fit_is_refused_with_its_place_and_nothing_is_written(house: House, run_id: str) -> None:
    before = standing(house, run_id)
    refused = change(house, run_id, {"buyer.name": "Ada", "lines.0.quantity": "many"})
    assert isinstance(refused, Unfit)
    assert [(one.code, one.where) for one in refused.problems] == [("order.kind", "lines.0.quantity")]
    assert standing(house, run_id) == before
    assert rows(house, order_changes) == []


def test_who_looked_at_an_older_order_changes_nothing_and_reads_who_was_first(house: House, run_id: str) -> None:
    shown = {name: value for name, value in standing(house, run_id).items() if name not in ("raw", "state")}
    assert isinstance(change(house, run_id, {"note": "ring twice"}, seen=digest(shown)), Proposed)
    late = change(house, run_id, {"note": "leave it"}, seen=digest(shown), actor=WANG)
    assert isinstance(late, Unchanged)
    assert (late.why, late.by) == ("meanwhile", "li")
    assert standing(house, run_id)["note"] == "ring twice"


def test_only_some_duties_may_and_the_doors_agree(house: House, run_id: str) -> None:
    assert {duty for duty in DUTIES if "orders.amend" in MAY[duty]} == MAY_AMEND
    for duty in set(DUTIES) - MAY_AMEND:
        assert change(house, run_id, {"note": "x"}, duty=duty) == Unchanged("duty")


def test_an_ended_or_unknown_order_an_empty_reason_and_no_change_are_told(house: House, run_id: str) -> None:
    assert change(house, run_id, {"note": "x"}, reason="  ") == Unchanged("reason")
    assert change(house, run_id, {"note": "请放门口，谢谢"}) == Unchanged("nothing")
    assert change(house, "0" * 26, {"note": "x"}) == Unchanged("unknown")
    house.service.close(run_id, "cancelled", "sold out", LI)
    ended = change(house, run_id, {"note": "x"})
    assert isinstance(ended, Unchanged)
    assert ended.why == "ended"
    assert rows(house, order_changes) == []


def test_an_order_that_no_flow_takes_yet_can_be_changed_and_is_released_after(house: House) -> None:
    run_id = house.service.receive([arrival(order(2))])[0].run_id
    assert isinstance(change(house, run_id, {"note": "ring twice"}), Proposed)
    assert standing(house, run_id)["state"] == "held"
    publish(house.service, APPROVAL)
    assert house.service.release([run_id], "approval", LI) == 1
    house.settle()
    after = standing(house, run_id)
    assert (after["state"], after["note"]) == ("waiting", "ring twice")
