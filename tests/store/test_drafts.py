"""Drafts of several people: every change is kept once, in order, and nobody's work is lost to somebody else's."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.actor import Actor
from runtime.core.drafting import Change, changed
from runtime.core.flow import FlowCheck
from runtime.drafts import Behind, Drafts, Edit, OpenDraft, Overtaken, Written
from runtime.flows import Published
from tests.store.conftest import House
from tests.trade import publish
from tests.web.conftest import BIG_ORDERS

KEY = "big-orders"
LIN, ROOT = Actor("lin"), Actor("root")


@pytest.fixture
def drawn(house: House) -> Drafts:
    publish(house.service, BIG_ORDERS)
    return house.service.drafts


def edit(name: str, change: Change, **more: Any) -> Edit:
    return Edit(name, "do", name, change, **more)


def placed(x: int) -> Change:
    return {"layout.nodes.in": {"x": x, "y": 0}}


def opened(drafts: Drafts, person: str) -> OpenDraft:
    found = drafts.open(KEY, person)
    assert found is not None
    return found


def written(drafts: Drafts, actor: Actor, *edits: Edit) -> Written:
    found = opened(drafts, actor.name)
    answer = drafts.write(KEY, actor, found.rev, found.base_rev, edits)
    assert isinstance(answer, Written)
    return answer


def test_each_person_draws_a_draft_of_their_own(drawn: Drafts) -> None:
    written(drawn, LIN, edit("a", {"name": "Lin's"}))

    assert opened(drawn, "lin").document["name"] == "Lin's" and opened(drawn, "lin").differs
    assert opened(drawn, "root").document["name"] == BIG_ORDERS["name"]
    assert [(one.name, one.changes) for one in drawn.others(KEY, "root")] == [("lin", 1)]


def test_a_change_that_is_sent_twice_is_stored_once(drawn: Drafts) -> None:
    first = [edit("a", placed(1)), edit("b", placed(2))]
    drawn.write(KEY, LIN, 0, 1, first)
    again = drawn.write(KEY, LIN, 0, 1, [*first, edit("c", placed(3))])

    assert isinstance(again, Written) and again.rev == 3
    assert [line.label for line in opened(drawn, "lin").log] == ["a", "b", "c"]


def test_a_page_that_is_behind_is_told_what_it_does_not_know_and_nothing_is_stored(drawn: Drafts) -> None:
    written(drawn, LIN, edit("a", placed(1)))
    answer = drawn.write(KEY, LIN, 0, 1, [edit("b", placed(2))])

    assert isinstance(answer, Behind) and [line.id for line in answer.changes] == ["a"]
    assert opened(drawn, "lin").rev == 1


def test_two_pages_that_write_at_once_both_get_their_changes_in(drawn: Drafts) -> None:
    def draw(page: int) -> int:
        rev = behind = 0
        for number in range(10):
            while True:
                answer = drawn.write(KEY, LIN, rev, 1, [edit(f"{page}-{number}", {f"layout.p{page}": number})])
                if isinstance(answer, Written):
                    rev = answer.rev
                    break
                assert isinstance(answer, Behind)
                behind += 1
                rev = answer.changes[-1].number
        return behind

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(draw, (1, 2)))
    log = opened(drawn, "lin").log
    assert [line.number for line in log] == list(range(1, 21))
    for page in (1, 2):
        assert [line.id for line in log if line.id.startswith(f"{page}-")] == [
            f"{page}-{number}" for number in range(10)
        ]


def test_every_moment_of_the_log_can_be_seen_again(drawn: Drafts) -> None:
    for x in range(5):
        written(drawn, LIN, edit(f"x{x}", placed(x)))

    for number in range(1, 6):
        found = drawn.document_at(KEY, "lin", number)
        assert found is not None and found["layout"]["nodes"]["in"]["x"] == number - 1
    began = drawn.document_at(KEY, "lin", 0)
    assert began is not None and began["nodes"] == BIG_ORDERS["nodes"]
    assert drawn.document_at(KEY, "lin", 6) is None
    assert [row["number"] for row in drawn.history(KEY, "lin", before=4, limit=2)] == [3, 2]


def test_what_is_published_is_the_draft_and_whose_changes_it_holds_is_known(drawn: Drafts) -> None:
    written(drawn, LIN, edit("a", {"name": "Lin's"}), edit("b", placed(1), by="root"))
    assert drawn.authors(KEY, "lin") == ["lin", "root"]
    published = drawn.publish(KEY, 2, "", LIN)

    assert isinstance(published, Published) and published.version == 2
    assert opened(drawn, "root").document["name"] == "Lin's"
    assert not opened(drawn, "lin").differs and drawn.authors(KEY, "lin") == []


def test_a_draft_that_began_before_somebody_published_is_not_published_over_it(drawn: Drafts) -> None:
    written(drawn, LIN, edit("a", {"name": "Lin's"}))
    written(drawn, ROOT, edit("b", {"description": "Root's"}))
    assert isinstance(drawn.publish(KEY, 1, "", ROOT), Published)
    assert isinstance(drawn.publish(KEY, 1, "", LIN), Overtaken)

    merged = drawn.merge(KEY, "lin", None)
    assert merged is not None and not merged.conflicts
    rev = opened(drawn, "lin").trunk.rev
    written(drawn, LIN, edit("merge", merged.change, by="root", onto=rev))
    assert isinstance(drawn.publish(KEY, 2, "", LIN), Published)
    both = opened(drawn, "zhao").document
    assert (both["name"], both["description"]) == ("Lin's", "Root's")


def test_a_draft_without_changes_of_its_own_follows_what_is_published(drawn: Drafts) -> None:
    written(drawn, LIN, edit("a", {"name": "Lin's"}))
    drawn.publish(KEY, 1, "", LIN)
    written(drawn, ROOT, edit("b", {"name": "Root's"}))
    drawn.publish(KEY, 1, "", ROOT)
    drawn.follow(KEY, "lin", "Published by Root")
    lin = opened(drawn, "lin")

    assert lin.document["name"] == "Root's" and not lin.differs and lin.base_rev == lin.trunk.rev
    assert changed(lin.document, lin.log[-1].back)["name"] == "Lin's"


def test_changes_of_another_draft_come_into_mine(drawn: Drafts) -> None:
    written(drawn, ROOT, edit("b", {"description": "Root's"}))
    written(drawn, LIN, edit("a", {"name": "Lin's"}))
    merged = drawn.merge(KEY, "lin", "root")

    assert merged is not None and dict(merged.change) == {"description": "Root's"}
    assert drawn.merge(KEY, "lin", "nobody") is None


def test_what_would_be_no_flow_is_not_stored(drawn: Drafts) -> None:
    for change in ({"key": "other"}, {"nodes.x": {"id": "x"}}, {"format": "else/9"}):
        answer = drawn.write(KEY, LIN, 0, 1, [edit("a", change)])
        assert isinstance(answer, FlowCheck)
    assert opened(drawn, "lin").rev == 0


def test_who_is_there_is_seen_until_they_are_silent(house: House, drawn: Drafts) -> None:
    drawn.seen(KEY, "root", "page-1", "ask", edits=True)
    assert [(one.name, one.here, one.node) for one in drawn.others(KEY, "lin")] == [("root", True, "ask")]
    house.watch.go_on(seconds=40)
    assert drawn.others(KEY, "lin") == []
