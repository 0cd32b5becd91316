"""Every page in both languages, with nothing left untranslated and no request outside."""

import re

import pytest
from babel.messages.pofile import read_po

from builder.i18n import span
from tests.translations import CATALOGUES
from tests.web.conftest import House

PAGES = ("/", "/inbox", "/orders", "/refusals", "/flows", "/flows/new", "/people", "/channels")
TAGS = re.compile(r"<(?:script|style)[^>]*>.*?</(?:script|style)>|<[^>]+>", re.DOTALL)


def texts(page: str) -> set[str]:
    """The words that people read."""
    return {part.strip() for part in TAGS.sub("\n", page).split("\n") if part.strip()}


@pytest.mark.parametrize("path", PAGES)
def test_no_english_is_left_on_a_chinese_page(house: House, path: str) -> None:
    house.take(1, total="9000.00")
    house.hire("mei", "admin", "lead", team="leads")
    visitor = house.enter("mei")
    visitor.speak("zh-CN")
    page = visitor.get(path)
    assert 'lang="zh-CN"' in page
    with next(CATALOGUES.rglob("messages.po")).open("rb") as file:
        english = {message.id for message in read_po(file) if isinstance(message.id, str) and "%" not in message.id}
    told_by_the_channel = {"paid"}
    left = (texts(page) & english) - told_by_the_channel
    assert not left, left


def test_the_language_follows_choice_then_browser(house: House) -> None:
    stranger = house.stranger()
    assert 'lang="en"' in stranger.get("/sign-in")
    assert 'lang="zh-CN"' in stranger.get("/sign-in", headers={"Accept-Language": "zh-TW,zh;q=0.9"})
    stranger.post("/preferences", {"language": "zh-CN", "next": "/sign-in"})
    assert 'lang="zh-CN"' in stranger.get("/sign-in", headers={"Accept-Language": "en"})


def test_the_choice_goes_with_the_person(house: House) -> None:
    house.enter("zhao").post("/preferences", {"language": "zh-CN"})
    assert "待办" in house.enter("zhao").get("/inbox")


def test_themes_are_kept(house: House) -> None:
    visitor = house.enter("zhao")
    assert 'data-theme="auto"' in visitor.get("/")
    visitor.post("/preferences", {"theme": "dark"})
    assert 'data-theme="dark"' in visitor.get("/")
    visitor.post("/preferences", {"theme": "pink"})
    assert 'data-theme="dark"' in visitor.get("/")


@pytest.mark.parametrize(
    ("microseconds", "told"),
    [
        (0, "0 ms"),
        (62_000, "62 ms"),
        (3_200_000, "3 s"),
        (90 * 60_000_000, "1 h 30 min"),
        (3_600_000_000, "1 h"),
        (86_400_000_000, "1 d"),
        (None, "–"),
    ],
)
def test_spans_read_at_a_glance(house: House, microseconds: int | None, told: str) -> None:
    with house.app.test_request_context("/"):
        assert span(microseconds) == told


def test_errors_speak_the_askers_language(house: House) -> None:
    stranger = house.stranger()
    page = stranger.get("/nowhere", 404, headers={"Accept-Language": "zh-CN"})
    assert "未找到" in page
    problem = stranger.look("/nowhere", headers={"Accept": "application/json"})
    assert problem.mimetype == "application/problem+json"
    assert problem.json is not None
    assert problem.json["remedy"]
