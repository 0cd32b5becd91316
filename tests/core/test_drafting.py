"""Edits of a flow document: cells, the change between two documents, its way back, and merging what two people drew."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.drafting import cells, changed, difference, document_of, is_change, merge, normal, way_back
from runtime.core.flow import read_flow
from tests.core.flow_documents import NOTIFY, approval, document, random_flows

FLOW = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval(deadline_minutes=30)),
        ("tell", "notify", NOTIFY),
        ("end", "end", {}),
    ],
    ["in.out>ask", "ask.approved>tell", "ask.rejected>end", "tell.sent>end"],
    layout={"nodes": {"in": {"x": 0, "y": 0}}, "notes": [{"id": "a", "text": "why"}], "pinned": ["in"]},
)


def with_settings(drawn: dict[str, Any], node: str, **settings: Any) -> dict[str, Any]:
    nodes = [one if one["id"] != node else {**one, "settings": one["settings"] | settings} for one in drawn["nodes"]]
    return {**drawn, "nodes": nodes}


def with_step(drawn: dict[str, Any], node: str, kind: str, edge: str) -> dict[str, Any]:
    """One step more, and an edge `e9` written as `from.port>to`."""
    source, _, target = edge.partition(">")
    start, _, port = source.partition(".")
    line = {"id": "e9", "from": start, "port": port, "to": target}
    step = {"id": node, "type": kind, "settings": {}}
    return {**drawn, "nodes": [*drawn["nodes"], step], "edges": [*drawn["edges"], line]}


@given(random_flows(), random_flows())
def test_a_change_makes_the_one_of_the_other_and_its_way_back_takes_it_back(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    change = difference(one, other)

    assert cells(changed(one, change)) == cells(other)
    assert cells(changed(changed(one, change), way_back(one, change))) == cells(one)


@given(random_flows(), st.data())
def test_who_merges_with_somebody_who_did_nothing_gets_what_there_was(
    drawn: dict[str, Any], data: st.DataObject
) -> None:
    other = data.draw(random_flows())

    assert not merge(drawn, other, drawn).change
    assert cells(changed(drawn, merge(drawn, drawn, other).change)) == cells(other)


def test_moving_one_step_changes_one_cell() -> None:
    moved = {**FLOW, "layout": FLOW["layout"] | {"nodes": {"in": {"x": 9, "y": 0}}}}

    assert difference(FLOW, moved) == {"layout.nodes.in": {"x": 9, "y": 0}}
    assert normal(FLOW) == FLOW


def test_steps_of_one_id_are_told_apart_and_none_is_dropped() -> None:
    twice = {**FLOW, "nodes": [*FLOW["nodes"], {"id": "ask", "type": "hold", "settings": {}}]}

    assert [node["id"] for node in normal(twice)["nodes"]] == ["in", "ask", "tell", "end", "ask-2"]


def test_settings_of_one_step_that_two_people_changed_come_together() -> None:
    mine = with_settings(FLOW, "ask", deadline_minutes=45)
    theirs = with_settings(FLOW, "ask", reasons=["Stock confirmed"])
    merged = merge(FLOW, mine, theirs)

    assert not merged.conflicts
    settings = cells(changed(mine, merged.change))["nodes.ask"]["settings"]
    assert settings["deadline_minutes"] == 45 and settings["reasons"] == ["Stock confirmed"]


def test_one_setting_that_two_people_changed_is_a_conflict_and_mine_stays() -> None:
    mine = with_settings(FLOW, "ask", deadline_minutes=45)
    merged = merge(FLOW, mine, with_settings(FLOW, "ask", deadline_minutes=60))

    assert [conflict.cell for conflict in merged.conflicts] == ["nodes.ask"]
    assert merged.conflicts[0].theirs["settings"]["deadline_minutes"] == 60
    assert changed(mine, merged.change) == normal(mine)


def test_steps_that_two_people_added_under_one_id_both_stay() -> None:
    mine = with_step(FLOW, "n5", "hold", "tell.failed>n5")
    theirs = with_step(FLOW, "n5", "wait", "ask.timeout>n5")
    merged = changed(mine, merge(FLOW, mine, theirs).change)

    assert {node["id"]: node["type"] for node in merged["nodes"][4:]} == {"n5": "hold", "n5-2": "wait"}
    assert {(edge["from"], edge["to"]) for edge in merged["edges"][4:]} == {("tell", "n5"), ("ask", "n5-2")}


def test_an_edge_to_a_step_that_the_other_one_deleted_goes_with_it() -> None:
    mine = {**FLOW, "edges": [*FLOW["edges"], {"id": "e9", "from": "ask", "port": "timeout", "to": "tell"}]}
    theirs = cells(FLOW)
    for gone in ("nodes.tell", "edges.e1", "edges.e3"):
        theirs.pop(gone)
    merged = changed(mine, merge(FLOW, mine, document_of(theirs)).change)

    assert "tell" not in {edge["to"] for edge in merged["edges"]} | {node["id"] for node in merged["nodes"]}
    assert read_flow(merged).flow is not None


def test_a_port_that_both_led_on_leads_where_mine_does() -> None:
    mine = with_step(FLOW, "a", "hold", "tell.failed>a")
    theirs = with_step(FLOW, "b", "hold", "tell.failed>b")
    merged = changed(mine, merge(FLOW, mine, theirs).change)

    assert [edge["to"] for edge in merged["edges"] if edge["port"] == "failed"] == ["a"]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"nodes": []},
        {"layout": {}},
        {"layout.nodes": {}},
        {"nodes.a": 5},
        {"nodes.a": {"id": "b"}},
        {"edges.a": "x"},
        {"layout.nodes.a": 1},
        {"layout.notes.a": {"id": "b"}},
    ],
)
def test_what_is_no_change_is_known(value: Any) -> None:
    assert not is_change(value)
    assert is_change(difference(FLOW, with_settings(FLOW, "ask", deadline_minutes=1)))


@pytest.mark.parametrize("cell", ["edges.", "nodes.", "layout.", "layout.notes.", "layout.a.b", "name.en", ".", "a.b"])
def test_a_cell_that_stands_nowhere_is_no_change(cell: str) -> None:
    assert not is_change({cell: {"id": ""}})
    assert not is_change({cell: 5})
