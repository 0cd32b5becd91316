"""How a message is made to fit: whole signs, a whole link, and placeholders that no order can fill with more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.adapters.contract import Longest, Message
from runtime.adapters.messengers.telling import as_one_text, cut, filled, one_line, phone, size

UNITS = (Longest(40, "bytes"), Longest(12, "characters"))
LINK = "https://o.example/t/1"


@given(st.text(), st.sampled_from(UNITS))
def test_what_is_cut_fits_and_is_a_beginning(text: str, longest: Longest) -> None:
    short = cut(text, longest)
    assert size(short, longest) <= longest.most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(
    st.text(max_size=3_000),
    st.text(max_size=3_000),
    st.sampled_from((Longest(2_048, "bytes"), Longest(500, "characters"))),
)
def test_a_whole_message_fits_with_its_link(subject: str, text: str, longest: Longest) -> None:
    told = as_one_text(Message("k", (), subject, text, link=LINK), longest)
    assert size(told, longest) <= longest.most
    assert told.endswith(LINK)


@pytest.mark.parametrize("sign", ["中", "𠮷", "👨‍👩‍👧", "❤️", "👍🏽", "é"])
def test_no_sign_is_cut_in_two(sign: str) -> None:
    for most in range(3, 60):
        short = cut(sign * 20, Longest(most, "bytes"))
        assert short.removesuffix("…").replace(sign, "") == "", f"at {most} bytes"


def test_what_fits_stays_as_it_is() -> None:
    message = Message("k", (), " Overdue\r\nnow ", "one\ntwo\n", link=LINK)
    assert as_one_text(message, Longest(2_048, "bytes")) == f"Overdue now\none\ntwo\n{LINK}"


def test_a_link_that_leaves_no_room_for_words_is_left_out() -> None:
    told = as_one_text(Message("k", (), "", "words", link="https://o.example/" + "x" * 90), Longest(100, "bytes"))
    assert told == "words"


def test_placeholders_are_filled_once_and_only_in_texts() -> None:
    template = {"{to}": "{to}", "n": 1, "parts": ["{text}!", {"also": "{unknown} {subject}"}]}
    words = {"to": "138", "text": '{to}", "admin": "{key}', "subject": "{text}"}
    assert filled(template, words) == {
        "{to}": "138",
        "n": 1,
        "parts": ['{to}", "admin": "{key}!', {"also": "{unknown} {text}"}],
    }


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("0086 13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+852 9123 4567", "+85291234567"),
        ("+1 (415) 555-0100", "+14155550100"),
    ],
)
def test_phone_numbers_are_read_as_people_write_them(written: str, number: str) -> None:
    assert phone(written) == number


@pytest.mark.parametrize(
    "written", ["", "12800138000", "1380013800", "+8613800", "+", "138001380001", "LiLei", "+86\n13800138000x"]
)
def test_what_is_no_phone_number_is_none(written: str) -> None:
    assert phone(written) is None


@pytest.mark.parametrize(
    "text", ["a\r\nBcc: b@c.example", "a\u2028Bcc: b@c.example", "a\vBcc: b@c.example", "a\x00Bcc: b@c.example"]
)
def test_one_line_is_one_line(text: str) -> None:
    assert one_line(text) == "a Bcc: b@c.example"
