"""Backup and restore of a home: whole, consistent under load, and never taking what is not a backup."""

import json
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.backup import DATABASE, KEY, MANIFEST, Manifest, Restored, Unfit, back_up, restore
from runtime.store import queries
from runtime.store.database import connect, reading
from runtime.store.tables import effects, orders
from tests.core.flow_documents import REQUEST, document
from tests.store.conftest import House
from tests.trade import SIX_STEPS, arrivals, publish

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
SECRET = "k" * 48

CALLING = document(
    [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "stub"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="calling",
    channels=["own-shop"],
)


def take(house: House, target: Path, **more: bool) -> Manifest:
    path = Path(house.url.removeprefix("sqlite:///"))
    return back_up(
        path, SECRET, target, NOW, demo=False, force=more.get("force", False), progress=lambda _done, _of: None
    )


def move_in(source: Path, home: Path) -> tuple[Restored, House]:
    restored = restore(source, home, NOW, demo=False)
    return restored, House(f"sqlite:///{home / DATABASE}")


def states(house: House) -> dict[str, int]:
    with reading(house.service.engine) as connection:
        return {state: n for state, n in queries.state_counts(connection).items() if n}


def test_what_was_backed_up_goes_on_elsewhere(sqlite_house: House, tmp_path: Path) -> None:
    publish(sqlite_house.service, SIX_STEPS)
    sqlite_house.service.receive(arrivals(range(20)))
    manifest = take(sqlite_house, tmp_path / "one.zip")
    assert manifest.orders == 20
    assert stat.S_IMODE((tmp_path / "one.zip").stat().st_mode) == 0o600
    restored, elsewhere = move_in(tmp_path / "one.zip", tmp_path / "elsewhere")
    assert restored.aside is None
    assert (tmp_path / "elsewhere" / KEY).read_text() == SECRET
    elsewhere.settle()
    assert states(elsewhere) == {"done": 20}
    assert states(sqlite_house) == {"running": 20}
    elsewhere.service.engine.dispose()


def test_what_was_answered_is_not_sent_again_and_what_was_out_keeps_its_key(
    sqlite_house: House, tmp_path: Path
) -> None:
    sent: list[str] = []

    def send(call: Call) -> Answered:
        sent.append(call.key)
        return Answered("ok")

    outlets = {("system", "stub"): Outlet({"en": "Stub"}, send)}
    sqlite_house.service.outbox.outlets = outlets
    publish(sqlite_house.service, CALLING)
    sqlite_house.service.receive(arrivals(range(3)))
    sqlite_house.settle()
    answered = set(sent)
    sqlite_house.service.receive(arrivals(range(3, 5)))
    sqlite_house.service.drain()
    with reading(sqlite_house.service.engine) as connection:
        out = set(connection.execute(select(effects.c.trace).where(effects.c.state != "answered")).scalars())
    take(sqlite_house, tmp_path / "one.zip")
    sqlite_house.settle()
    sent.clear()
    _, elsewhere = move_in(tmp_path / "one.zip", tmp_path / "elsewhere")
    elsewhere.service.outbox.outlets = outlets
    elsewhere.settle()
    assert set(sent) == out
    assert not answered & set(sent)
    assert states(elsewhere) == {"done": 5}
    elsewhere.service.engine.dispose()


def test_a_backup_under_load_is_one_moment_and_holds_up_nobody(sqlite_house: House, tmp_path: Path) -> None:
    publish(sqlite_house.service, SIX_STEPS)
    sqlite_house.service.receive(arrivals(range(2_000)))
    stop = threading.Event()
    acknowledged: list[int] = []

    def trade() -> None:
        number = 2_000
        while not stop.is_set():
            sqlite_house.service.receive(arrivals(range(number, number + 10)))
            sqlite_house.service.drain(50)
            number += 10
            acknowledged.append(number)

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        before = 2_000
        manifest = take(sqlite_house, tmp_path / "one.zip")
        after = acknowledged[-1] if acknowledged else 2_000
    finally:
        stop.set()
        trader.join()
    assert before <= manifest.orders <= after + 10
    _, elsewhere = move_in(tmp_path / "one.zip", tmp_path / "elsewhere")
    with reading(elsewhere.service.engine) as connection:
        balance = queries.total_balance(queries.balance(connection).values())
    assert (balance.received, balance.difference) == (manifest.orders, 0)
    elsewhere.settle()
    assert states(elsewhere) == {"done": manifest.orders}
    elsewhere.service.engine.dispose()


def test_what_was_there_is_kept_aside(sqlite_house: House, tmp_path: Path) -> None:
    take(sqlite_house, tmp_path / "one.zip")
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(tmp_path / "one.zip", home / DATABASE)
    (home / "redis").mkdir()
    restored = restore(tmp_path / "one.zip", home, NOW, demo=False)
    assert restored.aside == home / "replaced-20261122-030000"
    assert sorted(path.name for path in restored.aside.iterdir()) == [DATABASE, "redis"]
    engine = connect(f"sqlite:///{home / DATABASE}")
    with reading(engine) as connection:
        assert connection.execute(select(orders.c.run_id)).first() is None
    engine.dispose()


def test_a_file_that_is_there_is_replaced_only_when_told_so(sqlite_house: House, tmp_path: Path) -> None:
    take(sqlite_house, tmp_path / "one.zip")
    with pytest.raises(Unfit, match="there already"):
        take(sqlite_house, tmp_path / "one.zip")
    assert take(sqlite_house, tmp_path / "one.zip", force=True).orders == 0
    with pytest.raises(Unfit, match="cannot be written"):
        take(sqlite_house, tmp_path / "nowhere" / "one.zip")
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == []


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-400])


def _foreign(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.txt", "x")


def _newer(path: Path) -> None:
    _rewrite(path, lambda manifest: manifest.update(revision="9999"))


def _damaged(path: Path) -> None:
    _rewrite(path, lambda manifest: manifest["sha256"].update({DATABASE: "0" * 64}))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members[MANIFEST])
    change(manifest)
    members[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_cut, "cannot be read"),
        (_empty, "cannot be read"),
        (_foreign, "no backup of Orderflow"),
        (_newer, "newer Orderflow"),
        (_damaged, "is damaged"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_touched(
    sqlite_house: House, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    take(sqlite_house, tmp_path / "one.zip")
    spoil(tmp_path / "one.zip")
    home = tmp_path / "home"
    home.mkdir()
    (home / DATABASE).write_text("mine")
    with pytest.raises(Unfit, match=said):
        restore(tmp_path / "one.zip", home, NOW, demo=False)
    assert [path.name for path in home.iterdir()] == [DATABASE]
    assert (home / DATABASE).read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"), [("other.db", "no database of Orderflow"), ("no.db", "There is no database")]
)
def test_what_is_no_database_of_ours_is_not_backed_up(tmp_path: Path, name: str, said: str) -> None:
    sqlite3.connect(tmp_path / "other.db").close()
    target = tmp_path / "one.zip"
    with pytest.raises(Unfit, match=said):
        back_up(tmp_path / name, SECRET, target, NOW, demo=False, force=False, progress=lambda _done, _of: None)


def test_a_demo_shop_is_never_restored_as_the_real_one(sqlite_house: House, tmp_path: Path) -> None:
    take(sqlite_house, tmp_path / "one.zip")
    _rewrite(tmp_path / "one.zip", lambda manifest: manifest.update(demo=True))
    with pytest.raises(Unfit, match="of a demo shop, this home is of real orders"):
        restore(tmp_path / "one.zip", tmp_path / "home", NOW, demo=False)
    assert not (tmp_path / "home").exists()
