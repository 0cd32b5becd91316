"""Flow documents that were drawn to hold the server up, or to break what comes after."""

import time

import pytest

from runtime.core.flow import read_flow
from tests.core.flow_documents import document

LONGEST_SECONDS = 20


@pytest.mark.parametrize("key", ["trial\n", "\ntrial", "trial\r", "trial\u2028"])
def test_a_key_ends_where_its_pattern_ends(key: str) -> None:
    drawn = document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end"], key=key)
    assert [problem.where for problem in read_flow(drawn).errors] == ["key"]


def test_an_id_ends_where_its_pattern_ends() -> None:
    drawn = document([("in", "ingest", {}), ("end\n", "end", {})], ["in.out>end\n"])
    assert {problem.where for problem in read_flow(drawn).errors} >= {"nodes.1.id", "edges.0.to"}


def test_a_tangle_of_splits_is_read_in_seconds() -> None:
    count, wide = 600, 20
    splits = [
        (f"s{i}", "split", {"branches": [{"id": f"b{j}", "name": "x"} for j in range(wide)]}) for i in range(count)
    ]
    ways = [f"s{i}.b{j}>{f's{i + j + 1}' if i + j + 1 < count else 'meet'}" for i in range(count) for j in range(wide)]
    drawn = document(
        [("in", "ingest", {}), *splits, ("meet", "join", {}), ("end", "end", {})], ["in.out>s0", *ways, "meet.out>end"]
    )
    begun = time.monotonic()
    assert not read_flow(drawn).errors
    assert time.monotonic() - begun < LONGEST_SECONDS
