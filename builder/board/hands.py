"""What those who lead do from the board: hand tasks to others, and call up whoever leads those that are asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, select

from builder.auth import requires
from builder.board.views import the_board
from builder.canvas.answers import answered, body, refused
from builder.i18n.text import _
from builder.inbox.board import late_words, receivers
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, service
from runtime import escalating
from runtime.answering import Decline
from runtime.store.database import reading
from runtime.store.tables import orders, tasks

pages = Blueprint("board_hands", __name__)

MOST_AT_ONCE: Final = 200
MOST_NOTE: Final = 900

Act = Callable[[str], Decline | None]


@pages.post("/board/reassign")
@requires("tasks.lead")
def reassign() -> ResponseReturnValue:
    """Ask another person or team at each of these tasks (`keys`), also where somebody had taken it on."""
    told = body()
    kind, _colon, who = str(told.get("to", "")).partition(":")
    with reading(engine()) as connection:
        known = who in receivers(connection).get(kind, {})
    if not known:
        problem = _("Choose the person or the team that is to be asked.")
        return refused(422, problem, problem)
    actor, note = asker(current_user.name), _note(told)
    to: Literal["person", "team"] = "team" if kind == "team" else "person"
    return _each(told, lambda trace: service().answering.transfer(trace, to, who, note, actor, anybodys=True))


@pages.post("/board/escalate")
@requires("tasks.lead")
def escalate() -> ResponseReturnValue:
    """Call whoever leads those that are asked to each of these tasks (`keys`), with a note."""
    told = body()
    actor, note = asker(current_user.name), _note(told)
    with reading(engine()) as connection:
        who = names(connection).person(current_user.name)
    return _each(told, lambda trace: escalating.escalate(service(), trace, note, actor, who))


def _each(told: Mapping[str, Any], act: Act) -> ResponseReturnValue:
    """Do it with each, and tell with which it could not be done and why."""
    wanted = told.get("keys")
    keys = [key for key in wanted if isinstance(key, str)] if isinstance(wanted, list) else []
    if not keys or len(keys) > MOST_AT_ONCE:
        problem = _("Tick between 1 and %(most)s tasks.", most=MOST_AT_ONCE)
        return refused(422, problem, problem)
    declined = {key: why for key in dict.fromkeys(keys) if (why := act(key)) is not None}
    the_board().forget()
    with reading(engine()) as connection:
        numbers = _numbers(connection, list(declined))
    missed = [{"key": key, "order": numbers.get(key, ""), "why": late_words(why)} for key, why in declined.items()]
    return answered({"done": len(set(keys)) - len(declined), "missed": missed})


def _numbers(connection: Connection, traces: Sequence[str]) -> dict[str, str]:
    query = select(tasks.c.trace, orders.c.external_id).join(orders, orders.c.run_id == tasks.c.run_id)
    return {trace: number for trace, number in connection.execute(query.where(tasks.c.trace.in_(traces)))}


def _note(told: Mapping[str, Any]) -> str:
    return str(told.get("note", "")).replace("\0", "").strip()[:MOST_NOTE]
