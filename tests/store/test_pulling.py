"""Pulling orders: a page and its cursor stand or fall together, whoever is late stores nothing, a held channel is let be."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, insert, select, update

from runtime import pulls, systems
from runtime.adapters.contract import Asked, NoPage, Page
from runtime.adapters.sources.feed import LARGEST_PAGE, fetch
from runtime.adapters.sources.feed.page import read_page
from runtime.core.moment import BUSINESS_ZONE, micros
from runtime.core.surge import HOUR, hour_of
from runtime.core.words import text
from runtime.outgoing import Allowed
from runtime.pulling import LONGEST_PAUSE_SECONDS, pause_after
from runtime.pulls import Pull, PullAct
from runtime.sealing import Seal
from runtime.service import Service
from runtime.store import pulls as stored
from runtime.store import surges
from runtime.store.database import begin, connect, reading
from runtime.store.tables import arrivals, audit, channels, orders, refusals, runs
from runtime.store.tables import pulls as table
from tests.shop_feed import SECRET, Shop, selling
from tests.store.conftest import SECRET_KEY, House, SilentBell
from tests.trade import MANAGER, SIX_STEPS, order, publish

CHANNEL = "own-shop"
PATIENCE = 60.0


@pytest.fixture
def shop() -> Iterator[Shop]:
    with selling() as shop:
        yield shop


def set_up(house: House, shop: Shop, channel: str = CHANNEL) -> None:
    """Let this machine be called, and pull the shop's orders every minute."""
    at = micros(house.watch.now)
    with begin(house.service.engine, durable=True) as connection:
        systems.allow(connection, ["127.0.0.1/32"], MANAGER, at)
        pull = Pull(channel, shop.address, "60", SECRET)
        assert not pulls.problems_of(pull, None)
        pulls.keep(connection, pull, Seal(SECRET_KEY), MANAGER, at)


def act(house: House, wanted: PullAct) -> bool:
    with begin(house.service.engine, durable=True) as connection:
        return pulls.act(connection, CHANNEL, wanted, MANAGER, micros(house.watch.now))


def pull(house: House) -> int:
    """Pull what is due, to its end. How many channels were due."""
    begun = house.service.pulling.work()
    assert house.service.pulling.rest(PATIENCE)
    return begun


def row(house: House) -> dict[str, Any]:
    with reading(house.service.engine) as connection:
        found = stored.find(connection, CHANNEL)
        assert found
        return dict(found)


def error(house: House) -> str | None:
    problem = stored.error_of(row(house))
    return problem.code if problem else None


def came(house: House) -> list[str]:
    """The ids of the orders that are stored, each as often as it is."""
    with reading(house.service.engine) as connection:
        return sorted(connection.execute(select(orders.c.external_id)).scalars())


def refused(house: House) -> list[tuple[str | None, str]]:
    with reading(house.service.engine) as connection:
        rows = connection.execute(select(refusals.c.external_id, refusals.c.problems).order_by(refusals.c.id))
        return [(number, orjson.loads(problems)[0]["code"]) for number, problems in rows]


def ids(count: int) -> list[str]:
    return [order(number)["id"] for number in range(count)]


# --- the store --------------------------------------------------------------------------------------------------------


def test_orders_come_page_by_page_and_what_comes_later_is_pulled_in_its_time(house: House, shop: Shop) -> None:
    publish(house.service, SIX_STEPS)
    shop.orders = [order(number) for number in range(450)]
    set_up(house, shop)
    assert pull(house) == 1
    assert came(house) == ids(450)
    assert [question.get("after") for question in shop.asked] == [None, "200", "400"]
    told = row(house)
    assert (told["cursor"], told["came"], told["last_came"], told["holder"], error(house)) == (
        "450",
        450,
        450,
        None,
        None,
    )
    house.watch.go_on(seconds=59)
    assert pull(house) == 0
    shop.orders.append(order(450))
    house.watch.go_on(seconds=1)
    house.service.tick()
    assert house.pull_bell.rings == 1
    assert pull(house) == 1
    assert came(house) == ids(451)
    assert (row(house)["came"], row(house)["last_came"]) == (451, 1)


def test_one_bad_order_is_refused_alone_with_its_bytes_and_the_page_goes_on(house: House, shop: Shop) -> None:
    deep = "[" * 3000 + "]" * 3000
    shop.orders = [order(0), order(1, currency="XXX"), order(2), order(3, channel="elsewhere"), order(4), order(5)]
    shop.orders += [order(0), order(5, note="changed")]
    shop.lies = lambda question: (
        200,
        {},
        shop.page(question).replace(b'"A-00004","created_at"', b'"A-00004","attributes":' + deep.encode() + b',"x"'),
    )
    set_up(house, shop)
    pull(house)
    assert came(house) == ["A-00000", "A-00002", "A-00005"]
    codes = dict(refused(house))
    assert set(codes) == {"A-00001", "A-00003", "A-00005", None}
    assert (codes["A-00003"], codes["A-00005"], codes[None]) == ("pull.other_channel", "intake.conflict", "json.depth")
    assert (row(house)["cursor"], row(house)["came"], error(house)) == ("8", 3, None)
    shop.lies = None
    act(house, "beginning")
    pull(house)
    assert came(house) == ["A-00000", "A-00002", "A-00004", "A-00005"]


def test_page_and_cursor_are_stored_together_or_not_at_all(
    house: House, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.orders = [order(0), order(1, currency="XXX")]
    set_up(house, shop)
    written = stored.go_on

    def breaks(connection: Connection, channel: str, holder: str, values: Mapping[str, Any]) -> bool:
        went = written(connection, channel, holder, values)
        if "cursor" in values:
            raise RuntimeError("after the cursor")
        return went

    with monkeypatch.context() as patched:
        patched.setattr(stored, "go_on", breaks)
        pull(house)
    assert (came(house), refused(house), row(house)["cursor"]) == ([], [], None)
    assert (error(house), row(house)["failures"]) == ("pull.defect", 1)
    house.watch.go_on(seconds=30)
    pull(house)
    assert (came(house), len(refused(house)), row(house)["cursor"]) == (ids(1), 1, "2")


def test_who_is_late_with_a_page_stores_nothing_of_it(house: House, shop: Shop) -> None:
    shop.orders = [order(number) for number in range(3)]
    set_up(house, shop)

    def taken_for_dead() -> None:
        house.watch.go_on(seconds=61)
        with begin(house.service.engine, durable=False) as connection:
            assert stored.claim(connection, CHANNEL, "0" * 26, micros(house.watch.now))

    for meanwhile in (lambda: act(house, "pause"), lambda: act(house, "beginning"), taken_for_dead):
        shop.answers.clear()
        assert house.service.pulling.work() == 1
        meanwhile()
        shop.answers.set()
        assert house.service.pulling.rest(PATIENCE)
        assert (came(house), row(house)["cursor"], error(house)) == ([], None, None)
        house.watch.go_on(seconds=61)
        act(house, "resume")
    pull(house)
    assert came(house) == ids(3)


def test_two_workers_never_pull_one_channel_at_once(house: House, shop: Shop) -> None:
    shop.orders = [order(number) for number in range(5)]
    set_up(house, shop)
    bells = SilentBell(), SilentBell(), SilentBell(), SilentBell()
    other = Service(connect(house.url), *bells, house.watch, house.outlets, secret_key=SECRET_KEY)
    shop.answers.clear()
    begun = [one.pulling.work() for one in (house.service, other, house.service, other)]
    shop.answers.set()
    assert house.service.pulling.rest(PATIENCE)
    assert other.pulling.rest(PATIENCE)
    other.engine.dispose()
    assert begun == [1, 0, 0, 0]
    assert len(shop.asked) == 1
    assert came(house) == ids(5)


def test_a_lease_of_the_dead_lapses_and_is_given_up_at_once_where_the_death_is_seen(house: House, shop: Shop) -> None:
    shop.orders = [order(0)]
    set_up(house, shop)
    with begin(house.service.engine, durable=False) as connection:
        assert stored.claim(connection, CHANNEL, "0" * 26, micros(house.watch.now))
        assert not stored.claim(connection, CHANNEL, "1" * 26, micros(house.watch.now))
    house.watch.go_on(seconds=59)
    assert pull(house) == 0
    house.service.pulling.take_up({"0" * 26: 1, f"{'0' * 26}.1.1": 1})
    assert pull(house) == 1
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(update(table).values(next_at=0))
        assert stored.claim(connection, CHANNEL, "0" * 26, micros(house.watch.now))
    house.watch.go_on(seconds=60)
    assert pull(house) == 1
    # A clock that is set back leaves no pull to its old times.
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(update(table).values(next_at=0))
        assert stored.claim(connection, CHANNEL, "0" * 26, micros(house.watch.now))
        connection.execute(update(table).values(next_at=micros(house.watch.now)))
    house.watch.go_on(days=-40)
    assert pull(house) == 1


def test_failures_are_told_wait_twice_as_long_each_time_and_heal_by_themselves(sqlite_house: House, shop: Shop) -> None:
    house = sqlite_house
    shop.orders = [order(0)]
    shop.lies = lambda _question: (503, {}, b'{"message": "in repair"}')
    set_up(house, shop)
    for number, wait in enumerate((30, 60, 120), start=1):
        assert pull(house) == 1
        told = row(house)
        assert (told["failures"], told["next_at"] - micros(house.watch.now)) == (number, wait * 1_000_000)
        assert told["error"] and "503 Service Unavailable: in repair" in told["error"]
        house.watch.go_on(seconds=wait - 1)
        assert pull(house) == 0
        house.watch.go_on(seconds=1)
    assert pause_after(50) == LONGEST_PAUSE_SECONDS
    shop.lies = lambda _question: (429, {"Retry-After": "900"}, b"")
    pull(house)
    assert row(house)["next_at"] - micros(house.watch.now) == 900_000_000
    house.watch.go_on(seconds=900)
    shop.lies = None
    pull(house)
    assert (came(house), error(house), row(house)["failures"]) == (ids(1), None, 0)


# --- a surge ----------------------------------------------------------------------------------------------------------


def test_a_held_channel_is_not_pulled_until_it_is_open_again(house: House, shop: Shop) -> None:
    publish(house.service, SIX_STEPS)
    set_up(house, shop)
    pull(house)
    shop.orders = [order(number) for number in range(3)]
    house.watch.go_on(minutes=5)
    surge = house.service.surges.hold(CHANNEL, "stock count", MANAGER)
    assert surge
    house.service.tick()
    assert (house.pull_bell.rings, pull(house), row(house)["cursor"]) == (0, 0, "0")
    assert house.service.surges.release(surge, "all", "none", MANAGER)
    house.service.tick()
    house.service.tick()
    assert (house.pull_bell.rings, pull(house)) == (1, 1)
    assert came(house) == ids(3)


def test_a_surge_in_a_backlog_pauses_the_pull_and_after_the_waves_every_order_came_once(
    sqlite_house: House, shop: Shop
) -> None:
    house = sqlite_house
    publish(house.service, SIX_STEPS)
    hour = hour_of(micros(house.watch.now), BUSINESS_ZONE)
    usual = [{"channel": CHANNEL, "hour_at": hour - ago * HOUR, "came": 80} for ago in range(1, 25)]
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(arrivals), usual)
    shop.orders = [order(number) for number in range(2_000)]
    set_up(house, shop)
    pull(house)
    # The 320th order of the hour trips the breaker, in the middle of the second page, which is stored whole.
    assert came(house) == ids(400)
    assert (row(house)["cursor"], row(house)["holder"], len(shop.asked)) == ("400", None, 2)
    assert states(house) == {"running": 319, "held": 81}
    for _ in range(3):
        house.watch.go_on(minutes=2)
        house.service.tick()
        assert pull(house) == 0
    with reading(house.service.engine) as connection:
        (surge,) = surges.open_surges(connection)
    assert house.service.surges.release(surge["id"], "waves", "day", MANAGER)
    for _ in range(20):
        house.settle()
        house.watch.go_on(minutes=2)
        house.service.tick()
        with reading(house.service.engine) as connection:
            is_open = not surges.count_open(connection)
        assert pull(house) == is_open
        if is_open:
            break
    house.settle()
    assert came(house) == ids(2_000)
    assert states(house) == {"done": 2_000}
    assert [question.get("after") for question in shop.asked] == [None, *(str(n) for n in range(200, 2_000, 200))]


def states(house: House) -> dict[str, int]:
    with reading(house.service.engine) as connection:
        return dict(Counter(connection.execute(select(runs.c.state)).scalars()))


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_pull_that_is_paused_stands_still_and_goes_on_where_it_stood(sqlite_house: House, shop: Shop) -> None:
    house = sqlite_house
    shop.orders = [order(number) for number in range(2)]
    set_up(house, shop)
    pull(house)
    assert act(house, "pause")
    assert not act(house, "pause")
    shop.orders.append(order(2))
    house.watch.go_on(hours=1)
    assert pull(house) == 0
    assert not act(house, "now")
    assert act(house, "resume")
    pull(house)
    assert shop.asked[-1]["after"] == "2"
    assert came(house) == ids(3)
    with begin(house.service.engine, durable=True) as connection:
        pulls.drop(connection, CHANNEL, MANAGER, micros(house.watch.now))
    assert pull(house) == 0
    with reading(house.service.engine) as connection:
        told = connection.execute(select(audit.c.action, audit.c.before).where(audit.c.subject == CHANNEL)).all()
        assert connection.execute(select(channels.c.name)).scalars().all() == [CHANNEL]
    assert [action for action, _before in told] == ["pull.add", "pull.pause", "pull.resume", "pull.drop"]
    assert orjson.loads(told[-1][1])["cursor"] == "3"


def test_a_secret_that_cannot_be_opened_is_told_and_nobody_is_called(sqlite_house: House, shop: Shop) -> None:
    house = sqlite_house
    set_up(house, shop)
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(table).values(secret=Seal("another key").close((SECRET,))))
    pull(house)
    assert (error(house), shop.asked) == ("pull.secret_lost", [])


# --- the feed: what it answers ------------------------------------------------------------------------------------------


def page(orders: str = "[]", cursor: str = '"1"', more: str = "false") -> bytes:
    return f'{{"orders": {orders}, "cursor": {cursor}, "more": {more}}}'.encode()


ONE = '[{"id": "A-1", "total": 12.50}]'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json.empty"),
        (b"<!DOCTYPE html><title>Sign in</title>", "json.syntax"),
        (b"\xef\xbb\xbf" + page(), "json.bom"),
        (b"[]", "feed.no_object"),
        (b"null", "feed.no_object"),
        (b"{}", "feed.no_object"),
        (page()[:-1], "json.unfinished"),
        (page() + b"x", "json.extra"),
        (page("{}"), "feed.orders"),
        (b'{"cursor": "1", "more": false}', "feed.orders"),
        (page("[{]"), "json.syntax"),
        (page(f"[{','.join(['{}'] * 1001)}]"), "feed.many"),
        (page(more='"yes"'), "feed.more"),
        (b'{"orders": [], "cursor": "1"}', "feed.more"),
        (page(cursor="7"), "feed.cursor"),
        (page(cursor='""'), "feed.cursor"),
        (page(cursor=f'"{"x" * 1001}"'), "feed.cursor"),
        (page(cursor='"a\\u0000b"'), "feed.cursor"),
        (page(cursor='"\\ud800"'), "feed.cursor"),
        (page(ONE, '"7"'), "feed.stands_still"),
        (page(ONE, "null"), "feed.stands_still"),
        (page(cursor='"7"', more="true"), "feed.stands_still"),
        (b'{"orders": [], "orders": [], "cursor": "1", "more": false}', "feed.twice"),
        (b'{"x": ' + b"[" * 3000 + b"]" * 2999 + b"}", "json.unfinished"),
    ],
)
def test_a_page_that_cannot_be_trusted_is_told_in_words(body: bytes, code: str) -> None:
    told = read_page(body, "7")
    assert not isinstance(told, Page)
    assert told.code == code
    for language in ("en", "zh-CN"):
        assert all(text(told.code, told.params, language))


def test_a_good_page_keeps_the_bytes_of_each_order_and_what_it_does_not_know() -> None:
    raw = '{"at": 1e999, "orders": [ {"id":"甲",  "total": 1.10}, {"id": "\\ud800"}\n], "cursor": "c é", "more": true}'
    read = read_page(raw.encode(), None)
    assert isinstance(read, Page)
    assert [item.raw.decode() for item in read.orders] == ['{"id":"甲",  "total": 1.10}', '{"id": "\\ud800"}']
    assert [bool(item.problems) for item in read.orders] == [False, True]
    assert (read.cursor, read.more) == ("c é", True)
    quiet = read_page(page(cursor="null"), None)
    assert quiet == Page((), None, False)


def ask(shop: Shop, cursor: str | None = None, **more: Any) -> Page | NoPage:
    allowed = systems.read_allowed(("127.0.0.1/32",))
    return fetch(
        Asked(
            **{
                "address": shop.address,
                "secret": SECRET,
                "cursor": cursor,
                "limit": 5,
                "timeout_seconds": 20.0,
                "allowed": allowed,
            }
            | more
        )
    )


def test_the_feed_is_asked_signed_bounded_and_never_inside_the_house_unasked(shop: Shop) -> None:
    shop.orders = [order(number) for number in range(3)]
    good = ask(shop, "1")
    assert isinstance(good, Page)
    assert [item.value["id"] for item in good.orders] == ids(3)[1:]
    assert shop.asked == [{"shop": "7", "after": "1", "limit": "5"}]
    strange = "a b&limit=9#/é"
    shop.lies = lambda _question: (200, {}, page())
    ask(shop, strange)
    assert shop.asked[-1]["after"] == strange
    shop.lies = None
    assert codes(ask(shop, secret="another")) == "feed.not_known"
    assert codes(ask(shop, allowed=Allowed())) == "outgoing.inside"
    shop.lies = lambda _question: (302, {"Location": "http://169.254.169.254/"}, b"")
    assert codes(ask(shop)) == "outgoing.moved"
    shop.lies = lambda _question: (200, {}, b" " * (LARGEST_PAGE + 1))
    assert codes(ask(shop)) == "feed.large"
    shop.lies = lambda _question: (200, {"Content-Length": "99"}, page())
    assert codes(ask(shop, timeout_seconds=0.5)) in ("feed.unanswered", "feed.late")
    shop.answers.clear()
    assert codes(ask(shop, timeout_seconds=0.2)) == "feed.late"
    assert codes(ask(shop, address="http://127.0.0.1:1/")) == "feed.unanswered"


def codes(told: Page | NoPage) -> str:
    assert isinstance(told, NoPage)
    for language in ("en", "zh-CN"):
        assert all(text(told.problem.code, told.problem.params, language))
    return told.problem.code


@pytest.mark.parametrize(("liar", "pages"), [("endless", 20), ("circle", 20), ("stubborn", 1)])
def test_a_shop_that_lies_without_end_is_given_up_for_a_while(
    sqlite_house: House, shop: Shop, liar: str, pages: int
) -> None:
    """An endless one promises more and never brings any, one goes round, one gives its first page again and again."""
    asked = iter(range(10**6))
    first = orjson.dumps([order(0)]).decode()

    def given() -> bytes:
        match liar:
            case "endless":
                return page(cursor=f'"{next(asked)}"', more="true")
            case "circle":
                return page(first, f'"{next(asked) % 2}"', "true")
            case _:
                return page(first, "null", "true")

    shop.lies = lambda _question: (200, {}, given())
    set_up(sqlite_house, shop)
    for _ in range(3):
        pull(sqlite_house)
        sqlite_house.watch.go_on(seconds=1)
    assert len(shop.asked) <= 2 * pages
    assert came(sqlite_house) == (ids(1) if liar == "circle" else [])
    assert pull(sqlite_house) == 0


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"channel": ""}, "channel"),
        ({"channel": "two words"}, "channel"),
        ({"channel": "a/b"}, "channel"),
        ({"channel": "x" * 65}, "channel"),
        ({"address": "ftp://shop.example.com"}, "address"),
        ({"address": "https://user:secret@shop.example.com"}, "address"),
        ({"secret": None}, "secret"),
        ({"secret": "with blanks"}, "secret"),
        ({"every": "29"}, "every"),
        ({"every": "86401"}, "every"),
        ({"every": "often"}, "every"),
    ],
)
def test_what_cannot_be_set_up_is_told_at_its_field(told: dict[str, Any], where: str) -> None:
    good = {"channel": "shop-2", "address": "https://shop.example.com/feed", "every": "60", "secret": SECRET}
    assert not pulls.problems_of(Pull(**good), None)
    [problem] = pulls.problems_of(Pull(**good | told), None)
    assert problem.where == where
    assert all(text(problem.code, problem.params))


def test_a_kept_secret_signs_for_no_other_host(sqlite_house: House, shop: Shop) -> None:
    set_up(sqlite_house, shop)
    with reading(sqlite_house.service.engine) as connection:
        before = stored.find(connection, CHANNEL)
    moved = Pull(CHANNEL, "https://other.example.com/", "60")
    assert [one.code for one in pulls.problems_of(moved, before)] == ["system.secret_again"]
    assert not pulls.problems_of(Pull(CHANNEL, shop.address + "&x=1", "60"), before)
