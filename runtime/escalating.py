"""Calling up whoever leads: about one task, by a person who thinks that it cannot wait."""

from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from runtime import telling
from runtime.actor import Actor
from runtime.answering import Decline
from runtime.core.moment import micros
from runtime.limits import MINUTE
from runtime.service import Service
from runtime.store import trail
from runtime.store.database import begin
from runtime.store.tables import orders, tasks, team_members, users


def escalate(service: Service, trace: str, note: str, actor: Actor, who: str) -> Decline | None:
    """Tell those who lead the asked team, else all who lead, and keep it in the trail. `who` is the actor's shown name.

    Said twice within a minute it is told once. Only an open task can be escalated.
    """
    at = micros(service.clock())
    with begin(service.engine, durable=True) as connection:
        query = select(tasks, orders.c.external_id).join(orders, orders.c.run_id == tasks.c.run_id)
        task = connection.execute(query.where(tasks.c.trace == trace)).mappings().first()
        if task is None:
            return Decline("unknown")
        if task["state"] != "open":
            decided = task["state"] == "decided"
            why = Decline("already_decided", task["decided_by"], task["decided_at"], task["decision"])
            return why if decided else Decline("withdrawn")
        word = _word(task, note, who, at)
        to = leads(connection, task["who_kind"], task["who"])
        told = [
            telling.tell(connection, one, word, key=f"escalate:{trace}:{at // MINUTE}:{number}", at=at, urgent=True)
            for number, one in enumerate(to)
        ]
        if any(told):
            connection.execute(update(tasks).where(tasks.c.trace == trace).values(escalated_at=at))
            trail.write(connection, actor, at, "task.escalate", trace, after={"to": to, "note": note})
    service.effect_bell.ring()
    return None


def leads(connection: Connection, kind: str, who: str) -> list[str]:
    """Who leads those that a task asks: the leads in the team, or in a team of the person; without any, all who lead."""
    own = select(team_members.c.team).where(team_members.c.user_name == who)
    asked = team_members.c.team == who if kind == "team" else team_members.c.team.in_(own)
    query = select(users.c.name, users.c.duties).where(users.c.active)
    members = select(team_members.c.user_name).where(asked)
    found = connection.execute(query.where(users.c.name.in_(members)).order_by(users.c.name)) if kind != "role" else ()
    leading = [f"person:{name}" for name, duties in found if "lead" in orjson.loads(duties) and name != who]
    return leading or ["role:lead"]


def _word(task: Any, note: str, who: str, at: int) -> telling.Word:
    minutes = max(0, at - task["asked_at"]) // MINUTE
    params = {"who": who, "order": task["external_id"], "minutes": minutes, "note": note}
    return telling.word_of("board.escalated", params, link=f"/inbox/{task['trace']}", run_id=task["run_id"])
