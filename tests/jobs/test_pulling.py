"""Real workers that pull: whoever is killed, wherever it is, leaves neither a gap nor a double, and others go on at once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from runtime import pulls, systems
from runtime.core.moment import micros
from runtime.pulls import Pull
from runtime.sealing import Seal
from runtime.store import pulls as stored
from runtime.store.database import begin, reading
from runtime.store.tables import orders, refusals
from tests.jobs.conftest import PATIENCE_SECONDS, Yard, wait_until
from tests.shop_feed import SECRET, Shop, selling
from tests.trade import MANAGER, SIX_STEPS, order, publish

pytestmark = pytest.mark.redis

CHANNEL = "own-shop"
KEY = "key of this installation, for tests"
PLACES = ("pull.fetched", "intake.stored", "intake.committed")


def set_up(yard: Yard, shop: Shop) -> None:
    at = micros(yard.service.clock())
    with begin(yard.service.engine, durable=True) as connection:
        systems.allow(connection, ["127.0.0.1/32"], MANAGER, at)
        pulls.keep(connection, Pull(CHANNEL, shop.address, "30", SECRET), Seal(KEY), MANAGER, at)


def start_worker(yard: Yard, wish: Path) -> "subprocess.Popen[bytes]":
    """A worker that dies where the file tells it to."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDERFLOW_")}
    settings = {
        "ORDERFLOW_HOME": str(yard.home),
        "ORDERFLOW_DATABASE_URL": yard.database_url,
        "ORDERFLOW_REDIS_URL": yard.redis_url,
        "ORDERFLOW_SECRET_KEY": KEY,
    }
    with (yard.home / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "tests.chaos.part", str(wish), "worker"]
        worker = subprocess.Popen(command, env=kept | settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    yard.workers.append(worker)
    return worker


def cursor(yard: Yard) -> str | None:
    with reading(yard.service.engine) as connection:
        row = stored.find(connection, CHANNEL)
        return row["cursor"] if row else None


def test_a_worker_killed_anywhere_in_a_pull_leaves_neither_a_gap_nor_a_double(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    sold = [order(number) for number in range(900)]
    sold[450] = order(450, currency="XXX")
    wish = yard.home / "wish"
    seen: list[str | None] = []
    with selling(sold) as shop:
        set_up(yard, shop)
        for place in PLACES:
            # At the second page that it has in its hands.
            wish.write_text(f"{place} 2", "utf-8")
            assert start_worker(yard, wish).wait(PATIENCE_SECONDS) == -signal.SIGKILL
            seen.append(cursor(yard))
        start_worker(yard, wish)
        wait_until(lambda: cursor(yard) == "900")
        wait_until(lambda: yard.states() == {"done": 899})
    # Each began where the one before had stored its last page.
    assert seen == ["200", "400", "800"]
    with reading(yard.service.engine) as connection:
        came = Counter(connection.execute(select(orders.c.external_id)).scalars())
        kept = connection.execute(select(refusals.c.external_id)).scalars().all()
    assert came == Counter(one["id"] for one in sold if one["currency"] == "CNY")
    assert kept == ["A-00450"]
