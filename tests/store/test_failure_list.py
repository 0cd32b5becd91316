"""The failure list is filled from the orders that had failed before there was a table for it."""

from pathlib import Path

import orjson
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, delete, select

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.store import failure_list
from runtime.store.database import MIGRATIONS, begin, connect, reading
from runtime.store.tables import failures, runs
from tests.core.flow_documents import REQUEST, document
from tests.store.conftest import House
from tests.trade import arrivals, publish


def refuse(_call: Call) -> Answered:
    return Answered("refused", message="no stock")


@pytest.fixture
def failed(house: House) -> House:
    """Three orders whose call was refused."""
    house.service.outbox.outlets = {("system", "stub"): Outlet({"en": "Stub"}, refuse)}
    publish(
        house.service,
        document(
            [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "stub"}), ("end", "end", {})],
            ["in.out>call", "call.ok>end"],
            key="shaky",
            channels=["own-shop"],
        ),
    )
    house.service.receive(arrivals(range(3)))
    house.settle()
    return house


def listed(engine: Engine) -> list[dict[str, object]]:
    with reading(engine) as connection:
        rows = connection.execute(select(failures).order_by(failures.c.run_id)).mappings()
        return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def test_what_was_filled_in_later_reads_as_if_it_had_been_written_down_then(failed: House) -> None:
    engine = failed.service.engine
    written = listed(engine)
    assert len(written) == 3
    assert {row["system"] for row in written} == {"stub"}
    with begin(engine, durable=True) as connection:
        connection.execute(delete(failures))
        failure_list.fill(connection)
    assert listed(engine) == written
    assert orjson.loads(str(written[0]["params"]))["message"] == "no stock"


def test_an_older_home_finds_its_failures_on_the_desk_after_an_upgrade(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    _upgrade(url, "0001")
    engine = connect(url)
    token = {"node": "call", "step": 3, "attempt": 2, "rest": "failed", "since": 1_700_000_000_000_000}
    failure = {"kind": "refused", "code": "request.refused", "params": {"system": "erp", "message": "no"}, "attempt": 2}
    standing = {"node": "ask", "step": 2, "rest": "person", "since": 1_700_000_000_000_000}
    run = {
        "id": "0" * 26,
        "channel": "own-shop",
        "flow_key": "shaky",
        "version_id": "1" * 26,
        "state": "failed",
        "tokens": orjson.dumps([standing, {**token, "failure": failure}]).decode(),
        "changes": '{"note":"x"}',
        "steps": 3,
        "rev": 4,
        "received_at": 1_700_000_000_000_000,
    }
    with begin(engine, durable=True) as connection:
        connection.execute(runs.insert(), [run, {**run, "id": "1" * 26, "state": "waiting"}])
    _upgrade(url, "head")
    [row] = listed(engine)
    assert (row["run_id"], row["node"], row["step"], row["attempt"]) == ("0" * 26, "call", 3, 2)
    assert (row["system"], row["state"], row["changes"]) == ("erp", "open", '{"note":"x"}')
    assert row["failed_at"] == 1_700_000_000_000_000
    engine.dispose()


def _upgrade(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, revision)
