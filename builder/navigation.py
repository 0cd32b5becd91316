"""What the frame around every page knows: where one can go, how many wait there, and whether the orders balance."""

import time
from dataclasses import dataclass
from typing import Final

from flask import Flask, current_app, g, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from builder.auth import Action, may, reader
from builder.i18n.text import _
from builder.models import User, engine
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.run import STATES
from runtime.store import queries, screens
from runtime.store.database import reading

STATE_NAMES: Final = {
    "running": _l("Running"),
    "waiting": _l("Waiting"),
    "held": _l("On hold"),
    "failed": _l("Failed"),
    "done": _l("Done"),
    "cancelled": _l("Cancelled"),
    "merged": _l("Merged"),
}
STATE_ICONS: Final = {
    "running": "play",
    "waiting": "hourglass",
    "held": "pause",
    "failed": "alert",
    "done": "check",
    "cancelled": "cross",
    "merged": "merge",
}
SLOW: Final = 0.02
DUTY_NAMES: Final = {
    "designer": _l("Flow designer"),
    "operator": _l("Operator"),
    "lead": _l("Team lead"),
    "finance": _l("Finance"),
    "warehouse": _l("Warehouse"),
    "after_sales": _l("After-sales"),
    "admin": _l("Administrator"),
    "auditor": _l("Auditor"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation. `count` names a figure of the pulse; `bar` puts it into the phone's bottom bar."""

    endpoint: str
    label: str
    icon: str
    group: str = "work"
    count: str | None = None
    alarm: bool = False
    bar: bool = False

    @property
    def current(self) -> bool:
        """Whether the page that is shown belongs to this place."""
        home = url_for(self.endpoint)
        return request.path == home or (home != "/" and request.path.startswith(f"{home}/"))


def install_navigation(app: Flask) -> None:
    """Give the templates what the frame shows."""
    app.extensions["orderflow.balance"] = []
    app.jinja_env.globals.update(
        navigation=navigation,
        pulse=pulse,
        may=may,
        state_name=state_name,
        state_icon=STATE_ICONS.__getitem__,
        balance_states=STATES,
        duty_names=duty_names,
        duty_name=duty_name,
    )
    app.jinja_env.filters["filled"] = lambda counts: [name for name, number in counts.items() if number]


def navigation() -> list[Place]:
    """The places that the person who asks may go to."""
    places: list[tuple[Action, Place]] = [
        ("start.see", Place("start.page", _("Start"), "home", bar=True)),
        ("tasks.see", Place("inbox.list_page", _("Inbox"), "inbox", count="tasks", bar=True)),
        ("board.see", Place("board.page", _("Board"), "clock")),
        ("orders.see", Place("orders.list_page", _("Orders"), "orders", bar=True)),
        ("orders.see", Place("failures.list_page", _("Failures"), "alert", count="failures", alarm=True)),
        ("orders.see", Place("surges.list_page", _("Surges"), "surge", count="surges", alarm=True)),
        ("refusals.see", Place("refusals.list_page", _("Refused"), "refused", count="refusals", alarm=True)),
        ("flows.see", Place("flows.list_page", _("Flows"), "flow", bar=True)),
        ("start.see", Place("notices.list_page", _("Notices"), "mail", count="notices")),
        ("kpi.see", Place("kpi.page", _("Performance"), "chart")),
        ("start.see", Place("guide.contents", _("Guide"), "guide")),
        ("orders.see", Place("systems.list_page", _("Systems"), "plug", group="admin")),
        (
            "systems.manage",
            Place("messages.list_page", _("Messages"), "phone", group="admin", count="troubles", alarm=True),
        ),
        ("calendars.see", Place("calendars.list_page", _("Calendars"), "calendar", group="admin")),
        ("people.manage", Place("admin.people", _("People"), "people", group="admin")),
        ("people.manage", Place("admin.channels", _("Channels"), "shop", group="admin")),
    ]
    return [place for action, place in places if may(action)]


def pulse() -> screens.Pulse:
    """Counts and balance, read once for a request."""
    if "pulse" not in g:
        with reading(engine()) as connection:
            g.pulse = screens.pulse(connection, reader(), micros(now()), _balance(connection))
    found: screens.Pulse = g.pulse
    return found


def _balance(connection: Connection) -> queries.Balance:
    """The balance. Where counting takes long, one count serves everybody for twenty times as long as it took."""
    kept: list[tuple[float, queries.Balance]] = current_app.extensions["orderflow.balance"]
    began = time.monotonic()
    for until, balance in kept:
        if began < until:
            return balance
    counted = queries.total_balance(queries.balance(connection).values())
    took = time.monotonic() - began
    kept[:] = [(began + 20 * took, counted)] if took > SLOW else []
    return counted


def state_name(state: str) -> str:
    """The state in the asker's language."""
    return str(STATE_NAMES[state])


def duty_name(duty: str) -> str:
    """The duty in the asker's language."""
    return str(DUTY_NAMES.get(duty, duty))


def duty_names(user: User) -> str:
    """All duties of a person, in the asker's language."""
    return _(", ").join(str(name) for duty, name in DUTY_NAMES.items() if duty in user.duty_set)
