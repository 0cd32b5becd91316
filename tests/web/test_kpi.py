"""The page of figures: worlds small enough to count by hand, and every figure as counted there."""

import csv
import io
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select
from ulid import ULID

from builder.kpi.counts import SLOW_SECONDS, Counts, Kept
from runtime.clock import now
from runtime.store import tables
from runtime.store.database import begin, reading
from tests.web.conftest import House

MINUTE = timedelta(minutes=1)


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def past_order(
    house: House,
    came: datetime,
    *,
    took: timedelta | None,
    channel: str = "own-shop",
    version: str | None = None,
    flow: str | None = None,
    decided: tuple[str, timedelta, timedelta | None] | None = None,
    team: str = "leads",
    failed: bool = False,
) -> str:
    """An order as it stands in the tables. `decided`: by whom, after how long, and with which deadline."""
    run_id = str(ULID.from_datetime(came))
    run = {
        "id": run_id,
        "channel": channel,
        "flow_key": flow,
        "version_id": version,
        "state": "waiting" if took is None else "done",
        "due_at": None,
        "tokens": "[]",
        "changes": "{}",
        "steps": 1,
        "rev": 1,
        "reason": None,
        "received_at": micros(came),
        "ended_at": None if took is None else micros(came + took),
    }
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(tables.runs).values(run))
        if decided:
            who, after, deadline = decided
            connection.execute(insert(tables.tasks).values(task(run_id, came, who, after, deadline, team)))
        if failed:
            connection.execute(insert(tables.failures).values(failure(run_id, came, channel)))
    return run_id


def task(
    run_id: str, asked: datetime, who: str, after: timedelta, deadline: timedelta | None, team: str
) -> dict[str, Any]:
    return {
        "trace": f"{run_id}.2.1",
        "run_id": run_id,
        "node": "ask",
        "title": "Check it",
        "who_kind": "team",
        "who": team,
        "reasons": "[]",
        "state": "decided",
        "asked_at": micros(asked),
        "due_at": None if deadline is None else micros(asked + deadline),
        "decided_at": micros(asked + after),
        "decided_by": who,
        "decision": "approved",
    }


def failure(run_id: str, at: datetime, channel: str) -> dict[str, Any]:
    return {
        "id": str(ULID.from_datetime(at)),
        "run_id": run_id,
        "step": 1,
        "attempt": 1,
        "channel": channel,
        "flow_key": "",
        "version_id": "",
        "node": "call",
        "kind": "timeout",
        "code": "timeout",
        "params": "{}",
        "cause": "c",
        "changes": "{}",
        "tries": 1,
        "by_hand": 0,
        "failed_at": micros(at),
        "state": "open",
        "system": "",
    }


def file_rows(house: House, query: str = "", who: str = "zhao") -> list[dict[str, str]]:
    answer = house.enter(who).look(f"/performance.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def count_afresh(house: House) -> None:
    """Forget what is kept: on a busy machine the counts of a page may have taken long enough to serve the next one too."""
    house.app.extensions["orderflow.kpi"].found.clear()


def row_of(rows: list[dict[str, str]], by: str, name: str = "", *, before: bool = False) -> Mapping[str, str]:
    found = [row for row in rows if row["By"] == by and row["Name"] == name]
    assert len(found) == 2, (by, name)
    return found[0 if before else 1]


@pytest.fixture
def small_world(house: House) -> Iterator[House]:
    """Ten orders of two days ago that took 1 to 10 minutes, and one that is open; two of the week before, an hour each.

    Of the ten, people decided three: after 2, 4 and 60 minutes, each with half an hour's time. One of the ten failed.
    """
    came = now() - timedelta(days=2)
    decisions = {1: 2, 2: 4, 3: 60}
    for number in range(1, 11):
        who = "zhao" if number < 3 else "wang"
        past_order(
            house,
            came + number * timedelta(seconds=1),
            took=number * MINUTE,
            decided=(who, decisions[number] * MINUTE, 30 * MINUTE) if number in decisions else None,
            failed=number == 10,
            channel="own-shop" if number < 9 else "other-shop",
        )
    past_order(house, came, took=None)
    for number in range(2):
        past_order(house, came - timedelta(days=7) + number * MINUTE, took=60 * MINUTE)
    yield house


def test_the_figures_are_those_that_are_counted_by_hand(small_world: House) -> None:
    now_ = row_of(file_rows(small_world), "All")
    assert (now_["Orders received"], now_["Orders ended"]) == ("11", "10")
    assert float(now_["Mean handling time, seconds"]) == 330  # (1 + … + 10) / 10 minutes
    assert float(now_["Handling time of 9 in 10 orders, seconds"]) == 540  # the ninth of ten
    assert (now_["Orders touched by people"], now_["Orders that failed"]) == ("3", "1")
    assert float(now_["Share touched by people"]) == pytest.approx(3 / 11, abs=1e-6)
    assert (now_["Decisions of people"], now_["Tasks with a deadline"]) == ("3", "3")
    assert now_["Tasks past their deadline"] == "1"
    assert float(now_["Mean time of a decision, seconds"]) == 22 * 60
    before = row_of(file_rows(small_world), "All", before=True)
    assert (before["Orders received"], float(before["Mean handling time, seconds"])) == ("2", 3600)


def test_channels_teams_and_persons_have_figures_of_their_own(small_world: House) -> None:
    rows = file_rows(small_world)
    assert row_of(rows, "Channel", "own-shop")["Orders received"] == "9"
    assert row_of(rows, "Channel", "other-shop")["Orders that failed"] == "1"
    assert row_of(rows, "Person", "Zhao")["Decisions of people"] == "2"
    assert row_of(rows, "Person", "Wang")["Tasks past their deadline"] == "1"
    team = row_of(rows, "Team", "Supervisors")
    assert (team["Decisions of people"], team["Orders received"], team["Orders touched by people"]) == ("3", "3", "3")
    only = row_of(file_rows(small_world, "?channel=other-shop"), "All")
    assert only["Orders received"] == "2"


def test_a_newcomer_stands_beside_everybody_else(house: House) -> None:
    for days, who in ((20, "zhao"), (2, "zhao"), (2, "wang")):
        came = now() - timedelta(days=days)
        past_order(house, came, took=30 * MINUTE, decided=(who, 20 * MINUTE, 10 * MINUTE), failed=who == "wang")
    rows = file_rows(house)
    new, others = row_of(rows, "Newcomer", "Wang"), row_of(rows, "Newcomer", "everybody else")
    assert (new["Orders received"], new["Orders that failed"], new["Tasks past their deadline"]) == ("1", "1", "1")
    assert (others["Orders received"], others["Orders that failed"]) == ("1", "0")
    page = house.enter("zhao").get("/performance?by=newcomer")
    assert re.search(r'<th scope="row">Wang</th><td class="number" data-label="Orders decided">1</td>', page)


def test_nothing_is_claimed_of_a_few_orders_and_a_sentence_tells_what_changed_in_many(small_world: House) -> None:
    page = small_world.enter("zhao").get("/performance")
    assert "Too few to say anything of a change: one side has only 2." in page
    assert "fell from" not in page
    came = now() - timedelta(days=3)
    for number in range(40):
        past_order(small_world, came + number * MINUTE, took=5 * MINUTE)
        past_order(small_world, came - timedelta(days=7) + number * MINUTE, took=60 * MINUTE)
    count_afresh(small_world)
    page = small_world.enter("zhao").get("/performance")
    assert "Handling time of 9 in 10 orders fell from 60 min to 5 min over 50 orders." in page


def test_two_versions_stand_side_by_side(house: House) -> None:
    with reading(house.service.engine) as connection:
        versions = connection.execute(select(tables.flow_versions.c.id).order_by(tables.flow_versions.c.id)).scalars()
        one, other = list(versions)[:2]
    came = now() - timedelta(days=2)
    for number in range(35):
        past_order(house, came + number * MINUTE, took=41 * MINUTE, version=one, flow="big-orders")
        past_order(house, came + number * MINUTE, took=18 * MINUTE, version=other, flow="shaky")
    page = house.enter("lin").get(f"/performance?one={one}&other={other}")
    assert "Handling time of 9 in 10 orders fell from 41 min to 18 min over 35 orders." in page
    assert "Two versions take the orders of both periods together." in page


def test_an_empty_house_says_of_each_figure_what_it_waits_for(house: House) -> None:
    page = house.enter("root").get("/performance")
    for text in (
        "No order came in in these days",
        "Waits for the first order: the door counts",
        "Waits for the first order or the first pull of a channel.",
        "Waits for an administrator to type in what one failure of each kind costs.",
        "Waits for somebody whose first decision is at least a week after",
        "It waits for returns with a cause",
        "It waits for the time of the first answer",
    ):
        assert text in page
    assert "style=" not in page


def test_who_leads_designs_administers_or_audits_sees_it_and_who_decides_does_not(house: House) -> None:
    for name in ("zhao", "lin", "root", "oliver"):
        assert "Performance" in house.enter(name).get("/performance")
    chen = house.enter("chen")
    for path in ("/performance", "/performance.csv", "/performance.xlsx", "/performance/typed"):
        chen.get(path, 403)
    for name in ("lin", "oliver"):
        house.enter(name).get("/performance/typed", 403)
    assert "What a failure costs" not in house.enter("zhao").get("/performance/typed")
    assert house.enter("zhao").post("/performance/costs", {"cost.error": "1"}).status_code == 403


def test_a_baseline_is_typed_in_drawn_and_kept_in_the_audit(small_world: House) -> None:
    zhao = small_world.enter("zhao")
    zhao.get("/performance/typed")
    told = {
        "handling_p90.value": "1.5",
        "handling_p90.unit": "h",
        "handling_p90.period": "March 2026",
        "handling_p90.note": "by stopwatch",
        "touched.value": "62,5",
        "touched.period": "March 2026",
    }
    assert zhao.post("/performance/baselines", told).status_code == 303
    page = zhao.get("/performance")
    assert "Before Orderflow: 90 min (March 2026)" in page
    assert "Before Orderflow: 62% (March 2026)" in page
    assert page.count('class="baseline"') == 2
    typed = zhao.get("/performance/typed")
    assert 'value="62.5"' in typed
    assert 'value="90"' in typed
    with reading(small_world.service.engine) as connection:
        acts = connection.execute(select(tables.audit.c.actor).where(tables.audit.c.action == "kpi.baselines"))
        assert acts.scalars().all() == ["zhao"]


def test_what_cannot_be_a_baseline_is_told_and_stays_typed(house: House) -> None:
    zhao = house.enter("zhao")
    zhao.get("/performance/typed")
    for told, said in (
        ({"touched.value": "130", "touched.period": "May"}, "A share is at most 100 percent."),
        ({"touched.value": "many", "touched.period": "May"}, "Type a number"),
        ({"touched.value": "12"}, "Say of which time it is"),
        ({"touched.note": "by stopwatch"}, "Type the value too"),
        ({"answer_p90.value": "NaN", "answer_p90.period": "May"}, "Type a number"),
        ({"answer_p90.value": "99999", "answer_p90.unit": "d", "answer_p90.period": "May"}, "longer than ten years"),
    ):
        answer = zhao.post("/performance/baselines", told)
        assert answer.status_code == 422
        assert said in answer.text
        assert [value for value in told.values() if f'value="{value}"' not in answer.text] == []


def test_errors_cost_what_an_administrator_typed_in(small_world: House) -> None:
    root = small_world.enter("root")
    root.get("/performance/typed")
    assert root.post("/performance/costs", {"currency": "CNY", "cost.timeout": "12.555"}).status_code == 422
    assert root.post("/performance/costs", {"currency": "CNY", "cost.timeout": "12.50"}).status_code == 303
    page = root.get("/performance")
    assert "12.50</b>" in page
    assert "Waits for an administrator" not in page


def test_a_channel_whose_orders_are_gone_is_told_with_how_many(house: House) -> None:
    house.take(1)
    second = house.take(2)
    page = house.enter("zhao").get("/performance")
    assert 'failed">' not in page[page.index("missed-title") : page.index("sync-title")]
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(tables.runs.delete().where(tables.runs.c.id == second))
    house.service.reconciler.check_all("root")
    count_afresh(house)
    page = house.enter("zhao").get("/performance")
    missed = page[page.index("missed-title") : page.index("sync-title")]
    assert 'failed"' in missed
    assert "1 open" in missed


def test_the_files_open_in_a_spreadsheet_and_calculate_nothing(house: House) -> None:
    past_order(house, now() - timedelta(days=1), took=MINUTE, channel='=HYPERLINK("http://evil")')
    lin = house.enter("lin")
    text = lin.look("/performance.csv").data
    assert text.startswith(b"\xef\xbb\xbf")
    book = load_workbook(io.BytesIO(lin.client.get("/performance.xlsx").data))
    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert '\'=HYPERLINK("http://evil")' in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "'=HYPERLINK" in text.decode("utf-8-sig")


def test_whatever_period_is_asked_for_there_is_a_page(house: House) -> None:
    past_order(house, now() - timedelta(minutes=5), took=MINUTE)
    root = house.enter("root")
    for query in (
        "period=days&first=2026-02-30&last=x",
        "period=days&first=0001-01-01&last=9999-12-31",
        "period=days&first=2999-01-01&last=2999-02-01",
        "period=century&by=nothing&one=a&other=b&flow=x&channel=y",
        "period=90",
        "period=today",
        "period=days&first=2020-01-01&last=2026-01-01&by=person",
    ):
        root.get(f"/performance?{query}")


def test_the_page_of_a_day_compares_it_with_the_day_before(house: House) -> None:
    day = datetime(2026, 3, 10, 4, tzinfo=UTC)  # noon in Shanghai
    past_order(house, day, took=MINUTE)
    past_order(house, day - timedelta(days=1), took=2 * MINUTE)
    past_order(house, day - timedelta(days=2), took=3 * MINUTE)
    rows = file_rows(house, "?period=days&first=2026-03-10&last=2026-03-10")
    assert [float(row["Mean handling time, seconds"]) for row in rows if row["By"] == "All"] == [120, 60]


def test_counts_that_took_long_serve_the_next_who_asks_and_no_longer_than_told() -> None:
    kept, made = Kept(), []

    def slow() -> Counts:
        made.append(1)
        ended.wait(SLOW_SECONDS * 1.5)
        return Counts(len(made), (), (), {}, (), (), {}, {}, {}, ())

    ended = threading.Event()
    assert [kept.get("7", slow).at, kept.get("7", slow).at, kept.get("30", slow).at] == [1, 1, 2]
    kept.found["7"] = (0.0, kept.found["7"][1])
    assert kept.get("7", slow).at == 3
