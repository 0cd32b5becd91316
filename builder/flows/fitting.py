"""A template's document made to fit a shop: answers written to where they belong. Values in, values out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from nodes.contract import Words
from runtime.core.flow import compile_plan, read_flow
from runtime.core.money import CURRENCIES, read_amount, show_amount
from runtime.core.order import read_order
from runtime.core.rehearsal import rehearse

Document = Mapping[str, Any]

SOON: Final = timedelta(seconds=30)  # after it was placed, an order comes in
_TOLD_TEAM: Final = re.compile(r"^team:(.+)$")


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is asked in a team's place. `name` is that of a team which is to be made."""

    kind: Literal["team", "person"]
    value: str
    name: Words | None = None


def value_at(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer. Raises LookupError where nothing does."""
    for part in pointer.split("/")[1:]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def put(document: Any, pointer: str, value: Any) -> Any:
    """The document with another value at a JSON pointer. Raises LookupError where there is no such place."""
    part, _slash, rest = pointer[1:].partition("/")
    if isinstance(document, list):
        place = int(part)
        put_in = put(document[place], f"/{rest}", value) if rest else value
        return [*document[:place], put_in, *document[place + 1 :]]
    return {**document, part: put(document[part], f"/{rest}", value) if rest else value}


def with_whom(document: Document, instead: Mapping[str, Whom]) -> dict[str, Any]:
    """The document with others in the place of its teams, wherever these are listed, asked or told."""
    return {**_asking(document, instead), "teams": list(_teams(document, instead))}


def _teams(document: Document, instead: Mapping[str, Whom]) -> Any:
    seen = set()
    for team in document.get("teams", ()):
        whom = instead.get(team["key"], Whom("team", team["key"]))
        if whom.kind == "team" and whom.value not in seen:
            seen.add(whom.value)
            yield {"key": whom.value, "name": whom.name or team.get("name") or whom.value}


def _asking(part: Any, instead: Mapping[str, Whom]) -> Any:
    match part:
        case {"kind": "team", "value": str(key)} if key in instead:
            return {"kind": instead[key].kind, "value": instead[key].value}
        case dict():
            return {name: _told(one, instead) if name == "to" else _asking(one, instead) for name, one in part.items()}
        case list():
            return [_asking(one, instead) for one in part]
        case _:
            return part


def _told(to: Any, instead: Mapping[str, Whom]) -> Any:
    team = _TOLD_TEAM.match(to) if isinstance(to, str) else None
    whom = instead.get(team[1]) if team else None
    return f"{whom.kind}:{whom.value}" if whom else to


def with_amount(document: Document, question: Mapping[str, Any], amount: str, currency: str) -> Any:
    """The document with another amount. Its sample orders speak that currency; those on the border stay on it."""
    before = value_at(document, question["sets"][0])
    distances = {
        pointer: _minor(value_at(document, pointer), before["currency"]) - _minor(before["amount"], before["currency"])
        for pointer in question.get("moves", ())
    }
    if currency != before["currency"]:
        document = {**document, "cases": [_exchanged(case, before["currency"], currency) for case in document["cases"]]}
    for pointer, distance in distances.items():
        document = put(document, pointer, show_amount(max(0, _minor(amount, currency) + distance), currency))
    for pointer in question["sets"]:
        document = put(document, pointer, {"amount": amount, "currency": currency})
    return document


def _exchanged(case: Mapping[str, Any], before: str, currency: str) -> Mapping[str, Any]:
    order = case["order"]
    if order.get("currency") != before:
        return case
    changed = {**order, "currency": currency}
    for name, field in (("lines", "price"), ("payments", "amount")):
        if isinstance(order.get(name), list):
            changed[name] = [{**one, field: _rounded(one[field], currency)} for one in order[name] if field in one]
    if "total" in order:
        changed["total"] = _rounded(order["total"], currency)
    return {**case, "order": changed}


def _rounded(amount: str, currency: str) -> str:
    """The same figure with as many decimals as the currency has."""
    whole, _dot, fraction = amount.partition(".")
    decimals = CURRENCIES[currency]
    return whole if decimals == 0 else f"{whole}.{fraction[:decimals].ljust(decimals, '0')}"


def _minor(amount: str, currency: str) -> int:
    minor = read_amount(amount, currency)
    if not isinstance(minor, int):
        raise ValueError(f"no amount of {currency}: {amount}")
    return minor


def with_expectations(document: Document) -> dict[str, Any]:
    """The document whose cases expect what the flow, as it is now, does with them. The flow must be in order."""
    plan = compile_plan(read_flow(document))
    cases = []
    for case in document.get("cases", ()):
        order = read_order(case["order"])
        if not isinstance(order, dict):
            continue
        answers = case.get("answers", [])
        rehearsal = rehearse(plan, order, answers, soon_after(order))
        used = [answer for answer in answers if answer not in rehearsal.unused]
        cases.append({**case, "answers": used, "expect": {"path": list(rehearsal.path), "state": rehearsal.state}})
    return {**document, "cases": cases}


def soon_after(order: Mapping[str, Any]) -> datetime:
    """When a sample order comes in: shortly after it was placed."""
    return datetime.fromisoformat(order["created_at"]) + SOON
