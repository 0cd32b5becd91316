"""From a template to a running flow: the wizard, the first run of sample orders, and publication right there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, select

from builder.auth import may, requires
from builder.drawn import DrawnFlow, Picture
from builder.flows.keys import store_new
from builder.flows.samples import SAMPLES, Arrival, Sample, arrivals, sample_orders, visits
from builder.flows.shop import Shop, fill_team, last_orders, read_shop
from builder.flows.supply import take_over
from builder.flows.templates import Template, template
from builder.flows.thumbnail import thumbnail
from builder.flows.wizard import Form, Made, Told, blank, filled
from builder.i18n import words
from builder.i18n.text import _
from builder.labels import told_problem
from builder.models import engine
from builder.web import asker, counting, go, service
from nodes.contract import Words
from runtime.clock import now
from runtime.core.flow import FlowCheck, compile_plan, fingerprint
from runtime.core.moment import micros
from runtime.drafts import OpenDraft
from runtime.flows import Published, default_flow
from runtime.store.database import begin, reading
from runtime.store.tables import flow_versions

pages = Blueprint("using", __name__)

MOST_NOTE: Final = 500
USUAL_CURRENCIES: Final = ("CNY", "USD", "EUR", "HKD", "TWD", "JPY", "GBP", "BRL")
MOST_PICKED: Final = 200  # people and channels that one page offers


@dataclass(frozen=True, slots=True)
class FirstRun:
    """A flow as it is drawn, and where its sample orders come to. `problems` keep it from running at all."""

    key: str
    draft: OpenDraft
    drawn: DrawnFlow
    check: FlowCheck
    arrived: Sequence[Arrival]
    visits: Mapping[str, int]

    @property
    def picture(self) -> Picture:
        """The flow, with every way lit that an order took."""
        lit = {way for one in self.arrived for way in one.ways}
        return self.drawn.picture(lit, dict.fromkeys(self.visits, "done"))

    @property
    def endings(self) -> list[tuple[Arrival, int]]:
        """Where orders came to and how many, most first; one of them stands for each place."""
        places = {(one.state, one.step): one for one in self.arrived}
        counted = [
            (one, sum((other.state, other.step) == place for other in self.arrived)) for place, one in places.items()
        ]
        return sorted(counted, key=lambda pair: -pair[1])


@pages.get("/flows/from/<name>")
@requires("flows.edit")
def wizard(name: str) -> ResponseReturnValue:
    """What the template has to be told."""
    found = _template(name)
    shop = _shop()
    return _wizard(found, shop, blank(found, shop))


@pages.post("/flows/from/<name>")
@requires("flows.edit")
def make(name: str) -> ResponseReturnValue:
    """Make the flow, and let its sample orders run."""
    found = _template(name)
    shop = _shop()
    form = filled(found, shop, Told(request.form.get, request.form.getlist))
    if form.made is None:
        return _wizard(found, shop, form), 422
    key = store_new(form.made.document, asker(current_user.name))
    if isinstance(key, FlowCheck):
        return _wizard(found, shop, replace(form, problems=[told_problem(one) for one in key.errors])), 422
    if may("people.manage"):
        _staff(form.made)
    return go("using.first_run", key=key)


@pages.get("/flows/<key>/first-run")
@requires("flows.see")
def first_run(key: str) -> ResponseReturnValue:
    """Where twenty sample orders come to in the flow as it is drawn now, or the last that really came in."""
    return _first_run(key, real="real" in request.args and may("orders.see"))


@pages.post("/flows/<key>/first-run/publication")
@requires("flows.publish")
def publish(key: str) -> ResponseReturnValue:
    """Make what was tried the version that new orders take; hand channels over that another flow takes, if so wished."""
    rev = counting(request.form.get("rev"))
    if rev is None:
        abort(400)
    actor = asker(current_user.name)
    published = service().drafts.publish(key, rev, request.form.get("note", "").strip()[:MOST_NOTE], actor)
    match published:
        case None:
            abort(404)
        case Published():
            if request.form.get("take_over") and may("people.manage"):
                document = service().drafts.document(key, current_user.name) or {}
                take_over(key, document.get("channels", ()), actor)
            flash(_("Published, version %(n)s.", n=published.version), "good")
        case FlowCheck():
            flash(_("The flow has errors. Mend them, then publish."), "bad")
        case _:
            flash(_("The flow was changed in the meantime. Look at it once more, then publish."), "bad")
    return go("using.first_run", key=key)


# --- the wizard ------------------------------------------------------------------------------------------------------


def _template(key: str) -> Template:
    found = template(key)
    if found is None:
        abort(404)
    return found


def _shop() -> Shop:
    with reading(engine()) as connection:
        return read_shop(connection)


def _wizard(found: Template, shop: Shop, form: Form) -> str:
    with reading(engine()) as connection:
        fallback = default_flow(connection)
    return render_template(
        "flows/wizard.html",
        template=found,
        form=form,
        thumbnail=thumbnail,
        channels=shop.channels[:MOST_PICKED],
        fallback=fallback,
        people=dict(list(shop.people.items())[:MOST_PICKED]),
        may_staff=may("people.manage"),
        currencies=USUAL_CURRENCIES,
        open_questions=[one for one in form.questions if not one.settled or one.problem],
        settled_questions=[one for one in form.questions if one.settled and not one.problem],
    )


def _staff(made: Made) -> None:
    """Put the people that were chosen into the teams that have none."""
    names = {team["key"]: team["name"] for team in made.document["teams"]}
    with begin(engine(), durable=True) as connection:
        for key, people in made.staff.items():
            fill_team(connection, key, names[key], list(people), asker(current_user.name), micros(now()))


# --- the first run -----------------------------------------------------------------------------------------------------


def _first_run(key: str, real: bool) -> str:
    draft = service().drafts.open(key, current_user.name)
    if draft is None:
        abort(404)
    with reading(engine()) as connection:
        flow = service().flows.check(draft.document).flow
        channels, teams = (flow.channels, flow.teams) if flow else ((), {})
        came = last_orders(connection, channels, SAMPLES if may("orders.see") else 0)
        shop = read_shop(connection)
        fallback = default_flow(connection)
        published = _is_published(connection, key, draft)
    real = real and bool(came)
    run = _walk(key, draft, [Sample(number, order, (), run_id) for run_id, number, order in came] if real else None)
    return render_template(
        "flows/first_run.html",
        key=key,
        run=run,
        real=real,
        came=len(came),
        problems=[(run.drawn.node_name(one.node) if one.node else "", *told_problem(one)) for one in run.check.errors],
        empty_teams=_empty_teams(teams, shop),
        channels=channels,
        taken=[one for one in shop.channels if one.name in channels and one.flow_key not in (None, key)],
        fallback=fallback,
        published=published,
        may_take_over=may("people.manage"),
    )


def _walk(key: str, draft: OpenDraft, given: Sequence[Sample] | None) -> FirstRun:
    check = service().flows.check(draft.document)
    drawn = DrawnFlow(draft.document, library=service().flows.document)
    if check.flow is None or check.errors:
        return FirstRun(key, draft, drawn, check, (), {})
    samples = sample_orders(draft.document) if given is None else given
    arrived = arrivals(compile_plan(check, zone=service().flows.zone), drawn, samples)
    return FirstRun(key, draft, drawn, check, arrived, visits(arrived))


def _is_published(connection: Connection, key: str, draft: OpenDraft) -> bool:
    """Whether what is shown is what new orders take."""
    live = select(flow_versions.c.fingerprint).where(
        flow_versions.c.flow_key == key, flow_versions.c.number == draft.trunk.version
    )
    return connection.execute(live).scalar() == fingerprint(draft.document)


def _empty_teams(teams: Mapping[str, Words], shop: Shop) -> list[str]:
    """The teams of the flow that have nobody in them, called as the shop calls them."""
    return [
        shop.teams[key].name if key in shop.teams else words(name)
        for key, name in teams.items()
        if key not in shop.teams or not shop.teams[key].members
    ]
