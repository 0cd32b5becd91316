"""Held channels: the list with what is usual now, and one hold with its chart, its orders and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping

from builder.auth import may, requires
from builder.i18n import moment
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.surges.chart import Chart, compared_hours, draw
from builder.web import asker, go, service
from runtime.breaker import usual_of
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.surge import HOUR, WEEKS, Baseline, Rule, hour_of, same_hours
from runtime.store import screens, surges
from runtime.store.database import reading
from runtime.surges import MOST_FLOOR, How, Quiet

pages = Blueprint("surges", __name__)

PAGE: Final = 30
NEWEST: Final = 8
SAMPLE: Final = 5
MOST_REASON: Final = 1000
QUIETS: Final = ("none", "hour", "four_hours", "day")


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """A channel in the running hour. `usual` None: it is too young to tell."""

    name: str
    came: int
    usual: Baseline | None
    floor: int
    held_by: str | None

    @property
    def trips_at(self) -> int | None:
        """From how many orders of this hour on it is held."""
        at = self.usual.trips_at if self.usual else None
        return None if at is None else max(at, self.floor)


@dataclass(frozen=True, slots=True)
class Sample:
    """Held orders that a person looks at before they decide."""

    newest: Sequence[RowMapping]
    biggest: Sequence[RowMapping]
    buyers: Sequence[Any]
    phones: Sequence[Any]


@pages.get("/surges")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """What is held now, what is usual in this hour, and what was held before."""
    return _list()


@pages.get("/surges/notice")
@requires("surges.decide")
def notice() -> ResponseReturnValue:
    """What asks for a decision, for the top of the inbox; asked for every few seconds."""
    return render_template("surges/notice.html")


@pages.get("/surges/<surge_id>")
@requires("orders.see")
def surge_page(surge_id: str) -> ResponseReturnValue:
    """One hold."""
    return _surge(surge_id)


@pages.post("/surges")
@requires("surges.decide")
def hold() -> ResponseReturnValue:
    """Hold a channel by hand."""
    channel, reason = request.form.get("channel", ""), _reason()
    with reading(engine()) as connection:
        if channel not in screens.channel_names(connection):
            return _list(_("Choose a channel."), 422)
    if not reason:
        return _list(_("Say why the channel is held: those who release it want to know."), 422)
    surge_id = service().surges.hold(channel, reason, asker(current_user.name))
    if surge_id is None:
        return _list(_("%(channel)s is held already.", channel=channel), 409)
    flash(_("New orders of %(channel)s are held from now on.", channel=channel), "good")
    return go("surges.surge_page", surge_id=surge_id)


@pages.post("/surges/<surge_id>/release")
@requires("surges.decide")
def release(surge_id: str) -> ResponseReturnValue:
    """Let the held orders go on, in waves or at once."""
    how = request.form.get("how", "")
    if how not in ("waves", "all"):
        abort(400)
    if not service().surges.release(surge_id, cast(How, how), _quiet(), asker(current_user.name)):
        return _too_late(surge_id)
    flash(_("The release has begun."), "good")
    return go("surges.surge_page", surge_id=surge_id)


@pages.post("/surges/<surge_id>/keep")
@requires("surges.decide")
def keep(surge_id: str) -> ResponseReturnValue:
    """Stop what runs and go on holding."""
    if not service().surges.keep(surge_id, asker(current_user.name)):
        return _too_late(surge_id)
    flash(_("The channel stays held. What was released goes on its way."), "good")
    return go("surges.surge_page", surge_id=surge_id)


@pages.post("/surges/<surge_id>/cancel")
@requires("surges.decide")
def cancel(surge_id: str) -> ResponseReturnValue:
    """Cancel every order that is held now."""
    reason = _reason()
    if not reason:
        return _surge(surge_id, _("Say why: every cancelled order keeps the reason."), 422)
    if not service().surges.cancel(surge_id, reason, _quiet(), asker(current_user.name)):
        return _too_late(surge_id)
    flash(_("The held orders are being cancelled."), "good")
    return go("surges.surge_page", surge_id=surge_id)


@pages.post("/surges/floors")
@requires("surges.decide")
def set_floor() -> ResponseReturnValue:
    """Say below how many orders an hour a channel never trips."""
    channel, told = request.form.get("channel", ""), request.form.get("floor", "").strip() or "0"
    with reading(engine()) as connection:
        if channel not in screens.channel_names(connection):
            abort(404)
    if not (told.isascii() and told.isdigit() and len(told) < 10 and int(told) <= MOST_FLOOR):
        return _list(_("Write a whole number from 0 to 1,000,000: orders an hour."), 422)
    service().surges.set_floor(channel, int(told), asker(current_user.name))
    flash(_("Saved."), "good")
    return go("surges.list_page")


@pages.app_template_global()
def surge_notices() -> Sequence[RowMapping]:
    """The holds that wait for a person who may decide: none for others."""
    if not may("surges.decide"):
        return ()
    with reading(engine()) as connection:
        return surges.open_surges(connection)


@pages.app_template_global()
def silent_channels() -> Sequence[RowMapping]:
    """The channels from which orders were expected and none came."""
    with reading(engine()) as connection:
        return surges.open_silences(connection)


def _list(problem: str = "", status: int = 200) -> ResponseReturnValue:
    channel, before = request.args.get("channel", "")[:64], request.args.get("before", "")[:26]
    with reading(engine()) as connection:
        over = surges.find_surges(connection, channel=channel or None, before=before or None, limit=PAGE + 1)
        open_ones = surges.open_surges(connection)
        page = render_template(
            "surges/list.html",
            open_ones=[(row, surges.count_held(connection, row["channel"])) for row in open_ones],
            channels_now=_channels_now(connection, open_ones),
            over=over[:PAGE],
            more=over[PAGE - 1]["id"] if len(over) > PAGE else None,
            before=before,
            channel=channel,
            channels=screens.channel_names(connection),
            names=names(connection),
            mean=mean,
            problem=problem,
        )
    return page, status


def _channels_now(connection: Connection, open_ones: Sequence[RowMapping]) -> list[ChannelNow]:
    zone = service().surges.zone
    hour = hour_of(micros(now()), zone)
    held = {row["channel"]: row["id"] for row in open_ones}
    floors = surges.floors(connection)
    return [
        ChannelNow(
            name,
            surges.arrived(connection, name, [hour]).get(hour, 0),
            usual_of(connection, name, hour, zone),
            floors.get(name, 0),
            held.get(name),
        )
        for name in screens.channel_names(connection)
    ]


def _surge(surge_id: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        row = surges.surge(connection, surge_id)
        if row is None:
            abort(404)
        usual = _usual(row)
        page = render_template(
            "surges/surge.html",
            row=row,
            usual=usual,
            held=surges.count_held(connection, row["channel"]) if row["holds"] else 0,
            chart=_chart(connection, row, usual),
            sample=_sample(connection, row["channel"]) if row["holds"] else None,
            failed=surges.count_failed(connection, row),
            moving=surges.count_moving(connection, row),
            names=names(connection),
            problem=problem,
        )
    return page, status


def _chart(connection: Connection, row: RowMapping, usual: Baseline | None) -> Chart:
    """The day up to now; of a hold that is over, the day up to its end."""
    zone = service().surges.zone
    last = hour_of(row["closed_at"] or micros(now()), zone)
    last = min(last, row["hour_at"] + 18 * HOUR)
    shown = range(last - 23 * HOUR, last + HOUR, HOUR)
    compared = [one for hour in shown for one in same_hours(hour, zone, 7, WEEKS)]
    counts = surges.arrived(connection, row["channel"], compared_hours(last, compared))
    first = surges.first_hour(connection, row["channel"])
    # Who raised the floor since has not changed what tripped.
    floor = min(row["came"], surges.floors(connection).get(row["channel"], 0))
    return draw(counts, first, last, row["hour_at"], usual, floor, zone)


def _sample(connection: Connection, channel: str) -> Sample:
    return Sample(
        surges.newest_orders(connection, channel, NEWEST),
        surges.biggest_orders(connection, channel, SAMPLE),
        surges.repeated(connection, channel, "buyer", SAMPLE),
        surges.repeated(connection, channel, "phone_tail", SAMPLE),
    )


def mean(usual: Baseline | None) -> str:
    """A mean as people read it: at most one decimal."""
    return "–" if usual is None else f"{float(usual.mean):.1f}".removesuffix(".0")


@pages.app_template_global()
def usual_mean(row: RowMapping) -> str:
    """What was usual in the hour of a hold."""
    return mean(_usual(row))


def _usual(row: RowMapping) -> Baseline | None:
    return Baseline(cast(Rule, row["rule"]), row["usual"], row["usual_hours"]) if row["rule"] else None


def _too_late(surge_id: str) -> ResponseReturnValue:
    with reading(engine()) as connection:
        row = surges.surge(connection, surge_id)
        if row is None:
            abort(404)
        who = names(connection).person(row["decided_by"])
    told = _("%(who)s decided at %(time)s, before you. Nothing was changed.", who=who, time=moment(row["decided_at"]))
    return _surge(surge_id, told, 409)


def _quiet() -> Quiet:
    told = request.form.get("quiet", "four_hours")
    if told not in QUIETS:
        abort(400)
    return cast(Quiet, told)


def _reason() -> str:
    return request.form.get("reason", "").strip()[:MOST_REASON]
