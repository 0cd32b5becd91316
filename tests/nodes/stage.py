"""Plays the cases of a node type: settings and an order in, through the real compiler, and the outcome as JSON out.

A case in `cases.json` is an object:
- `name`: what it shows, in a few words;
- `settings`: as they stand in a flow document;
- `problems`: for settings that are wrong, each `{"code", "where"}` that is found, `where` within the settings. Else:
- `order`: parts of an order document, laid over `ORDER`;
- `connected` (ports with an edge, by default all that must have one), `facts`, `attempt`, `failure` (what led here),
  `decided_by` (who decided last on the way);
- `event`: what comes back while it waits: `{"decided": …}`, `{"joined": …}`, `{"handed_on": …}`, `{"answered": …}` or
  `{"time_up": true}`, so many `minutes_later`;
- `returned`: how the flow ended that it stands for, as in `Returned`;
- `expect`: the outcome, as `told` writes it.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import nodes
from nodes.contract import (
    Answered,
    AskPeople,
    AskPerson,
    AskSystem,
    Decided,
    Event,
    Failure,
    Finish,
    Fork,
    GoInside,
    HandedOn,
    Hold,
    Joined,
    Leave,
    Meet,
    Need,
    NodeType,
    Outcome,
    PassOver,
    Returned,
    Sleep,
    Step,
    TaskAsk,
    TimeUp,
    TryAgain,
)
from runtime.core.flow_settings import compiled, read_settings
from runtime.core.order import read_order

Case = Mapping[str, Any]
Json = dict[str, Any]

NOW = datetime(2026, 11, 22, 2, 0, 30, tzinfo=UTC)
TRACE = "01JD9T2Z0000000000000000AB.2.1"

ORDER: Json = {
    "id": "A-1001",
    "channel": "own-shop",
    "created_at": "2026-11-22T10:00:00+08:00",
    "currency": "CNY",
    "total": "13492.00",
    "buyer": {"name": "王小明", "phone": "13812345678"},
    "address": {
        "country": "CN",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "street": "文三路 90 号",
    },
    "lines": [{"sku": "MUG-01", "title": "马克杯", "quantity": 2, "price": "6746.00", "custom": False}],
    "tags": ["vip"],
    "priority": "normal",
}


def cases(kind: str) -> list[Case]:
    """The cases of a node type, out of its folder."""
    read: list[Case] = json.loads((nodes.folder(kind) / "cases.json").read_text("utf-8"))
    return read


def problems(node_type: NodeType, case: Case) -> list[Json]:
    """What is wrong with the case's settings."""
    _, found = read_settings(node_type, case["settings"], "", "here")
    return [{"code": problem.code, "where": problem.where} for problem in found]


def play(node_type: NodeType, case: Case) -> tuple[Outcome, ...]:
    """The outcomes of one visit: of entering, and of the event when there is one. Nothing that was given is altered."""
    settings, found = read_settings(node_type, case["settings"], "", "here")
    assert not [problem for problem in found if problem.level == "error"], found
    order = read_order({**ORDER, **case.get("order", {})})
    assert isinstance(order, dict), order
    untouched = deepcopy(order)
    required = [port.id for port in node_type.ports(settings) if not port.optional]
    step = Step(
        node="here",
        settings=compiled(node_type.kind, settings),
        order=order,
        now=NOW,
        trace=TRACE,
        attempt=case.get("attempt", 1),
        connected=frozenset(case.get("connected", required)),
        facts=case.get("facts", {}),
        failure=Failure(**case["failure"]) if "failure" in case else None,
        decided_by=case.get("decided_by"),
    )
    outcomes = tuple(_outcomes(node_type, step, case))
    assert outcomes == tuple(_outcomes(node_type, step, case)), "asking twice gives two answers"
    assert order == untouched, "the order was altered"
    return outcomes


def _outcomes(node_type: NodeType, step: Step, case: Case) -> Iterator[Outcome]:
    entered = node_type.enter(step)
    yield entered
    if "event" in case:
        memory = entered.memory if isinstance(entered, AskPeople) else {}
        later = step.now + timedelta(minutes=case.get("minutes_later", 0))
        yield node_type.resume(replace(step, memory=memory, now=later), _event(case["event"]))
    if "returned" in case:
        yield node_type.come_back(step, Returned(**case["returned"]))


def _event(row: Mapping[str, Any]) -> Event:
    match row:
        case {"decided": decided}:
            return Decided(**decided)
        case {"joined": joined}:
            return Joined(**joined)
        case {"handed_on": handed_on}:
            return HandedOn(**handed_on)
        case {"answered": answered}:
            return Answered(**answered)
        case {"time_up": True}:
            return TimeUp()
        case _:
            raise AssertionError(f"no event: {row}")


def told(outcome: Outcome) -> Json:
    """An outcome as JSON, without what is empty."""
    match outcome:
        case Leave(port, changes, note, failure):
            return {"leave": port} | _filled(changes=dict(changes), note=dict(note), failure=failure and _told(failure))
        case AskPerson() | AskPeople() | Hold():
            return _told_question(outcome)
        case AskSystem(effect, until):
            call = {"adapter": effect.adapter, "target": effect.target, "content": dict(effect.content)}
            return {"call": call, "until": _time(until)}
        case Sleep(until, note):
            return {"sleep": _time(until)} | _filled(note=dict(note))
        case Fork(ports):
            return {"fork": list(ports)}
        case Finish(result, reason):
            return {"finish": result} | _filled(reason=reason)
        case GoInside(changes):
            return {"inside": dict(changes)}
        case Need(facts):
            return {"need": list(facts)}
        case _:
            return _told_shortly(outcome)


def _told_question(outcome: AskPerson | AskPeople | Hold) -> Json:
    """A question to one person, or all the questions, by seat."""
    match outcome:
        case Hold(task, until):
            return {"hold": _asked(task)} | _filled(until=_time(until))
        case AskPerson(task, until) | AskPeople((0,), {0: task}, until=until):
            return {"ask": _asked(task)} | _filled(until=_time(until))
        case AskPeople(seats, tasks, until=until, remind=remind):
            asks = {str(seat): _asked(task) for seat, task in tasks.items()}
            return {"asks": asks, "seats": list(seats)} | _filled(until=_time(until), remind=list(remind))


def _asked(task: TaskAsk) -> Json:
    return {"title": task.title, "who": dict(task.who)} | _filled(reasons=list(task.reasons), due=_time(task.due))


def _told_shortly(outcome: TryAgain | PassOver | Meet) -> Json:
    match outcome:
        case TryAgain(by_hand, note):
            return {"again": True} | _filled(by_hand=by_hand, note=dict(note))
        case PassOver(note):
            return {"pass_over": True} | _filled(note=dict(note))
        case Meet():
            return {"meet": True}


def _told(failure: Failure) -> Json:
    return {"kind": failure.kind, "code": failure.code} | _filled(params=dict(failure.params))


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _filled(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value}
