"""Notices inside Orderflow: what a person was told, whether by other ways too or not."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from runtime.store.tables import messages, notices


def add(connection: Connection, message_id: str, people: Collection[str], at: int) -> None:
    """Put a notice before each of these people; who has it already keeps it."""
    known = select(notices.c.person).where(notices.c.message_id == message_id)
    missing = sorted(set(people) - set(connection.execute(known).scalars()))
    if missing:
        connection.execute(
            insert(notices), [{"person": person, "message_id": message_id, "at": at} for person in missing]
        )


def count_unread(connection: Connection, person: str) -> int:
    """How many notices a person has not read."""
    mine = (notices.c.person == person, notices.c.read_at.is_(None))
    return connection.execute(select(func.count()).select_from(notices).where(*mine)).scalar_one()


def of_person(
    connection: Connection, person: str, *, before: str | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """A person's notices, the newest first. `before` is the last id seen."""
    query = (
        select(messages, notices.c.at, notices.c.read_at)
        .join(notices, notices.c.message_id == messages.c.id)
        .where(notices.c.person == person)
    )
    if before:
        query = query.where(notices.c.message_id < before)
    return connection.execute(query.order_by(notices.c.message_id.desc()).limit(limit)).mappings().all()


def read_all(connection: Connection, person: str, upto: str, at: int) -> None:
    """The person has read their notices up to this one."""
    mine = (notices.c.person == person, notices.c.message_id <= upto, notices.c.read_at.is_(None))
    connection.execute(update(notices).where(*mine).values(read_at=at))
