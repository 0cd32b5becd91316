"""What goes by the ways that were set up: every message arrives once, whatever caps, windows and failures are between."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from builder.auth import add_user
from runtime import adapters
from runtime.adapters.contract import Cap, Conveyance, Delivered, Message, Messenger, NotDelivered
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.reaching import keep_addresses
from runtime.sealing import Seal
from runtime.store import lanes, mail, notices
from runtime.store.database import begin, reading
from runtime.store.tables import deliveries, effects, letters, team_members, teams
from runtime.store.ways import House as Chosen
from runtime.store.ways import find
from runtime.systems import LiveOutlets
from runtime.telling import Word, tell
from runtime.ways import Draft, act_on, add, choose, drop, flows_by, keep, problems_of
from tests.core.flow_documents import document
from tests.databases import Fresh
from tests.store.conftest import SECRET_KEY, House, Watch
from tests.trade import MANAGER, arrivals, publish

SETTINGS = {
    "type": "object",
    "properties": {"key": {"type": "string", "title": "webhook.secret", "x-secret": True}},
    "required": ["key"],
    "additionalProperties": False,
}


@dataclass(slots=True)
class Provider:
    """Takes messages as providers do: knows a key again, keeps to its caps, and is ill where a test says so."""

    watch: Watch
    caps: tuple[Cap, ...] = ()
    good_key: str = "right"
    taken: dict[str, Message] = field(default_factory=dict)
    times: list[tuple[str, float]] = field(default_factory=list)
    asked: int = 0
    beyond: int = 0
    ill: Callable[[Message], NotDelivered | None] = lambda message: None

    def send(self, message: Message, by: Conveyance) -> Delivered | NotDelivered:
        self.asked += 1
        if by.secrets["key"] != self.good_key:
            return NotDelivered("wrong_key", Problem("wecom_robot.wrong_key", params={"said": "invalid key"}))
        if message.key in self.taken:
            return Delivered(message.key)
        broken = self.ill(message)
        if broken:
            return broken
        now = self.watch.now.timestamp()
        for cap in self.caps:
            mine = [at for to, at in self.times if cap.each == "channel" or to == message.to[0]]
            self.beyond += sum(at > now - cap.seconds for at in mine) >= cap.most
        self.times.append((message.to[0] if message.to else "", now))
        self.taken[message.key] = message
        return Delivered(message.key)

    @property
    def texts(self) -> list[str]:
        return [f"{one.subject}|{one.text}" for one in self.taken.values()]


@dataclass(slots=True)
class Town:
    """A house, and the providers by whom its people are reached."""

    house: House
    robot: Provider
    phones: Provider
    mails: Provider

    def set_up(self, key: str, messenger: str, secret: str = "right", **more: Any) -> None:
        draft = Draft(key, key.title(), messenger, {}, {"key": secret}, **more)
        with begin(self.house.service.engine, durable=True) as connection:
            assert problems_of(connection, draft, None) == []
            assert add(connection, draft, Seal(SECRET_KEY), MANAGER, self.now)

    def prefer(self, way: str) -> None:
        with begin(self.house.service.engine, durable=True) as connection:
            choose(connection, Chosen(way=way), MANAGER, self.now)

    def say(self, number: int, who: str = "team:leads", *, urgent: bool = False) -> None:
        with begin(self.house.service.engine, durable=True) as connection:
            tell(connection, who, Word(f"Order {number}", "waits"), key=f"k{number}", at=self.now, urgent=urgent)

    @property
    def now(self) -> int:
        return micros(self.house.watch())

    def bring(self) -> None:
        """Let the post do what it can now."""
        for _ in range(50):
            if not self.house.service.post.work():
                return
        raise AssertionError("the work never ends")

    def letters(self) -> dict[str, int]:
        with reading(self.house.service.engine) as connection:
            states = list(connection.execute(select(letters.c.state)).scalars())
        return {state: states.count(state) for state in sorted(set(states))}

    def tries(self) -> list[tuple[str, str]]:
        with reading(self.house.service.engine) as connection:
            rows = connection.execute(select(deliveries.c.way, deliveries.c.result).order_by(deliveries.c.id))
            return [(way, result) for way, result in rows]

    def effect(self) -> tuple[str, str | None]:
        with reading(self.house.service.engine) as connection:
            state, answer = connection.execute(select(effects.c.state, effects.c.answer)).one()
            return state, answer

    def unread(self, person: str) -> int:
        with reading(self.house.service.engine) as connection:
            return notices.count_unread(connection, person)


@pytest.fixture
def town(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    found = _town(sqlite_house, monkeypatch)
    yield found
    assert (found.robot.beyond, found.phones.beyond) == (0, 0), "nobody goes beyond a cap"


def _town(house: House, monkeypatch: pytest.MonkeyPatch) -> Town:
    found = Town(
        house,
        Provider(house.watch, (Cap(20, 60),)),
        Provider(house.watch, (Cap(1, 60, "addressee"), Cap(5, 3_600, "addressee"))),
        Provider(house.watch),
    )
    known = {
        "robot": Messenger("Robot", SETTINGS, found.robot.send, "wecom", room=True, caps=found.robot.caps),
        "sms": Messenger("SMS", SETTINGS, found.phones.send, "phone", caps=found.phones.caps),
        "email": Messenger("E-mail", SETTINGS, found.mails.send, "email"),
    }
    monkeypatch.setattr(adapters, "all_messengers", lambda: known)
    house.service.outbox.outlets = LiveOutlets(house.service.engine, SECRET_KEY)
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(insert(teams).values(key="leads", name='"Leads"', made_at=0))
        for name in ("zhao", "wang"):
            add_user(connection, name, name.title(), ("lead",))
            connection.execute(insert(team_members).values(team="leads", user_name=name))
        add_user(connection, "root", "Root", ("admin",))
        keep_addresses(connection, "zhao", {"phone": "13800138000", "email": "zhao@example.com", "wecom": "ZhaoLei"})
        keep_addresses(connection, "wang", {"email": "wang@example.com"})
    return found


def sending(way: str, to: str = "team:leads", **more: Any) -> dict[str, Any]:
    """A flow that tells somebody by a way and ends."""
    return document(
        [
            ("in", "ingest", {}),
            ("tell", "notify", {"channel": way, "to": to, "text": "{id}", **more}),
            ("end", "end", {}),
        ],
        ["in.out>tell", "tell.sent>end"],
        channels=["own-shop"],
    )


def test_whoever_has_no_address_for_the_first_way_is_reached_by_the_next(town: Town) -> None:
    town.set_up("mail", "email")
    town.set_up("sms", "sms", fall_back="mail")
    town.prefer("sms")
    town.say(1)
    town.house.settle()
    assert [one.to for one in town.phones.taken.values()] == [("13800138000",)]
    assert [one.to for one in town.mails.taken.values()] == [("wang@example.com",)]
    assert (town.unread("zhao"), town.unread("wang"), town.letters()) == (1, 1, {"sent": 2})


def test_a_room_hears_once_and_mentions_whom_it_knows(town: Town) -> None:
    town.set_up("room", "robot")
    town.say(1)
    town.house.settle()
    assert [one.to for one in town.robot.taken.values()] == [("ZhaoLei",)]


def test_a_hundred_messages_are_twenty_and_none_is_lost_or_doubled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = _town(house, monkeypatch)
    town.set_up("room", "robot")
    for number in range(100):
        town.say(number)
    town.house.settle()
    assert len(town.robot.taken) == 18, "a tenth of the cap is kept for what is urgent"
    town.say(100, urgent=True)
    town.house.settle()
    assert town.robot.texts[-1] == "Order 100|waits"
    assert town.letters() == {"sent": 101}
    told = " ".join(town.robot.texts)
    assert "Order 16|" in told and "83 条消息：|· Order 17\n· Order 18" in told


def test_what_is_capped_waits_for_its_turn(town: Town) -> None:
    town.set_up("sms", "sms")
    for number in range(3):
        town.say(number, "person:zhao")
        town.house.settle()
    assert len(town.phones.taken) == 1 and town.letters() == {"sent": 1, "waiting": 2}
    town.house.watch.go_on(seconds=61)
    town.house.settle()
    assert town.phones.texts[1] == "2 条消息：|· Order 1\n· Order 2"
    assert town.letters() == {"sent": 3}


def test_whoever_is_told_too_much_holds_up_nobody_else(town: Town) -> None:
    town.set_up("sms", "sms")
    town.prefer("sms")
    with begin(town.house.service.engine, durable=True) as connection:
        keep_addresses(connection, "wang", {"phone": "13900139000"})
    town.say(0, "person:zhao")
    town.bring()
    with begin(town.house.service.engine, durable=True) as connection:
        for number in range(1, mail.LOADED_AT_ONCE + 2):
            tell(connection, "person:zhao", Word(f"Order {number}", "waits"), key=f"k{number}", at=town.now)
    town.bring()
    town.say(1_000, "person:wang")
    town.bring()
    assert town.phones.texts == ["Order 0|waits", "Order 1000|waits"]


def test_a_window_folds_what_comes_within_and_lets_the_urgent_go(town: Town) -> None:
    town.set_up("room", "robot", digest_seconds=60)
    town.say(1)
    town.say(2)
    town.say(3, urgent=True)
    town.house.settle()
    assert town.robot.texts == ["Order 3|waits"]
    town.house.watch.go_on(seconds=61)
    town.say(4)
    town.house.settle()
    assert town.robot.texts[1:] == ["3 条消息：|· Order 1\n· Order 2\n· Order 4"]


def test_quiet_hours_keep_what_can_wait_until_the_morning_and_the_order_goes_on(town: Town) -> None:
    town.house.watch.now = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    town.set_up("room", "robot", quiet_from=22 * 60, quiet_to=8 * 60)
    publish(town.house.service, sending("room"))
    town.house.service.receive(arrivals([1]))
    town.say(2, urgent=True)
    town.house.settle()
    assert town.robot.texts == ["Order 2|waits"]
    state, answer = town.effect()
    assert state == "answered" and answer and '"kept_until":"2026-11-23T00:00:00+00:00"' in answer
    town.house.watch.now = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)
    town.house.settle()
    assert town.robot.texts[1:] == ["|A-00001"]


def test_quiet_hours_end_in_the_hour_that_comes_twice(town: Town) -> None:
    town.house.service.post._zone = ZoneInfo("Europe/Berlin")
    town.house.watch.now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 2:10 for the second time
    town.set_up("room", "robot", quiet_from=22 * 60, quiet_to=2 * 60 + 30)
    publish(town.house.service, sending("room"))
    town.house.service.receive(arrivals([1]))
    town.house.settle()
    _state, answer = town.effect()
    assert answer and '"kept_until":"2026-10-25T01:30:00+00:00"' in answer and town.robot.texts == []
    town.house.watch.go_on(minutes=20)
    town.house.settle()
    assert town.robot.texts == ["|A-00001"]


def test_a_step_goes_on_when_its_message_is_delivered_and_is_told_of_the_digest(town: Town) -> None:
    town.set_up("room", "robot", digest_seconds=30)
    publish(town.house.service, sending("room", subject="{buyer.name}"))
    town.house.service.receive(arrivals([1, 2]))
    town.house.settle()
    assert town.robot.texts == []
    town.house.watch.go_on(seconds=31)
    town.house.settle()
    assert town.robot.texts == ["2 条消息：|· 张𠮷\n· 张𠮷"]
    with reading(town.house.service.engine) as connection:
        answers = list(connection.execute(select(effects.c.answer)).scalars())
        [delivery] = connection.execute(select(deliveries.c.id)).scalars()
    assert all(f'"digest":"{delivery}"' in answer for answer in answers) and len(answers) == 2


def test_a_wrong_key_is_told_once_and_messages_take_the_next_way(town: Town) -> None:
    town.set_up("mail", "email")
    town.set_up("sms", "sms", secret="wrong", fall_back="mail")
    publish(town.house.service, sending("sms", "person:zhao"))
    town.house.service.receive(arrivals([1, 2, 3]))
    town.house.settle()
    town.house.watch.go_on(seconds=61)
    town.house.settle()
    assert [one.text for one in town.mails.taken.values()] and len(town.mails.taken) >= 1
    assert town.unread("root") == 1, "told once"
    with reading(town.house.service.engine) as connection:
        assert [row["subject"] for row in mail.troubles(connection)] == ["sms"]
        before = find(connection, "sms")
    assert before
    with begin(town.house.service.engine, durable=True) as connection:
        keep(connection, Draft("sms", "Sms", "sms", {}, {"key": "right"}), before, Seal(SECRET_KEY), MANAGER, town.now)
    town.say(9, "person:zhao")
    town.house.settle()
    town.house.watch.go_on(seconds=61)
    town.house.settle()
    with reading(town.house.service.engine) as connection:
        states = set(connection.execute(select(effects.c.state)).scalars())
    assert states == {"answered"}


def test_a_wrong_key_with_no_way_behind_it_fails_the_step_and_keeps_what_people_were_told(town: Town) -> None:
    town.set_up("sms", "sms", secret="wrong")
    publish(town.house.service, sending("sms", "person:zhao"))
    town.house.service.receive(arrivals([1]))
    town.say(2, "person:zhao")
    town.house.settle()
    assert '"result":"refused"' in str(town.effect()[1])
    assert town.letters() == {"failed": 1, "waiting": 1}
    town.phones.good_key = "wrong"
    town.house.watch.go_on(minutes=6)
    town.house.settle()
    assert town.letters() == {"failed": 1, "sent": 1}
    with reading(town.house.service.engine) as connection:
        assert mail.troubles(connection) == [], "it ends by the next success"


def test_a_provider_that_is_ill_is_tried_again_and_then_passed_by(town: Town) -> None:
    town.set_up("mail", "email")
    town.set_up("sms", "sms", fall_back="mail")
    town.phones.ill = lambda message: NotDelivered("error", Problem("messenger.error", params={"said": "502"}))
    publish(town.house.service, sending("sms", "person:zhao"))
    town.house.service.receive(arrivals([1]))
    for _ in range(40):
        town.house.settle()
        town.house.watch.go_on(seconds=5)
    assert town.tries() == [("sms", "error")] * 2 + [("mail", "ok")], "once a minute is the cap, two are the patience"
    assert '"result":"ok"' in str(town.effect()[1])


def test_a_breaker_that_opened_closes_again_by_one_message_that_arrives(town: Town) -> None:
    town.set_up("room", "robot")
    town.robot.ill = lambda message: NotDelivered("error", Problem("messenger.error", params={"said": "502"}))
    for number in range(6):
        town.say(number)
    town.house.settle()
    with reading(town.house.service.engine) as connection:
        assert lanes.find(connection, ("messenger", "room")).breaker(town.now) == "open"
    asked = town.robot.asked
    town.house.settle()
    assert town.robot.asked == asked, "nothing goes while it is open"
    town.robot.ill = lambda message: None
    for _ in range(5):
        town.house.watch.go_on(minutes=2)
        town.house.settle()
    with reading(town.house.service.engine) as connection:
        assert lanes.find(connection, ("messenger", "room")).breaker(town.now) == "closed"
    assert town.letters() == {"sent": 6}


def test_a_paused_way_is_passed_by_when_patience_ends_and_waited_for_where_there_is_no_other(town: Town) -> None:
    town.set_up("mail", "email")
    town.set_up("sms", "sms", fall_back="mail")
    with begin(town.house.service.engine, durable=True) as connection:
        for key in ("sms", "mail"):
            act_on(connection, key, "pause", "maintenance", MANAGER, town.now)
    town.say(1, "13800138000")
    town.prefer("sms")
    town.say(2, "person:zhao")
    town.house.settle()
    for _ in range(4):
        town.house.watch.go_on(seconds=61)
        town.house.settle()
    with begin(town.house.service.engine, durable=True) as connection:
        act_on(connection, "mail", "resume", "done", MANAGER, town.now)
    town.house.settle()
    assert [one.to for one in town.mails.taken.values()] == [("zhao@example.com",)]
    assert town.phones.taken == {}


def test_a_sender_killed_before_it_wrote_the_answer_down_sends_again_with_the_same_key(town: Town) -> None:
    town.set_up("room", "robot")
    town.say(1)
    town.house.service.post._sender._record = lambda told: None  # it dies here
    town.house.settle()
    assert town.tries() == [("room", "out")] and len(town.robot.taken) == 1
    town.house.service.post._sender._record = town.house.service.post._record
    town.house.watch.go_on(seconds=30)
    town.house.settle()
    assert (town.robot.asked, len(town.robot.taken), town.tries()) == (2, 1, [("room", "ok")])


def test_a_message_for_which_nobody_waits_any_more_is_not_sent(town: Town) -> None:
    town.set_up("room", "robot", digest_seconds=600)
    publish(town.house.service, sending("room", timeout_seconds=60))
    town.house.service.receive(arrivals([1]))
    town.house.settle()
    town.house.watch.go_on(seconds=601)
    town.house.settle()
    assert (town.letters(), town.robot.taken) == ({"withdrawn": 1}, {})


def test_a_way_that_flows_use_is_known_and_what_waits_for_one_that_is_gone_ends(town: Town) -> None:
    town.set_up("room", "robot", digest_seconds=60)
    publish(town.house.service, sending("room"))
    with reading(town.house.service.engine) as connection:
        assert flows_by(connection, "room") == ["trial"]
    town.house.service.receive(arrivals([1]))
    town.house.settle()
    with begin(town.house.service.engine, durable=True) as connection:
        drop(connection, "room", MANAGER, town.now)
    town.house.settle()
    assert "refused" in str(town.effect()[1]) and town.letters() == {"failed": 1}


def test_ways_that_fall_back_in_a_circle_are_refused(town: Town) -> None:
    town.set_up("mail", "email")
    town.set_up("sms", "sms", fall_back="mail")
    circle = Draft("mail", "Mail", "email", {}, {"key": "right"}, fall_back="sms")
    with reading(town.house.service.engine) as connection:
        [problem] = problems_of(connection, circle, find(connection, "mail"))
    assert (problem.code, problem.params["circle"]) == ("way.loop", "mail → sms → mail")


def test_a_team_of_nobody_and_a_person_without_address_are_told_to_administrators_once(town: Town) -> None:
    town.set_up("sms", "sms")
    publish(town.house.service, sending("sms", "person:wang"))
    town.house.service.receive(arrivals([1, 2]))
    town.say(3, "team:nobody")
    town.house.settle()
    with reading(town.house.service.engine) as connection:
        known = sorted((row["kind"], row["subject"], row["times"]) for row in mail.troubles(connection))
    assert known == [("no_address", "person:wang", 2), ("nobody", "team:nobody", 1)]
    assert town.unread("root") == 3, "each trouble once, and what was told to nobody"


def test_what_was_told_half_a_year_ago_is_forgotten_and_what_is_open_is_kept(town: Town) -> None:
    town.set_up("room", "robot")
    town.set_up("sms", "sms", secret="wrong")
    town.say(1)
    town.house.settle()
    town.prefer("sms")
    town.say(2, "person:zhao")
    town.house.settle()
    town.house.watch.go_on(days=181)
    town.house.service.tick()
    assert town.letters() == {"waiting": 1} and town.unread("wang") == 0


FATES = st.sampled_from(("ok", "ok", "ok", "error", "refused", "capped", "wrong_key", "dies"))


@given(
    says=st.lists(st.tuples(st.integers(0, 90), st.booleans()), min_size=1, max_size=15),
    fates=st.lists(FATES, max_size=12),
    window=st.sampled_from((0, 20)),
)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_fails_every_message_arrives_exactly_once_or_is_known_not_to(
    sqlite_databases: Fresh,
    monkeypatch: pytest.MonkeyPatch,
    says: list[tuple[int, bool]],
    fates: list[str],
    window: int,
) -> None:
    house = House(sqlite_databases())
    town = _town(house, monkeypatch)
    town.set_up("mail", "email")
    town.set_up("sms", "sms", fall_back="mail", digest_seconds=window)
    left = iter(fates)
    town.phones.ill = lambda message: _fate(next(left, "ok"))
    town.prefer("sms")
    record, deaths = house.service.post._sender._record, iter([fate == "dies" for fate in fates])
    house.service.post._sender._record = lambda told: None if next(deaths, False) else record(told)
    for number, (pause, urgent) in enumerate(says):
        house.watch.go_on(seconds=pause)
        town.say(number, "person:zhao", urgent=urgent)
        town.bring()
    for _ in range(40):
        if town.letters() == {"sent": len(says)}:
            break
        house.watch.go_on(minutes=5)
        town.bring()
    told = [one for provider in (town.phones, town.mails) for one in provider.texts]
    for number in range(len(says)):
        assert sum(_holds(text, number) for text in told) == 1, (number, told)
    assert town.letters() == {"sent": len(says)} and town.phones.beyond == 0
    house.service.engine.dispose()


def _fate(fate: str) -> NotDelivered | None:
    match fate:
        case "ok" | "dies":
            return None
        case "wrong_key":
            return NotDelivered("wrong_key", Problem("sms_http.wrong_key", params={"said": "401"}))
        case "capped":
            return NotDelivered("capped", Problem("messenger.capped", params={"said": "429"}), 30)
        case kind:
            return NotDelivered(kind, Problem(f"messenger.{kind}", params={"said": "no"}))  # type: ignore[arg-type]


def _holds(text: str, number: int) -> bool:
    """Whether a message is, or lists, the word with this number."""
    return (
        text == f"Order {number}|waits"
        or f"· Order {number}" in text.splitlines()[0].split("|") + text.splitlines()[1:]
    )


def test_workers_keep_one_cap_together(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    town = _town(house, monkeypatch)
    town.set_up("room", "robot")
    for number in range(60):
        town.say(number)
    others = [House(house.url, watch=house.watch) for _ in range(2)]
    workers = [threading.Thread(target=_work, args=(one,)) for one in (house, *others)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert town.letters() == {"sent": 60}
    assert (town.robot.beyond, len(town.robot.taken)) == (0, 18)
    for other in others:
        other.service.engine.dispose()


def _work(house: House) -> None:
    while house.service.post.work():
        pass
