"""The page of figures, its download, and the page on which baselines and costs are typed in."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import may, requires
from builder.i18n import language_tag
from builder.i18n.text import _
from builder.kpi import download, typed
from builder.kpi.counts import Counts, Kept, count
from builder.kpi.drawing import butterfly
from builder.kpi.figures import (
    FIGURES,
    Baseline,
    Side,
    bin_name,
    bin_start,
    cards,
    change,
    definition,
    figure_name,
    length,
    percent,
    short_day,
    shown,
    version_name,
)
from builder.kpi.page import (
    ASPECTS,
    FAILURE_KINDS,
    arrived,
    broken_down,
    columns,
    costs,
    kind_name,
    rows,
    sides,
    synced,
    total_cost,
    version_sides,
)
from builder.kpi.periods import DAYS, Period, chosen
from builder.models import engine
from builder.orders.names import Names, names
from builder.web import asker, go, service
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.money import CURRENCIES
from runtime.store import kpi as store
from runtime.store import trail
from runtime.store.database import begin, reading

pages = Blueprint("kpi", __name__)
pages.record_once(lambda state: state.app.extensions.setdefault("orderflow.kpi", Kept()))

ASKED: Final = ("period", "first", "last", "flow", "channel", "one", "other", "by")
Versions = Mapping[str, tuple[str, str, int]]
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("/performance")
@requires("kpi.see")
def page() -> ResponseReturnValue:
    """The figures of a period."""
    period, whole, counts = _counted()
    people, versions, baselines, cost_of = _known()
    before, after = _sides(counts, period)
    pair = _pair(versions)
    compared = version_sides(counts, pair, versions) if pair else (before, after)
    aspect = request.args.get("by", "")
    aspect = aspect if aspect in ASPECTS else ASPECTS[0]
    everywhere = whole.of("", request.args.get("channel", ""))
    found_costs = costs(counts, cost_of)
    return render_template(
        "kpi/page.html",
        period=period,
        periods=(*DAYS, "days"),
        period_name=_period_name,
        address=_address,
        file_address=_file_address,
        asked={name: request.args.get(name, "") for name in ASKED},
        before=before,
        after=after,
        cards=cards(counts, period, before, after, typed.baselines(baselines)),
        compared=compared,
        changes=[change(figure, *compared) for figure in FIGURES],
        drawn=butterfly(compared[0].orders.handling, compared[1].orders.handling),
        pair=pair,
        versions=versions,
        flows={key: name for key, name, _number in versions.values()},
        channels=sorted({row.channel for row in whole.orders} | set(whole.missed)),
        aspect=aspect,
        aspects={name: _aspect_name(name) for name in ASPECTS},
        columns=columns(aspect),
        rows=rows(broken_down(counts, aspect, people, versions), aspect),
        arrived=arrived(everywhere),
        synced=synced(everywhere),
        costs=found_costs,
        cost=total_cost(found_costs, cost_of["currency"], language_tag()) if cost_of else "",
        currency=cost_of.get("currency", ""),
        newcomers=counts.newcomers,
        names=people,
        counted_at=counts.at,
        short_day=short_day,
        bin_name=bin_name,
        bin_start=bin_start,
        version_name=version_name,
        figure_name=figure_name,
        definition=definition,
        shown=shown,
        length=length,
        percent=percent,
        kind_name=kind_name,
        empty=not any(row.number for row in whole.orders),
    )


@pages.get("/performance.csv", defaults={"kind": "csv"})
@pages.get("/performance.xlsx", defaults={"kind": "xlsx"})
@requires("kpi.see")
def export(kind: str) -> ResponseReturnValue:
    """The figures as a file for spreadsheets: `csv` or `xlsx`."""
    period, _whole, counts = _counted()
    people, versions, baselines, _costs = _known()
    lines = list(_lines(counts, period, people, versions, typed.baselines(baselines)))
    if kind == "csv":
        return _attached(download.as_csv(lines), "text/csv; charset=utf-8", period, kind)
    return _attached(download.as_workbook(lines), WORKBOOK, period, kind)


@pages.get("/performance/typed")
@requires("kpi.type")
def typed_page() -> ResponseReturnValue:
    """What people typed in."""
    with reading(engine()) as connection:
        lines, form = typed.lines(store.typed_baselines(connection)), typed.cost_form(store.typed_costs(connection))
    return _typed_page(lines, form)


@pages.post("/performance/baselines")
@requires("kpi.type")
def type_baselines() -> ResponseReturnValue:
    """Keep what the figures were before Orderflow."""
    lines = typed.read_lines(request.form)
    if any(line.problem for line in lines):
        with reading(engine()) as connection:
            return _typed_page(lines, typed.cost_form(store.typed_costs(connection))), 422
    at, actor = micros(now()), asker(current_user.name)
    rows_ = typed.as_rows(lines, actor.name, at)
    with begin(engine(), durable=True) as connection:
        before = store.typed_baselines(connection)
        store.set_baselines(connection, rows_)
        told = [{key: row["value"] for key, row in before.items()}, {row["figure"]: row["value"] for row in rows_}]
        trail.write(connection, actor, at, "kpi.baselines", "kpi", *(values or None for values in told))
    flash(_("The baselines are kept. The charts draw them as a line."), "good")
    return go("kpi.page")


@pages.post("/performance/costs")
@requires("people.manage")
def type_costs() -> ResponseReturnValue:
    """Keep what a failure of each kind costs."""
    form, wanted = typed.read_costs(request.form)
    if form.problems:
        with reading(engine()) as connection:
            return _typed_page(typed.lines(store.typed_baselines(connection)), form), 422
    at, actor = micros(now()), asker(current_user.name)
    with begin(engine(), durable=True) as connection:
        before = store.typed_costs(connection)
        store.set_costs(connection, wanted)
        trail.write(connection, actor, at, "kpi.costs", "kpi", before or None, wanted or None)
    flash(_("The costs are kept."), "good")
    return go("kpi.page")


# --- what is read -----------------------------------------------------------------------------------------------------


def _counted() -> tuple[Period, Counts, Counts]:
    """The period that is asked for, all of it, and only what is asked of it."""
    at, zone = now(), service().surges.zone
    period = chosen(request.args, at, zone)
    kept: Kept = current_app.extensions["orderflow.kpi"]
    key = f"{period.name}:{period.first}:{period.last}"
    whole = kept.get(key, lambda: count(engine(), period, zone, micros(at)))
    return period, whole, whole.of(request.args.get("flow", ""), request.args.get("channel", ""))


def _known() -> tuple[Names, Versions, Mapping[str, Any], Mapping[str, Any]]:
    with reading(engine()) as connection:
        return (
            names(connection),
            store.version_names(connection),
            store.typed_baselines(connection),
            store.typed_costs(connection),
        )


def _sides(counts: Counts, period: Period) -> tuple[Side, Side]:
    before = _("%(first)s to %(last)s", first=short_day(period.before_first), last=short_day(period.before_last))
    after = _("%(first)s to %(last)s", first=short_day(period.first), last=short_day(period.last))
    if period.first == period.last:
        before, after = short_day(period.before_first), short_day(period.first)
    return sides(counts, before, after)


def _pair(versions: Versions) -> tuple[str, str] | None:
    """Two versions that are to be compared."""
    pair = request.args.get("one", ""), request.args.get("other", "")
    return pair if pair[0] != pair[1] and all(id_ in versions for id_ in pair) else None


def _lines(
    counts: Counts, period: Period, people: Names, versions: Versions, baselines: Mapping[str, Baseline]
) -> Iterator[list[download.Value]]:
    days = ((period.before_first, period.before_last), (period.first, period.last))
    for side, (first, last) in zip(_sides(counts, period), days, strict=True):
        yield download.line(_("All"), "", side, first, last)
    for aspect in ASPECTS:
        for name, *both in broken_down(counts, aspect, people, versions):
            for side, (first, last) in zip(both, days, strict=True):
                yield download.line(_aspect_name(aspect), name, side, first, last)
    pair = _pair(versions)
    for side in version_sides(counts, pair, versions) if pair else ():
        both_periods = replace(side, label=_("both"))
        yield download.line(_("Before and after"), side.label, both_periods, period.before_first, period.last)
    for key, baseline in baselines.items():
        yield download.baseline_line(_("Before Orderflow"), figure_name(key), key, baseline)


# --- how it is told ---------------------------------------------------------------------------------------------------


def _attached(content: bytes, mimetype: str, period: Period, kind: str) -> Response:
    name = f"orderflow-{period.first}-{period.last}.{kind}"
    return Response(content, content_type=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _typed_page(lines: list[typed.Line], form: typed.CostForm) -> str:
    return render_template(
        "kpi/typed.html",
        lines=lines,
        form=form,
        units={"s": _("seconds"), "min": _("minutes"), "h": _("hours"), "d": _("days")},
        kinds=FAILURE_KINDS,
        kind_name=kind_name,
        figure_name=figure_name,
        currencies=CURRENCIES,
        may_cost=may("people.manage"),
    )


def _asked() -> dict[str, Any]:
    return {name: request.args[name] for name in ASKED if request.args.get(name)}


def _address(**more: str) -> str:
    """This page with something else asked of it."""
    return url_for("kpi.page", **{name: value for name, value in (_asked() | more).items() if value})


def _file_address(kind: str) -> str:
    """What this page shows, as a file."""
    return url_for("kpi.export", kind=kind, **_asked())


def _period_name(name: str) -> str:
    return {
        "today": _("Today"),
        "7": _("7 days"),
        "30": _("30 days"),
        "90": _("90 days"),
        "days": _("From–to"),
    }[name]


def _aspect_name(name: str) -> str:
    return {
        "version": _("Version"),
        "channel": _("Channel"),
        "team": _("Team"),
        "newcomer": _("Newcomer"),
        "person": _("Person"),
    }[name]
