"""Every example flow is free of problems, and each of its sample orders leaves the trace that the flow promises."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime.core.flow import compile_plan, read_flow
from runtime.core.order import read_order
from runtime.core.rehearsal import rehearse

EXAMPLES = sorted((Path(__file__).parents[2] / "flows_examples").glob("*.json"))
SHOWN = {"title", "reasons", "subject", "text", "reason", "rules", "branches"}
CHINESE, LATIN, PLACEHOLDER = re.compile("[\u4e00-\u9fff]"), re.compile("[A-Za-z]{2,}"), re.compile(r"\{[^}]*\}")
SOON_AFTER = datetime(2026, 11, 22, 2, 0, 30, tzinfo=UTC)


def document(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


CASES = [
    pytest.param(path, number, id=f"{path.stem}: {case['name']['en']}")
    for path in EXAMPLES
    for number, case in enumerate(document(path)["cases"])
]


def test_the_four_promised_examples_are_there() -> None:
    named = {path.stem for path in EXAMPLES}
    assert named >= {"big-order-approval", "parallel-release", "failing-system", "unpaid-reminder"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_neither_errors_nor_warnings(path: Path) -> None:
    assert read_flow(document(path)).problems == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_speaks_both_languages_and_lies_on_the_grid(path: Path) -> None:
    flow = document(path)
    spots = flow["layout"]["nodes"]
    for named in (flow, *flow["nodes"], *flow["teams"], *flow["cases"]):
        assert set(named["name"]) == {"en", "zh-CN"}
    assert set(spots) == {node["id"] for node in flow["nodes"]}
    assert len({(spot["x"], spot["y"]) for spot in spots.values()}) == len(spots)
    assert all(spot["x"] % 320 == 0 and spot["y"] % 160 == 0 for spot in spots.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_nobody_meets_the_other_language(path: Path) -> None:
    """What people are shown (questions, reasons, messages, names of ways) is there in both languages, each its own."""
    for node in document(path)["nodes"]:
        for setting in SHOWN & node.get("settings", {}).keys():
            for words in _each(node["settings"][setting]):
                assert set(words) == {"en", "zh-CN"}, (node["id"], setting)
                assert not CHINESE.search(words["en"])
                assert CHINESE.search(words["zh-CN"])
                assert not LATIN.search(PLACEHOLDER.sub("", words["zh-CN"]))


def _each(shown: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(shown, list):
        yield from (each.get("name", each) for each in shown)
    else:
        yield shown


@pytest.mark.parametrize(("path", "number"), CASES)
def test_a_sample_order_leaves_its_trace(path: Path, number: int) -> None:
    flow = document(path)
    case = flow["cases"][number]
    order = read_order(case["order"])
    assert isinstance(order, dict), order
    plan = compile_plan(read_flow(flow))

    rehearsal = rehearse(plan, order, case["answers"], SOON_AFTER)

    assert list(rehearsal.path) == case["expect"]["path"]
    assert rehearsal.state == case["expect"]["state"]
    assert rehearsal.unused == ()
