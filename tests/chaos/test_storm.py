"""A short storm over a whole `orderflow up`; `make chaos` lets long ones rage, on PostgreSQL too."""

import pytest

from tests.chaos.storm import storm

pytestmark = pytest.mark.redis


def test_parts_killed_at_random_lose_no_order_and_send_no_call_twice_without_reason() -> None:
    figures = storm("sqlite", kills=6, seconds=8, seed=7, orders=600)
    assert not figures.verdict.faults, str(figures)
    assert not figures.heard.refused
    assert (figures.verdict.lost, figures.verdict.ended) == (0, len(figures.heard.acknowledged)), str(figures)
    assert len(figures.kills) >= 6
