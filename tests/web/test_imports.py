"""Flow files come in: looked at first, then stored as chosen; what is no flow is refused by file, place and reason."""

import gzip
import io
import json
import re
import zipfile
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import BIG_ORDERS, SHAKY, House, Visitor

FIELD = re.compile(r'<input type="hidden" name="((?:document|file)-\d+)" value="([^"]*)">')


@pytest.fixture
def designer(house: House) -> Visitor:
    visitor = house.enter("lin")
    visitor.get("/flows/import")
    return visitor


def bring(visitor: Visitor, *files: tuple[str, bytes]) -> TestResponse:
    """Upload files, as the browser sends them."""
    return visitor.post("/flows/import", {"file": [(io.BytesIO(content), name) for name, content in files]})


def paste(visitor: Visitor, text: str) -> TestResponse:
    return visitor.post("/flows/import", {"document": text})


def confirm(visitor: Visitor, preview: TestResponse, **more: Any) -> TestResponse:
    """Tick everything of a preview and take it in."""
    assert preview.status_code == 200, preview.text[:500]
    fields = {name: unescape(value) for name, value in FIELD.findall(preview.text)}
    ticked = [name.partition("-")[2] for name in fields if name.startswith("document-")]
    return visitor.post("/flows/import/flows", {**fields, "take": ticked, **more})


def written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def keys(house: House) -> set[str]:
    found = house.enter("root").get("/flows")
    return set(re.findall(r'name="key" value="([^"]+)"', found))


def test_nothing_is_stored_before_it_was_seen_and_chosen(house: House, designer: Visitor) -> None:
    new = {**BIG_ORDERS, "key": "from-file", "name": "<script>alert(1)</script>"}
    preview = paste(designer, json.dumps(new))
    assert "&lt;script&gt;alert(1)" in preview.text
    assert "<script>alert" not in preview.text
    assert house.service.flows.draft("from-file") is None
    assert confirm(designer, preview).status_code == 303
    draft = house.service.flows.draft("from-file")
    assert draft is not None
    assert draft.document["name"] == new["name"]


def test_many_files_packed_or_not_come_in_together(house: House, designer: Visitor) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as together:
        together.writestr("../../a.json", written({**BIG_ORDERS, "key": "in-zip"}))
        together.writestr("__MACOSX/._a.json", b"\0\1")
    bundle = {"format": "orderflow-flows/1", "flows": [{**SHAKY, "key": "in-bundle"}, {**SHAKY, "key": "second"}]}
    preview = bring(
        designer,
        ("a.zip", packed.getvalue()),
        ("b.json", written(bundle)),
        ("c.json", b"\xef\xbb\xbf" + written([{**SHAKY, "key": "in-list"}])),
        ("d.json.gz", gzip.compress(written({**SHAKY, "key": "in-gzip"}))),
        ("e.jsonl", written({**SHAKY, "key": "line-1"}) + b"\n" + written({**SHAKY, "key": "line-2"})),
    )
    answer = confirm(designer, preview)
    assert answer.headers["Location"] == "/flows"
    assert keys(house) >= {"in-zip", "in-bundle", "second", "in-list", "in-gzip", "line-1", "line-2"}


def test_what_was_exported_together_comes_in_again(house: House, designer: Visitor) -> None:
    exported = designer.get("/flows/export?key=big-orders&key=shaky").encode()
    preview = bring(designer, ("flows.json", exported))
    assert preview.text.count("There is a flow") == 2
    confirm(designer, preview, **{"as-0": "copy", "as-1": "copy"})
    assert {"big-orders-2", "shaky-2"} <= keys(house)


def test_a_taken_key_is_replaced_only_where_that_was_chosen(house: House, designer: Visitor) -> None:
    changed = json.dumps({**BIG_ORDERS, "name": "Changed"})
    confirm(designer, paste(designer, changed))
    confirm(designer, paste(designer, changed), **{"as-0": "copy"})
    kept, copy = house.service.flows.draft("big-orders"), house.service.flows.draft("big-orders-3")
    assert kept is not None
    assert kept.document["name"] != "Changed"
    assert copy is not None
    confirm(designer, paste(designer, changed), **{"as-0": "replace"})
    replaced = house.service.flows.draft("big-orders")
    assert replaced is not None
    assert (replaced.document["name"], replaced.version) == ("Changed", 1)


def test_two_flows_of_one_key_in_one_import_do_not_overwrite_each_other(house: House, designer: Visitor) -> None:
    twice = [{**SHAKY, "key": "same", "name": "First"}, {**SHAKY, "key": "same", "name": "Second"}]
    confirm(designer, paste(designer, json.dumps(twice)))
    names = [draft.document["name"] for key in ("same", "same-2") if (draft := house.service.flows.draft(key))]
    assert names == ["First", "Second"]


def test_a_team_that_the_shop_lacks_can_be_another(house: House, designer: Visitor) -> None:
    asked = json.loads(json.dumps(BIG_ORDERS).replace('"leads"', '"bosses"')) | {"key": "mapped"}
    preview = paste(designer, json.dumps(asked))
    assert "is not there. Who takes its place?" in preview.text
    confirm(designer, preview, **{"team-0-bosses": "leads"})
    draft = house.service.flows.draft("mapped")
    assert draft is not None
    assert [team["key"] for team in draft.document["teams"]] == ["leads"]
    assert '"bosses"' not in json.dumps(draft.document)


def test_an_unfinished_flow_comes_in_and_says_what_is_left_to_do(house: House, designer: Visitor) -> None:
    nodes = [*BIG_ORDERS["nodes"], {"id": "loose", "type": "approval", "settings": {}}]
    preview = paste(designer, json.dumps({**BIG_ORDERS, "key": "half", "nodes": nodes}))
    assert "to be mended on the canvas" in preview.text
    confirm(designer, preview)
    assert house.service.flows.draft("half") is not None


N8N = {"nodes": [{"type": "n8n-nodes-base.set"}], "connections": {}}
NODE_RED = [{"id": "1", "type": "tab"}, {"id": "2", "type": "inject", "wires": [[]]}]
UNKNOWN = {**SHAKY, "nodes": [*SHAKY["nodes"], {"id": "x", "type": "teleport"}]}
STRANGE = {**SHAKY, "colour": "red"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "ends too early"),
        (b"", "There is no flow in it"),
        (b"[]", "There is no flow in it"),
        (b'{"a": 1}', "This is no flow document"),
        (b"hello", "not valid JSON"),
        (written(N8N), "a flow of n8n"),
        (written({"source": "x", "workflow": N8N}) + b"\n" + written(N8N), "a flow of n8n"),
        (written(NODE_RED), "a flow of Node-RED"),
        (b'<?xml version="1.0"?><bpmn:definitions>', "Camunda"),
        (b"<html>", "This is no flow document"),
        (written({"format": "orderflow/9"}), "orderflow/9"),
        (written({"format": "orderflow-flows/9", "flows": []}), "orderflow-flows/9"),
        (written(UNKNOWN), "no kind of step called “teleport”"),
        (written(STRANGE), "“colour” is not known here"),
        (b'{"format": "orderflow/1", "format": 1}', "twice"),
        (written({**SHAKY, "name": "a\0b"}), "NUL"),
        (written(SHAKY).replace(b'"Trial"', b'"\\ud800"'), "surrogate"),
        (b"[" * 9_000 + b"]" * 9_000, "64 levels"),
        (b"PK\x03\x04 not really", "damaged"),
        (gzip.compress(b"[]", mtime=0)[:12], "damaged"),
        (gzip.compress(b" " * 20_000_000, mtime=0), "larger than 8 MB"),
    ],
)
def test_what_is_no_flow_is_refused_with_the_reason(house: House, content: bytes, told: str) -> None:
    designer = house.enter("lin")
    before = keys(house)
    refused = bring(designer, ("strange.json", content))
    assert refused.status_code == 422
    assert told in refused.text
    assert "strange.json" in refused.text
    assert "nothing of it was stored" in refused.text
    assert keys(house) == before


def test_a_refusal_tells_the_place_in_the_readers_language(designer: Visitor) -> None:
    designer.speak("zh-CN")
    bundle = {"format": "orderflow-flows/1", "flows": [{**SHAKY, "key": "fine"}, N8N, STRANGE]}
    preview = bring(designer, ("整包.json", written(bundle)))
    assert preview.status_code == 200
    for said in (
        "整包.json",
        "第 2 个",
        "这看起来是 n8n 的流程",
        "第 3 个",
        "这里没有“colour”这一项",
        "这些内容都没有保存",
    ):
        assert said in preview.text


def test_a_zip_that_swells_is_not_unpacked(designer: Visitor) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(5):
            packed.writestr(f"{number}.json", b" " * 60_000_000)
    refused = bring(designer, ("bomb.zip", bomb.getvalue()))
    assert refused.status_code == 422
    assert "larger than 8 MB" in refused.text
    assert refused.text.count("larger than 8 MB") == 1


def test_what_is_too_large_is_told_as_such(designer: Visitor) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b" " * 10_000_000 + b"\r\n--x--"
    )
    refused = designer.client.post("/flows/import", data=form, content_type="multipart/form-data; boundary=x")
    assert refused.status_code == 413
    assert "larger than 8 MB" in refused.text


def test_what_was_pasted_stays_in_the_field(designer: Visitor) -> None:
    refused = paste(designer, '{"format": "</textarea><b>"}')
    assert refused.status_code == 422
    assert "&lt;/textarea&gt;&lt;b&gt;" in refused.text


def test_a_preview_that_was_tampered_with_stores_nothing(house: House, designer: Visitor) -> None:
    good, bad = json.dumps({**SHAKY, "key": "good"}), json.dumps(N8N)
    told = {"take": ["0", "1", "x"], "document-0": good, "document-1": bad, "as-0": "new", "file-0": "a", "file-1": "b"}
    assert designer.post("/flows/import/flows", told).status_code == 422
    assert house.service.flows.draft("good") is None
    assert designer.post("/flows/import/flows", {"take": ["7"]}).status_code == 422
    assert designer.post("/flows/import/flows", {}).headers["Location"] == "/flows/import"


def test_only_those_who_may_edit_take_flows_in(house: House) -> None:
    auditor = house.enter("oliver")
    assert auditor.look("/flows/import").status_code == 403
    assert paste(auditor, json.dumps(SHAKY)).status_code == 403
    designer = house.enter("lin")
    designer.get("/flows/import")
    forged = designer.client.post("/flows/import", data={"document": json.dumps(SHAKY)})
    assert forged.status_code == 400
