"""The judge of the chaos tests finds nothing where all is well, and finds each fault that is planted."""

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
import pytest
from sqlalchemy.engine import make_url

from nodes.contract import Answered
from runtime.adapters.contract import Call as OutwardCall
from runtime.adapters.contract import Outlet
from runtime.clock import now
from runtime.doorbell import Doorbell
from runtime.service import Service
from runtime.store import queries
from runtime.store.database import connect, reading
from tests.chaos import history
from tests.chaos.history import Call, Death, Seen, judge
from tests.chaos.people import FLOW, SYSTEM, of_this_hour, real_orders
from tests.chaos.yard import wait_until
from tests.trade import MANAGER, all_outlets, arrival, publish

ORDERS = 12


class NoBell(Doorbell):
    """Nobody hears it: the test itself does the work."""

    def __init__(self) -> None:
        pass

    def ring(self) -> None:
        pass


@pytest.fixture
def story(sqlite_url: str) -> Iterator[tuple[str, Seen]]:
    """A database in which a dozen orders have ended, and what outsiders saw of it."""
    calls: list[Call] = []

    def send(call: OutwardCall) -> Answered:
        calls.append(Call(call.key, 100.0 + len(calls)))
        return Answered("ok")

    outlets = {**all_outlets(), ("system", SYSTEM): Outlet({"en": "Sink"}, send)}
    service = Service(connect(sqlite_url), NoBell(), NoBell(), NoBell(), NoBell(), now, outlets)
    publish(service, FLOW)
    documents = [of_this_hour(document) for document in islice(real_orders(), ORDERS)]
    documents[0]["total"] = "999.00"
    receipts = service.receive([arrival(one, one["channel"]) for one in documents])
    decided = {}

    def done() -> bool:
        service.drain()
        service.perform()
        with reading(service.engine) as connection:
            for task in queries.find_tasks(connection, None, state="open"):
                service.decide_task(task["trace"], "approve", "", MANAGER)
                decided[task["trace"]] = "approve"
            return queries.total_balance(list(queries.balance(connection).values())).states["done"] == ORDERS

    wait_until(done, "every order is done")
    service.engine.dispose()
    acknowledged = {one["id"]: receipt.run_id for one, receipt in zip(documents, receipts, strict=True)}
    yield sqlite_url, Seen(acknowledged, decided, SYSTEM, tuple(calls))


Story = tuple[str, Seen]


def promises(url: str, seen: Seen) -> set[str]:
    """The promises that the judge finds broken."""
    return {fault.promise for fault in judge(url, seen).faults}


def change(story: Story, statement: str, *values: object) -> None:
    """Alter the database behind everybody's back."""
    with closing(sqlite3.connect(make_url(story[0]).database or "")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement, values).rowcount, statement
        connection.commit()


def first(story: Story) -> str:
    """The trace of the first order, which was asked about."""
    return next(iter(story[1].acknowledged.values()))


def test_an_honest_history_has_no_fault(story: Story) -> None:
    verdict = judge(*story)
    assert (str(verdict), verdict.faults) == (f"0 faults in {ORDERS} orders\n", ())
    assert (verdict.ended, verdict.lost, verdict.calls, verdict.repeats) == (ORDERS, 0, ORDERS, 0)


PLANTED = {
    "lost order": (
        ["DELETE FROM orders WHERE run_id = :it", "DELETE FROM runs WHERE id = :it"],
        "an acknowledged order is there",
    ),
    "order without run": (["DELETE FROM runs WHERE id = :it"], "every order has its run"),
    "run without order": (["DELETE FROM orders WHERE run_id = :it"], "every run has its order"),
    "order twice": (
        ["UPDATE orders SET channel = 'x', external_id = (SELECT max(external_id) FROM orders) WHERE run_id = :it"],
        "an order is there once",
    ),
    "gap": (["DELETE FROM journal WHERE run_id = :it AND rev = 2"], "a journal has no gap"),
    "last entry gone": (
        ["DELETE FROM journal WHERE run_id = :it AND rev = (SELECT rev FROM runs WHERE id = :it)"],
        "a journal has no gap",
    ),
    "journal without run": (["UPDATE journal SET run_id = 'nobody' WHERE run_id = :it"], "every journal has its run"),
    "never ended": (["UPDATE runs SET state = 'running', ended_at = NULL WHERE id = :it"], "every order ends"),
    "ended and goes on": (["UPDATE runs SET state = 'waiting' WHERE id = :it"], "an order that ended stays ended"),
    "no such state": (["UPDATE runs SET state = 'limbo' WHERE id = :it"], "the balance has no difference"),
    "moved to another channel": (
        ["UPDATE runs SET channel = 'elsewhere' WHERE id = :it"],
        "the balance has no difference",
    ),
    "no version": (["DELETE FROM flow_versions"], "every run goes by a version that exists"),
    "call forgotten": (["DELETE FROM effects WHERE run_id = :it"], "every step that asks a system has one call"),
    "call nobody asked for": (
        [
            "CREATE TABLE more AS SELECT * FROM effects WHERE run_id = :it LIMIT 1",
            "UPDATE more SET trace = :it || '.99.1', target = 'another'",
            "INSERT INTO effects SELECT * FROM more",
        ],
        "every call belongs to a step that asks",
    ),
    "call of another order": (["UPDATE effects SET run_id = 'x' WHERE run_id = :it"], "a call's key tells its order"),
    "call not answered": (["UPDATE effects SET state = 'claimed' WHERE run_id = :it"], "every call is answered"),
    "sending not counted": (["UPDATE effects SET sends = 0 WHERE run_id = :it"], "every sending is counted"),
    "decision forgotten": (["UPDATE tasks SET state = 'open' WHERE run_id = :it"], "a confirmed decision is kept"),
    "decision turned": (["UPDATE tasks SET decision = 'reject' WHERE run_id = :it"], "a confirmed decision is kept"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(story: Story, name: str) -> None:
    statements, promise = PLANTED[name]
    for statement in statements:
        times = statement.count(":it")
        change(story, statement.replace(":it", "?"), *[first(story)] * times)
    assert promise in promises(*story)


def test_a_step_that_was_done_twice_is_found(story: Story) -> None:
    rev, entry = last_entry(story)
    entry["steps"].insert(0, entry["steps"][0])
    write_entry(story, rev, entry)
    assert {"a step is left once"} == promises(*story)


def test_an_answer_that_counted_twice_is_found(story: Story) -> None:
    rev, entry = last_entry(story)
    entry["steps"] = []
    write_entry(story, rev + 1, entry)
    change(story, "UPDATE runs SET rev = rev + 1 WHERE id = ?", first(story))
    assert {"an answer counts once", "nothing happens to an order after its end"} == promises(*story)


def test_an_order_that_ended_twice_is_found(story: Story) -> None:
    rev, entry = last_entry(story)
    write_entry(story, rev + 1, {**entry, "event": {"kind": "close", "result": "done"}, "steps": []})
    change(story, "UPDATE runs SET rev = rev + 1 WHERE id = ?", first(story))
    assert {"an order ends once"} == promises(*story)


def test_a_call_made_twice_is_found_unless_its_sender_was_killed_in_between(story: Story) -> None:
    url, seen = story
    change(story, "UPDATE effects SET sends = 2")
    first_call = seen.calls[0]
    again = replace(seen, calls=(*seen.calls, Call(first_call.key, first_call.at + 20)))
    broken = {"a call is repeated only when its sender died"}
    assert promises(url, again) == broken
    assert promises(url, replace(again, deaths=[Death("worker", 1, first_call.at + 1)])) == set()
    assert promises(url, replace(again, deaths=[Death("worker", 1, first_call.at - 9)])) == broken, "it died before"
    assert promises(url, replace(again, deaths=[Death("worker", 1, first_call.at + 9)])) == broken, "it died after"
    assert promises(url, replace(again, deaths=[Death("clock", 1, first_call.at + 1)])) == broken, "no sender died"


def test_a_call_that_the_database_does_not_know_is_found(story: Story) -> None:
    url, seen = story
    assert promises(url, replace(seen, calls=(*seen.calls, Call("of-nobody.1.1", 200.0)))) == {
        "nothing is sent that the database does not know"
    }


def test_an_answer_without_a_call_is_found(story: Story) -> None:
    url, seen = story
    assert promises(url, replace(seen, calls=seen.calls[1:])) == {"what was answered was called"}


def test_another_trace_code_than_was_answered_is_found(story: Story) -> None:
    url, seen = story
    told = dict(zip(seen.acknowledged, reversed(list(seen.acknowledged.values())), strict=True))
    assert promises(url, replace(seen, acknowledged=told)) == {"an order keeps the trace code that was answered"}


def test_the_judge_knows_nothing_of_what_it_judges() -> None:
    imported = set()
    for node in ast.walk(ast.parse(Path(history.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])
    assert not imported & {"runtime", "builder", "nodes", "tests"}


# --- small parts --------------------------------------------------------------------------------------------------------


def last_entry(story: Story) -> tuple[int, dict[str, list[object]]]:
    """The last journal entry of the first order, with its rev."""
    with closing(sqlite3.connect(make_url(story[0]).database or "")) as connection:
        query = "SELECT rev, entry FROM journal WHERE run_id = ? ORDER BY rev DESC LIMIT 1"
        rev, entry = connection.execute(query, [first(story)]).fetchone()
    return rev, orjson.loads(entry)


def write_entry(story: Story, rev: int, entry: object) -> None:
    """Write a journal entry of the first order."""
    change(
        story,
        "INSERT OR REPLACE INTO journal (run_id, rev, at, entry) VALUES (?, ?, 1, ?)",
        first(story),
        rev,
        orjson.dumps(entry).decode(),
    )
