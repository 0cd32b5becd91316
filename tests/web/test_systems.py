"""The systems: set up on a page, called at once by flows, watched, stopped by hand, and never into the house unasked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from builder.cli import main
from runtime.core.lane import Limits
from runtime.store import lanes, tables
from runtime.store.database import begin, reading
from runtime.systems import LiveOutlets, act_on_lane
from tests.core.flow_documents import document
from tests.trade import MANAGER, arrival, order, publish
from tests.web.conftest import House

CALLS_ERP = document(
    [("in", "ingest", {}), ("call", "request", {"system": "erp-east", "action": "book"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="books",
    channels=["erp-shop"],
)
LIMITS = {
    "timeout_seconds": "5",
    "calls_at_once": "3",
    "calls_per_minute": "60",
    "trip_after": "4",
    "pause_seconds": "20",
}


@contextmanager
def erp() -> Iterator[tuple[int, list[Any]]]:
    """A system on this machine: its port, and what it was asked."""
    asked: list[Any] = []

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.headers["Authorization"], self.headers["Idempotency-Key"], body))
            told = b'{"receipt": "R-77"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_words: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def typed(port: int = 9, **more: str) -> dict[str, str]:
    """The form of a system, filled in."""
    form = {
        "name": "erp-east",
        "label_en": "ERP East",
        "label_zh": "华东 ERP",
        "url": f"http://127.0.0.1:{port}/orders",
        "proof": "bearer",
        "secret": "s3cret-token",
    }
    return form | LIMITS | more


def acts_of(house: House, subject: str) -> list[tuple[str, str]]:
    with reading(house.service.engine) as connection:
        query = select(tables.audit.c.action, tables.audit.c.actor).where(tables.audit.c.subject == subject)
        return [(action, actor) for action, actor in connection.execute(query.order_by(tables.audit.c.id))]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set up is heeded at once, not within seconds."""
    monkeypatch.setattr("runtime.systems.REMEMBERED_SECONDS", 0.0)


def test_a_system_is_set_up_tested_called_and_forgotten(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    with erp() as (port, asked):
        assert root.post("/systems/new", typed(port)).status_code == 303
        tested = root.post("/systems/system/erp-east/test").text
        assert "not on the public internet" in tested, "nobody has listed this machine yet"
        assert root.post("/systems/allowed", {"allowed": "127.0.0.1/32\n"}).status_code == 303
        tested = root.post("/systems/system/erp-east/test").text
        assert "R-77" in tested
        assert asked[0][0] == "Bearer s3cret-token" and asked[0][2] == {"action": "ping", "fields": {}}
        publish(house.service, CALLS_ERP)
        run_id = house.take(1, "erp-shop")
        page = root.get(f"/orders/{run_id}")
        assert "ERP East" in page
        assert [key for _, key, _ in asked[1:]] == [f"{run_id}.2.1"]
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.runs.c.state)).scalars().all() == ["done"]
    refused = root.post("/systems/system/erp-east/deletion")
    assert (refused.status_code, "/flows/books/canvas" in refused.text) == (409, True)
    palette = root.get("/canvas/palette")
    assert {"key": "erp-east", "label": "ERP East"} in json.loads(palette)["systems"]


def test_a_system_that_no_flow_calls_is_forgotten(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    root.post("/systems/new", typed())
    assert root.post("/systems/system/erp-east/deletion").status_code == 303
    assert ("system", "erp-east") not in house.service.outbox.outlets
    assert acts_of(house, "erp-east") == [("system.add", "root"), ("system.drop", "root")]


def test_a_system_is_not_forgotten_while_an_order_of_an_older_version_may_call_it(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    root.post("/systems/new", typed())
    publish(house.service, CALLS_ERP)
    house.service.receive([arrival(order(1), "erp-shop")])
    without = document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end"], key="books", channels=["erp-shop"])
    publish(house.service, without)
    assert root.post("/systems/system/erp-east/deletion").status_code == 409
    house.settle()
    with reading(house.service.engine) as connection:
        [run_id] = connection.execute(select(tables.runs.c.id)).scalars()
    house.service.close(run_id, "cancelled", "gone", MANAGER)
    assert root.post("/systems/system/erp-east/deletion").status_code == 303


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("timeout_seconds", "301", "1 to 300"), ("timeout_seconds", "0", "1 to 300"), ("timeout_seconds", "", "1 to 300"),
        ("calls_at_once", "101", "1 to 100"), ("calls_per_minute", "-1", "0 to 6000"), ("trip_after", "1.5", "1 to 100"),
        ("pause_seconds", "９", "1 to 600"), ("name", "ERP East", "letters"), ("name", "warehouse", "another name"),
        ("url", "ftp://erp.example/", "https://"), ("url", "https://a:b@erp.example/", "sealed"), ("url", "", "https://"),
        ("secret", "", "secret"), ("secret", "密钥", "ASCII"), ("label_en", "x" * 129, "128"),
        ("proof", "none", "leave the secret empty"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_aloud_and_what_was_typed_stays(
    house: House, field: str, value: str, told: str
) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    answer = root.post("/systems/new", typed() | {field: value})
    assert answer.status_code == 422
    error = answer.text.split('class="error"')[1].split("</p>")[0][:600]
    assert told in error
    assert 'value="http' in answer.text or field == "url"
    assert "s3cret-token" not in answer.text, "a secret is never shown"
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.systems)).all() == []


def test_a_change_keeps_the_secret_that_is_not_typed_again(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    root.post("/systems/new", typed())
    page = root.get("/systems/system/erp-east")
    assert "s3cret-token" not in page
    changed = typed(secret="", url="http://127.0.0.1:9/v2", trip_after="9")
    assert root.post("/systems/system/erp-east", changed).status_code == 303
    with reading(house.service.engine) as connection:
        row = connection.execute(select(tables.systems)).mappings().one()
        limits = lanes.find(connection, ("system", "erp-east")).limits
    assert (row["url"], limits.trip_after, "s3cret" in row["secret"]) == ("http://127.0.0.1:9/v2", 9, False)
    outlets = house.service.outbox.outlets
    assert isinstance(outlets, LiveOutlets)
    assert outlets._secret(row["secret"]) == "s3cret-token"
    refused = root.post("/systems/system/erp-east", changed | {"trip_after": "999"})
    assert (refused.status_code, 'value="999"' in refused.text) == (422, True)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.2:9/orders", "http://127.0.0.1:10/orders", "https://127.0.0.1:9/orders", "https://evil.example/"],
)
def test_a_kept_secret_is_never_sent_to_another_host(house: House, url: str) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    root.post("/systems/new", typed())
    refused = root.post("/systems/system/erp-east", typed(secret="", url=url))
    assert (refused.status_code, "meant for the one before" in refused.text) == (422, True)
    assert root.post("/systems/system/erp-east", typed(secret="n3w-token", url=url)).status_code == 303


def test_two_who_set_up_the_same_name_are_told_who_was_first(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/new")
    assert root.post("/systems/new", typed()).status_code == 303
    second = root.post("/systems/new", typed(url="http://127.0.0.1:8/"))
    assert (second.status_code, "another name" in second.text) == (422, True)
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.systems.c.url)).scalars().all() == ["http://127.0.0.1:9/orders"]


def test_simulated_systems_have_limits_too_and_what_stays_inside_has_none(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/system/flaky")
    assert root.post("/systems/system/flaky", LIMITS).status_code == 303
    with reading(house.service.engine) as connection:
        assert lanes.find(connection, ("system", "flaky")).limits == Limits(5, 3, 60, 4, 20)
    assert root.post("/systems/notifier/notice", LIMITS).status_code == 404
    assert root.post("/systems/notifier/notice/lane", {"act": "pause", "reason": "hush"}).status_code == 404
    assert root.post("/systems/system/nowhere", LIMITS).status_code == 404
    root.get("/systems/system/never-heard-of", 404)


def test_calls_are_stopped_by_hand_with_a_reason_and_the_order_tells_why_it_waits(house: House) -> None:
    root = house.enter("root")
    root.get("/systems/system/warehouse")
    assert root.post("/systems/system/warehouse/lane", {"act": "pause"}).status_code == 422
    root.post("/systems/system/warehouse/lane", {"act": "pause", "reason": "stocktaking"})
    assert "stocktaking" in root.get("/systems")
    flow = document(
        [("in", "ingest", {}), ("call", "request", {"system": "warehouse", "action": "book"}), ("end", "end", {})],
        ["in.out>call", "call.ok>end"],
        key="reserves",
        channels=["paused-shop"],
    )
    publish(house.service, flow)
    run_id = house.take(1, "paused-shop")
    assert "calls to it are paused by Root" in root.get(f"/orders/{run_id}")
    root.post("/systems/system/warehouse/lane", {"act": "resume", "reason": "counted"})
    root.post("/systems/system/warehouse/lane", {"act": "open", "reason": "they restart"})
    assert "its breaker is open until" in root.get(f"/orders/{run_id}")
    assert "they restart" in root.get("/systems/system/warehouse")
    assert "1 call waits" in root.get("/systems/system/warehouse")
    root.post("/systems/system/warehouse/lane", {"act": "close", "reason": "it is up again"})
    house.settle()
    assert "done" in root.get(f"/orders/{run_id}")
    told = [("lane.pause", "root"), ("lane.resume", "root"), ("lane.open", "root"), ("lane.close", "root")]
    assert acts_of(house, "system:warehouse") == told


def test_two_people_who_do_the_same_change_it_once(house: House) -> None:
    for expected in (True, False):
        with begin(house.service.engine, durable=True) as connection:
            assert act_on_lane(connection, ("system", "flaky"), "pause", "both saw it", MANAGER, 1) is expected


def test_a_listed_network_is_checked_and_what_was_typed_stays(house: House) -> None:
    root = house.enter("root")
    root.get("/systems")
    for wildcard in ("*", "*.house", "10.0.*"):
        assert root.post("/systems/allowed", {"allowed": wildcard}).status_code == 422
    answer = root.post("/systems/allowed", {"allowed": "10.0.0.0/8\nnot a host\n300.1.1.1/99"})
    assert (answer.status_code, "not a host\n300.1.1.1/99" in answer.text) == (422, True)
    assert root.post("/systems/allowed", {"allowed": "10.0.0.0/8\nerp.house\n10.0.0.0/8"}).status_code == 303
    assert ("outgoing.allow", "root") in acts_of(house, "outgoing_allowed")
    assert "10.0.0.0/8\nerp.house</textarea>" in root.get("/systems")


def test_others_look_and_only_administrators_change(house: House) -> None:
    chen = house.enter("chen")
    page = chen.get("/systems")
    assert "Warehouse (simulated)" in page and "Add a system" not in page
    assert "may be called" not in page, "what the house looks like inside is nobody else's business"
    assert "test call" not in chen.get("/systems/system/warehouse")
    for path in ("/systems/new", "/systems/allowed", "/systems/system/flaky", "/systems/system/flaky/lane"):
        assert chen.post(path, LIMITS).status_code == 403
    assert chen.post("/systems/system/flaky/test").status_code == 403


def test_a_name_that_a_flow_calls_but_nobody_set_up_is_told(house: House) -> None:
    house.take(1, "shaky-shop")
    root = house.enter("root")
    assert "Calls to it are refused. Set up a system of this name." in root.get("/systems/system/nowhere")
    root.speak("zh-CN")
    assert "对它的调用会被拒绝" in root.get("/systems/system/nowhere")


def test_the_command_sets_up_a_system_or_says_what_is_wrong(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERFLOW_DATABASE_URL", str(house.service.engine.url))
    monkeypatch.setenv("ORDERFLOW_SECRET_KEY", "k" * 40)
    add = ["system", "add", "erp-east", "http://127.0.0.1:9/orders"]
    run = CliRunner()
    wrong = run.invoke(main, [*add, "--limit", "trip_after=0", "--proof", "basic"])
    assert (wrong.exit_code, "1 to 100" in wrong.output, "signature" in wrong.output) == (1, True, True)
    assert "no limit" in run.invoke(main, [*add, "--limit", "speed=9"]).output
    done = run.invoke(main, [*add, "--proof", "bearer", "--secret", "--allow", "127.0.0.1/32"], input="s3cret\n")
    assert done.exit_code == 0, done.output
    assert run.invoke(main, [*add, "--limit", "trip_after=50"]).exit_code == 0
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.systems.c.proof)).scalar_one() == "bearer", "only the limit was told"
    elsewhere = run.invoke(main, ["system", "add", "erp-east", "http://127.0.0.1:8/orders"])
    assert (elsewhere.exit_code, "secret" in elsewhere.output) == (1, True)
    assert "erp-east  http://127.0.0.1:9/orders" in run.invoke(main, ["system", "list"]).output
    with reading(house.service.engine) as connection:
        assert lanes.find(connection, ("system", "erp-east")).limits == Limits(trip_after=50)
    assert run.invoke(main, ["system", "drop", "erp-east"]).exit_code == 0
    assert run.invoke(main, ["system", "drop", "erp-east"]).exit_code == 1
