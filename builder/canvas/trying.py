"""Trying an order on a draft, and running the cases of a flow: what the canvas asks for, told in the reader's language."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import orjson
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import may, requires
from builder.canvas.answers import answered, body, iso, refused, told_problems
from builder.canvas.veil import Veil
from builder.flows.fitting import soon_after
from builder.flows.samples import ORDINARY
from builder.i18n import language_tag, money, words
from builder.i18n.text import _
from builder.labels import answer_words, field_name, kind_name, outlet_name, port_name, told, told_problem
from builder.models import engine
from builder.navigation import state_name
from builder.web import service
from nodes.contract import Effect
from runtime.core.conditions import Clause
from runtime.core.json_text import read
from runtime.core.masking import masked
from runtime.core.money import read_amount, show_money
from runtime.core.nearest import Change, changed_order
from runtime.core.order import CHOICE_LABELS, MISSING, Order, is_masked, read_order, show_order
from runtime.core.plan import enclosing
from runtime.core.problem import Problem
from runtime.core.rehearsal import Facts, made_up
from runtime.core.trying import Stage, Trial, TriedStep, outcome, stage, try_order
from runtime.facts import gather
from runtime.store import queries
from runtime.store.database import reading

pages = Blueprint("trying", __name__)

Json = dict[str, Any]

MOST_ANSWERS: Final = 500
MOST_CASES: Final = 200
MOST_ORDER: Final = 256 * 1024
MOST_FOUND: Final = 8
KINDS: Final = ("error", "timeout", "refused", "bad_answer")
MONEY: Final = ("total", "price", "amount")


@pages.post("/flows/<key>/try")
@requires("flows.see")
def run_one(key: str) -> ResponseReturnValue:
    """One order on the draft that the page holds, step by step. Nothing leaves and nothing is stored.

    The order is `text` (typed), `order` (an order document) or `run` (a real order, told masked).
    """
    asked = body()
    staged = _staged(key, asked.get("document"))
    answers = _answers(asked.get("answers", []))
    if answers is None:
        return refused(400, _("Not understood"), _("The request does not say what was answered."))
    if not isinstance(staged, Stage):
        problems = told_problems(staged, asked["document"])
        return refused(422, _("Nothing can be tried yet"), _("Mend this first."), problems=problems)
    order, veil = _order(asked)
    if not isinstance(order, dict):
        detail = _("This order cannot be read.")
        return refused(422, _("Not an order"), detail, problems=[_told_place(one) for one in order])
    with reading(engine()) as connection:
        ask = _by_the_calendars(connection)
        trial = try_order(staged, order, answers, soon_after(order), ask)
        return answered(veil.over(_told_trial(staged, order, trial, veil, ask)))


@pages.post("/flows/<key>/cases")
@requires("flows.see")
def run_cases(key: str) -> ResponseReturnValue:
    """How each case of the draft that the page holds comes out, in their order."""
    asked = body()
    staged = _staged(key, asked.get("document"))
    cases = asked["document"].get("cases")
    listed = cases[:MOST_CASES] if isinstance(cases, list) else []
    return answered({"cases": [_outcome(staged, case) for case in listed]})


@pages.get("/flows/<key>/try/orders")
@requires("orders.see")
def find(key: str) -> ResponseReturnValue:
    """Real orders to try, by number, phone tail, trace code or SKU; the newest where nothing is asked for."""
    text = request.args.get("q", "").strip()[:128]
    with reading(engine()) as connection:
        rows = queries.find_orders(connection, text=text, limit=MOST_FOUND)
    return answered(
        {
            "orders": [
                {
                    "run": row["run_id"],
                    "number": row["external_id"],
                    "channel": row["channel"],
                    "total": money(row["total"], row["currency"]),
                    "state": state_name(row["state"]),
                }
                for row in rows
            ]
        }
    )


@pages.get("/flows/<key>/try/sample")
@requires("flows.see")
def sample(key: str) -> ResponseReturnValue:
    """An ordinary order to begin with, as text."""
    return answered({"text": orjson.dumps(ORDINARY, option=orjson.OPT_INDENT_2).decode()})


# --- what is asked ----------------------------------------------------------------------------------------------------


def _staged(key: str, document: Any) -> Stage | tuple[Problem, ...]:
    if not isinstance(document, dict):
        abort(400)
    if service().drafts.document(key, current_user.name) is None:
        abort(404)
    return stage(service().flows.check(document), service().flows.zone)


def _by_the_calendars(connection: Connection) -> Facts:
    """What the steps of a trial are told: working time by the calendars of the house, all else is made up."""

    @cache
    def told(fact: str) -> Any:
        asks_for_time = fact.startswith(("later:", "opens:"))
        return gather(connection, (fact,))[fact] if asks_for_time else made_up(fact)

    return told


def _order(asked: Mapping[str, Any]) -> tuple[Order | tuple[Problem, ...], Veil]:
    """The canonical order that is asked for, and the veil over what a real one tells of a person."""
    run = asked.get("run")
    if isinstance(run, str):
        real = _real(run)
        return _with_edits(real, asked.get("edits")), Veil.of(real)
    text, plain = asked.get("text"), Veil({})
    if not isinstance(text, str):
        return _read(asked.get("order")), plain
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > MOST_ORDER:
        return (Problem("order.too_large", params={"most": MOST_ORDER}),), plain
    item = read(raw)
    return (tuple(item.problems) if item.problems else _read(item.value)), plain


def _read(document: Any) -> Order | tuple[Problem, ...]:
    """Without a channel of its own the order comes from the first that comes to mind: the own shop."""
    return read_order({"channel": "own-shop", **document} if isinstance(document, dict) else document)


def _with_edits(order: Order, edits: Any) -> Order | tuple[Problem, ...]:
    """A real order with some fields changed, each given as in an order document (absent: not told)."""
    if not isinstance(edits, list) or not edits:
        return order
    changes = [
        Change(one["path"], None, one.get("value", MISSING))
        for one in edits[:20]
        if isinstance(one, dict) and isinstance(one.get("path"), str)
    ]
    try:
        return read_order(changed_order(show_order(order), changes))
    except (AttributeError, TypeError):
        abort(400)


def _real(run_id: str) -> Order:
    if not may("orders.see"):
        abort(403)
    with reading(engine()) as connection:
        row = queries.order(connection, run_id)
    if row is None:
        abort(404)
    order: Order = orjson.loads(row["document"])
    return order


def _answers(given: Any) -> list[Mapping[str, Any]] | None:
    if not isinstance(given, list) or len(given) > MOST_ANSWERS or not all(map(_is_answer, given)):
        return None
    return given


def _is_answer(given: Any) -> bool:
    if not isinstance(given, dict) or not isinstance(given.get("node"), str):
        return False
    return (
        given.get("decision", "approve") in ("approve", "reject")
        and isinstance(given.get("reason", ""), str)
        and isinstance(given.get("port", ""), str)
        and given.get("kind", "error") in KINDS
        and given.get("due", True) is True
        and bool({"decision", "port", "due"} & given.keys())
    )


# --- cases ------------------------------------------------------------------------------------------------------------


def _outcome(staged: Stage | tuple[Problem, ...], case: Any) -> Json:
    if not isinstance(staged, Stage):
        return {"verdict": "blocked", "got": None, "why": told_problem(staged[0])[0] if staged else ""}
    answers = _answers(case.get("answers", [])) if isinstance(case, dict) else None
    order = _read(case.get("order")) if isinstance(case, dict) else ()
    if answers is None or not isinstance(order, dict):
        return {"verdict": "blocked", "got": None, "why": _("This order cannot be read.")}
    path, state, unused = outcome(staged, order, answers, soon_after(order))
    expected = case.get("expect") if isinstance(case.get("expect"), dict) else {}
    same = expected.get("path") == list(path) and expected.get("state") == state and not unused
    return {"verdict": "pass" if same else "fail", "got": {"path": path, "state": state}, "why": ""}


# --- telling a trial --------------------------------------------------------------------------------------------------


def _told_trial(staged: Stage, order: Order, trial: Trial, veil: Veil, ask: Facts) -> Json:
    kept = masked(order) if veil.hides else order
    expected = trial
    if veil.hides:
        expected = try_order(staged, kept, trial.answers, soon_after(order), ask)
    return {
        "state": trial.state,
        "state_name": state_name(trial.state),
        "cut": trial.cut,
        "values": [[path, field_name(path), _value(path, value, order)] for path, value in _leaves(kept)],
        "steps": [_told_step(staged, order, step) for step in trial.steps],
        "answers": list(trial.answers),
        "case": {
            "order": show_order(kept),
            "answers": list(trial.answers),
            "expect": {"path": list(expected.path), "state": expected.state},
        },
    }


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of the order by its path."""
    if isinstance(value, Mapping) and value and not is_masked(value):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, part in enumerate(value):
            yield from _leaves(part, f"{path}.{number}")
    else:
        yield path, value


def _value(path: str, value: Any, order: Order) -> str:
    match value:
        case _ if value is MISSING:
            return _("not told")
        case None:
            return _("empty")
        case bool():
            return _("yes") if value else _("no")
        case int() if path.rpartition(".")[2] in MONEY:
            return show_money(value, order["currency"], language_tag())
        case {"masked": str(shown)}:
            return shown
        case {"cipher": _}:
            return _("in cipher")
        case {"amount": str(amount), "currency": str(currency)}:
            return _amount(amount, currency)
        case list():
            return ", ".join(_value(path, one, order) for one in value)
        case str() if value in CHOICE_LABELS:
            return CHOICE_LABELS[value][language_tag()]
        case _:
            return str(value)


def _amount(amount: str, currency: str) -> str:
    minor = read_amount(amount, currency)
    return show_money(minor, currency, language_tag()) if isinstance(minor, int) else f"{amount} {currency}"


def _told_step(staged: Stage, order: Order, step: TriedStep) -> Json:
    failed = step.failed or {}
    asked = step.asked
    return {
        "node": step.node,
        "inside": _inside(staged, step.node),
        "attempt": step.attempt,
        "at": iso(step.at),
        "left": list(step.left),
        "rest": step.rest,
        "waited": step.waited,
        "until": None if step.until is None else iso(step.until),
        "policy": step.policy,
        "finish": step.finish,
        "reason": words(step.reason),
        "failed": told(failed["code"], failed.get("params", {}))[0] if failed else "",
        "blocked": step.blocked,
        "changes": [_told_change(one, order) for one in step.changes],
        "notes": list(_notes(step)),
        "asked": None if asked is None else {"title": words(asked.title), "who": dict(asked.who)},
        "sent": [_told_effect(one) for one in step.sent],
        "given": step.given,
        "why": [{"way": one.way, **_told_clause(one.clause, order)} for one in step.why],
        "others": [_told_other(staged, step, one.way, one.changes, order) for one in step.others],
    }


def _inside(staged: Stage, node: str) -> Json | None:
    """What a step inside a sub-flow and its ways are called: the page knows only the flow's own."""
    known = staged.nodes.get(node)
    if known is None or not enclosing(node):
        return None
    ways = {port.id: port_name(known.kind, port.id, port.name) for port in known.ports}
    return {"name": _inside_name(staged, node), "ways": ways}


def _inside_name(staged: Stage, node: str) -> str:
    known, around = staged.nodes[node], enclosing(node)
    name = words(known.name) or kind_name(known.kind)
    return f"{_inside_name(staged, around)} › {name}" if around else name


def _notes(step: TriedStep) -> Iterator[str]:
    for finding in step.note.get("findings", ()):
        text = told(finding["code"], finding.get("params", {}))[0]
        yield f"{field_name(finding['field'])}: {text}"


def _told_effect(effect: Effect) -> Json:
    said = [[str(name), _said(value)] for name, value in effect.content.items()]
    return {"to": outlet_name(effect.adapter, effect.target), "content": [line for line in said if line[1]]}


def _said(value: Any) -> str:
    match value:
        case str():
            return answer_words(value)
        case Mapping() if value and all(isinstance(one, str) for one in value.values()) and language_tag() in value:
            return words(value)
        case None:
            return ""
        case _:
            return orjson.dumps(value, default=str).decode()


def _told_change(change: Change, order: Order) -> Json:
    told_one: Json = {
        "path": change.path,
        "label": field_name(change.path),
        "before": _value(change.path, change.before, order),
        "after": _value(change.path, change.after, order),
    }
    return told_one


def _told_other(staged: Stage, step: TriedStep, way: str, changes: Sequence[Change], order: Order) -> Json:
    node = staged.nodes[step.node]
    named = next((port.name for port in node.ports if port.id == way), None)
    changed = dict(changed_order(order, changes))
    outside = {path: value for path, value in _leaves(show_order(changed))} if changes else {}
    return {
        "way": way,
        "name": port_name(node.kind, way, named),
        "changes": [
            _told_change(one, changed)
            | ({"value": outside.get(one.path, one.after)} if one.after is not MISSING else {})
            for one in changes
        ],
    }


def _told_clause(clause: Clause, order: Order) -> Json:
    label = field_name(clause.field) if clause.field else ""
    seen: Any = clause.seen
    if clause.currency and isinstance(seen, str):
        seen = {"amount": seen, "currency": clause.currency}
    return {
        "where": clause.where,
        "kind": clause.kind,
        "truth": clause.truth,
        "field": label,
        "op": clause.op,
        "path": clause.field,
        "wanted": _value(clause.field, clause.wanted, order) if clause.wanted is not None else "",
        "seen": "" if clause.kind != "clause" else _value(clause.field, seen, order),
        "reason": clause.reason or "",
        "parts": [_told_clause(part, order) for part in clause.parts],
    }


def _told_place(problem: Problem) -> Json:
    text, remedy = told_problem(problem)
    return {
        "where": problem.where,
        "field": field_name(problem.where) if problem.where else "",
        "text": text,
        "remedy": remedy,
    }
