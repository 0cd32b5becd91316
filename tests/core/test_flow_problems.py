"""Each mistake that one can make in a flow document is told with its place, and with a remedy in both languages."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from runtime.core.flow import read_flow
from runtime.core.flow_settings import compiled, fill
from runtime.core.words import LANGUAGES, text
from tests.core.flow_documents import NOTIFY, REQUEST, Document, approval, document, total_over

Change = Callable[[Document], Any]


def flow() -> Document:
    """Taken in, sent one of two ways, looked at, told, done. Nothing is wrong with it."""
    return document(
        [
            ("in", "ingest", {}),
            ("way", "route", {"rules": [{"id": "big", "when": {"field": "priority", "op": "eq", "value": "urgent"}}]}),
            ("ask", "approval", approval()),
            ("call", "request", dict(REQUEST)),
            ("tell", "notify", dict(NOTIFY)),
            ("end", "end", {}),
        ],
        [
            "in.out>way",
            "way.big>ask",
            "way.else>call",
            "ask.approved>call",
            "ask.rejected>end",
            "call.ok>tell",
            "tell.sent>end",
        ],
        teams=[{"key": "leads"}],
    )


def rules(*conditions: Any) -> Change:
    named = [{"id": f"r{number}", "when": condition} for number, condition in enumerate(conditions)]
    return lambda drawn: drawn["nodes"][1]["settings"].update(rules=[*drawn["nodes"][1]["settings"]["rules"], *named])


def settings(node: int, **given: Any) -> Change:
    return lambda drawn: drawn["nodes"][node]["settings"].update(given)


MISTAKES: list[tuple[str, Change, tuple[str, str]]] = [
    ("no end", lambda d: d["nodes"][5].update(type="wait"), ("flow.no_end", "nodes")),
    ("a line from nowhere", lambda d: d["edges"][0].update({"from": "gone"}), ("flow.edge_node_unknown", "edges.0.from")),
    ("a line to nowhere", lambda d: d["edges"][0].update(to="gone"), ("flow.edge_node_unknown", "edges.0.to")),
    ("a way out misspelt", lambda d: d["edges"][3].update(port="aproved"), ("flow.port_unknown_near", "edges.3.port")),
    ("a way out nobody has", lambda d: d["edges"][3].update(port="blue"), ("flow.port_unknown", "edges.3.port")),
    ("a kind nobody knows", lambda d: d["nodes"][4].update(type="xyz"), ("flow.type_unknown", "nodes.4.type")),
    ("a kind misspelt", lambda d: d["nodes"][4].update(type="notfy"), ("flow.type_unknown_near", "nodes.4.type")),
    ("a team twice", lambda d: d["teams"].append({"key": "leads"}), ("flow.team_twice", "teams.1.key")),
    ("a bad key", lambda d: d.update(key="Big Orders"), ("shape.pattern", "key")),
    ("no name", lambda d: d.pop("name"), ("shape.required", "name")),
    ("a name in no language", lambda d: d.update(name={}), ("shape.too_few", "name")),
    ("a channel twice", lambda d: d.update(channels=["a", "a"]), ("shape.twice", "channels")),
    ("channels that are a text", lambda d: d.update(channels="own-shop"), ("shape.wants_array", "channels")),
    ("a layout that is a list", lambda d: d.update(layout=[]), ("shape.wants_object", "layout")),
    ("a field misspelt", lambda d: d.update(chanels=[]), ("shape.unknown_near", "chanels")),
    ("settings that are a text", lambda d: d["nodes"][0].update(settings="x"), ("shape.wants_object", "nodes.0.settings")),
    ("a setting misspelt", settings(2, titel="x"), ("shape.unknown_near", "nodes.2.settings.titel")),
    ("minutes in words", settings(2, deadline_minutes="ten"), ("shape.wants_integer", "nodes.2.settings.deadline_minutes")),
    ("too many reasons", settings(2, reasons=list(map(str, range(21)))), ("shape.too_many", "nodes.2.settings.reasons")),
    ("a text too long", settings(2, title="x" * 201), ("shape.too_long", "nodes.2.settings.title")),
    ("an empty text", settings(2, title=""), ("shape.too_short", "nodes.2.settings.title")),
    ("an empty text in one language", settings(2, title={"en": "x", "zh-CN": ""}),
     ("shape.too_short", "nodes.2.settings.title.zh-CN")),
    ("a condition on a field nobody has", rules({"field": "totl", "op": "is_true"}),
     ("condition.unknown_field_near", "nodes.1.settings.rules.1.when.field")),
    ("an operator of another kind", rules({"field": "total", "op": "starts_with", "value": "5"}),
     ("condition.op", "nodes.1.settings.rules.1.when.op")),
    ("an amount in words", rules({"field": "total", "op": "gt", "value": "5000"}),
     ("condition.amount", "nodes.1.settings.rules.1.when.value")),
    ("an empty condition", rules({}), ("condition.no_field", "nodes.1.settings.rules.1.when.field")),
]  # fmt: skip


def test_the_flow_itself_is_in_order() -> None:
    assert read_flow(flow()).problems == ()


@pytest.mark.parametrize(("change", "expected"), [pytest.param(c, e, id=name) for name, c, e in MISTAKES])
def test_a_mistake_is_told_with_place_and_remedy(change: Change, expected: tuple[str, str]) -> None:
    drawn = flow()
    change(drawn)
    found = {(problem.code, problem.where): problem for problem in read_flow(drawn).errors}
    assert expected in found
    problem = found[expected]
    for language in LANGUAGES:
        told, remedy = text(problem.code, problem.params, language)
        assert told and remedy
        assert "{" not in told.replace(str(problem.params.get("given", "")), "")
    if problem.where.startswith("nodes.") and problem.where.count(".") > 1:
        assert problem.node == drawn["nodes"][int(problem.where.split(".")[1])]["id"]


def test_a_rule_that_an_earlier_one_always_forestalls_is_pointed_out() -> None:
    drawn = flow()
    same = drawn["nodes"][1]["settings"]["rules"][0]["when"]
    rules({"field": "kind", "op": "eq", "value": "sale"}, dict(same))(drawn)

    found = [(one.code, one.where, one.level) for one in read_flow(drawn).problems if one.code.startswith("route.")]
    assert found == [("route.rule_same", "nodes.1.settings.rules.2", "warning")]


def test_all_mistakes_of_different_steps_are_told_together() -> None:
    drawn = flow()
    for number in (0, 3, 5, 17, 24):
        MISTAKES[number][1](drawn)
    codes = {problem.code for problem in read_flow(drawn).errors}
    assert codes >= {MISTAKES[number][2][0] for number in (0, 3, 5, 17, 24)}


def test_too_many_lines_are_refused_without_reading_them() -> None:
    drawn = flow()
    drawn["edges"] = drawn["edges"] * 3000
    assert [(problem.code, problem.where) for problem in read_flow(drawn).errors] == [("flow.too_many_edges", "edges")]


def test_a_large_flow_is_checked_while_one_types() -> None:
    """500 steps take about a tenth of a second; the bound is generous, because other work runs beside the tests."""
    drawn = large(500)
    assert not read_flow(drawn).errors
    begun = time.process_time()
    read_flow(json.loads(json.dumps(drawn)))
    assert time.process_time() - begun < 1.5


def large(count: int) -> Document:
    """A flow of about so many steps: blocks of a route, an approval, a system call with its retry, and a note."""
    nodes: list[tuple[str, str, dict[str, Any]]] = [("in", "ingest", {})]
    edges: list[str] = []
    before = "in.out"
    for block in range((count - 2) // 5):
        way, ask, call, again, note = (f"{name}{block}" for name in ("way", "ask", "call", "again", "note"))
        nodes += [
            (way, "route", {"rules": [{"id": "big", "when": total_over("5000.00")}]}),
            (ask, "approval", approval()),
            (call, "request", dict(REQUEST)),
            (again, "retry", {}),
            (note, "set", {"changes": [{"field": "note", "value": "seen"}]}),
        ]
        edges += [
            f"{before}>{way}",
            f"{way}.big>{ask}",
            f"{way}.else>{call}",
            f"{ask}.approved>{note}",
            f"{ask}.rejected>{note}",
            f"{call}.ok>{note}",
            f"{call}.failed>{again}",
            f"{again}.exhausted>{note}",
        ]
        before = f"{note}.out"
    return document([*nodes, ("end", "end", {})], [*edges, f"{before}>end"], teams=[{"key": "leads"}])


# --- texts ------------------------------------------------------------------------------------------------------------

ORDER: dict[str, Any] = {
    "id": "A-1",
    "currency": "CNY",
    "total": 1349200,
    "buyer": {"name": "王小明"},
    "priority": "urgent",
    "tags": ["vip", "new"],
}


def title(words: Any) -> Any:
    return compiled("approval", {**approval(), "title": words})["title"](ORDER)


def test_a_text_in_each_language_is_filled_as_each_writes_it() -> None:
    assert title({"en": "{total}, {priority}: {tags}", "zh-CN": "{total}，{priority}：{tags}"}) == {
        "en": "CN¥13,492.00, urgent: vip, new",
        "zh-CN": "¥13,492.00，加急：vip、new",
    }


def test_a_text_that_names_no_language_is_filled_by_its_own() -> None:
    assert title("Approve {total}?") == "Approve CN¥13,492.00?"
    assert title("请审核 {total}") == "请审核 ¥13,492.00"


def test_what_a_buyer_wrote_is_never_translated_or_filled_in_again() -> None:
    order = {**ORDER, "buyer": {"name": "urgent {total}"}}
    assert fill("{buyer.name}", order, "zh-CN") == "urgent {total}"
