"""Gives orders to people: to whom the next one of a team goes, so that nobody is given more than their limit.

Whoever gives locks the team's turn and its people until the commit, and counts what the same transaction has given
already; so two workers never give the last free hand twice. What waits for a hand is kept with its rank: who comes first
is given first.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Transaction, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.run import read_trace
from runtime.store.tables import assign_turns, assign_waits, customer_owners, runs, team_members, users

# A wait that has not asked for so long stands there no more: its order went on, was moved, or has failed.
FORGOTTEN_MICROS: Final = 5 * 60 * 1_000_000
NO_LIMIT: Final = 1_000_000

Needs = tuple[str, int | None]
"""The skill that an order asks for, and the limit that it sets."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An order that wants an owner. `most` open orders is the limit of those who have none of their own; `rank` says who

    comes first where hands are short (lower first). `customer` is the buyer's number in the channel.
    """

    trace: str
    team: str
    how: Literal["turns", "least", "sticky"]
    most: int | None
    skill: str
    channel: str
    customer: str | None
    rank: int


@dataclass(frozen=True, slots=True)
class Hand:
    """A person of the team: what they can do, how many open orders they own, and their own limit of these."""

    name: str
    skills: frozenset[str]
    owns: int
    most: int | None

    def room(self, skill: str, most: int | None) -> int:
        """How many more orders they may be given that ask for this skill and set this limit."""
        if skill and skill not in self.skills:
            return 0
        limit = self.most if self.most is not None else most
        return NO_LIMIT if limit is None else max(0, limit - self.owns)


def give(connection: Connection, wish: Wish) -> str | None:
    """Who owns the order from now on; None: nobody has a hand free, or others come first."""
    last = _turn(connection, wish.team)
    run_id = read_trace(wish.trace)[0]
    hands = _left_by(_ahead(connection, wish, run_id), _hands(connection, wish.team), wish)
    free = [hand for hand in hands if hand.room(wish.skill, wish.most)]
    if not free:
        _wait(connection, wish, run_id)
        return None
    owner = _chosen(connection, wish, free, last)
    _given(connection)[owner] += 1
    connection.execute(delete(assign_waits).where(assign_waits.c.run_id == run_id))
    connection.execute(update(assign_turns).where(assign_turns.c.team == wish.team).values(last=owner))
    if wish.how == "sticky" and wish.customer:
        _keep_customer(connection, wish.channel, wish.customer, owner)
    return owner


def _chosen(connection: Connection, wish: Wish, free: list[Hand], last: str | None) -> str:
    by_turn = sorted(free, key=lambda hand: (hand.name <= (last or ""), hand.name))
    if wish.how == "turns":
        return by_turn[0].name
    known = _owner_of(connection, wish) if wish.how == "sticky" else None
    return next((hand.name for hand in free if hand.name == known), min(by_turn, key=lambda hand: hand.owns).name)


# --- who has how much in hand -------------------------------------------------------------------------------------------


def _hands(connection: Connection, team: str) -> list[Hand]:
    people = (
        select(users.c.name, users.c.skills, users.c.most_orders)
        .join(team_members, team_members.c.user_name == users.c.name)
        .where(team_members.c.team == team, users.c.active)
        .order_by(users.c.name)
        # Who is in several teams is counted for one of them at a time.
        .with_for_update(of=users, key_share=True)
    )
    members = connection.execute(people).all()
    names = [row.name for row in members]
    counted = select(runs.c.owner, func.count()).where(runs.c.owner.in_(names), runs.c.ended_at.is_(None))
    owns: dict[str, int] = {name: count for name, count in connection.execute(counted.group_by(runs.c.owner))}
    given = _given(connection)
    return [
        Hand(row.name, _skills(row.skills), owns.get(row.name, 0) + given[row.name], row.most_orders) for row in members
    ]


def _left_by(ahead: Mapping[Needs, int], hands: list[Hand], wish: Wish) -> list[Hand]:
    """The hands as they stand when all who come first have been given theirs. They take what the wish cannot use first."""
    left = {hand.name: hand for hand in hands}
    for (skill, most), waiting in ahead.items():
        for hand in sorted(left.values(), key=lambda one: one.room(wish.skill, wish.most)):
            taken = min(waiting, hand.room(skill, most))
            left[hand.name] = replace(hand, owns=hand.owns + taken)
            waiting -= taken
    return list(left.values())


def _skills(stored: str | None) -> frozenset[str]:
    return frozenset(orjson.loads(stored)) if stored else frozenset()


_in_this: WeakKeyDictionary[Transaction, Counter[str]] = WeakKeyDictionary()


def _given(connection: Connection) -> Counter[str]:
    """What the running transaction has given to whom, and not saved yet."""
    running = connection.get_transaction()
    assert running is not None, "orders are given only where they are saved"
    return _in_this.setdefault(running, Counter())


# --- turns, waits, customers --------------------------------------------------------------------------------------------


def _turn(connection: Connection, team: str) -> str | None:
    """To whom the team's last order went. Nobody else gives orders of this team before the commit."""
    turn = select(assign_turns.c.last).where(assign_turns.c.team == team).with_for_update()
    found = connection.execute(turn).first()
    if found is None:
        _add_once(connection, insert(assign_turns).values(team=team))
        found = connection.execute(turn).one()
    last: str | None = found[0]
    return last


def _ahead(connection: Connection, wish: Wish, run_id: str) -> Counter[Needs]:
    """How many others of the team wait for a hand and come first, by the hands that they can use."""
    at = micros(now())
    mine = connection.execute(select(assign_waits.c.since).where(assign_waits.c.run_id == run_id)).scalar()
    since = at if mine is None else mine
    first = or_(
        assign_waits.c.rank < wish.rank,
        and_(assign_waits.c.rank == wish.rank, assign_waits.c.since < since),
        and_(assign_waits.c.rank == wish.rank, assign_waits.c.since == since, assign_waits.c.run_id < run_id),
    )
    others = (
        select(assign_waits.c.skill, assign_waits.c.most)
        .select_from(assign_waits.join(runs, runs.c.id == assign_waits.c.run_id))
        .where(assign_waits.c.team == wish.team, assign_waits.c.run_id != run_id, first)
        .where(assign_waits.c.seen_at >= at - FORGOTTEN_MICROS, runs.c.state == "waiting")
    )
    return Counter((row.skill or "", row.most) for row in connection.execute(others))


def _wait(connection: Connection, wish: Wish, run_id: str) -> None:
    at = micros(now())
    seen = update(assign_waits).where(assign_waits.c.run_id == run_id)
    told: Mapping[str, Any] = {
        "team": wish.team,
        "rank": wish.rank,
        "seen_at": at,
        "skill": wish.skill or None,
        "most": wish.most,
    }
    if connection.execute(seen.values(**told)).rowcount == 0:
        connection.execute(insert(assign_waits).values(run_id=run_id, since=at, **told))


def _owner_of(connection: Connection, wish: Wish) -> str | None:
    if not wish.customer:
        return None
    query = select(customer_owners.c.owner).where(
        customer_owners.c.channel == wish.channel, customer_owners.c.customer == wish.customer
    )
    return connection.execute(query).scalar()


def _keep_customer(connection: Connection, channel: str, customer: str, owner: str) -> None:
    kept = (customer_owners.c.channel == channel, customer_owners.c.customer == customer)
    if connection.execute(update(customer_owners).where(*kept).values(owner=owner)).rowcount == 0:
        _add_once(connection, insert(customer_owners).values(channel=channel, customer=customer, owner=owner))


def _add_once(connection: Connection, row: Any) -> None:
    """Add a row that somebody else may be adding too."""
    try:
        with connection.begin_nested():
            connection.execute(row)
    except IntegrityError:
        return
