"""Comments on orders: stored whole on each database, mentions found, files told by their content, limits kept."""

import io
import zipfile
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from builder.auth import add_user
from runtime import remarks as acts
from runtime.actor import Actor
from runtime.attaching import fit_name, kind_of
from runtime.core.moment import micros
from runtime.remarks import File, Refusal, find_mentions
from runtime.store import remarks
from runtime.store.database import begin, reading
from runtime.store.tables import audit, messages
from tests.store.conftest import House
from tests.trade import arrival, order

PEOPLE = {"zhao": "Zhao Min", "wang": "王芳", "wang.li": "王芳丽", "chen": "Chen"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def sheet(*more: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", *more):
            archive.writestr(name, "<x/>")
    return made.getvalue()


@pytest.fixture
def run_id(house: House) -> str:
    with begin(house.service.engine, durable=True) as connection:
        for name, shown in PEOPLE.items():
            add_user(connection, name, shown, ("operator",))
    return house.service.receive([arrival(order(1))])[0].run_id


def say(house: House, run_id: str, text: str, *files: File, by: str = "chen") -> str | Refusal:
    return acts.say(house.service.engine, run_id, text, files, PEOPLE, Actor(by), micros(house.watch.now))


def test_what_is_said_is_kept_with_its_files_byte_for_byte(house: House, run_id: str) -> None:
    large = bytes(range(256)) * 4100  # more than two pieces
    said = say(house, run_id, "看一下 𠮷\n@王芳", File("photo.png", PNG + large), File("备注.txt", "地址不详".encode()))
    with reading(house.service.engine) as connection:
        (one,) = remarks.of_order(connection, run_id)
        assert one.row["id"] == said
        assert (one.row["text"], one.mentioned) == ("看一下 𠮷\n@王芳", ("wang",))
        assert [(file["name"], file["type"]) for file in one.files] == [
            ("photo.png", "image/png"),
            ("备注.txt", "text/plain"),
        ]
        assert b"".join(remarks.content_of(connection, one.files[0]["id"])) == PNG + large
        assert remarks.count_unread(connection, "wang") == 1
        told = connection.execute(select(messages)).mappings().one()
    assert told["addressee"] == "person:wang"
    assert "看一下" not in told["subject"] + told["text"], "what was said stays in the house"


def test_a_mention_is_new_until_it_was_seen(house: House, run_id: str) -> None:
    say(house, run_id, "@wang @Chen")
    with reading(house.service.engine) as connection:
        assert [row["read_at"] for row in remarks.mentioning(connection, "wang")] == [None]
        assert not remarks.mentioning(connection, "chen"), "nobody mentions themselves"
    assert acts.read_mentions(house.service.engine, "wang", micros(house.watch.now), run_id=run_id) == 1
    assert acts.read_mentions(house.service.engine, "wang", micros(house.watch.now)) == 0


def test_only_its_author_takes_a_comment_back_and_only_for_five_minutes(house: House, run_id: str) -> None:
    first, second = say(house, run_id, "@wang oops", File("a.png", PNG)), say(house, run_id, "stays")
    assert isinstance(first, str)
    assert isinstance(second, str)
    strike = acts.strike
    engine = house.service.engine
    assert not strike(engine, first, Actor("wang"), micros(house.watch.now))
    assert strike(engine, first, Actor("chen"), micros(house.watch.now))
    assert not strike(engine, first, Actor("chen"), micros(house.watch.now))
    assert not strike(engine, second, Actor("chen"), micros(house.watch.now + timedelta(minutes=5)))
    with reading(engine) as connection:
        struck, _stays = remarks.of_order(connection, run_id)
        assert struck.row["struck_at"]
        assert not struck.files
        assert remarks.count_unread(connection, "wang") == 0
        kept = connection.execute(select(audit.c.before).where(audit.c.action == "remark.strike")).scalar_one()
    assert orjson.loads(kept)["text"] == "@wang oops"


def test_an_order_holds_so_much_and_no_more(house: House, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST_FILES_OF_ORDER", 2)
    monkeypatch.setattr(acts, "MOST_OF_ORDER", 3)
    assert isinstance(say(house, run_id, "", File("a.png", PNG), File("b.png", PNG)), str)
    assert say(house, run_id, "", File("c.png", PNG)) == Refusal("full")
    assert [isinstance(say(house, run_id, "more"), str) for _ in range(3)] == [True, True, False]


def test_what_cannot_be_said_is_refused_whole(sqlite_house: House) -> None:
    run_id = sqlite_house.service.receive([arrival(order(1))])[0].run_id
    refused = [
        say(sqlite_house, run_id, ""),
        say(sqlite_house, run_id, "x" * 4001),
        say(sqlite_house, run_id, "", *[File("a.png", PNG)] * 6),
        say(sqlite_house, run_id, "", File("a.png", PNG + bytes(10 * 1024 * 1024))),
        say(sqlite_house, run_id, "", File("a.png", b"")),
        say(sqlite_house, run_id, "good", File("a.png", PNG), File("page.png", b"<html>")),
        say(sqlite_house, "01JD0000000000000000000000", "hello"),
    ]
    assert [one.why if isinstance(one, Refusal) else one for one in refused] == [
        "empty", "long", "many", "large", "empty_file", "kind", "unknown",
    ]  # fmt: skip
    with reading(sqlite_house.service.engine) as connection:
        assert not remarks.of_order(connection, run_id)


def test_files_are_told_by_what_is_in_them() -> None:
    told = {
        "image/png": (PNG, "x.txt"),
        "image/jpeg": (b"\xff\xd8\xff\xe0", "x"),
        "image/gif": (b"GIF89a", "x"),
        "image/webp": (b"RIFF\0\0\0\0WEBP", "x"),
        "application/pdf": (b"%PDF-1.7", "x"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (sheet(), "x"),
        "text/csv": ("订单,金额\n".encode("gb18030"), "x.CSV"),
        "text/plain": (b"a,b", "x.html"),
    }
    for wanted, (content, name) in told.items():
        kind = kind_of(content, name)
        assert kind is not None
        assert kind.type == wanted
    refused = (
        b"<!doctype html><script>", b"\xef\xbb\xbf <svg onload=x>", b"  <?xml", b"MZ\x90\0", b"\x7fELF", b"\0\1\2",
        sheet("xl/vbaProject.bin"), b"PK\x03\x04 no archive", b"",
    )  # fmt: skip
    assert [kind_of(content, "x.png") for content in refused] == [None] * len(refused)


def test_a_file_is_called_as_it_came_and_ends_as_it_is() -> None:
    png, text = kind_of(PNG, ""), kind_of(b"a", "")
    assert png is not None
    assert text is not None
    assert fit_name("C:\\fakepath\\照片.PNG", png) == "照片.PNG"
    assert fit_name("../../etc/passwd", text) == "passwd.txt"
    assert fit_name("photo\u202egnp.html", text) == "photognp.html.txt"
    assert fit_name("", png) == "file.png"
    assert len(fit_name("x" * 500 + ".png", png)) == 120


def test_mentions_are_found_where_people_write_them() -> None:
    assert find_mentions("@王芳请看", PEOPLE) == {"wang"}
    assert find_mentions("@王芳丽，@CHEN！", PEOPLE) == {"wang.li", "chen"}
    assert find_mentions("@zhao min @Zhao Min", PEOPLE) == {"zhao"}
    assert find_mentions("mail chen@wang.example, @chenille, @nobody", PEOPLE) == set()
