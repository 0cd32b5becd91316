"""Which way a message goes to whom: the first of the chain that reaches them, and the next where that one fails."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, RowMapping

from runtime import adapters
from runtime.adapters.contract import Contact, Messenger
from runtime.core.lane import MINUTE, SECOND
from runtime.core.postroom import Cap
from runtime.core.problem import Problem
from runtime.core.words import LANGUAGES, text
from runtime.reaching import addresses_of, administrators, called, people_of, ways_of
from runtime.store import mail, notices
from runtime.store.mail import Stop
from runtime.store.ways import House, Way, all_ways, chain, house
from runtime.telling import Word, tell

PATIENCE: Final = 2 * MINUTE
URGENT_PATIENCE: Final = 30 * SECOND
ROOM: Final = "room:"
PERSON: Final = "person:"

_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{4,20}")


@dataclass(frozen=True, slots=True)
class Roads:
    """The ways as they are set up now, and what the house chose."""

    ways: Mapping[str, Way]
    house: House

    def messenger(self, key: str) -> Messenger | None:
        """What carries by a way."""
        return adapters.all_messengers().get(self.ways[key].messenger) if key in self.ways else None

    def is_room(self, key: str) -> bool:
        """Whether a way leads to one place for everybody, and not to each person."""
        messenger = self.messenger(key)
        return messenger is not None and (messenger.room or not messenger.contact)


def look_up_roads(connection: Connection) -> Roads:
    """How the ways stand now."""
    return Roads(all_ways(connection), house(connection))


def place(connection: Connection, message: RowMapping, roads: Roads, at: int) -> None:
    """Make the letters and notices of a new message. Where it reaches nobody, administrators are told instead, once."""
    people = people_of(connection, message["addressee"], at)
    if people is not None:
        _mind_the_empty(connection, message, people, at)
    if message["way"] is not None:
        _go(connection, dict(message), roads, chain(roads.ways, message["way"]), people, at)
        return
    reached = None if people is None else people or administrators(connection)
    if reached is not None:
        notices.add(connection, message["id"], reached, at)
    for ways, group in _groups(connection, roads, reached):
        _go(connection, dict(message), roads, ways, group, at)


def go_on(connection: Connection, letter: RowMapping, roads: Roads, at: int) -> bool:
    """Let a letter go by the next way of its chain that reaches its recipient. False: there is none."""
    rest = [key for key in mail.rest_of(letter) if key in roads.ways]
    if letter["recipient"].startswith(ROOM):
        return _leave_the_room(connection, letter, roads, rest, at)
    person = person_of(letter["recipient"])
    contacts = addresses_of(connection, [person] if person else ())
    for number, key in enumerate(rest):
        people = [person] if person else None
        stop = _stop(roads, key, rest[number + 1 :], people, contacts, letter["addressee"])
        if stop:
            mail.send_on(connection, letter["id"], stop, at, at + patience(letter["urgent"]))
            return True
    return False


def _leave_the_room(connection: Connection, letter: RowMapping, roads: Roads, rest: Sequence[str], at: int) -> bool:
    """What could not be told in a room is told to each of those whom it was for."""
    if not rest:
        return False
    people = mail.people_of(letter)
    _go(connection, mail.message_of(letter), roads, rest, people, at)
    mail.settle(connection, [letter], "passed_on", at)
    return True


def person_of(recipient: str) -> str | None:
    """The person who is a letter's recipient; None for a room or an address."""
    return recipient.removeprefix(PERSON) if recipient.startswith(PERSON) else None


def patience(urgent: bool) -> int:
    """How long a letter waits for its way before it takes the next one."""
    return URGENT_PATIENCE if urgent else PATIENCE


def caps_of(way: Way) -> tuple[Cap, ...]:
    """The caps of a way: its messenger's published ones, or its own where they are less."""
    messenger = adapters.all_messengers().get(way.messenger)
    return tuple(
        Cap(
            min(cap.most, way.caps.get(cap_name(cap.each, cap.seconds), cap.most)), cap.seconds, cap.each == "addressee"
        )
        for cap in (messenger.caps if messenger else ())
    )


def cap_name(each: str, seconds: int) -> str:
    """By what a way's own cap is kept."""
    return f"{each}_{seconds}"


def tell_of_trouble(
    connection: Connection, kind: str, subject: str, at: int, said: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Tell administrators of a trouble, once while it goes on, each in their language. `said`: what was answered."""
    answered = {one: text(said["code"], said.get("params", {}), one)[0] if "code" in said else "" for one in LANGUAGES}
    made = mail.open_trouble(connection, kind, subject, answered["en"], at)
    if made:
        name = called(connection, subject)
        told: dict[str, str] = {
            one: text(f"post.trouble.{kind}", {"subject": name[one], "message": answered[one]}, one)[0]
            for one in LANGUAGES
        }
        word = Word(_in_each_language("post.trouble.title", {}), told, link="/messages")
        tell(connection, "role:admin", word, key=f"trouble:{made}", at=at, urgent=True)


# --- a message's own ways -------------------------------------------------------------------------------------------------


def _mind_the_empty(connection: Connection, message: RowMapping, people: Sequence[str], at: int) -> None:
    if people:
        mail.end_trouble(connection, "nobody", [message["addressee"]], at)
    else:
        tell_of_trouble(connection, "nobody", message["addressee"], at)


def _groups(
    connection: Connection, roads: Roads, people: Sequence[str] | None
) -> list[tuple[list[str], Sequence[str] | None]]:
    """Who goes by which chain: by the ways that they chose, else by the house's."""
    usual = chain(roads.ways, roads.house.way)
    if people is None:
        return [(usual, None)]
    chosen = ways_of(connection, people)
    groups: dict[tuple[str, ...], list[str]] = {}
    for person in people:
        own = [key for key in chosen.get(person, ()) if key in roads.ways]
        groups.setdefault(tuple(own or usual), []).append(person)
    return [(list(ways), group) for ways, group in groups.items() if ways]


def _go(
    connection: Connection,
    message: Mapping[str, Any],
    roads: Roads,
    ways: Sequence[str],
    people: Sequence[str] | None,
    at: int,
) -> None:
    """Make a letter for the room, the address or each person, by the first of the ways that reaches them."""
    contacts = addresses_of(connection, people or ())
    left: list[list[str] | None] = [None] if people is None else [[person] for person in people]
    for number, key in enumerate(ways):
        rest = ways[number + 1 :]
        if left and roads.is_room(key):
            everybody = None if people is None else [person for one in left for person in one or ()]
            stop = _stop(roads, key, rest, everybody, contacts, message["addressee"])
            assert stop is not None
            _post(connection, message, f"{ROOM}{key}", stop, roads, at)
            return
        stops = [(one, _stop(roads, key, rest, one, contacts, message["addressee"])) for one in left]
        for one, stop in stops:
            if stop:
                recipient = f"{PERSON}{one[0]}" if one else message["addressee"]
                _post(connection, message, recipient, stop, roads, at)
        left = [one for one, stop in stops if not stop]
    if message["way"] is not None:
        _mind_the_unreached(connection, message, people, [one[0] if one else "" for one in left], bool(ways), at)


def _mind_the_unreached(
    connection: Connection,
    message: Mapping[str, Any],
    people: Sequence[str] | None,
    left: Sequence[str],
    ways_known: bool,
    at: int,
) -> None:
    """Keep that somebody was not reached. (Who was told inside anyway misses nothing.)"""
    reached = set(people or ()) - set(left)
    mail.end_trouble(connection, "no_address", [f"{PERSON}{person}" for person in reached], at)
    if people is not None and not people:
        _refuse(connection, message, message["addressee"], "post.nobody", at)
    for person in left:
        recipient = f"{PERSON}{person}" if person else message["addressee"]
        if person and ways_known:
            tell_of_trouble(connection, "no_address", recipient, at)
        _refuse(connection, message, recipient, "post.no_address" if ways_known else "post.no_way", at)


def _refuse(connection: Connection, message: Mapping[str, Any], recipient: str, code: str, at: int) -> None:
    problem = Problem(code, params={"who": recipient, "way": message["way"]})
    mail.post_nowhere(connection, message, recipient, at, mail.why_not("refused", problem))
    mail.look_again(connection, [message["id"]], at)


def _post(
    connection: Connection, message: Mapping[str, Any], recipient: str, stop: Stop, roads: Roads, at: int
) -> None:
    window = 0 if message["urgent"] else roads.ways[stop.way].digest_seconds * SECOND
    due_at = at + window
    mail.post(connection, message, recipient, stop, at, due_at, due_at + patience(message["urgent"]))


# --- where they are reached -----------------------------------------------------------------------------------------------


def _stop(
    roads: Roads,
    key: str,
    rest: Sequence[str],
    people: Sequence[str] | None,
    contacts: Mapping[str, Mapping[str, str]],
    addressee: str,
) -> Stop | None:
    """Where a way reaches people or (None) an address; None: it does not. A room reaches everybody, and mentions some."""
    messenger = roads.messenger(key)
    if messenger is None:
        return None
    if people is None:
        to = [addressee] if _fits(messenger.contact, addressee) else []
    else:
        known = (contacts[person].get(messenger.contact) for person in people)
        to = [address for address in known if address]
    if not to and not roads.is_room(key):
        return None
    at_address = digest_of(key, "" if roads.is_room(key) else to[0])
    return Stop(key, tuple(rest), tuple(to), None if people is None else tuple(people), at_address)


def _fits(contact: Contact, address: str) -> bool:
    """Whether an address that somebody wrote may be one of this kind."""
    match contact:
        case "email":
            return "@" in address.strip("@") and " " not in address
        case "phone":
            return bool(_PHONE.fullmatch(address))
        case "":
            return False
        case _:
            return address.isprintable() and 0 < len(address) <= 64 and "–" not in address and " " not in address


def digest_of(way: str, address: str) -> str:
    """By what caps know an address, without telling it."""
    return hashlib.sha256(f"{way}\0{address}".encode()).hexdigest()


def _in_each_language(code: str, params: Mapping[str, Any]) -> Mapping[str, str]:
    return {language: text(code, params, language)[0] for language in LANGUAGES}
