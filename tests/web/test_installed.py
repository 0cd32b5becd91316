"""Orderflow as an app: what a browser asks for to install it, and that nothing of any order is in it."""

import json
import struct

from tests.web.conftest import House


def test_the_manifest_begins_with_the_inbox_and_its_icons_are_there(house: House) -> None:
    stranger = house.stranger()
    answer = stranger.look("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    told = json.loads(answer.text)
    assert told["start_url"] == "/inbox"
    assert {icon.get("purpose", "any") for icon in told["icons"]} == {"any", "maskable"}
    for icon in told["icons"]:
        assert stranger.client.get(icon["src"]).mimetype == icon["type"]
    for odd in ("/icon-odd.svg", "/icon-7.png"):
        assert stranger.look(odd).status_code == 404
    assert 'rel="manifest" href="/manifest.webmanifest"' in stranger.get("/sign-in")


def test_the_home_screen_of_an_iphone_gets_its_icon_in_pixels(house: House) -> None:
    stranger = house.stranger()
    assert 'rel="apple-touch-icon" href="/icon-180.png"' in stranger.get("/sign-in")
    width, height = struct.unpack(">II", stranger.client.get("/icon-180.png").data[16:24])
    assert (width, height) == (180, 180)


def test_the_worker_is_always_asked_for_anew_and_knows_nobody(house: House) -> None:
    house.take(1, total="9000.00")
    zhao = house.enter("zhao")
    answer = zhao.look("/worker.js")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Orderflow cannot be reached" in answer.text
    for secret in ("Zhao", "A-00001", "csrf", "data-push"):
        assert secret not in answer.text
    zhao.speak("zh-CN")
    assert zhao.look("/worker.js").text != answer.text, "another language is another worker"


def test_the_policy_names_where_workers_and_manifest_come_from(house: House) -> None:
    policy = house.stranger().look("/sign-in").headers["Content-Security-Policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy
