"""Orders inside sub-flows on real databases: they wait, fail, are mended, moved and counted there like anywhere else."""

from typing import Any

from sqlalchemy import select

from nodes.contract import Answered
from runtime.actor import Actor
from runtime.acts import Mend
from runtime.adapters.contract import Outlet
from runtime.core.moment import BUSINESS_ZONE
from runtime.moving import Choice
from runtime.reconcile import Reconciler
from runtime.store import live
from runtime.store.database import reading
from runtime.store.ids import new_id
from runtime.store.tables import failures, flow_versions, runs, tasks
from tests.core.flow_documents import REQUEST, approval, document
from tests.store.conftest import House
from tests.trade import arrivals, publish

LI = Actor("li")
LONG = "s" * 64  # the longest id that a step may have


def inner(team: str = "leads") -> dict[str, Any]:
    steps = [
        ("in", "ingest", {}),
        ("a" * 64, "approval", approval(team, deadline_minutes=60)),
        ("call", "request", {**REQUEST, "system": "ill"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "no"}),
    ]
    ask = "a" * 64
    return document(steps, [f"in.out>{ask}", f"{ask}.approved>call", f"{ask}.rejected>no", "call.ok>end"], key="inner")


def around(key: str, of: str, version: int, **more: Any) -> dict[str, Any]:
    steps = [("in", "ingest", {}), (LONG, "sub-flow", {"flow": of, "version": version}), ("end", "end", {})]
    return document(steps, [f"in.out>{LONG}", f"{LONG}.done>end"], key=key, **more)


def column(house: House, query: Any) -> list[Any]:
    with reading(house.service.engine) as connection:
        return list(connection.execute(query).scalars())


def test_orders_wait_fail_are_mended_moved_and_counted_inside(house: House) -> None:
    answers = {"well": False}
    ill = Outlet(label="Ill", send=lambda call: Answered("ok") if answers["well"] else Answered("error", message="ill"))
    house.service.outbox.outlets = {("system", "ill"): ill}
    publish(house.service, inner())
    publish(house.service, around("middle", "inner", 1))
    publish(house.service, around("outer", "middle", 1, channels=["own-shop"]))
    house.service.receive(arrivals(range(3)))
    house.settle()
    place = f"{LONG}/{LONG}/{'a' * 64}"
    assert column(house, select(tasks.c.node)) == [place] * 3

    # Another version of what is inside is another version of what is around it: moved, it is asked anew.
    publish(house.service, inner("deputies"))
    publish(house.service, around("middle", "inner", 2))
    publish(house.service, around("outer", "middle", 2, channels=["own-shop"]))
    house.service.moving.start(new_id(house.watch()), "outer", 2, Choice(), "new people", LI)
    while house.service.moving.work(20):
        pass
    [newest] = column(
        house, select(flow_versions.c.id).where(flow_versions.c.flow_key == "outer", flow_versions.c.number == 2)
    )
    assert set(column(house, select(runs.c.version_id))) == {newest}
    assert set(column(house, select(tasks.c.who).where(tasks.c.state == "open"))) == {"deputies"}

    first, second, _third = column(house, select(tasks.c.trace).where(tasks.c.state == "open").order_by(tasks.c.trace))
    for trace in (first, second):
        assert house.service.decide_task(trace, "approve", "so", LI) is None
    house.settle()
    assert column(house, select(failures.c.node)) == [f"{LONG}/{LONG}/call"] * 2
    with reading(house.service.engine) as connection:
        [(node, crowd)] = live.crowds(live.places(connection, "outer", newest, 0), 0).items()
    assert (node, dict(crowd.rests)) == (LONG, {"failed": 2, "person": 1})

    answers["well"] = True
    for failure_id in column(house, select(failures.c.id).where(failures.c.state == "open")):
        house.service.acts.mend(failure_id, Mend("retry"), LI)
    house.settle()
    assert sorted(column(house, select(runs.c.state))) == ["done", "done", "waiting"]
    assert Reconciler(house.service.engine, house.watch, BUSINESS_ZONE).check_all("li").found == ()
