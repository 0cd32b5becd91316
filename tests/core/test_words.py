"""Every code that the program can say has words in both languages, and they can be filled in."""

import re
from pathlib import Path
from string import Formatter

import pytest

from runtime.core.problem import Problem
from runtime.core.words import LANGUAGES, NoWords, messages, spoken, text

ROOT = Path(__file__).parents[2]
SAID = re.compile(
    r'(?:\b(?:Problem|Finding|Failure)|_refused|\b_too_\w+)\((?:"\w+", )?\s*"([a-z][a-z_-]*\.[a-z0-9_.-]+)"'
    r'|"((?:json|money|order|condition)\.[a-z_]+)"'
)


def codes_in_the_source() -> dict[str, str]:
    files = [path for room in ("runtime", "nodes", "builder") for path in sorted((ROOT / room).rglob("*.py"))]
    return {
        code: str(path.relative_to(ROOT))
        for path in files
        for pair in SAID.findall(path.read_text(encoding="utf-8"))
        for code in pair
        if code
    }


def test_every_code_in_the_source_has_words() -> None:
    said = codes_in_the_source()
    assert len(said) > 60
    assert {code: place for code, place in said.items() if code not in messages()} == {}


@pytest.mark.parametrize("code", sorted(messages()))
def test_words_are_complete_in_every_language(code: str) -> None:
    words = messages()[code]
    assert set(words) == set(LANGUAGES)
    wanted = [parameters(told["text"]) | parameters(told.get("remedy", "")) for told in words.values()]
    assert wanted[0] == wanted[1], "the languages use different parameters"
    for told in words.values():
        assert told["text"].strip()
        assert not code.startswith(("json.", "money.", "order.", "condition.")) or told["remedy"].strip()
        assert told["text"].format_map(dict.fromkeys(wanted[0], "x"))


def parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_words_are_filled_in_the_readers_language() -> None:
    problem = Problem("order.kind", "buyer.name", {"wanted_kind": "text", "given_kind": "number"})
    assert text(problem.code, problem.params, "en") == (
        "Wanted here: text. Given: a number.",
        "Send text, or null when it is known to be empty, or leave the field out.",
    )
    assert text(problem.code, problem.params, "zh-CN")[0] == "这里需要文本，收到的是数字。"


def test_what_a_sender_wrote_is_shown_and_never_read_as_a_template() -> None:
    told, _ = text("order.currency", {"given": "{given.__class__}", "choices": ""}, "en")
    assert told == "“{given.__class__}” is not a currency code."


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh", "zh-CN"),
        ("zh_Hans_CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en", "en"),
        ("en-GB", "en"),
        ("pt-BR", "en"),
        ("", "en"),
    ],
)
def test_every_language_tag_is_served(tag: str, language: str) -> None:
    assert spoken(tag) == language


def test_a_code_without_words_is_seen_in_tests_and_stops_no_page() -> None:
    with pytest.warns(NoWords, match=r"no words for nobody\.said"):
        assert text("nobody.said") == ("nobody.said", "")
    with pytest.warns(NoWords, match="field"):
        text("order.required", {})
