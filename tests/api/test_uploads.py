"""Orders come in as CSV and Excel files: read within limits, mapped, checked whole, then taken by the same door."""

import csv
import io
import os
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from builder.auth import add_user, make_signin_link
from builder.ingest.assembly import assemble, read_money, read_time
from builder.ingest.checking import Sender
from builder.ingest.columns import Meaning, guess
from builder.ingest.sheets import MOST_ROWS, Sheet, read_sheet
from builder.ingest.uploads import Refusal, report_csv
from runtime.core.problem import Problem
from runtime.intake import Arrival, Refused
from runtime.store.database import begin, reading
from runtime.store.tables import orders, refusals
from tests.api.conftest import Api

SHANGHAI = ZoneInfo("Asia/Shanghai")
SENDER = Sender("li.wei", "", None)
HEAD = "订单号,下单时间,币种,总额,买家姓名,SKU,数量,单价"
ROWS = [
    "A-1,2026-11-22 10:00,CNY,5180.00,张𠮷,SKU-1,2,2590.00",
    "A-2,2026/11/22 9:05,CNY,129.00,王芳,TEE,1,79.00",
    "A-2,2026/11/22 9:05,CNY,129.00,王芳,BAG,1,50.00",
]


def file(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def sheet_of(raw: bytes) -> Sheet:
    sheet = read_sheet(raw)
    assert isinstance(sheet, Sheet), sheet
    return sheet


def code_of(raw: bytes) -> str:
    problem = read_sheet(raw)
    assert isinstance(problem, Problem), problem
    return problem.code


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_encodings_are_told_apart(encoding: str, told: str) -> None:
    sheet = sheet_of(file(*ROWS).decode().encode(encoding))
    assert sheet.form == told
    assert sheet.columns[0] == "订单号" and sheet.rows[0][1][4] == "张𠮷"


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_separators_are_told_apart(sign: str) -> None:
    assert sheet_of(file(*ROWS).replace(b",", sign.encode())).columns == tuple(HEAD.split(","))


def test_rows_keep_the_numbers_that_an_editor_shows() -> None:
    raw = b'\nid,note\n\nA-1,"two\nlines"\n\nA-2,x\n'
    assert sheet_of(raw).rows == ((4, ("A-1", "two\nlines")), (7, ("A-2", "x")))


def test_excel_is_read_as_people_see_it() -> None:
    raw = workbook(
        [
            ["id", "created", "total", "phone", "gift", "sum"],
            ["A-1", datetime(2026, 11, 22, 10, 0), 0.1 + 0.2, 13800138000, True, "=1+1"],  # noqa: DTZ001 - as Excel has it
            [None] * 6,
            ["A-2", "2026-11-23", 5180, "138", False, None],
        ]
    )
    sheet = sheet_of(raw)
    assert sheet.form == "Excel"
    # A formula that was never calculated shows nothing: it is not evaluated here.
    assert sheet.rows[0] == (2, ("A-1", "2026-11-22 10:00:00", "0.3", "13800138000", "true", ""))
    assert sheet.rows[1] == (4, ("A-2", "2026-11-23", "5180", "138", "false", ""))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "upload.empty"),
        (b" \n ", "upload.empty"),
        (b"id,total", "upload.no_rows"),
        (b"x" * (10 * 1024 * 1024 + 1), "upload.large"),
        (b"a,b\n1,2\x00", "upload.binary"),
        (b"a,b\n\xff\xff\xff,2", "upload.encoding"),
        (b'a,b\n"1,2', "upload.broken_csv"),
        (b"a,b\n1,2,3", "upload.more_cells"),
        (b"a\n" + b"x" * 40_000, "upload.long_cell"),
        (b"a\n" + b"1\n" * (MOST_ROWS + 1), "upload.many_rows"),
        (b",".join(b"c%d" % number for number in range(201)) + b"\n1", "upload.many_columns"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "upload.old_excel"),
        (b"PK\x03\x04 not really", "upload.no_workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


def test_twenty_thousand_rows_are_taken_also_from_excel() -> None:
    assert len(sheet_of(b"a\n" + b"1\n" * MOST_ROWS).rows) == MOST_ROWS
    rows: list[list[Any]] = [["a"], *([number] for number in range(MOST_ROWS + 1))]
    assert len(sheet_of(workbook(rows[:-1])).rows) == MOST_ROWS
    assert code_of(workbook(rows)) == "upload.many_rows"


def packed(**parts: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return raw.getvalue()


def test_a_workbook_that_unpacks_too_large_is_refused_before_it_is_read() -> None:
    bomb = packed(**{"xl/workbook.xml": b"<workbook/>", "xl/sheet.xml": b" " * (100 * 1024 * 1024 + 1)})
    assert len(bomb) < 1024 * 1024
    assert code_of(bomb) == "upload.unpacked"
    lying = bomb.replace((100 * 1024 * 1024 + 1).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert code_of(lying) in ("upload.unpacked", "upload.no_workbook")


def test_a_sheet_that_would_fill_the_memory_harms_nobody() -> None:
    small = workbook([["id"], ["A-1"]])
    raw = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small)) as whole, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bent:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'r="A2"', b'r="XFD1048576"')
            bent.writestr(name, content)
    assert code_of(raw.getvalue()) == "upload.no_workbook"


def test_a_file_that_is_a_zip_but_no_workbook_is_refused() -> None:
    assert code_of(packed(readme=b"hello")) == "upload.no_workbook"


# --- columns and values ---------------------------------------------------------------------------------------------


def test_columns_are_guessed_by_their_names_in_both_languages() -> None:
    assert guess(HEAD.split(",")) == (
        "id",
        "created_at",
        "currency",
        "total",
        "buyer.name",
        "line.sku",
        "line.quantity",
        "line.price",
    )
    english = ["Order Number", "Order date", "Amount", "Ship-to", "Phone", "Item name", "Qty.", "Unit_Price"]
    assert guess(english) == (
        "id",
        "created_at",
        "total",
        "",
        "buyer.phone",
        "line.title",
        "line.quantity",
        "line.price",
    )
    assert guess(["total", "Total"]) == ("total", "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1234.50", "1234.50"),
        ("¥1,234.50", "1234.50"),
        ("￥ 99", "99"),
        ("R$ 10.00", "10.00"),
        ("CNY 10", "10"),
        ("10.00 元", "10.00"),
        ("-¥5.00", "-5.00"),
        ("1,23", "1,23"),
        ("1.234,50", "1.234,50"),
        ("ten", "ten"),
    ],
)
def test_amounts_are_read_without_their_signs_and_never_guessed(written: str, read: str) -> None:
    assert read_money(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-22 10:00", "2026-11-22T10:00:00+08:00"),
        ("2026/1/2 9:05:07", "2026-01-02T09:05:07+08:00"),
        ("2026年11月22日 10时05分", "2026-11-22T10:05:00+08:00"),
        ("2026-11-22", "2026-11-22T00:00:00+08:00"),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00+01:00", "2026-11-22T10:00:00+01:00"),
        ("22.11.2026", "22.11.2026"),
        ("2026-02-30", "2026-02-30"),
    ],
)
def test_times_without_a_zone_are_the_shops_and_never_guessed(written: str, read: str) -> None:
    assert read_time(written, SHANGHAI) == read


def meaning_of(sheet: Sheet, **constants: str) -> Meaning:
    return Meaning(guess(sheet.columns), "Asia/Shanghai", constants)


def test_rows_with_one_order_number_are_lines_of_one_order() -> None:
    sheet = sheet_of(file(*ROWS))
    first, second = assemble(sheet, meaning_of(sheet, channel="tmall"), SENDER)
    assert isinstance(first.checked, Arrival) and isinstance(second.checked, Arrival)
    assert (first.rows, second.rows) == ((2,), (3, 4))
    assert [line["sku"] for line in second.checked.order["lines"]] == ["TEE", "BAG"]
    assert second.checked.order["total"] == 12900
    assert second.checked.order["created_at"] == "2026-11-22T01:05:00Z"
    assert second.checked.channel == "tmall"


def test_a_refused_row_names_row_column_and_cell() -> None:
    rows = [
        *ROWS,
        "A-3,2026-11-22 10:00,CNY,1.001,赵,S,1,1",
        "A-4,gestern,CNY,1,赵,S,1,1",
        "A-5,2026-11-22,CNY,1,赵,S,one,1",
    ]
    sheet = sheet_of(file(*rows))
    refused = [one for one in assemble(sheet, meaning_of(sheet), SENDER) if isinstance(one.checked, Refused)]
    found = [(one.findings[0].row, one.findings[0].column, one.findings[0].cell) for one in refused]
    assert found == [(5, "总额", "1.001"), (6, "下单时间", "gestern"), (7, "数量", "one")]


def test_a_problem_in_a_later_line_names_its_row() -> None:
    sheet = sheet_of(file(*ROWS, "A-2,2026/11/22 9:05,CNY,129.00,王芳,CAP,1,x"))
    [refused] = [one for one in assemble(sheet, meaning_of(sheet), SENDER) if isinstance(one.checked, Refused)]
    [finding] = refused.findings
    assert (finding.row, finding.column, finding.cell) == (5, "单价", "x")


def test_rows_of_one_order_must_agree() -> None:
    sheet = sheet_of(file(ROWS[1], ROWS[2].replace("129.00", "130.00")))
    [one] = assemble(sheet, meaning_of(sheet), SENDER)
    [finding] = one.findings
    assert (finding.problem.code, finding.row, finding.column) == ("upload.rows_differ", 3, "总额")


def test_columns_can_be_kept_under_their_own_names() -> None:
    sheet = sheet_of(file("A-1,2026-11-22,CNY,1,赤", head="id,created,currency,total,颜色"))
    meaning = Meaning((*guess(sheet.columns)[:4], "attribute"), "Asia/Shanghai")
    [one] = assemble(sheet, meaning, SENDER)
    assert isinstance(one.checked, Arrival)
    assert one.checked.order["attributes"] == {"颜色": "赤"}


def test_choices_flags_and_tags_are_read_in_both_languages() -> None:
    sheet = sheet_of(file("A-1,2026-11-22,1,加急,换货,gift;礼物，x,是", head="id,time,total,优先级,type,tags,定制"))
    [one] = assemble(sheet, meaning_of(sheet, currency="CNY"), SENDER)
    assert isinstance(one.checked, Arrival)
    order = one.checked.order
    assert (order["priority"], order["kind"], order["tags"]) == ("urgent", "exchange", ["gift", "礼物", "x"])
    assert order["lines"] == [{"custom": True}]


def test_no_cell_of_the_report_is_a_formula() -> None:
    bad = Refusal(2, '=HYPERLINK("x")', "total", "@SUM(1)", Problem("upload.none"))
    rows = list(csv.reader(io.StringIO(report_csv([bad], ["row"] * 6, "en").decode("utf-8-sig"))))
    assert rows[1][:4] == ["2", '\'=HYPERLINK("x")', "total", "'@SUM(1)"]


# --- pages ----------------------------------------------------------------------------------------------------------


class Person:
    """Somebody at a browser."""

    def __init__(self, api: Api, *duties: str) -> None:
        self.api = api
        name = f"person-{len(duties)}-{'-'.join(duties)}"
        with begin(api.service.engine, durable=True) as connection:
            add_user(connection, name, name.title(), duties)  # type: ignore[arg-type]
        self.browser: FlaskClient = api.app.test_client()
        self.post(make_signin_link(api.service.engine, name), page="/sign-in")

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, follow_redirects=True)

    def post(self, path: str, page: str = "/upload", **told: Any) -> TestResponse:
        mark = re.search(r'name="csrf_token" value="([^"]+)"', self.browser.get(page).text)
        assert mark, f"{page} has no form"
        return self.browser.post(path, data={"csrf_token": mark[1], **told}, follow_redirects=True)

    def upload(self, raw: bytes, name: str = "orders.csv") -> TestResponse:
        return self.post("/upload", file=(io.BytesIO(raw), name))


def told_columns(page: TestResponse, **more: str) -> dict[str, str]:
    """The form as the page guessed it."""
    told = {}
    for number, options in re.findall(r'name="column-(\d+)">(.*?)</select>', page.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        told[f"column-{number}"] = chosen[1] if chosen else ""
    return {**told, "channel": "own-shop", "currency": "", "zone": "Asia/Shanghai", **more}


def rows_of(api: Api, table: Any) -> list[Any]:
    with reading(api.service.engine) as connection:
        return list(connection.execute(select(table)).mappings())


def test_a_file_becomes_orders(shop: Api) -> None:
    lead = Person(shop, "lead")
    columns = lead.upload(file(*ROWS, "A-9,2026-11-22,CNY,x,赵,S,1,1"))
    assert columns.status_code == 200 and "UTF-8" in columns.text and "张𠮷" in columns.text
    path = columns.request.path
    check = lead.post(f"{path}/columns", **told_columns(columns))
    assert "Take 2 orders in" in check.text and "A-9" in check.text
    assert rows_of(shop, orders) == rows_of(shop, refusals) == []
    report = lead.get(f"{path}/report.csv")
    assert [row[:3] for row in csv.reader(io.StringIO(report.data.decode("utf-8-sig")))][1] == ["5", "A-9", "总额"]
    done = lead.post(f"{path}/orders")
    assert "2 orders are in" in done.text
    assert [row["external_id"] for row in rows_of(shop, orders)] == ["A-1", "A-2"]
    assert [row["external_id"] for row in rows_of(shop, refusals)] == ["A-9"]
    shop.drain()
    assert shop.get("/api/v1/balance").get_json()["done"] == 2


def test_the_same_file_again_makes_no_order_twice(shop: Api) -> None:
    lead = Person(shop, "lead")
    for _ in range(2):
        columns = lead.upload(file(*ROWS))
        path = columns.request.path
        lead.post(f"{path}/columns", **told_columns(columns))
        done = lead.post(f"{path}/orders")
    assert "0 orders are in" in done.text
    assert len(rows_of(shop, orders)) == 2


def test_many_orders_go_in_step_by_step_and_can_be_stopped(shop: Api) -> None:
    lead = Person(shop, "lead")
    many = [f"M-{number},2026-11-22 10:00,CNY,10.00,王,S,1,10" for number in range(1200)]
    columns = lead.upload(file(*many))
    path = columns.request.path
    lead.post(f"{path}/columns", **told_columns(columns))
    first = lead.post(f"{path}/orders")
    assert "500 of 1,200" in first.text and 'hx-trigger="load' in first.text
    paused = lead.get(f"{path}?paused=1")
    assert 'hx-trigger="load' not in paused.text and "Go on" in paused.text
    lead.post(f"{path}/orders")
    assert "1,000 orders are in and stay" in lead.post(f"{path}/drop").text
    assert len(rows_of(shop, orders)) == 1000
    assert lead.get(path).status_code == 404


def test_what_is_missing_is_told_before_anything_is_checked(shop: Api) -> None:
    lead = Person(shop, "lead")
    columns = lead.upload(b"id,time,total\nA-1,2026-11-22,1\n")
    path = columns.request.path
    answer = lead.post(f"{path}/columns", **told_columns(columns))
    assert answer.status_code == 422 and "currency" in answer.text
    twice = lead.post(f"{path}/columns", **told_columns(columns, **{"column-1": "total", "currency": "CNY"}))
    assert twice.status_code == 422 and "Two columns" in twice.text
    assert "Take 1 order in" in lead.post(f"{path}/columns", **told_columns(columns, currency="CNY")).text


def test_a_file_that_is_none_is_told_on_the_page(shop: Api) -> None:
    lead = Person(shop, "lead")
    assert "No file was chosen" in lead.post("/upload").text
    assert "is empty" in lead.upload(b" ").text
    large = lead.browser.post("/upload", data=b"x" * (11 * 1024 * 1024), content_type="multipart/form-data; boundary=x")
    assert large.status_code == 413 and "10 MB" in large.text


def test_an_upload_needs_the_forms_own_mark(shop: Api) -> None:
    lead = Person(shop, "lead")
    answer = lead.browser.post("/upload", data={"file": (io.BytesIO(file(*ROWS)), "o.csv")})
    assert answer.status_code == 400


def test_only_those_who_may_upload_see_their_own_uploads(shop: Api) -> None:
    lead, admin, operator = Person(shop, "lead"), Person(shop, "admin"), Person(shop, "operator")
    path = lead.upload(file(*ROWS)).request.path
    assert admin.get(path).status_code == 404
    assert operator.get("/upload").status_code == 403
    assert lead.get("/upload/..%2F..%2Fsecret").status_code == 404
    assert "orders.csv" in lead.get("/upload").text


def test_the_file_to_begin_from_is_right(shop: Api) -> None:
    lead = Person(shop, "lead")
    for language in ("en", "zh-CN"):
        lead.browser.set_cookie("language", language)
        columns = lead.upload(lead.get("/upload/sample.csv").data)
        check = lead.post(f"{columns.request.path}/columns", **told_columns(columns))
        assert 'class="bad"' not in check.text
        lead.post(f"{columns.request.path}/orders")
    shop.drain()
    assert len(rows_of(shop, orders)) + len(rows_of(shop, refusals)) == 4


def test_the_folder_of_uploads_forgets_what_is_old(shop: Api, tmp_path: Path) -> None:
    lead = Person(shop, "lead")
    path = lead.upload(file(*ROWS)).request.path
    folder = tmp_path / "uploads" / path.rpartition("/")[2]
    os.utime(folder, (1, 1))
    lead.upload(file(*ROWS))
    assert not folder.exists()
