"""The post: looks up whom a message reaches, and brings it to them."""

from sqlalchemy import Connection, Engine, RowMapping, exists, select, update

from runtime.clock import Clock
from runtime.core.engine import micros
from runtime.reaching import administrators, people_of
from runtime.store import notices
from runtime.store.database import begin, reading
from runtime.store.tables import messages

PLACED_AT_ONCE = 200


class Post:
    """What people are told and have not been told yet."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def work(self) -> int:
        """Bring messages on their way. How many; 0 means that none can go now."""
        return self._place() if self.due() else 0

    def due(self) -> bool:
        """Whether a message waits that can go on."""
        waiting = select(exists().where(messages.c.due_at <= self._now()))
        with reading(self._engine) as connection:
            return bool(connection.execute(waiting).scalar())

    def _place(self) -> int:
        """Look up whom new messages reach."""
        at = self._now()
        found = select(messages).where(messages.c.due_at <= at).order_by(messages.c.due_at).limit(PLACED_AT_ONCE)
        with begin(self._engine, durable=False) as connection:
            rows = connection.execute(found.with_for_update(skip_locked=True)).mappings().all()
            for row in rows:
                _notify(connection, row, at)
            placed = update(messages).where(messages.c.id.in_([row["id"] for row in rows]))
            connection.execute(placed.values(due_at=None))
        return len(rows)

    def _now(self) -> int:
        return micros(self._clock())


def _notify(connection: Connection, message: RowMapping, at: int) -> None:
    """Put a notice before everybody whom the message reaches; where that is nobody, before the administrators."""
    people = people_of(connection, message["addressee"])
    if people is not None:
        notices.add(connection, message["id"], people or administrators(connection), at)
