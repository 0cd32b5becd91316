"""The pages of the systems: how each does, its limits and breaker, a test call, and setting one up."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from flask import Blueprint, abort, current_app, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.i18n import moment
from builder.i18n.text import _
from builder.labels import told_problem
from builder.models import engine
from builder.systems.health import RESULT_ICONS, all_health, health, origin_names, result_name
from builder.web import asker, go, service
from nodes.contract import Answered, Words
from runtime import systems
from runtime.actor import Actor
from runtime.adapters.contract import Call, Outlet
from runtime.adapters.web import Proof
from runtime.clock import now
from runtime.core.lane import RANGES, Limits
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.effects import ask
from runtime.sealing import Seal
from runtime.store import lanes
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.systems import PROOFS, LaneAct, System

pages = Blueprint("systems", __name__)

ACTS: Final[tuple[LaneAct, ...]] = get_args(LaneAct)

LONGEST_REASON: Final = 500
# Somebody waits for the answer of a test call, and a thread of the web server with them.
TEST_SECONDS: Final = 15.0


@pages.get("/systems")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """Every system and notifier, the troubled first."""
    with reading(engine()) as connection:
        return _list(connection, _lines(systems.allowed(connection)))


@pages.post("/systems/allowed")
@requires("systems.manage")
def allow() -> ResponseReturnValue:
    """Say which networks and hosts inside the house may be called."""
    told = request.form.get("allowed", "")
    texts = tuple(dict.fromkeys(line.strip() for line in told.splitlines() if line.strip()))
    wrong = systems.allowed_problems(texts)
    if wrong:
        with reading(engine()) as connection:
            return _list(connection, told, wrong), 422
    with begin(engine(), durable=True) as connection:
        systems.allow(connection, texts, _asker(), micros(now()))
    flash(_("Saved. Calls heed it within seconds."), "good")
    return go("systems.list_page")


@pages.get("/systems/new")
@requires("systems.manage")
def new_page() -> ResponseReturnValue:
    """The form for one more system."""
    return _form(None, _typed_afresh(), ())


@pages.post("/systems/new")
@requires("systems.manage")
def add() -> ResponseReturnValue:
    """Set up a system; flows can call it at once."""
    system = _system(request.form.get("name", "").strip())
    limits, wrong = systems.read_limits(_limits_told(), Limits())
    with begin(engine(), durable=True) as connection:
        problems = [*systems.problems_of(system, None), *wrong]
        if not problems and not systems.add(connection, system, limits, _seal(), _asker(), micros(now())):
            problems = [Problem("system.taken", "name", {"name": system.name})]
    if problems:
        return _form(None, request.form, problems), 422
    flash(_("Flows can call %(system)s now.", system=system.name), "good")
    return go("systems.system_page", adapter="system", name=system.name)


@pages.get("/systems/<adapter>/<name>")
@requires("orders.see")
def system_page(adapter: str, name: str) -> ResponseReturnValue:
    """How one system does, and what can be done about it."""
    return _page(adapter, name)


@pages.post("/systems/<adapter>/<name>")
@requires("systems.manage")
def change(adapter: str, name: str) -> ResponseReturnValue:
    """Change a system that was set up, or only the limits of one that comes with Orderflow."""
    outlet = _outlet(adapter, name)
    if outlet.inside:
        abort(404)
    with begin(engine(), durable=True) as connection:
        limits, problems = systems.read_limits(_limits_told(), lanes.find(connection, (adapter, name)).limits)
        row = systems.find(connection, name) if adapter == "system" else None
        if row:
            system = _system(name)
            problems += systems.problems_of(system, row)
        if not problems and row:
            systems.keep(connection, system, limits, _seal(), _asker(), micros(now()))
        elif not problems:
            systems.limit(connection, (adapter, name), limits, _asker(), micros(now()))
    if problems:
        return _page(adapter, name, typed=request.form, problems=problems), 422
    flash(_("Saved. Calls heed it within seconds."), "good")
    return go("systems.system_page", adapter=adapter, name=name)


@pages.post("/systems/<adapter>/<name>/test")
@requires("systems.manage")
def test(adapter: str, name: str) -> ResponseReturnValue:
    """Make one call that asks for nothing, and show what is answered. It counts for no order and no breaker."""
    outlet = _outlet(adapter, name)
    with reading(engine()) as connection:
        allowed = lanes.find(connection, (adapter, name)).limits.timeout_seconds
    call = Call(f"test.{new_id(now())}", {"action": "ping", "fields": {}}, min(allowed, TEST_SECONDS))
    return _page(adapter, name, tested=ask(outlet, call))


@pages.post("/systems/<adapter>/<name>/lane")
@requires("systems.manage")
def act(adapter: str, name: str) -> ResponseReturnValue:
    """Pause or resume the calls, or open or close the breaker, by hand and with a reason."""
    if _outlet(adapter, name).inside:
        abort(404)
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    wanted = next((one for one in ACTS if one == request.form.get("act")), None)
    if wanted is None:
        abort(400)
    if not reason:
        return _page(adapter, name, act_problem=_("Write why, so that others understand it later.")), 422
    with begin(engine(), durable=True) as connection:
        done = systems.act_on_lane(connection, (adapter, name), wanted, reason, _asker(), micros(now()))
    if wanted in ("resume", "close"):
        service().effect_bell.ring()
    flash(_("Done.") if done else _("Somebody else was faster: it is so already."), "good")
    return go("systems.system_page", adapter=adapter, name=name)


@pages.post("/systems/system/<name>/deletion")
@requires("systems.manage")
def delete(name: str) -> ResponseReturnValue:
    """Forget a system that no flow calls any more."""
    with begin(engine(), durable=True) as connection:
        if systems.find(connection, name) is None:
            abort(404)
        callers = systems.callers(connection, name)
        if not callers:
            systems.drop(connection, name, _asker(), micros(now()))
    if callers:
        return _page("system", name, callers=callers), 409
    flash(_("%(system)s is forgotten.", system=name), "good")
    return go("systems.list_page")


# --- pages ------------------------------------------------------------------------------------------------------------


def _list(connection: Connection, allowed: str, problems: Sequence[Problem] = ()) -> str:
    return render_template(
        "systems/list.html",
        rows=all_health(connection, micros(now())),
        allowed=allowed,
        problems=[told_problem(problem) for problem in problems],
        **_vocabulary(),
    )


def _page(
    adapter: str,
    name: str,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    tested: Answered | None = None,
    act_problem: str = "",
    callers: Sequence[str] = (),
) -> str:
    at = micros(now())
    with reading(engine()) as connection:
        found = health(connection, (adapter, name), at)
        if found is None:
            abort(404)
        row = systems.find(connection, name) if adapter == "system" else None
        waiting = systems.longest_waiting(connection, (adapter, name), at)
    return render_template(
        "systems/system.html",
        one=found,
        row=row,
        typed=typed or _typed_before(row, found.lane.limits),
        told=_by_field(problems),
        tested=tested,
        act_problem=act_problem,
        callers=callers,
        waiting_since=moment(waiting) if waiting else "",
        **_vocabulary(),
    )


def _form(row: None, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    return render_template("systems/new.html", row=row, typed=typed, told=_by_field(problems), **_vocabulary())


def _vocabulary() -> dict[str, Any]:
    return {
        "ranges": RANGES,
        "proofs": PROOFS,
        "origins": origin_names(),
        "result_name": result_name,
        "result_icons": RESULT_ICONS,
    }


def _by_field(problems: Sequence[Problem]) -> dict[str, tuple[str, str]]:
    return {problem.where: told_problem(problem) for problem in problems}


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(texts)


# --- what was typed ---------------------------------------------------------------------------------------------------


def _system(name: str) -> System:
    """The system that the form tells. An empty secret leaves the one that is kept."""
    told = request.form
    english, chinese = told.get("label_en", "").strip(), told.get("label_zh", "").strip()
    label: Words = {"en": english or chinese or name, "zh-CN": chinese or english or name}
    proof: Proof = next((one for one in PROOFS if one == told.get("proof")), "none")
    return System(name, label, told.get("url", "").strip(), proof, told.get("secret", "").strip() or None)


def _limits_told() -> dict[str, str]:
    return {name: request.form[name] for name in RANGES if name in request.form}


def _typed_afresh() -> Mapping[str, str]:
    return _typed_before(None, Limits())


def _typed_before(row: Any, limits: Limits) -> Mapping[str, str]:
    """What stands in the fields before anybody types."""
    typed = {name: str(getattr(limits, name)) for name in RANGES}
    if row is None:
        return typed
    label = systems.label_of(row)
    english, chinese = (label, label) if isinstance(label, str) else (label.get("en", ""), label.get("zh-CN", ""))
    return {**typed, "label_en": english, "label_zh": chinese, "url": row["url"], "proof": row["proof"]}


def _outlet(adapter: str, name: str) -> Outlet:
    found = service().outbox.outlets.get((adapter, name))
    if found is None or found.posted:
        abort(404)
    return found


def _seal() -> Seal:
    return Seal(current_app.config["SECRET_KEY"])


def _asker() -> Actor:
    return asker(current_user.name)
