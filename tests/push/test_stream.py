"""The process that pushes, with a real Redis: who may listen, what is told, and what happens when something dies."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builder.push.passes import PASS_SECONDS, Passes
from tests.push.conftest import Hear
from tests.push.houses import ORIGIN, PATIENCE, SECRET_KEY, Pusher, clean_environment, wait_for

BROWSERS = 200


def aged(seconds: int) -> str:
    """A pass that was made so many seconds ago."""
    return Passes(SECRET_KEY).make("lin", ORIGIN, time.time() - seconds)


def test_who_listens_hears_the_topics_that_it_follows_and_no_others(hear: Hear, pusher: Pusher) -> None:
    ear = hear(pusher, "tasks run:01A flow:big-orders")
    pusher.tell("orders", "run:01B")
    pusher.tell("orders", "run:01A", "flow:big-orders")
    assert ear.next() == ("message", "flow:big-orders run:01A")
    pusher.tell("run:*")
    assert ear.next() == ("message", "run:*")


def test_nobody_listens_with_a_forged_or_lapsed_pass(pusher: Pusher) -> None:
    forged = Passes("another secret that is as long as the first one").make("lin", ORIGIN, time.time())
    for own in ("", "nonsense", forged, aged(PASS_SECONDS + 5)):
        assert pusher.ask(pusher.path(own=own))[0] == 401, own


def test_only_pages_of_the_address_that_gave_the_pass_listen(hear: Hear, pusher: Pusher) -> None:
    status, headers, _body = pusher.ask(pusher.path(), Origin="http://evil.test")
    assert (status, headers["access-control-allow-origin"]) == (403, None)
    ear = hear(pusher)
    assert ear.answer.headers["access-control-allow-origin"] == ORIGIN
    assert ear.answer.headers["access-control-allow-credentials"] is None
    assert ear.answer.headers["cache-control"] == "no-store"


def test_a_stream_ends_when_its_pass_lapses(hear: Hear, pusher: Pusher) -> None:
    ear = hear(pusher, own=aged(PASS_SECONDS - 1))
    assert ear.next() == ("over", "1")
    assert ear.next() == ("gone", "")


@pytest.mark.parametrize("topics", ["", " ", "x" * 101, " ".join(f"run:{n}" for n in range(101))])
def test_too_many_or_no_topics_are_refused(pusher: Pusher, topics: str) -> None:
    assert pusher.ask(pusher.path(topics))[0] == 400


def test_other_addresses_and_methods_are_refused(pusher: Pusher) -> None:
    assert pusher.ask("/")[0] == 404
    assert pusher.ask("/inbox")[0] == 404


def test_one_person_does_not_take_all_places(hear: Hear, pusher: Pusher) -> None:
    first, *others = [hear(pusher, person="greedy") for _ in range(21)]
    assert first.next() == ("over", "1")
    for ear in (first, *others):
        ear.close()
    wait_for(lambda: pusher.streams() == 0)


def test_a_storm_is_told_in_few_words_and_its_end_is_heard(hear: Hear, pusher: Pusher) -> None:
    ear = hear(pusher, "tasks orders")
    for _ in range(500):
        pusher.tell("tasks")
    pusher.tell("orders")
    heard = [ear.next()[1]]
    while "orders" not in heard[-1]:
        heard.append(ear.next()[1])
    assert len(heard) < 100, "five hundred changes are no five hundred messages"


def test_who_comes_back_with_its_mark_hears_what_it_missed(hear: Hear, pusher: Pusher) -> None:
    ear = hear(pusher, "tasks orders balance")
    pusher.tell("tasks")
    assert ear.next() == ("message", "tasks")
    mark = ear.mark
    ear.close()
    pusher.tell("orders")
    again = hear(pusher, "tasks orders balance", after=mark)
    assert again.next() == ("message", "orders")


def test_a_page_from_before_the_process_began_looks_at_everything(hear: Hear, pusher: Pusher) -> None:
    ear = hear(pusher, after="1")
    assert ear.next() == ("message", "*")


def test_two_hundred_browsers_hear_of_every_change(hear: Hear, pusher: Pusher) -> None:
    """Each on a connection of its own, at one process."""
    wait_for(lambda: pusher.streams() == 0)
    # In a thread of its own: a browser of another test may have its loop in this one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(asyncio.wait_for(_all_hear(pusher), PATIENCE))).result()
    wait_for(lambda: pusher.streams() == 0)


async def _all_hear(pusher: Pusher) -> None:
    lines = [await asyncio.open_connection("127.0.0.1", pusher.port, limit=2**16) for _ in range(BROWSERS)]
    for number, (_reader, writer) in enumerate(lines):
        path = pusher.path(f"tasks run:{number}", person=f"p{number // 10}")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
    await asyncio.gather(*(reader.readuntil(b"event: here\ndata: 1\n\n") for reader, _writer in lines))
    assert await asyncio.to_thread(pusher.streams) == BROWSERS
    for _ in range(3):
        await asyncio.to_thread(pusher.tell, "tasks", "orders")
        await asyncio.gather(*(reader.readuntil(b"data: tasks\n\n") for reader, _writer in lines))
    await asyncio.to_thread(pusher.tell, "run:7")
    await lines[7][0].readuntil(b"data: run:7\n\n")
    for _reader, writer in lines:
        writer.close()


def test_a_killed_process_is_found_again_and_tells_to_look_at_everything(hear: Hear, mortal: Pusher) -> None:
    ear = hear(mortal)
    mortal.kill(mortal.process)
    assert ear.next() == ("gone", "")
    mortal.start()
    again = hear(mortal, after=ear.mark)
    assert again.next() == ("message", "*")
    mortal.tell("tasks")
    assert again.next() == ("message", "tasks")


def test_without_redis_nobody_is_kept_and_with_it_all_come_back(hear: Hear, mortal: Pusher) -> None:
    ear = hear(mortal)
    mortal.kill(mortal.redis)
    assert ear.next() == ("over", "1"), "who hears nothing is told, so that its page asks by itself"
    wait_for(lambda: mortal.health()[0] == 503)
    assert mortal.ask(mortal.path(), Origin=ORIGIN)[0] == 503
    mortal.start_redis()
    wait_for(lambda: mortal.health()[0] == 200)
    again = hear(mortal, after=ear.mark)
    assert again.next() == ("message", "*")
    mortal.tell("tasks")
    assert again.next() == ("message", "tasks")


def test_it_ends_politely_with_open_streams(hear: Hear, mortal: Pusher) -> None:
    ears = [hear(mortal, person=f"p{number}") for number in range(5)]
    mortal.process.send_signal(signal.SIGTERM)
    assert [ear.next() for ear in ears] == [("over", "1")] * 5
    assert mortal.process.wait(PATIENCE) == 0
    assert "Traceback" not in (mortal.home / "said").read_text("utf-8")


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        told = {"ORDERFLOW_HOME": str(tmp_path), "ORDERFLOW_PUSH_PORT": port}
        command = [sys.executable, "-m", "builder.cli", "push"]
        done = subprocess.run(command, env=clean_environment() | told, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr and "Traceback" not in done.stderr
