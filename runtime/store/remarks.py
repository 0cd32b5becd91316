"""Reads of what people say about orders: comments, the files attached to them, and who was mentioned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select

from runtime.store.tables import attachment_parts, attachments, mentions, orders, remarks


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment with its files, and the names of those whom it mentions."""

    row: RowMapping
    files: tuple[RowMapping, ...]
    mentioned: tuple[str, ...]


def of_order(connection: Connection, run_id: str) -> list[Remark]:
    """The comments on an order, the oldest first; those that were struck have lost their files."""
    rows = connection.execute(select(remarks).where(remarks.c.run_id == run_id).order_by(remarks.c.id)).mappings().all()
    files: dict[str, list[RowMapping]] = {}
    people: dict[str, list[str]] = {}
    if rows:
        query = select(attachments).where(attachments.c.run_id == run_id).order_by(attachments.c.id)
        for file in connection.execute(query).mappings():
            files.setdefault(file["remark_id"], []).append(file)
        named = select(mentions.c.remark_id, mentions.c.person).where(
            mentions.c.remark_id.in_([row["id"] for row in rows])
        )
        for remark_id, person in connection.execute(named.order_by(mentions.c.person)):
            people.setdefault(remark_id, []).append(person)
    return [
        Remark(row, () if row["struck_at"] else tuple(files.get(row["id"], ())), tuple(people.get(row["id"], ())))
        for row in rows
    ]


def count_unread(connection: Connection, person: str) -> int:
    """In how many comments a person is mentioned that they have not seen."""
    mine = (mentions.c.person == person, mentions.c.read_at.is_(None))
    return connection.execute(select(func.count()).select_from(mentions).where(*mine)).scalar_one()


def unread_in(connection: Connection, person: str, run_id: str) -> set[str]:
    """The comments on an order that mention a person, and that they have not seen."""
    mine = (mentions.c.person == person, mentions.c.run_id == run_id, mentions.c.read_at.is_(None))
    return set(connection.execute(select(mentions.c.remark_id).where(*mine)).scalars())


def mentioning(
    connection: Connection, person: str, *, before: str | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """Comments that mention a person, with their orders, the newest first. `before` is the last id seen."""
    query = (
        select(remarks, mentions.c.read_at, orders.c.external_id, orders.c.channel, orders.c.total, orders.c.currency)
        .join(mentions, mentions.c.remark_id == remarks.c.id)
        .join(orders, orders.c.run_id == remarks.c.run_id)
        .where(mentions.c.person == person, remarks.c.struck_at.is_(None))
    )
    if before:
        query = query.where(remarks.c.id < before)
    return connection.execute(query.order_by(remarks.c.id.desc()).limit(limit)).mappings().all()


def attachment(connection: Connection, attachment_id: str) -> RowMapping | None:
    """A file of a comment that stands."""
    query = (
        select(attachments)
        .join(remarks, remarks.c.id == attachments.c.remark_id)
        .where(attachments.c.id == attachment_id, remarks.c.struck_at.is_(None))
    )
    return connection.execute(query).mappings().first()


def content_of(connection: Connection, attachment_id: str) -> Iterator[bytes]:
    """What is in a file, piece by piece."""
    numbers = select(attachment_parts.c.number).where(attachment_parts.c.attachment_id == attachment_id)
    for number in connection.execute(numbers.order_by(attachment_parts.c.number)).scalars().all():
        piece = select(attachment_parts.c.content).where(
            attachment_parts.c.attachment_id == attachment_id, attachment_parts.c.number == number
        )
        yield bytes(connection.execute(piece).scalar_one())
