"""Outside JSON is read strictly, and one bad order never spoils its neighbours."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.json_text import MOST_LEVELS, Item, plain, read, read_many
from runtime.core.problem import Problem


def refusal(raw: bytes | str) -> Problem:
    item = read(raw.encode() if isinstance(raw, str) else raw)
    assert item.value is None
    return item.problems[0]


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def codes(items: tuple[Item, ...]) -> list[str]:
    return [item.problems[0].code if item.problems else "ok" for item in items]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_what_is_sound_is_read_as_it_is(value: object, escaped: bool) -> None:
    assert read(json.dumps(value, ensure_ascii=escaped).encode()).value == value


def test_decimals_stay_exact_to_the_digit() -> None:
    value = read(b'{"a": 0.1, "b": 1.10, "c": 12345678901.123456789, "d": 1e2}').value
    assert [str(number) for number in value.values()] == ["0.1", "1.10", "12345678901.123456789", "1E+2"]


@pytest.mark.parametrize(
    ("raw", "code", "where"),
    [
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "json.twice", "a.b"),
        ('{"a": [{}, {"\\u0062": 1, "b": 1}]}', "json.twice", "a.1.b"),
        ('{"a": NaN}', "json.not_a_number", "a"),
        ('{"a": [1, -Infinity]}', "json.not_a_number", "a.1"),
        ('{"id": 9007199254740993}', "json.large_number", "id"),
        ('{"id": -9007199254740993}', "json.large_number", "id"),
        ('{"id": 9007199254740993.0}', "json.large_number", "id"),
        ('{"id": 1e400}', "json.large_number", "id"),
        ('{"id": 1e-400}', "json.long_number", "id"),
        ('{"id": 1e99999999999999999999}', "json.long_number", "id"),
        ('{"id": 0.' + "1" * 5000 + "}", "json.long_number", "id"),
        ('{"id": ' + "1" * 5000 + "}", "json.large_number", "id"),
        ('{"a": "x\\ud800y"}', "json.surrogate", "a"),
        ('{"a": "\\udc00\\ud800"}', "json.surrogate", "a"),
        ('{"a": {"\\udfff": 1}}', "json.surrogate", "a"),
        ('{"a": ["ok", "\\u0000"]}', "json.nul", "a.1"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(raw: str, code: str, where: str) -> None:
    problem = refusal(raw)
    assert (problem.code, problem.where) == (code, where)


@pytest.mark.parametrize(
    ("raw", "code", "line", "column"),
    [
        (b'{"a": 1,\n "b" 2}', "json.syntax", 2, 6),
        (b"{'a': 1}", "json.syntax", 1, 2),
        (b'{"a": 01}', "json.syntax", 1, 8),
        (b'{"a": "b', "json.unfinished", 1, 7),
        (b'{"a": [1, 2', "json.unfinished", 1, 12),
        (b'{"a": 1} {"b": 2}', "json.extra", 1, 10),
        (b'{\n"a": "\xff"}', "json.utf8", 2, 7),
        (b'{\n"a": "\xed\xa0\x80"}', "json.utf8", 2, 7),
        (b'{"a": "x\0y"}', "json.control", 1, 9),
        (b'{"a": "x\ny"}', "json.control", 1, 9),
        (nested(100).encode(), "json.depth", 1, 321),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(raw: bytes, code: str, line: int, column: int) -> None:
    problem = refusal(raw)
    assert (problem.code, problem.params["line"], problem.params["column"]) == (code, line, column)


@pytest.mark.parametrize("raw", [b"", b"  \n", b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0"])
def test_nothing_and_byte_order_marks_are_refused(raw: bytes) -> None:
    assert refusal(raw).code in ("json.empty", "json.bom")
    assert read_many(raw).problems


def test_escapes_that_only_look_dangerous_are_kept() -> None:
    assert read(rb'{"a": "\\u0000 \\ud800 \ud83d\ude00"}').value == {"a": "\\u0000 \\ud800 \U0001f600"}


def test_nesting_up_to_the_limit_is_read_and_brackets_in_text_do_not_count() -> None:
    assert not read(nested(MOST_LEVELS).encode()).problems
    assert refusal(nested(MOST_LEVELS + 1)).code == "json.depth"
    assert not read(json.dumps({"a": "[{" * 5000}).encode()).problems
    assert not read(json.dumps([[]] * 5000).encode()).problems


@pytest.mark.parametrize("levels", [100, 5_000, 200_000])
def test_no_nesting_however_deep_breaks_the_reader(levels: int) -> None:
    assert refusal(nested(levels)).code == "json.depth"
    assert refusal("[" * levels).code in ("json.depth", "json.unfinished")


def test_one_document_is_one_item_with_its_own_bytes() -> None:
    raw = ' {"id": "张𠮷"} \n'.encode()
    batch = read_many(raw)
    assert (batch.form, batch.items[0].value, batch.items[0].raw) == ("one", {"id": "张𠮷"}, raw)


def test_an_indented_document_is_not_taken_for_lines() -> None:
    document = {"id": "1", "lines": [{"sku": "a"}, {"sku": "b"}], "buyer": {}}
    batch = read_many(json.dumps(document, indent=2).encode())
    assert (batch.form, batch.items[0].value) == ("one", document)
    broken = read_many(json.dumps(document, indent=2).replace('"buyer": ', "").encode())
    assert (broken.form, broken.items, broken.problems[0].code) == ("one", (), "json.syntax")


BAD = [
    '{"id": "2", "id": "3"}',
    '{"id": 99999999999999999999}',
    '{"id": NaN}',
    '{"id": "\\ud800"}',
    '{"id": "\\u0000"}',
    '{"id": "a\nb"}',
    nested(70),
    nested(3000),
]
BAD_CODES = [
    "json.twice",
    "json.large_number",
    "json.not_a_number",
    "json.surrogate",
    "json.nul",
    "json.control",
    "json.depth",
    "json.depth",
]


@pytest.mark.parametrize(("bad", "code"), list(zip(BAD, BAD_CODES, strict=True)))
def test_a_bad_element_of_an_array_is_refused_alone(bad: str, code: str) -> None:
    batch = read_many(f'[ {{"id": "1"}},\n {bad} , {{"id": "甲"}} ]'.encode())
    assert batch.form == "array"
    assert codes(batch.items) == ["ok", code, "ok"]
    assert [item.raw.decode() for item in batch.items] == ['{"id": "1"}', bad, '{"id": "甲"}']
    assert [item.position for item in batch.items] == [0, 1, 2]


def test_a_refused_document_still_tells_which_one_it_was() -> None:
    batch = read_many(b'[{"id": "A-7", "note": "\\u0000"}, {"id": "A-8", "total": NaN, "note": 1, "note": 2}]')
    assert [(item.value, item.wreck["id"]) for item in batch.items] == [(None, "A-7"), (None, "A-8")]
    assert read(b'{"id": "A-9"}').wreck is None


def test_a_key_that_stands_twice_is_found_among_very_many() -> None:
    many = ",".join(f'"{number}":0' for number in range(300_000))
    assert refusal(f'{{{many},"299999":1}}').where == "299999"


def test_an_element_that_is_not_utf8_is_refused_alone() -> None:
    batch = read_many(b'[{"id":"\xe7\x94\xb2"},{"id":"\xff"},{"id":"3"}]')
    assert codes(batch.items) == ["ok", "json.utf8", "ok"]
    assert [item.raw for item in batch.items] == [b'{"id":"\xe7\x94\xb2"}', b'{"id":"\xff"}', b'{"id":"3"}']


@pytest.mark.parametrize("raw", ["[{}", "[{},]", "[{} {}]", "[{}] x", "[,]", "[", '[{"a" 1}, {}]', '[{"a": "\n" 1}]'])
def test_broken_json_in_an_array_refuses_all_of_it(raw: str) -> None:
    batch = read_many(raw.encode())
    assert batch.problems and not batch.items


def test_an_array_without_orders_or_with_too_many_is_refused() -> None:
    assert read_many(b"[]").problems[0].code == "json.no_orders"
    assert len(read_many(b"[" + b",".join([b"{}"] * 1000) + b"]").items) == 1000
    assert read_many(b"[" + b",".join([b"{}"] * 1001) + b"]").problems[0].code == "json.too_many"
    assert read_many(b"{}\n" * 1001).problems[0].code == "json.too_many"


@pytest.mark.parametrize(("bad", "code"), [*zip(BAD[:5], BAD_CODES[:5], strict=True), ("oops", "json.syntax")])
def test_a_bad_line_is_refused_alone(bad: str, code: str) -> None:
    batch = read_many(f'{{"id": "1"}}\r\n\n{bad}\n{{"id": "甲"}}\n'.encode())
    assert batch.form == "lines"
    assert codes(batch.items) == ["ok", code, "ok"]
    assert batch.items[2].raw.decode() == '{"id": "甲"}'


def test_a_broken_line_tells_its_number_in_the_request() -> None:
    batch = read_many(b'{"id": "1"}\n\n{"id": \n{"id": "3"}')
    assert (batch.items[1].problems[0].code, batch.items[1].problems[0].params["line"]) == ("json.unfinished", 3)
    assert codes(read_many(b'oops\n{"id": "2"}').items) == ["json.syntax", "ok"]
    assert codes(read_many(b'{"id": "\xff"}\n{"id": "2"}').items) == ["json.utf8", "ok"]


def test_lines_may_be_announced() -> None:
    assert read_many(b'{"id": "1"}', lines=True).form == "lines"
    assert codes(read_many(b"[1]\n{}", lines=True).items) == ["ok", "ok"]


@given(st.binary(max_size=200))
def test_nothing_that_is_sent_makes_the_reader_fail(raw: bytes) -> None:
    batch = read_many(raw)
    assert bool(batch.items) is not bool(batch.problems)


@given(st.text('{}[]",:\\u0de81aN \n-', max_size=60))
def test_nothing_that_looks_like_json_makes_the_reader_fail(text: str) -> None:
    batch = read_many(text.encode())
    assert bool(batch.items) is not bool(batch.problems)
    item = read(text.encode())
    assert not (item.value is not None and item.problems)


def test_decimals_become_numbers_only_when_no_digit_is_lost() -> None:
    assert plain({"a": [Decimal("1.5"), 3, None]}) == {"a": [1.5, 3, None]}
    lost = plain({"a": [Decimal("0.12345678901234567891")]})
    assert (lost.code, lost.where) == ("json.long_number", "a.0")
    assert plain({"a": {"b": Decimal("NaN")}}).where == "a.b"
    assert plain([10**400]).code == "json.large_number"
