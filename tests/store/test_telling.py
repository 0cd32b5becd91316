"""What people are told: once for each key, to everybody whom it reaches."""

from sqlalchemy import insert

from builder.auth import add_user
from runtime.core.moment import micros
from runtime.store import notices
from runtime.store.database import begin, reading
from runtime.store.tables import team_members, teams
from runtime.telling import Word, tell
from tests.store.conftest import House

WORD = Word({"en": "Order A-1 waits", "zh-CN": "订单 A-1 待审"}, "Since 10:00", link="/inbox")


def hire(house: House, *names: str, team: str = "leads") -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(insert(teams).values(key=team, name='"Leads"', made_at=0))
        for name in names:
            add_user(connection, name, name.title(), ("lead",))
            connection.execute(insert(team_members).values(team=team, user_name=name))
        add_user(connection, "root", "Root", ("admin",))


def say(house: House, who: str | dict[str, str], key: str, urgent: bool = False) -> bool:
    with begin(house.service.engine, durable=True) as connection:
        return tell(connection, who, WORD, key=key, at=micros(house.watch()), urgent=urgent)


def unread(house: House, *names: str) -> list[int]:
    with reading(house.service.engine) as connection:
        return [notices.count_unread(connection, name) for name in names]


def test_a_team_is_told_once_however_often_it_is_said(house: House) -> None:
    hire(house, "zhao", "wang")
    assert say(house, "team:leads", "remind:1") and not say(house, "team:leads", "remind:1")
    assert say(house, {"kind": "person", "value": "zhao"}, "remind:2")
    house.settle()
    assert unread(house, "zhao", "wang", "root") == [2, 1, 0]
    with reading(house.service.engine) as connection:
        [newest, _first] = notices.of_person(connection, "zhao")
    with begin(house.service.engine, durable=True) as connection:
        notices.read_all(connection, "zhao", newest["id"], micros(house.watch()))
    assert unread(house, "zhao", "wang") == [0, 1]


def test_where_nobody_is_left_the_administrators_are_told(house: House) -> None:
    hire(house)
    say(house, "team:leads", "remind:1")
    say(house, "person:nobody", "remind:2")
    house.settle()
    assert unread(house, "root") == [4], "what was told, and that it reaches nobody"


def test_the_clock_rings_for_what_somebody_is_told(sqlite_house: House) -> None:
    hire(sqlite_house, "zhao")
    say(sqlite_house, "role:lead", "remind:1")
    sqlite_house.service.tick()
    assert sqlite_house.effect_bell.rings == 1
    sqlite_house.settle()
    sqlite_house.service.tick()
    assert sqlite_house.effect_bell.rings == 1
