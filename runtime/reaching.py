"""Whom a message reaches: the people behind a team or a role, and where each of them is reached."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import orjson
from sqlalchemy import Connection, delete, insert, select

from runtime.core.words import LANGUAGES
from runtime.facts import gather
from runtime.store import absences
from runtime.store.tables import message_ways, person_addresses, person_ways, teams, users

GROUPS: Final = ("team", "role")
KINDS: Final = ("person", *GROUPS)


def spoken_to(addressee: str) -> tuple[str, str] | None:
    """Kind and name of an addressee that names people of the house; None for an address."""
    kind, _colon, name = addressee.partition(":")
    return (kind, name) if kind in KINDS and name else None


def people_of(connection: Connection, addressee: str, at: int) -> list[str] | None:
    """The active people whom an addressee names, sorted; None where it is an address.

    While a person is away, whoever stands in for them is told too.
    """
    named = spoken_to(addressee)
    if named is None:
        return None
    kind, name = named
    if kind == "person":
        chain = [name, *absences.stand_ins(absences.away_now(connection, at), name)]
        facts = [f"person:{one}" for one in chain]
        found = gather(connection, facts)
        return sorted({found[fact] for fact in facts if found[fact]})
    fact = f"members:{kind}:{name}"
    members: list[str] = gather(connection, [fact])[fact]
    return members


def called(connection: Connection, subject: str) -> dict[str, str]:
    """What a way, a team or a person is called in each language. What has no name of its own is called as it stands."""
    kind, name = spoken_to(subject) or ("way", subject)
    named = {
        "way": select(message_ways.c.name).where(message_ways.c.key == name),
        "team": select(teams.c.name).where(teams.c.key == name),
        "person": select(users.c.display).where(users.c.name == name),
    }
    found = connection.execute(named[kind]).scalar() if kind in named else None
    read = orjson.loads(found) if found and found.startswith(("{", '"')) else found or subject
    if isinstance(read, str):
        return dict.fromkeys(LANGUAGES, read)
    return {language: read.get(language) or next(iter(read.values()), subject) for language in LANGUAGES}


def administrators(connection: Connection) -> list[str]:
    """Those who are told where nobody else can be."""
    members: list[str] = gather(connection, ["members:role:admin"])["members:role:admin"]
    return members


def addresses_of(connection: Connection, people: Collection[str]) -> dict[str, dict[str, str]]:
    """Where people are reached: name -> kind of address -> address. The e-mail of the account counts where no other is."""
    found: dict[str, dict[str, str]] = {name: {} for name in people}
    accounts = select(users.c.name, users.c.email).where(users.c.name.in_(people), users.c.email.is_not(None))
    for name, email in connection.execute(accounts):
        found[name]["email"] = email
    kept = select(person_addresses).where(person_addresses.c.user_name.in_(people))
    for row in connection.execute(kept).mappings():
        found[row["user_name"]][row["kind"]] = row["address"]
    return found


def languages_of(connection: Connection, people: Collection[str]) -> dict[str, str]:
    """The language of each person who chose one."""
    chosen = select(users.c.name, users.c.language).where(users.c.name.in_(people), users.c.language.is_not(None))
    return {name: language for name, language in connection.execute(chosen)}


def ways_of(connection: Connection, people: Collection[str]) -> dict[str, list[str]]:
    """The ways that people chose, each in the order in which they are tried. Who chose none is left out."""
    chosen = select(person_ways.c.user_name, person_ways.c.ways).where(person_ways.c.user_name.in_(people))
    return {name: orjson.loads(ways) for name, ways in connection.execute(chosen)}


def keep_addresses(connection: Connection, person: str, addresses: Mapping[str, str]) -> None:
    """Let a person be reached at exactly these addresses; empty ones are forgotten."""
    connection.execute(delete(person_addresses).where(person_addresses.c.user_name == person))
    rows = [{"user_name": person, "kind": kind, "address": address} for kind, address in addresses.items() if address]
    if rows:
        connection.execute(insert(person_addresses), rows)


def keep_ways(connection: Connection, person: str, ways: Sequence[str]) -> None:
    """Let a person be told by these ways, in this order; none: by the house's."""
    connection.execute(delete(person_ways).where(person_ways.c.user_name == person))
    if ways:
        connection.execute(insert(person_ways).values(user_name=person, ways=orjson.dumps(list(ways)).decode()))
