"""Backup and restore of a home: whole, consistent under load, and never taking what is not a backup."""

import hashlib
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
from runtime import homecoming
from runtime.adapters.contract import Call, Outlet
from runtime.backup import MANIFEST, Manifest, Restored, Unfit, back_up, restore
from runtime.homecoming import DATABASE, KEY
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


def _flipped(path: Path) -> None:
    """Some bytes in the middle of the packed database are others."""
    with zipfile.ZipFile(path) as archive:
        begins = archive.getinfo(DATABASE).header_offset
    content = bytearray(path.read_bytes())
    content[begins + 200 : begins + 400] = bytes(200)
    path.write_bytes(content)


def _locked(path: Path) -> None:
    """Every member asks for a password."""
    content = path.read_bytes()
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(head)
        while at >= 0:
            content = content[: at + flags] + b"\x01" + content[at + flags + 1 :]
            at = content.find(head, at + 4)
    path.write_bytes(content)


def _bomb(path: Path) -> None:
    """The database says that it unpacks to a thousand terabytes."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo(DATABASE).file_size = 10**15
        archive.comment = b"written anew"


def _told_as(**changed: Any) -> Callable[[Path], None]:
    return lambda path: _rewrite(path, lambda manifest: manifest.update(changed))


def _holds(database: bytes) -> Callable[[Path], None]:
    """Another database, with a manifest that fits it."""

    def spoil(path: Path) -> None:
        sums = {
            "sha256": {DATABASE: hashlib.sha256(database).hexdigest(), KEY: hashlib.sha256(SECRET.encode()).hexdigest()}
        }
        _rewrite(path, lambda manifest: manifest.update(sums))
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (members | {DATABASE: database}).items():
                archive.writestr(name, content)

    return spoil


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
        (_flipped, "is damaged"),
        (_locked, "is damaged"),
        (_bomb, "has room for"),
        (_told_as(orders="many"), "no backup of Orderflow"),
        (_told_as(revision=[]), "no backup of Orderflow"),
        (_told_as(sha256=1), "no backup of Orderflow"),
        (_told_as(made_at="x" * 70_000), "no backup of Orderflow"),
        (_told_as(revision="0001"), "is damaged"),
        (_holds(b"no database"), "is damaged"),
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


def test_two_restores_of_one_second_set_aside_apart(sqlite_house: House, tmp_path: Path) -> None:
    take(sqlite_house, tmp_path / "one.zip")
    asides = [restore(tmp_path / "one.zip", tmp_path / "home", NOW, demo=False).aside for _ in range(3)]
    assert [aside and aside.name for aside in asides] == [
        None,
        "replaced-20261122-030000",
        "replaced-20261122-030000-2",
    ]


class Killed(BaseException):
    """What ends a restore in the middle, as a kill would: nothing of it cleans up behind it."""


@pytest.mark.parametrize("survived", range(6))
def test_a_restore_that_is_killed_is_brought_to_its_end(
    sqlite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """Killed before each of its steps: a database and a key are there at any moment, and in the end the right ones."""
    publish(sqlite_house.service, SIX_STEPS)
    sqlite_house.service.receive(arrivals(range(4)))
    take(sqlite_house, tmp_path / "one.zip")
    home = tmp_path / "home"
    home.mkdir()
    old = {DATABASE: "old orders", f"{DATABASE}-wal": "old log", KEY: "old key"}
    for name, content in old.items():
        (home / name).write_text(content)
    (home / ".restore-left").mkdir()
    steps = 0

    def step_or_die(act: Callable[..., Any]) -> Callable[..., Any]:
        def step(*told: Any, **more: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps > survived:
                raise Killed
            return act(*told, **more)

        return step

    with monkeypatch.context() as until_killed:
        for name in ("replace", "hardlink_to", "rmdir"):
            until_killed.setattr(Path, name, step_or_die(getattr(Path, name)))
        with pytest.raises(Killed):
            restore(tmp_path / "one.zip", home, NOW, demo=False)
    assert (home / DATABASE).exists() and (home / KEY).exists()
    assert homecoming.finish(home)
    assert not homecoming.finish(home)
    aside = home / "replaced-20261122-030000"
    assert {path.name: path.read_text() for path in aside.iterdir()} == old
    assert sorted(path.name for path in home.iterdir()) == [DATABASE, aside.name, KEY]
    assert (home / KEY).read_text() == SECRET
    elsewhere = House(f"sqlite:///{home / DATABASE}")
    elsewhere.settle()
    assert states(elsewhere) == {"done": 4}
    elsewhere.service.engine.dispose()
