"""How a system does, told in the asker's language: its state, what came last, and what waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, RowMapping, select

from builder.i18n import moment, words
from builder.i18n.text import _, ngettext
from builder.labels import outlet_name
from builder.web import service
from runtime.adapters.contract import Outlet
from runtime.clock import now
from runtime.core.lane import SECOND, Lane, Paused
from runtime.core.moment import micros
from runtime.store import lanes
from runtime.store.tables import users

Origin = Literal["set_up", "simulated", "built_in", "missing"]

RESULT_NAMES: Final = {
    "ok": _l("Answered"),
    "error": _l("Error"),
    "timeout": _l("No answer in time"),
    "bad_answer": _l("Unusable answer"),
    "refused": _l("Refused"),
}
RESULT_ICONS: Final = {"ok": "check", "error": "alert", "timeout": "clock", "bad_answer": "alert", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class State:
    """`tone` is a colour of the states of orders; the words say it all without it."""

    tone: str
    icon: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Health:
    """A system or notifier as the pages show it. `waiting` and `away` count calls; `inside` has no lane to speak of."""

    lane: Lane
    label: str
    origin: Origin
    inside: bool
    waiting: int
    away: int
    state: State

    @property
    def usual(self) -> int | None:
        """How long half of the last answers took at the most, in microseconds."""
        millis = self.lane.usual_millis
        return None if millis is None else millis * 1000


def all_health(connection: Connection, at: int) -> list[Health]:
    """Every system and notifier that can be called, and those that are called but missing; the troubled first."""
    counted = _counted(connection, at)
    outlets = service().outbox.outlets
    found = []
    for target in sorted({*outlets, *counted}):
        lane, waiting, away = counted.get(target, (Lane(*target), 0, 0))
        outlet = outlets.get(target)
        if (outlet and not outlet.posted) or waiting or away:
            found.append(_health(connection, lane, outlet, waiting, away, at))
    return sorted(found, key=lambda one: (one.state.tone not in ("failed", "held", "waiting"), one.inside))


def health(connection: Connection, target: lanes.Target, at: int) -> Health | None:
    """How one system does; None when there is none of this name."""
    outlet = service().outbox.outlets.get(target)
    if outlet and outlet.posted:
        return None
    counted = _counted(connection, at)
    lane, waiting, away = counted.get(target, (Lane(*target), 0, 0))
    return _health(connection, lane, outlet, waiting, away, at) if outlet or target in counted else None


def kept_back(connection: Connection, calls: Mapping[str, RowMapping]) -> dict[str, str]:
    """Why calls (rows of `effects` by trace code) are not sent now, as sentences; none for those that wait their turn."""
    at = micros(now())
    waiting = {trace: (row["adapter"], row["target"]) for trace, row in calls.items() if row["state"] == "ready"}
    told = {trace: _held_up(connection, lanes.find(connection, target), at) for trace, target in waiting.items()}
    return {trace: text for trace, text in told.items() if text}


def _held_up(connection: Connection, lane: Lane, at: int) -> str:
    name = outlet_name(lane.adapter, lane.target)
    if lane.paused:
        who = _person(connection, lane.paused.by)
        return _("Waiting for %(system)s: calls to it are paused by %(who)s.", system=name, who=who)
    match lane.breaker(at):
        case "open":
            until = moment(lane.open.until if lane.open else None)
            return _("Waiting for %(system)s: its breaker is open until %(time)s.", system=name, time=until)
        case "half_open":
            return _("Waiting for %(system)s: one call tries whether it is well again.", system=name)
        case "closed" if lane.next_at and lane.next_at > at + SECOND:
            return _(
                "Waiting for %(system)s: it may be called again at %(time)s.", system=name, time=moment(lane.next_at)
            )
        case "closed":
            return ""


def result_name(result: str) -> str:
    """What came of a call."""
    return str(RESULT_NAMES[result])


def _counted(connection: Connection, at: int) -> dict[lanes.Target, tuple[Lane, int, int]]:
    found = lanes.with_counts(connection, at)
    return {(lane.adapter, lane.target): (lane, waiting, away) for lane, waiting, away in found}


def _health(connection: Connection, lane: Lane, outlet: Outlet | None, waiting: int, away: int, at: int) -> Health:
    return Health(
        lane=lane,
        label=words(outlet.label) if outlet else lane.target,
        origin=_origin(outlet),
        inside=outlet is not None and outlet.inside,
        waiting=waiting,
        away=away,
        state=_paused(connection, lane.paused) if outlet and lane.paused else _state(lane, outlet, at),
    )


def _origin(outlet: Outlet | None) -> Origin:
    if outlet is None:
        return "missing"
    return "simulated" if outlet.simulated else "built_in" if outlet.inside else "set_up"


def _state(lane: Lane, outlet: Outlet | None, at: int) -> State:
    if outlet is None:
        return State("failed", "alert", _("Not set up"), _("Calls to it are refused. Set up a system of this name."))
    if outlet.inside:
        return State("done", "check", _("Always there"), _("Stays inside Orderflow."))
    match lane.breaker(at):
        case "open":
            until = moment(lane.open.until if lane.open else None)
            return State(
                "failed", "alert", _("Breaker open"), _opened(lane) + _("Nothing is sent until %(time)s.", time=until)
            )
        case "half_open":
            return State("waiting", "retry", _("Half open"), _("The next call tries whether it is well again."))
        case "closed" if lane.wait_until > at:
            text = _("It asked for time until %(time)s.", time=moment(lane.wait_until))
            return State("waiting", "hourglass", _("Asked for time"), text)
        case "closed" if lane.last_at is None:
            return State("cancelled", "dot", _("Not called yet"), _("Its first call shows how it does."))
        case "closed" if lane.failures:
            trips = _("At %(n)s the breaker opens.", n=lane.limits.trip_after)
            return State("waiting", "alert", _("Failing"), _ill(lane) + trips)
        case "closed":
            return State("done", "check", _("Working"), _("The breaker is closed."))


def _opened(lane: Lane) -> str:
    if lane.open and lane.open.reason:
        return _("Opened by hand: %(reason)s. ", reason=lane.open.reason)
    return _ill(lane)


def _ill(lane: Lane) -> str:
    return ngettext("%(num)s failure in a row. ", "%(num)s failures in a row. ", lane.failures)


def _paused(connection: Connection, paused: Paused) -> State:
    who, since = _person(connection, paused.by), moment(paused.at)
    text = _("By %(who)s since %(time)s: %(reason)s", who=who, time=since, reason=paused.reason)
    return State("held", "pause", _("Paused"), text)


def _person(connection: Connection, name: str) -> str:
    return connection.execute(select(users.c.display).where(users.c.name == name)).scalar() or name


def origin_names() -> Mapping[str, str]:
    """What the origins are called."""
    return {
        "set_up": "",
        "simulated": _("simulated"),
        "built_in": _("built in"),
        "missing": _("missing"),
    }
