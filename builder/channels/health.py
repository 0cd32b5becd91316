"""How a pull does, told in the asker's language."""

from sqlalchemy import Connection, RowMapping

from builder.i18n import moment
from builder.i18n.text import _, ngettext
from builder.labels import told_problem
from builder.systems.health import State
from runtime.store import pulls, surges


def states(connection: Connection, at: int) -> dict[str, State]:
    """How the pull of each channel does that has one."""
    rows = pulls.all_pulls(connection)
    held = {row["channel"] for row in surges.open_surges(connection)}
    return {row["channel"]: state(row, at, held=row["channel"] in held) for row in rows}


def state(row: RowMapping, at: int, *, held: bool) -> State:
    """How a pull does. `held`: its channel is."""
    if row["state"] == "off":
        text = _("Nothing is asked for until somebody resumes it. What is sold meanwhile waits in the shop.")
        return State("held", "pause", _("Paused"), text)
    if held:
        text = _("The channel is held. When it is open again, the pull goes on where it stands; nothing is skipped.")
        return State("held", "surge", _("Paused by the surge breaker"), text)
    if row["error"]:
        again = _("Next try at %(time)s.", time=moment(row["next_at"]))
        times = ngettext("%(num)s failure in a row.", "%(num)s failures in a row.", row["failures"])
        text = _("%(why)s %(times)s %(again)s", why=error_text(row), times=times, again=again)
        return State("failed", "alert", _("Failing"), text)
    if row["lease_until"] and row["lease_until"] > at:
        return State("running", "download", _("Pulling"), _("A page is asked for just now."))
    if row["pulled_at"] is None:
        return State("waiting", "hourglass", _("Begins in a moment"), _("The first page is asked for within seconds."))
    if row["next_at"] <= at:
        return State("running", "download", _("Pulling"), _("More waits in the shop."))
    return State("done", "check", _("Up to date"), _("Next at %(time)s.", time=moment(row["next_at"])))


def error_text(row: RowMapping) -> str:
    """Why the last try of a pull failed, and how to mend it; empty when it did not."""
    problem = pulls.error_of(row)
    if problem is None:
        return ""
    what, remedy = told_problem(problem)
    return _("%(what)s %(remedy)s", what=what, remedy=remedy)
