"""Running orders go on in another version: nothing is lost, nothing is asked or sent twice, and it can be taken back."""

from threading import Thread
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from nodes.contract import Answered
from runtime.actor import Actor
from runtime.acts import Mend, Unmended
from runtime.core.moment import micros
from runtime.moving import SLICE, Begun, Choice, Moving, Preview, Unmoved
from runtime.store import desk, queries, versions
from runtime.store.database import reading
from runtime.store.desk import Look
from runtime.store.ids import new_id
from runtime.store.tables import audit, effects, runs, tasks
from tests.core.flow_documents import REQUEST, approval, document
from tests.store.conftest import House
from tests.trade import arrival, order, publish

LI = Actor("li", "127.0.0.1", "test")
WANG = Actor("wang")
EVERYBODY = Choice()


def flow(team: str = "leads", step: str = "ask", **more: Any) -> dict[str, Any]:
    """People are asked, then a system that nobody has set up is called."""
    return document(
        [
            ("in", "ingest", {}),
            (step, "approval", approval(team, deadline_minutes=60, **more)),
            ("call", "request", {**REQUEST, "system": "nowhere"}),
            ("end", "end", {}),
            ("no", "end", {"result": "cancelled"}),
        ],
        [f"in.out>{step}", f"{step}.approved>call", f"{step}.rejected>no", "call.ok>end"],
        key="moving",
        channels=["own-shop"],
    )


def take(house: House, number: int, first: int = 0) -> list[str]:
    taken = house.service.receive([arrival(order(first + n)) for n in range(number)])
    house.settle()
    return [one.run_id for one in taken]


def preview(house: House, number: int) -> Preview:
    with reading(house.service.engine) as connection:
        found = house.service.moving.preview(connection, "moving", number)
    assert found
    return found


def start(house: House, number: int, choice: Choice = EVERYBODY, actor: Actor = LI) -> Begun | Unmoved:
    move_id = new_id(house.watch())
    return house.service.moving.start(move_id, "moving", number, choice, "new approver", actor)


def undo(house: House, move: Begun | Unmoved, run_id: str | None = None) -> Begun | Unmoved:
    assert isinstance(move, Begun)
    return house.service.moving.undo(new_id(house.watch()), move.move_id, "not yet", LI, run_id)


def standing(house: House, run_id: str) -> dict[str, Any]:
    with reading(house.service.engine) as connection:
        row = dict(connection.execute(select(runs).where(runs.c.id == run_id)).mappings().one())
    return {name: row[name] for name in ("state", "tokens", "version_id", "due_at", "changes", "steps")}


def asked(house: House, run_id: str) -> list[tuple[str, str, int | None]]:
    with reading(house.service.engine) as connection:
        query = select(tasks.c.state, tasks.c.who, tasks.c.due_at).where(tasks.c.run_id == run_id)
        return [(row.state, row.who, row.due_at) for row in connection.execute(query)]


def decline_codes(house: House, move: Begun | Unmoved) -> list[str]:
    assert isinstance(move, Begun)
    with reading(house.service.engine) as connection:
        rows = versions.orders_of_move(connection, move.move_id, state="declined")
    return [orjson.loads(row["why"])[0][0] for row in rows]


def test_the_new_team_is_asked_with_the_clock_running_on_and_undo_asks_the_old_one(house: House) -> None:
    publish(house.service, flow())
    run_id = take(house, 1)[0]
    before = standing(house, run_id)
    deadline = micros(house.watch()) + 60 * 60 * 1_000_000
    assert asked(house, run_id) == [("open", "leads", deadline)]
    publish(house.service, flow("finance"))
    house.watch.go_on(minutes=20)
    [group] = preview(house, 2).groups
    assert (group.number, group.places, group.obstacles) == (1, (("ask", "person"),), ())
    assert [(one.code, one.settings) for one in group.changes] == [("move.asked_anew", ("who",))]
    moved = start(house, 2)
    assert isinstance(moved, Begun)
    assert (moved.total, moved.moved, moved.declined) == (1, 1, 0)
    assert asked(house, run_id) == [("open", "finance", deadline)]
    with reading(house.service.engine) as connection:
        last = queries.trace(connection, run_id)[-1]
        trail = connection.execute(select(audit.c.action).where(audit.c.subject == run_id)).scalars().all()
    assert (last["event"]["kind"], last["actor"]) == ("move", "li")
    assert "run.move" in trail
    house.watch.go_on(minutes=5)
    back = undo(house, moved)
    assert isinstance(back, Begun)
    assert (back.moved, back.declined) == (1, 0)
    assert asked(house, run_id) == [("open", "leads", deadline)]
    assert standing(house, run_id) == before


def test_a_step_that_is_gone_or_is_another_one_keeps_the_order_and_is_named(house: House) -> None:
    publish(house.service, flow())
    run_id = take(house, 1)[0]
    before = standing(house, run_id)
    publish(house.service, flow(step="look"))
    [group] = preview(house, 2).groups
    assert [(one.code, one.node) for one in group.obstacles] == [("move.no_step", "ask")]
    assert preview(house, 2).movable == 0
    assert isinstance(start(house, 2), Unmoved)
    named = start(house, 2, Choice(run_ids=(run_id,)))
    assert isinstance(named, Begun)
    assert (named.moved, decline_codes(house, named)) == (0, ["move.no_step"])
    assert standing(house, run_id) == before


def test_a_call_under_way_is_not_sent_again_and_its_answer_counts(house: House) -> None:
    publish(house.service, flow())
    run_id = take(house, 1)[0]
    assert house.service.decide_task(f"{run_id}.2.1", "approve", "fine", LI) is None
    publish(house.service, flow("finance"))
    with reading(house.service.engine) as connection:
        calls = connection.execute(select(effects)).mappings().all()
    moved = start(house, 2)
    assert isinstance(moved, Begun)
    assert moved.moved == 1
    with reading(house.service.engine) as connection:
        assert connection.execute(select(effects)).mappings().all() == calls
    house.service.deliver_answers({calls[0]["trace"]: Answered("ok", {}, "")})
    assert standing(house, run_id)["state"] == "done"


def test_orders_are_decided_on_what_they_are_not_on_what_was_looked_at(house: House) -> None:
    publish(house.service, flow())
    ended, other, stays = take(house, 3)
    publish(house.service, flow("finance"))
    moving = house.service.moving
    target = preview(house, 2).to_version
    old = preview(house, 2).groups[0].version_id
    assert house.service.close(ended, "cancelled", "by phone", WANG) is None
    assert isinstance(start(house, 2, Choice(run_ids=(other,)), WANG), Begun)
    late = moving._begin(
        new_id(house.watch()), "moving", target, None, [(one, old, target) for one in (ended, other, stays)], "x", LI
    )
    assert isinstance(late, Begun)
    assert (late.moved, late.declined) == (1, 2)
    assert sorted(decline_codes(house, late)) == ["move.ended", "move.moved_since"]


def test_who_moves_second_is_told_who_was_first(house: House) -> None:
    publish(house.service, flow())
    take(house, 2)
    publish(house.service, flow("finance"))
    outcomes: list[Begun | Unmoved] = []
    people = [Thread(target=lambda one: outcomes.append(start(house, 2, actor=one)), args=(one,)) for one in (LI, WANG)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    moved = sum(one.moved for one in outcomes if isinstance(one, Begun))
    assert moved == 2
    again = start(house, 2)
    assert isinstance(again, Unmoved)
    assert again.why == "nothing"
    assert again.by in ("li", "wang")


def test_a_big_move_goes_by_slices_and_loses_nothing_when_its_worker_dies(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(house.service, flow())
    number = SLICE + 20
    run_ids = take(house, number)
    publish(house.service, flow("finance"))
    begun = start(house, 2)
    assert isinstance(begun, Begun)
    assert (begun.total, begun.moved) == (number, 0)
    refused = start(house, 2, actor=WANG)
    assert isinstance(refused, Unmoved)
    assert (refused.why, refused.by) == ("running", "li")
    assert house.service.moving.due()
    with monkeypatch.context() as patched:
        patched.setattr(Moving, "_close", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.service.moving.work()
    assert {standing(house, one)["version_id"] for one in run_ids} == {preview(house, 2).groups[0].version_id}
    while house.service.moving.work():
        pass
    with reading(house.service.engine) as connection:
        counts = versions.move_counts(connection, [begun.move_id])[begun.move_id]
        entries = connection.execute(select(tasks.c.who).where(tasks.c.state == "open")).scalars().all()
    assert counts == {"moved": number}
    assert entries == ["finance"] * number
    assert not preview(house, 2).groups
    assert not house.service.moving.due()


def test_one_order_goes_back_and_those_that_went_on_are_named(house: House) -> None:
    publish(house.service, flow())
    first, second, third = take(house, 3)
    publish(house.service, flow("finance"))
    moved = start(house, 2)
    back = undo(house, moved, first)
    assert isinstance(back, Begun)
    assert (back.total, back.moved) == (1, 1)
    assert asked(house, first)[0][1] == "leads"
    assert house.service.decide_task(f"{second}.2.1", "reject", "no", LI) is None
    rest = undo(house, moved)
    assert isinstance(rest, Begun)
    assert (rest.moved, decline_codes(house, rest)) == (1, ["move.ended"])
    assert asked(house, third)[0][1] == "leads"
    assert isinstance(house.service.moving.undo(new_id(house.watch()), "0" * 26, "x", LI), Unmoved)


def test_a_failed_order_is_tried_again_with_the_published_version(house: House) -> None:
    publish(house.service, flow())
    run_id = take(house, 1)[0]
    assert house.service.decide_task(f"{run_id}.2.1", "approve", "fine", LI) is None
    house.settle()
    assert standing(house, run_id)["state"] == "failed"
    mended = flow()
    mended["nodes"][2]["settings"] = {**REQUEST, "system": "warehouse"}
    publish(house.service, mended)
    with reading(house.service.engine) as connection:
        [failure] = desk.find_failures(connection, Look())
    assert house.service.acts.mend(failure["id"], Mend("retry", "the flow is mended", published=True), LI) is None
    with reading(house.service.engine) as connection:
        targets = connection.execute(select(effects.c.target).order_by(effects.c.trace)).scalars().all()
        kinds = [entry["event"]["kind"] for entry in queries.trace(connection, run_id)][-2:]
    assert targets == ["nowhere", "warehouse"]
    assert kinds == ["move", "retry"]
    again = house.service.acts.mend(failure["id"], Mend("retry", "once more", published=True), LI)
    assert isinstance(again, Unmended)
    assert (again.why, again.by) == ("mended", "li")


def test_a_deadline_that_the_new_version_says_and_that_is_over_takes_its_way_at_once(house: House) -> None:
    publish(house.service, flow())
    run_id = take(house, 1)[0]
    short = flow()
    short["nodes"][1]["settings"]["deadline_minutes"] = 5
    short["edges"].append({"id": "late", "from": "ask", "port": "late", "to": "no"})
    publish(house.service, short)
    house.watch.go_on(minutes=20)
    assert isinstance(start(house, 2), Begun)
    house.settle()
    assert standing(house, run_id)["state"] == "cancelled"


def test_nothing_is_moved_without_a_reason_or_to_a_version_that_is_none(house: House) -> None:
    publish(house.service, flow())
    take(house, 1)
    moving = house.service.moving
    assert moving.start(new_id(house.watch()), "moving", 1, Choice(), " ", LI) == Unmoved("reason")
    assert moving.start(new_id(house.watch()), "moving", 9, Choice(), "x", LI) == Unmoved("unknown")
    assert moving.start(new_id(house.watch()), "moving", 1, Choice(), "x", LI) == Unmoved("nothing")
