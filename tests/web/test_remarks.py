"""Comments on the pages of orders and tasks: said, mentioned, attached, taken back; and to whom nothing is given."""

import io
import re
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.web.conftest import TOKEN, House, Visitor

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def run_id(house: House) -> str:
    return house.take(1, total="9000.00")


def say(who: Visitor, run_id: str, text: str, *files: tuple[str, bytes], **more: Any) -> TestResponse:
    found = TOKEN.search(who.seen)
    assert found
    parts = [FileStorage(io.BytesIO(content), filename=name) for name, content in files]
    # As bytes: the client itself would put large bodies into files that it never closes.
    boundary, body = encode_multipart({"csrf_token": found[1], "text": text, "file": parts})
    answer = who.client.post(
        f"/orders/{run_id}/remarks", data=body, content_type=f"multipart/form-data; boundary={boundary}", **more
    )
    who.seen = answer.text if "csrf-token" in answer.text else who.seen
    return answer


def test_what_is_said_stands_on_the_order_and_in_its_task(house: House, run_id: str) -> None:
    chen, zhao = house.enter("chen"), house.enter("zhao")
    assert say(chen, run_id, "库存 <b>不足</b>\n@Zhao please look").status_code == 303
    for page in (f"/orders/{run_id}", f"/inbox/{run_id}.3.1"):
        seen = zhao.get(page)
        assert "库存 &lt;b&gt;不足&lt;/b&gt;" in seen
        assert '<span class="mention">@Zhao</span>' in seen


def test_who_is_mentioned_finds_it_until_it_was_seen(house: House, run_id: str) -> None:
    say(house.enter("chen"), run_id, "@zhao look")
    zhao = house.enter("zhao")
    assert re.search(r'Mentions <span class="n">1</span>', zhao.get("/inbox"))
    assert f"/orders/{run_id}#remark-" in zhao.get("/mentions")
    assert "mentions you" in zhao.get(f"/orders/{run_id}"), "looking alone changes nothing"
    assert zhao.post(f"/orders/{run_id}/mentions/read").status_code == 204
    assert 'class="n">1<' not in zhao.get("/inbox")
    assert "Nobody has mentioned you" in house.enter("wang").get("/mentions")


def test_all_mentions_are_read_at_once(house: House, run_id: str) -> None:
    for number in range(2):
        say(house.enter("chen"), run_id, f"@zhao {number}")
    zhao = house.enter("zhao")
    newest = re.findall(r'name="upto" value="(\w+)"', zhao.get("/mentions"))
    assert zhao.post("/mentions/read", {"upto": newest[0]}).status_code == 303
    assert "All read" not in zhao.get("/mentions")


def test_colleagues_are_offered_by_a_part_of_their_name(house: House) -> None:
    zhao = house.enter("zhao")
    assert zhao.look("/mentions/people?q=CH").json == [{"name": "chen", "shown": "Chen"}]
    assert zhao.look("/mentions/people?q=nobody").json == []


def test_a_file_is_a_download_that_no_browser_runs(house: House, run_id: str) -> None:
    zhao = house.enter("zhao")
    say(zhao, run_id, "", ("收据.png.html", PNG))
    address = re.findall(r'href="(/files/\w+)"', zhao.get(f"/orders/{run_id}"))[0]
    answer = zhao.client.get(address)
    assert answer.data == PNG
    assert answer.content_type == "image/png"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert ".html.png" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert house.stranger().look(address).status_code == 302


def test_what_cannot_be_said_is_told_and_the_text_stays(house: House, run_id: str) -> None:
    zhao = house.enter("zhao")
    htmx = {"HX-Request": "true"}
    for name, content in (("evil.png", b"<svg onload=alert(1)>"), ("a.exe", b"MZ\0\0"), ("empty.txt", b"")):
        refused = say(zhao, run_id, "my words", (name, content), headers=htmx)
        assert refused.status_code == 422
        assert name in refused.text
        assert "my words</textarea>" in refused.text
    assert say(zhao, run_id, " ").status_code == 422
    assert say(zhao, run_id, "", *[("a.png", PNG)] * 6).status_code == 422
    assert say(zhao, run_id, "nul \0").status_code == 400
    assert say(zhao, "01JD0000000000000000000000", "hello").status_code == 404
    assert "Nothing was said" in zhao.get(f"/orders/{run_id}")


def test_larger_files_than_forms_come_through_and_too_large_ones_are_told(house: House, run_id: str) -> None:
    zhao = house.enter("zhao")
    nine = PNG + bytes(9 * 1024 * 1024)
    assert say(zhao, run_id, "", ("nine.png", nine)).status_code == 303
    assert say(zhao, run_id, "", ("a.png", nine), ("b.png", nine), ("c.png", nine)).status_code == 413
    assert say(zhao, run_id, "", ("a.png", nine + bytes(1024 * 1024))).status_code == 422


def test_one_takes_back_ones_own_words_and_nobody_elses(house: House, run_id: str) -> None:
    chen, zhao = house.enter("chen"), house.enter("zhao")
    say(chen, run_id, "wrong order", ("a.png", PNG))
    page = chen.get(f"/orders/{run_id}")
    strike = re.findall(r'action="(/remarks/\w+/strike)"', page)[0]
    file = re.findall(r'href="(/files/\w+)"', page)[0]
    assert "/strike" not in zhao.get(f"/orders/{run_id}")
    assert zhao.post(strike, {"run": run_id}).status_code == 409
    assert chen.post(strike, {"run": run_id}).status_code == 303
    after = zhao.get(f"/orders/{run_id}")
    assert "wrong order" not in after
    assert "Taken back by its author" in after
    assert zhao.look(file).status_code == 404


def test_who_only_looks_says_nothing(house: House, run_id: str) -> None:
    oliver = house.enter("oliver")
    assert "remark-text" not in oliver.get(f"/orders/{run_id}")
    assert say(oliver, run_id, "hello").status_code == 403


def test_comments_come_anew_only_when_there_are_new_ones(house: House, run_id: str) -> None:
    zhao = house.enter("zhao")
    mark = re.findall(r"remarks\?mark=(\w+)", zhao.get(f"/orders/{run_id}"))[0]
    assert zhao.look(f"/orders/{run_id}/remarks?mark={mark}").status_code == 204
    say(zhao, run_id, "hello")
    assert "hello" in zhao.get(f"/orders/{run_id}/remarks?mark={mark}")
