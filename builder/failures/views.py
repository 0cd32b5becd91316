"""The failure desk: failures by cause or one by one, each with all that was known, mended one at a time or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping

from builder.auth import requires
from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import moment, plain, words
from builder.i18n.text import _
from builder.labels import field_name, outlet_name, setting_name, setting_value
from builder.models import engine
from builder.moving.words import obstacle_words
from builder.orders.findings import failure_words
from builder.orders.names import Names, names
from builder.orders.story import Story, change_facts, tell
from builder.web import asker, go, service
from runtime.acts import Do, Mend, Unmended
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.run import with_changes
from runtime.store import desk, queries, screens, versions
from runtime.store.database import reading
from runtime.store.desk import Look
from runtime.store.ids import new_id

pages = Blueprint("failures", __name__)

PAGE: Final = 50
MOST_REASON: Final = 1000
STATES: Final = ("open", "mended", "all")
AGES: Final = ("hour", "day", "older")
HOUR: Final = 3_600_000_000
KINDS: Final = ("error", "timeout", "refused", "bad_answer")
DOES: Final[Mapping[str, Do]] = {
    "retry": "retry",
    "retry_published": "retry",
    "skip": "skip",
    "done": "done",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: the failures that are looked at, one by one or by cause, and where the page begins."""

    look: Look
    shown: str
    single: bool
    before: str
    page: int
    age: str = ""

    def query(self, **more: Any) -> dict[str, Any]:
        """The view as parameters of an address, from its first page on."""
        look = self.look
        told = {
            "system": look.system,
            "age": self.age,
            "state": self.shown if self.shown != "open" else "",
            "cause": look.cause,
            "flow": look.flow,
            "channel": look.channel,
            "kind": look.kind,
            "q": look.text,
            "single": "1" if self.single and not look.cause else "",
        }
        return {name: value for name, value in (told | more).items() if value}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        look = self.look
        return bool(look.flow or look.channel or look.kind or look.text or look.system or self.age)


@dataclass(frozen=True, slots=True)
class Told:
    """A failure in words: at which step of which flow, what went wrong, what to do."""

    step: str
    flow: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A failure with all that was known: the order as it was, its story, what was sent with each try, and the ways on."""

    row: RowMapping
    told: Told
    order: Mapping[str, Any]
    story: Story
    flow: DrawnFlow
    sent: Sequence[tuple[RowMapping, list[tuple[str, str]]]]
    ways: Sequence[tuple[str, str]]
    newer: int | None
    changed: Sequence[tuple[RowMapping, list[tuple[str, str]]]]
    settings: Sequence[tuple[str, str]]
    settled_by: str
    names: Names


@pages.get("/failures")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """The failures by cause, or one by one."""
    view = _view()
    with reading(engine()) as connection:
        causes: list[tuple[RowMapping, Told]] = []
        rows: list[tuple[RowMapping, Told]] = []
        if view.single:
            found = desk.find_failures(connection, view.look, before=view.before or None, limit=PAGE + 1)
            rows = [(row, told(connection, row)) for row in found]
        else:
            by_cause = desk.find_causes(connection, view.look, offset=view.page * PAGE, limit=PAGE + 1)
            causes = [(cause, told(connection, sample)) for cause, sample in by_cause]
        return render_template(
            "failures/list.html",
            view=view,
            causes=causes[:PAGE],
            rows=rows[:PAGE],
            more=len(causes) > PAGE or len(rows) > PAGE,
            last=rows[PAGE - 1][0]["id"] if len(rows) > PAGE else None,
            counts={state: desk.count_failures(connection, _of(view.look, state)) for state in STATES},
            channel_choices=[(name, name) for name in screens.channel_names(connection)],
            behind=bool(versions.behind(connection, [row["run_id"] for row, _told in rows])),
            system_choices=[(name, outlet_name("system", name)) for name in desk.system_names(connection)],
            flow_choices=[(key, words(name)) for key, name in screens.flow_names(connection).items()],
            running=desk.running_acts(connection),
            once=new_id(now()),
        )


@pages.get("/failures/<failure_id>")
@requires("orders.see")
def failure_page(failure_id: str) -> ResponseReturnValue:
    """One failure with its context."""
    return _failure(failure_id)


@pages.post("/failures/<failure_id>/mending")
@requires("orders.mend")
def mend(failure_id: str) -> ResponseReturnValue:
    """Try again, go on behind it, or end the order."""
    wanted = _mend()
    if isinstance(wanted, str):
        return _failure(failure_id, problem=wanted, status=422)
    unmended = service().acts.mend(failure_id, wanted, asker(current_user.name))
    if unmended and unmended.why == "unknown":
        abort(404)
    if unmended:
        return _failure(failure_id, unmended=unmended, status=409)
    flash(_done_words(wanted), "good")
    return go("failures.list_page")


@pages.post("/failures/acts")
@requires("orders.mend")
def start() -> ResponseReturnValue:
    """Begin to do one thing about many failures: those that are ticked, or all that are looked at."""
    view, wanted = _view(request.form), _mend()
    chosen = request.form.getlist("failure")[:1000]
    everything = request.form.get("all") == "1"
    act_id = request.form.get("once", "")
    if isinstance(wanted, str):
        flash(wanted, "bad")
        return go("failures.list_page", **view.query())
    if not chosen and not everything:
        flash(_("Tick the failures first."), "bad")
        return go("failures.list_page", **view.query())
    if len(act_id) != 26 or not (act_id.isascii() and act_id.isalnum()):
        abort(400)
    ids = None if everything else chosen
    number = service().acts.start(act_id, view.look, ids, wanted, asker(current_user.name))
    if not number:
        flash(_("Nothing of this is open any more."), "bad")
        return go("failures.list_page", **view.query())
    return go("failures.act_page", act_id=act_id)


@pages.get("/failures/acts/<act_id>")
@requires("orders.see")
def act_page(act_id: str) -> ResponseReturnValue:
    """How far an act on many has come; asked for again and again while it goes on."""
    with reading(engine()) as connection:
        act = desk.act(connection, act_id)
        if act is None:
            abort(404)
        spec, actor = orjson.loads(act["spec"]), orjson.loads(act["actor"])
        return render_template(
            "failures/act.html",
            act=act,
            mend=spec["mend"],
            declined=orjson.loads(act["reasons"]),
            by=names(connection).person(actor["name"]),
        )


@pages.post("/failures/acts/<act_id>/end")
@requires("orders.mend")
def stop(act_id: str) -> ResponseReturnValue:
    """Stop an act where it is."""
    if not service().acts.stop(act_id, asker(current_user.name)):
        flash(_("It was over already."), "bad")
    return go("failures.act_page", act_id=act_id)


# --- what is shown ------------------------------------------------------------------------------------------------------


def told(connection: Connection, row: RowMapping) -> Told:
    """A row of `failures` in words."""
    flow = drawn_version(connection, row["version_id"] or None)
    why, remedy = failure_words(row["code"], orjson.loads(row["params"]))
    step = flow.node_name(row["node"]) if row["node"] else _("before the first step")
    return Told(step, flow.name or row["flow_key"], why, remedy)


def _failure(
    failure_id: str, *, problem: str = "", unmended: Unmended | None = None, status: int = 200
) -> ResponseReturnValue:
    with reading(engine()) as connection:
        row = desk.failure(connection, failure_id)
        if row is None:
            abort(404)
        sheet = _sheet(connection, row)
        if unmended:
            problem = _unmended_words(unmended, drawn_version(connection, row["standing_version_id"]))
        return render_template("failures/failure.html", sheet=sheet, row=row, problem=problem), status


def _sheet(connection: Connection, row: RowMapping) -> Sheet:
    order_row = queries.order(connection, row["run_id"])
    assert order_row is not None, "a failure belongs to an order"
    flow, known = drawn_version(connection, row["version_id"] or None), names(connection)
    calls = [call for call in queries.effects_of(connection, row["run_id"]) if _step_of(call) == row["step"]]
    return Sheet(
        row=row,
        told=told(connection, row),
        order=with_changes(orjson.loads(row["document"]), orjson.loads(row["changes"])),
        story=tell(connection, order_row),
        flow=flow,
        sent=[(call, _content(call)) for call in calls],
        ways=[(port.id, flow.port_name(row["node"], port.id)) for port in flow.ways_on(row["node"])],
        newer=_newer(connection, row),
        changed=[
            (one, change_facts(one))
            for one in desk.changes_of(connection, row["run_id"])
            if one["applied_at"] and one["applied_at"] > row["failed_at"]
        ],
        settings=_settings(flow, row["node"]),
        settled_by=known.person(row["settled_by"]),
        names=known,
    )


def _newer(connection: Connection, row: RowMapping) -> int | None:
    """The number of its flow's published version, where the order goes by another one."""
    _key, published = versions.published_for(connection, row["run_id"])
    if not published or published == row["standing_version_id"]:
        return None
    return drawn_version(connection, published).number


def _step_of(call: RowMapping) -> int:
    return int(call["trace"].split(".")[1])


def _content(call: RowMapping) -> list[tuple[str, str]]:
    """What was sent with a call: each field with its value."""
    content = orjson.loads(call["content"])
    fields = content.pop("fields", {})
    step = "request" if call["adapter"] == "system" else "notify"
    told = {setting_name(step, name): value for name, value in content.items()}
    return [
        (name, _shown(value)) for name, value in (told | {field_name(path): fields[path] for path in fields}).items()
    ]


def _settings(flow: DrawnFlow, node: str) -> list[tuple[str, str]]:
    kind, settings = flow.kind(node), flow.nodes.get(node, {}).get("settings", {})
    return [(setting_name(kind, name), _setting(kind, name, value)) for name, value in settings.items()]


def _setting(kind: str, name: str, value: Any) -> str:
    match name, value:
        case "system", str():
            return outlet_name("system", value)
        case "channel", str():
            return outlet_name("notifier", value)
        case _, str() | int():
            return setting_value(kind, name, value)
        case _:
            return _shown(value)


def _shown(value: Any) -> str:
    """A value as people read it: an amount with its currency, words in their language, paths by their names."""
    match value:
        case {"amount": amount, "currency": currency}:
            return f"{amount} {currency}"
        case dict() if set(value) <= {"en", "zh-CN"}:
            return words(value)
        case list() if all(isinstance(one, str) for one in value):
            return _(", ").join(field_name(one) for one in value)
        case str() | int() | float():
            return plain(value)
        case _:
            return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _view(told: Mapping[str, str] | None = None) -> View:
    told = request.args if told is None else told
    shown = told.get("state", "open")
    shown = shown if shown in STATES else "open"
    kind, page = told.get("kind", ""), told.get("page", "")
    look = Look(
        state="" if shown == "all" else shown,
        cause=told.get("cause", "")[:64],
        flow=told.get("flow", "")[:64],
        channel=told.get("channel", "")[:64],
        kind=kind if kind in KINDS else "",
        text=told.get("q", "").strip()[:128],
        system=told.get("system", "")[:64],
    )
    age = told.get("age", "")
    if age in AGES:
        look = _of_age(look, age)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 0
    single = bool(look.cause) or told.get("single") == "1"
    return View(look, shown, single, told.get("before", "")[:26], number, age if age in AGES else "")


def _of_age(look: Look, age: str) -> Look:
    at = micros(now())
    match age:
        case "hour":
            return replace(look, since=at - HOUR)
        case "day":
            return replace(look, since=at - 24 * HOUR)
        case _:
            return replace(look, until=at - 24 * HOUR)


def _of(look: Look, state: str) -> Look:
    return replace(look, state="" if state == "all" else state)


# --- what is done -------------------------------------------------------------------------------------------------------


def _mend() -> Mend | str:
    """What the form wants done, or what it lacks."""
    do = DOES.get(request.form.get("do", ""))
    reason = request.form.get("reason", "").strip()[:MOST_REASON]
    if do is None:
        abort(400)
    published = request.form["do"] == "retry_published"
    if (do != "retry" or published) and not reason:
        return _("Say why, in a few words: whoever looks at the order later wants to know.")
    return Mend(do, reason, request.form.get("way", "")[:64] if do == "skip" else "", published)


def _done_words(mend: Mend) -> str:
    match mend.do:
        case "retry" if mend.published:
            return _("It is being tried again with the published version.")
        case "retry":
            return _("It is being tried again.")
        case "skip":
            return _("The step is skipped: the order has gone on.")
        case "done" | "cancelled":
            return _("The order is closed.")


def _unmended_words(unmended: Unmended, flow: DrawnFlow) -> str:
    if unmended.why == "no_place":
        why = " ".join(obstacle_words(one, flow)[0] for one in unmended.obstacles)
        return _("Its step does not fit the published version: %(why)s", why=why)
    if unmended.why == "no_way_on":
        return _("No way leads on from this step. Close the order, or change the flow and move the order to it.")
    with reading(engine()) as connection:
        who = names(connection).person(unmended.by)
    when = moment(unmended.at)
    match unmended.how:
        case "retried":
            return _("%(who)s had it tried again at %(time)s already.", who=who, time=when)
        case "skipped":
            return _("%(who)s had skipped the step at %(time)s already.", who=who, time=when)
        case _:
            return _("The order had been ended at %(time)s by %(who)s.", who=who, time=when)
