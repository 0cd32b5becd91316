"""Many tasks decided at once, and taken back: with keys at the desk, with a thumb on the phone."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from runtime.store.database import reading
from runtime.store.tables import runs
from tests.browser.conftest import Enter
from tests.web.conftest import House

LATER = 30_000


@pytest.fixture
def waiting(house: House) -> House:
    """Four orders wait for the leads, and what is decided can be taken back for a minute."""
    house.app.config["ORDERFLOW_UNDO_SECONDS"] = 60
    for number in range(4):
        house.take(number, total="9000.00")
    return house


def states(house: House) -> list[str]:
    house.settle()
    with reading(house.service.engine) as connection:
        return list(connection.execute(select(runs.c.state).order_by(runs.c.id)).scalars())


def ticked(page: Page) -> int:
    return page.locator("[data-tick-task]:checked").count()


def test_tasks_are_ticked_by_keys_approved_at_once_and_taken_back(waiting: House, enter: Enter) -> None:
    page = enter("zhao")
    page.goto("/inbox")
    page.keyboard.press("x")
    page.keyboard.press("j")
    expect(page.locator("[data-task]").nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("x")
    expect(page.locator("[data-many-count]")).to_have_text("2 ticked")
    page.locator("#many").get_by_role("button", name="Approve").click()
    expect(page.locator("[data-toast]")).to_contain_text("2 tasks approved.", timeout=LATER)
    expect(page.locator("[data-task]")).to_have_count(2)
    assert states(waiting) == ["waiting"] * 4

    page.keyboard.press("u")
    expect(page.locator("[data-task]")).to_have_count(4, timeout=LATER)
    assert ticked(page) == 0


def test_one_decision_is_counted_down_and_its_order_goes_on_when_it_cannot_be_undone(
    waiting: House, enter: Enter
) -> None:
    page = enter("zhao")
    page.goto("/inbox")
    trace = page.locator("[data-tick-task]").first.get_attribute("value")
    page.keyboard.press("a")
    expect(page.locator("[data-task]")).to_have_count(3, timeout=LATER)
    page.goto(f"/inbox/{trace}")
    expect(page.locator("#task [data-seconds-until]")).to_contain_text("s", timeout=LATER)
    page.locator("#task [data-undo] button").click()
    expect(page.locator("#task [data-decide]")).to_be_visible(timeout=LATER)

    waiting.app.config["ORDERFLOW_UNDO_SECONDS"] = 1
    page.keyboard.press("a")
    expect(page.locator("[data-task]")).to_have_count(3, timeout=LATER)
    for _ in range(100):
        if "done" in states(waiting):
            break
        page.wait_for_timeout(100)
    assert states(waiting).count("done") == 1


def test_what_stays_ticked_outlives_the_lists_refreshing_and_a_reason_is_asked_for(
    waiting: House, enter: Enter
) -> None:
    page = enter("zhao", width=390, height=844, touch=True)
    page.goto("/inbox")
    page.locator(".task-tick").first.tap()
    page.locator("[data-tick-all-tasks]").tap()
    expect(page.locator("[data-many-count]")).to_have_text("4 ticked")
    waiting.take(5, total="9000.00")
    expect(page.locator("[data-task]")).to_have_count(5, timeout=LATER)
    assert ticked(page) == 4
    page.locator("#many").get_by_role("button", name="Reject").tap()
    expect(page.locator("main")).to_contain_text("Say why: write a reason for all of them.", timeout=LATER)
    assert states(waiting) == ["waiting"] * 5


def at_once(page: Page, *keys: str) -> None:
    """Press keys before any answer can come."""
    page.evaluate(
        "keys => keys.forEach(key => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))",
        keys,
    )


def test_a_key_waits_for_the_task_that_it_means_and_nothing_is_decided_unseen(waiting: House, enter: Enter) -> None:
    page = enter("zhao")
    page.goto("/inbox")
    rows = page.locator("[data-task]")
    at_once(page, "j", "j", "c")
    expect(page.locator("#task .hands")).to_contain_text("You have taken this on.", timeout=LATER)
    expect(rows.nth(2)).to_have_attribute("aria-current", "true")
    expect(rows.nth(2).locator(".tag")).to_have_text("You")

    at_once(page, "j", "a")
    expect(rows.nth(3)).to_have_attribute("aria-current", "true", timeout=LATER)
    expect(rows).to_have_count(4)
    page.keyboard.press("a")
    expect(page.locator("[data-toast] [data-seconds-until]")).to_contain_text("s", timeout=LATER)
    expect(rows).to_have_count(3)


def test_a_task_is_taken_on_and_handed_over_by_keys(waiting: House, enter: Enter) -> None:
    page = enter("zhao")
    page.goto("/inbox")
    page.keyboard.press("c")
    expect(page.locator("#task .hands")).to_contain_text("You have taken this on.", timeout=LATER)
    expect(page.locator("[data-task][aria-current] .tag")).to_have_text("You")
    page.keyboard.press("t")
    expect(page.locator("#transfer-to")).to_be_focused()
    page.locator("#transfer-to").select_option("person:chen")
    page.locator("#transfer-note").press("Enter")
    expect(page.locator("[data-toast]").last).to_contain_text("Chen is asked now.", timeout=LATER)
    expect(page.locator("[data-task]")).to_have_count(3)
