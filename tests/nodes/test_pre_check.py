"""The checks of characters against real lists: names that people have pass, what was broken on its way is found."""

import json
from pathlib import Path

import pytest

import nodes
from nodes.pre_check.characters import unusual

SHARED = Path(__file__).parents[3] / "shared" / "data"
RARE, STRINGS = SHARED / "rare-characters", SHARED / "strings"
DEFAULT = set(nodes.schema("pre-check")["properties"]["checks"]["default"])

needs_rare = pytest.mark.skipif(not RARE.is_dir(), reason="../shared/data/rare-characters is not there")
needs_strings = pytest.mark.skipif(not STRINGS.is_dir(), reason="../shared/data/strings is not there")


def found(text: str) -> set[str]:
    return {check for check, _ in unusual(text)}


def strings(name: str) -> list[str]:
    return [case["original"] for case in json.loads((STRINGS / name).read_text("utf-8"))]


@needs_rare
def test_no_character_of_the_national_standard_sends_an_order_to_a_person() -> None:
    characters = [character for path in sorted(RARE.glob("*.txt")) for character in path.read_text("utf-8").split()]
    assert len(characters) > 8000
    assert {character for character in characters if found(f"张{character}明") & DEFAULT} == set()


@needs_rare
def test_the_four_byte_ones_are_rare_for_whoever_asks() -> None:
    characters = (RARE / "standard-4byte-a.txt").read_text("utf-8").split()
    assert all("rare_characters" in found(character) for character in characters if ord(character) > 0xFFFF)


@needs_strings
def test_garbled_names_of_languages_are_found() -> None:
    garbled = [text for text in strings("ftfy-language-names.json") if "mojibake" in found(text)]
    assert len(garbled) >= 15


@needs_strings
def test_capital_letters_and_signs_are_not_taken_for_garbled_text() -> None:
    mistaken = [text for text in strings("ftfy-negative.json") if "mojibake" in found(text)]
    assert len(mistaken) <= 2, mistaken


@pytest.mark.parametrize(
    "text", ["José Müller", "Łukasz Żółć", "Ngô Đình Diệm", "Ελένη", "Иванов", "שלום", "محمد", "नमस्ते", "김철수"]
)
def test_names_in_every_script_are_ordinary(text: str) -> None:
    assert found(text) & DEFAULT == set()
