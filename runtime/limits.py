"""How long an order may stand at a stage, and in all: what the house allows, changed by those who lead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from runtime.actor import Actor
from runtime.core.plan import drawn_id
from runtime.store import trail
from runtime.store.tables import sla_limits

MINUTE: Final = 60_000_000
HOUSE: Final = ""
EVERY_STAGE: Final = "*"
WHOLE_ORDER: Final = ""
MOST_MINUTES: Final = 60 * 24 * 90

Place = tuple[str, str]
"""Flow (empty: the house) and stage (`*`: every stage but a planned wait; empty: the whole order)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Minutes that are allowed, and how many before their end it turns amber. `rev` counts its changes; 0: never set."""

    minutes: int
    amber_minutes: int
    rev: int = 0


USUAL: Final = Limit(30, 10)


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit that was set, by place."""

    known: Mapping[Place, Limit] = field(default_factory=lambda: MappingProxyType({}))

    def of_stage(self, flow: str, node: str) -> Limit:
        """What holds at a stage: its own, its flow's, the house's, else 30 minutes."""
        return self.set_for(flow, node) or self.around(flow)

    def end_of_stage(self, flow: str, node: str, since: int, due: int | None) -> int:
        """When the time of a stage ends, begun at `since`: by its limit; where the step itself has a deadline, at that.

        But a limit that was set for exactly this stage is not outlived by a deadline, which steps have unasked.
        """
        own = self.set_for(flow, node)
        if due is not None and own is None:
            return due
        end = since + (own or self.around(flow)).minutes * MINUTE
        return end if due is None else min(due, end)

    def stages(self) -> list[str]:
        """The stages that have a limit of their own, in whatever flow."""
        return sorted({node for _flow, node in self.known if node not in (EVERY_STAGE, WHOLE_ORDER)})

    def around(self, flow: str) -> Limit:
        """What holds at a stage of the flow that has no limit of its own."""
        return self.known.get((flow, EVERY_STAGE)) or self.known.get((HOUSE, EVERY_STAGE), USUAL)

    def set_for(self, flow: str, node: str) -> Limit | None:
        """What was set for exactly this stage; it holds there also where the order waits as it was planned."""
        return self.known.get((flow, drawn_id(node)))

    def of_order(self, flow: str) -> Limit | None:
        """What holds for an order from its arrival to its end, if anything does."""
        return self.known.get((flow, WHOLE_ORDER)) or self.known.get((HOUSE, WHOLE_ORDER))


def find(connection: Connection) -> Limits:
    """All limits as they are now."""
    rows = connection.execute(select(sla_limits))
    return Limits({(row.flow_key, row.node): Limit(row.minutes, row.amber_minutes, row.rev) for row in rows})


def change(connection: Connection, place: Place, wanted: Limit | None, actor: Actor, at: int) -> bool:
    """Set a limit, or take it away (None). `wanted.rev` is the one that was seen: False if it was changed since.

    At most one of two who change it at once gets through; the act stands in the trail.
    """
    flow, node = place
    here = (sla_limits.c.flow_key == flow, sla_limits.c.node == node)
    before = connection.execute(select(sla_limits).where(*here).with_for_update()).mappings().first()
    if wanted is not None and wanted.rev != (before["rev"] if before else 0):
        return False
    told = {name: before[name] for name in ("minutes", "amber_minutes")} if before else None
    if wanted is None:
        if before is None:
            return True
        connection.execute(delete(sla_limits).where(*here))
        after = None
    else:
        after = {"minutes": wanted.minutes, "amber_minutes": wanted.amber_minutes}
        if told == after:
            return True
        row = {**after, "editor": actor.name, "changed_at": at, "rev": wanted.rev + 1}
        if before is None:
            connection.execute(insert(sla_limits), {"flow_key": flow, "node": node, **row})
        else:
            connection.execute(update(sla_limits).where(*here, sla_limits.c.rev == wanted.rev).values(**row))
    trail.write(connection, actor, at, "limit.change", f"{flow}/{node}"[:128], told, after)
    return True
