"""What was tried against the pages to get in, or to break them."""

import csv
import io
import re
import threading
from contextlib import redirect_stderr
from pathlib import Path

import pytest
import structlog

from builder.auth import fit_user_name
from builder.cli.people import make_link, make_token
from builder.config import BadSettings, read_settings
from builder.ingest.checking import Sender
from builder.ingest.columns import Meaning
from builder.ingest.sheets import Sheet
from builder.ingest.uploads import Refusal, Taken, Uploads, report_csv
from builder.logs import set_up_logs
from runtime.core.problem import Problem
from tests.api.conftest import make_settings
from tests.web.conftest import House, Visitor


@pytest.mark.parametrize("after", ["%C2%B2-x", "9999999999999999999-x", "99999999999999999999-x"])
def test_a_place_in_the_inbox_that_is_none_is_its_beginning(house: House, after: str) -> None:
    assert house.enter("zhao").get(f"/inbox?after={after}")


@pytest.mark.parametrize("step", ["²", "9" * 5000, "-1", "x"])
def test_a_step_that_is_none_is_not_tried(house: House, step: str) -> None:
    run_id = house.take(1)
    assert house.enter("root").post(f"/orders/{run_id}/retry", {"step": step}).status_code == 400


def test_logs_tell_no_local_variables(tmp_path: Path) -> None:
    secret = "of_" + "a-token-of-somebody"
    written = io.StringIO()
    with redirect_stderr(written):
        set_up_logs(make_settings(tmp_path, "sqlite://", "redis://", log_level="error"))
        try:
            raise ValueError("broken")
        except ValueError:
            structlog.get_logger().exception("api.defect")
    structlog.reset_defaults()
    assert "broken" in written.getvalue()
    assert secret not in written.getvalue()


def test_many_tries_at_once_are_not_more_than_one_after_the_other(house: House) -> None:
    strangers = [house.stranger() for _ in range(16)]
    for stranger in strangers:
        stranger.get("/sign-in")
    found: list[int] = []

    def tries(stranger: Visitor) -> None:
        found.append(stranger.post("/sign-in", {"name": "root", "password": "guessed"}).status_code)

    together = [threading.Thread(target=tries, args=(stranger,)) for stranger in strangers]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert (found.count(422), found.count(429)) == (10, 6)


def test_no_cell_of_a_report_is_a_formula() -> None:
    cells = ("=1", "+1", "-1", "@SUM(1)", "＝1", "＋1", "－1", "＠1", "\n=1")
    told = [Refusal(2, cell, "total", "x", Problem("order.required", "total", {"field": "total"})) for cell in cells]
    report = report_csv(told, ["Row"], "en").decode("utf-8-sig")
    assert [row[1] for row in list(csv.reader(io.StringIO(report)))[1:]] == [f"'{cell}" for cell in cells]


def test_a_file_that_is_taken_in_twice_at_once_is_counted_once(house: House, tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    sender = Sender("root", "", None)
    sheet = Sheet("CSV", ("id", "created_at", "currency", "total"), ((2, ("A-1", "2026-11-22 10:00", "CNY", "1.00")),))
    kept = uploads.keep("01", "root", "a.csv", sheet)
    checked = uploads.try_out(kept, Meaning(sheet.columns, "Asia/Shanghai", {}), sender)
    first = uploads.take_some(checked, house.service.intake, sender)
    second = uploads.take_some(checked, house.service.intake, sender)
    assert (first.taken, second.taken) == (Taken(accepted=1), Taken(accepted=1))


@pytest.mark.parametrize("name", ["", "a b", "a/b", ".", "..", "token:shop", "li\u200bwei", "\u202eiew.il", "x" * 65])
def test_nobody_is_called_what_an_address_or_a_journal_would_mistake(name: str) -> None:
    assert not fit_user_name(name)


@pytest.mark.parametrize("name", ["li.wei", "李伟", "𠮷田", "o'neill", "x" * 64])
def test_people_are_called_in_every_script(name: str) -> None:
    assert fit_user_name(name)


@pytest.mark.parametrize(
    ("name", "channels"), [("", ()), (" x", ()), ("x" * 65, ()), ("shop", ("",)), ("shop", ("x" * 65,))]
)
def test_a_token_has_a_name_and_channels_that_can_be_seen(
    sqlite_url: str, redis_url: str, tmp_path: Path, name: str, channels: tuple[str, ...]
) -> None:
    assert make_token(make_settings(tmp_path, sqlite_url, redis_url), name, "intake", channels).problem


def test_no_link_is_made_that_lets_nobody_in(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, sqlite_url, redis_url)
    assert make_link(settings, "nobody") is None
    assert make_link(settings, None)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = read_settings({"ORDERFLOW_HOME": str(tmp_path / "file" / "home")})
    assert isinstance(found, BadSettings)
    assert found.problems[0].name == "ORDERFLOW_HOME"


@pytest.mark.parametrize(
    "path", ["/orders?q=a%00", "/orders?state=x&state=%00", "/orders/%00", "/inbox/%00", "/sign-in/%00"]
)
def test_no_address_holds_a_nul(house: House, path: str) -> None:
    house.enter("root").get(path, 400)


@pytest.mark.parametrize("address", ["http://[::1", "//[x", "http://a]b/"])
def test_a_page_that_a_script_misnames_is_shown_all_the_same(house: House, address: str) -> None:
    house.enter("zhao").get("/failures", headers={"HX-Request": "true", "HX-Current-URL": address})


def test_nobody_brings_a_nul_in_a_form_with_parts(house: House) -> None:
    house.take(1, "shaky-shop")
    lead = house.enter("zhao")
    [failure] = set(re.findall(r"/failures/(\w{26})", lead.get("/failures?single=1")))
    told = {"do": "cancelled", "reason": "x\0"}
    answer = lead.post(f"/failures/{failure}/mending", told, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert failure in lead.get("/failures?single=1")


def test_nobody_types_a_nul(house: House) -> None:
    assert house.stranger().post("/sign-in", {"name": "a\0", "password": "x"}).status_code == 400
    assert house.enter("root").post("/people", {"name": "ab", "display": "x\0", "duty": "lead"}).status_code == 400
