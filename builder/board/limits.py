"""The panel beside the board at which those who lead say how long stages may take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, select

from builder.auth import may, requires
from builder.board.views import the_board
from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import words
from builder.i18n.text import _
from builder.models import engine
from builder.web import asker, counting, is_htmx, service
from runtime import limits
from runtime.core.flow_settings import with_defaults
from runtime.core.moment import micros
from runtime.core.plan import drawn_id
from runtime.limits import EVERY_STAGE, HOUSE, MOST_MINUTES, WHOLE_ORDER, Limit, Limits, Place
from runtime.store.database import begin, reading
from runtime.store.tables import flows, runs, tasks

pages = Blueprint("board_limits", __name__)

ASKING_KINDS: Final = ("approval", "hold")


@dataclass(frozen=True, slots=True)
class Field:
    """A place whose limit can be set: its name, what is set for it, and what holds there otherwise."""

    place: Place
    name: str
    own: Limit | None
    otherwise: Limit | None
    minutes: str = ""
    amber: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The places of one flow, or of the house."""

    flow: str
    name: str
    fields: tuple[Field, ...]


@pages.get("/board/limits")
@requires("board.see")
def panel() -> ResponseReturnValue:
    """All limits; whoever leads can change them."""
    return _panel({})


@pages.post("/board/limits")
@requires("tasks.lead")
def change() -> ResponseReturnValue:
    """Set the limits of one flow (`flow`; empty: of the house). What is left empty goes by what holds around it."""
    told, flow = request.form, request.form.get("flow", "")
    with reading(engine()) as connection:
        known = limits.find(connection)
        group = next((one for one in _groups(connection, known) if one.flow == flow), None)
    if group is None:
        return _panel({}, _("This flow does not exist any more."), 409)
    wanted = {field.place: _read(field, told) for field in group.fields}
    wrong = {place: one for place, one in wanted.items() if isinstance(one, str)}
    if wrong:
        return _panel(wrong, status=422)
    at, actor, overtaken = micros(service().clock()), asker(current_user.name), False
    with begin(engine(), durable=True) as connection:
        for place, one in wanted.items():
            if not isinstance(one, str) and one != _seen(known, place, told):
                overtaken |= not limits.change(connection, place, one, actor, at)
    the_board().forget()
    if overtaken:
        return _panel({}, _("Somebody else has changed this since you opened it. Look at it again."), 409)
    return _panel({}, done=_("Saved. It holds for all open orders from now on."))


def _seen(known: Limits, place: Place, told: Mapping[str, str]) -> Limit | None:
    """The limit as it is, if it is the one that the form showed."""
    own = known.known.get(place)
    return own if own and own.rev == counting(told.get(f"rev {place[1]}")) else None


def _read(field: Field, told: Mapping[str, str]) -> Limit | str | None:
    """What a form says of a place; None: nothing of its own; a text: what is wrong with it."""
    minutes, amber = (told.get(f"{name} {field.place[1]}", "").strip() for name in ("minutes", "amber"))
    if not minutes:
        return None
    number = counting(minutes)
    if number is None or not 0 < number <= MOST_MINUTES:
        return _("A whole number of minutes, up to 90 days.")
    usual = min(limits.USUAL.amber_minutes, max(1, number // 3))
    before = usual if not amber else counting(amber)
    if before is None or before >= number:
        return _("Amber begins before the limit: a smaller number of minutes.")
    return Limit(number, before, counting(told.get(f"rev {field.place[1]}")) or 0)


def _panel(wrong: Mapping[Place, str], problem: str = "", status: int = 200, done: str = "") -> ResponseReturnValue:
    with reading(engine()) as connection:
        groups = [_with_typed(group, wrong) for group in _groups(connection, limits.find(connection))]
    template = "board/limits.html" if is_htmx() else "board/limits_page.html"
    page = render_template(
        template, groups=groups, problem=problem, done=done, may_change=may("tasks.lead"), wrong=bool(wrong)
    )
    return page, status


def _with_typed(group: Group, wrong: Mapping[Place, str]) -> Group:
    """What was typed stays where something is wrong with it."""
    if group.flow != request.form.get("flow") or not wrong:
        return group
    fields = (
        Field(
            field.place,
            field.name,
            field.own,
            field.otherwise,
            request.form.get(f"minutes {field.place[1]}", "")[:12],
            request.form.get(f"amber {field.place[1]}", "")[:12],
            wrong.get(field.place, ""),
        )
        for field in group.fields
    )
    return Group(group.flow, group.name, tuple(fields))


def _groups(connection: Connection, known: Limits) -> Iterator[Group]:
    yield Group(
        HOUSE,
        _("The whole house"),
        (
            _field((HOUSE, EVERY_STAGE), _("Every stage"), known, limits.USUAL),
            _field((HOUSE, WHOLE_ORDER), _("An order from its arrival to its end"), known, None),
        ),
    )
    published = select(flows.c.key, flows.c.name, flows.c.version_id).where(flows.c.version_id.is_not(None))
    asking = _asking(connection)
    for key, name, version_id in connection.execute(published.order_by(flows.c.key)).all():
        flow = drawn_version(connection, version_id)
        stages = dict.fromkeys([*_stages(flow), *asking.get(key, ()), *_set_before(known, key)])
        own = (
            _field((key, node), flow.node_name(node), known, _at_step(flow, node, known.around(key))) for node in stages
        )
        yield Group(key, words(name) or key, (*own, *_rest_of(key, known)))


def _at_step(flow: DrawnFlow, node: str, around: Limit) -> Limit:
    """What holds at a step that has no limit of its own: its drawn deadline, if it has one."""
    kind, settings = flow.kind(node), flow.nodes.get(node, {}).get("settings", {})
    minutes = with_defaults(kind, settings).get("deadline_minutes") if kind in ASKING_KINDS else None
    return around if minutes is None else Limit(minutes, around.amber_minutes)


def _rest_of(flow: str, known: Limits) -> tuple[Field, Field]:
    """What holds at a flow's other stages, and for its orders as a whole."""
    house = known.known.get((HOUSE, EVERY_STAGE), limits.USUAL)
    whole = known.known.get((HOUSE, WHOLE_ORDER))
    return (
        _field((flow, EVERY_STAGE), _("Every other stage"), known, house),
        _field((flow, WHOLE_ORDER), _("An order from its arrival to its end"), known, whole),
    )


def _field(place: Place, name: str, known: Limits, otherwise: Limit | None) -> Field:
    own = known.known.get(place)
    minutes, amber = (str(own.minutes), str(own.amber_minutes)) if own else ("", "")
    return Field(place, name, own, otherwise, minutes, amber)


def _stages(flow: DrawnFlow) -> list[str]:
    """The steps at which people are asked."""
    return [node for node in flow.nodes if flow.kind(node) in ASKING_KINDS]


def _asking(connection: Connection) -> dict[str, list[str]]:
    """The stages at which people are asked just now, by flow."""
    query = select(runs.c.flow_key, tasks.c.node).join(runs, runs.c.id == tasks.c.run_id).where(tasks.c.state == "open")
    found: dict[str, list[str]] = {}
    for flow, node in connection.execute(query.distinct().order_by(tasks.c.node)):
        found.setdefault(flow or "", []).append(drawn_id(node))
    return found


def _set_before(known: Limits, flow: str) -> list[str]:
    return sorted(node for key, node in known.known if key == flow and node not in (EVERY_STAGE, WHOLE_ORDER))
