"""`orderflow up` with real processes: it starts all, keeps all alive, ends all, and loses nothing between two starts."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.supervision.houses import House, house


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[House]:
    """A demo shop on a port of its own."""
    with house(tmp_path, ORDERFLOW_DEMO="1", ORDERFLOW_PORT=str(free_port())) as made:
        yield made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def token_of(shop: House) -> str:
    """A token of the running shop that may see and do all; made once."""
    kept = shop.root / "token"
    if not kept.exists():
        made = shop.command("token", "create", "test", "--role", "admin")
        assert made.returncode == 0, made.stderr
        kept.write_text(made.stdout.strip())
    return kept.read_text()


def settled(shop: House, orders: int) -> bool:
    """True when that many orders came in, none of them can go on by itself, and the first are done.

    False while nobody answers: who did a moment ago may be the one that goes down with Redis.
    """
    token = token_of(shop)
    try:
        status, balance = shop.ask("/api/v1/balance", token=token)
    except OSError:
        return False
    return status == 200 and balance["received"] >= orders and balance["running"] == 0 and balance["done"] > 0


def test_a_demo_shop_starts_works_through_its_orders_and_ends_with_ctrl_c(shop: House) -> None:
    shop.start()
    assert shop.ask("/healthz")[0] == 200
    shop.wait_for(lambda: settled(shop, orders=60))
    balance = shop.ask("/api/v1/balance", token=token_of(shop))[1]
    assert balance["difference"] == 0
    assert balance["waiting"] > 0, balance
    assert set(balance["channels"]) >= {"own-shop", "tmall-tea-house", "douyin-live", "wechat-mall"}
    assert stat.S_IMODE((shop.root / "var" / "demo" / "redis.sock").stat().st_mode) == 0o700
    family = psutil.Process(shop.process.pid).children(recursive=True)
    assert shop.interrupt() == 0
    assert [member for member in family if member.is_running()] == []
    assert "Traceback" not in shop.said


def test_the_sign_in_link_shows_a_button_and_works_once(shop: House) -> None:
    shop.start()
    path = next(line for line in shop.said.split() if "/sign-in/" in line).partition(f":{shop.port}")[2]
    for _ in range(2):
        status, page = shop.ask(path)
        assert (status, "<form" in page) == (200, True), "looking at the link uses nothing up"


def test_every_part_that_dies_is_started_again_and_no_order_is_lost(shop: House) -> None:
    shop.start()
    shop.wait_for(lambda: settled(shop, orders=60))
    for word in ("worker", "clock", "push", "web", "redis.sock"):
        shop.wait_for(lambda word=word: bool(shop.parts(word)))  # type: ignore[misc]
        dead = shop.parts(word)[0]
        dead.kill()
        shop.wait_for(lambda dead=dead, word=word: any(p.pid != dead.pid for p in shop.parts(word)))  # type: ignore[misc]
    order = {"id": "after-the-storm", "created_at": "2026-11-22T10:00:00+08:00", "currency": "CNY", "total": "10.00"}
    token = token_of(shop)
    shop.wait_for(lambda: takes(shop, {**order, "channel": "own-shop"}, token))
    shop.wait_for(lambda: settled(shop, orders=61))


def test_a_second_start_finds_all_data(shop: House) -> None:
    shop.start()
    shop.wait_for(lambda: settled(shop, orders=60))
    shop.interrupt()
    shop.start()
    assert settled(shop, orders=60)


def test_no_part_outlives_a_supervisor_that_was_killed(shop: House) -> None:
    shop.start()
    shop.wait_for(lambda: bool(shop.parts("clock")))
    family = [p for word in ("worker", "clock", "push", "web", "feed") for p in shop.parts(word)]
    shop.process.kill()
    shop.process.wait()
    shop.wait_for(lambda: not any(member.is_running() for member in family))
    shop.start()
    assert "Ending the Redis that an earlier start left behind" in shop.said


def test_a_taken_port_is_told_and_the_next_one_is_used(shop: House) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(shop.variables["ORDERFLOW_PORT"])))
        other.listen()
        shop.start()
    wished = int(shop.variables["ORDERFLOW_PORT"])
    assert f"Port {wished} is taken" in shop.said
    assert shop.port > wished


def test_a_home_is_run_once_and_its_token_is_made_for_the_one_that_runs(shop: House) -> None:
    shop.start()
    again = shop.command("up")
    assert again.returncode == 1
    assert f"runs in this home already at http://127.0.0.1:{shop.port}" in again.stderr
    without = {name: text for name, text in shop.variables.items() if name != "ORDERFLOW_DEMO"}
    made = House(shop.root, shop.program, without).command("token", "create", "till", "--role", "admin")
    assert "var/demo (demo shop)" in made.stderr
    assert shop.ask("/api/v1/balance", token=made.stdout.strip())[0] == 200
    twice = shop.command("token", "create", "till", "--role", "admin")
    assert (twice.returncode, "already" in twice.stderr) == (1, True)
    assert "Did you mean admin?" in shop.command("token", "create", "till2", "--role", "admim").stderr


def test_real_orders_start_with_an_empty_house_and_a_link_for_the_first_administrator(tmp_path: Path) -> None:
    """Also where the path of the home is too long for a socket."""
    root = tmp_path / ("很长的文件夹名字" * 5)
    root.mkdir()
    with house(root, ORDERFLOW_PORT=str(free_port())) as live:
        live.start()
        path = next(line for line in live.said.split() if "/sign-in/" in line).partition(f":{live.port}")[2]
        assert live.ask(path)[0] == 200
        assert not (root / "var" / "demo").exists()
        live.wait_for(lambda: bool(live.parts("clock")))
        assert live.interrupt() == 0


@pytest.mark.parametrize("command", ["up", "web", "worker", "clock", "push", "migrate"])
def test_bad_settings_stop_every_part(tmp_path: Path, command: str) -> None:
    with house(tmp_path, ORDERFLOW_PROT="80") as made:
        done = made.command(command)
    assert done.returncode == 2
    assert "Did you mean ORDERFLOW_PORT?" in done.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    gone = f"postgresql://shop@127.0.0.1:{free_port()}/shop"
    with house(tmp_path, ORDERFLOW_DATABASE_URL=gone, ORDERFLOW_PORT=str(free_port())) as made:
        done = made.command("up")
        assert done.returncode == 1
        assert "The database does not answer" in done.stderr
        assert "Traceback" not in done.stderr
        new = made.command("token", "create", "till", "--role", "admin")
        assert "ORDERFLOW_DATABASE_URL" in new.stderr


def answers(shop: House) -> bool:
    try:
        return shop.ask("/healthz")[0] == 200
    except OSError:
        return False


def takes(shop: House, order: dict[str, str], token: str) -> bool:
    try:
        return shop.ask("/api/v1/orders", order, token)[0] == 202
    except OSError:
        return False
