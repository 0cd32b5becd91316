"""The process that pushes: one connection to Redis, one stream to each browser. Neither Flask nor a database is in it.

Redis is heard once for all. While it is not, there are no streams, so that browsers ask by themselves; they come again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from builder.push.crowd import Crowd, Listener
from builder.push.passes import Pass, Passes
from runtime.pushing import channel_of

log = structlog.get_logger()

HEARTBEAT_SECONDS: Final = 15.0
GAP_SECONDS: Final = 0.2
RETRY_MS: Final = 3_000
LOOK_FOR_REDIS_SECONDS: Final = 0.5
SILENT_REDIS_SECONDS: Final = 10.0
MOST_TOPICS: Final = 100
LONGEST_TOPIC: Final = 100
MOST_STREAMS: Final = 2_000
MOST_OF_ONE_PERSON: Final = 20

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Push:
    """An ASGI application: `…/events` is the stream, `…/healthz` tells whether it hears Redis and how many listen."""

    def __init__(self, passes: Passes, redis_url: str) -> None:
        self._passes = passes
        self._redis_url = redis_url
        self._crowd = Crowd(lambda: time.time_ns() // 1000)
        self._hears = False
        self._ending = False

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if scope["type"] != "http" or scope["method"] != "GET":
            await _answer(send, 405, b"")
        elif path.endswith("/healthz"):
            told = b'{"hears": %s, "streams": %d}' % (b"true" if self._hears else b"false", len(self._crowd))
            await _answer(send, 200 if self._hears else 503, told, (b"content-type", b"application/json"))
        elif path.endswith("/events"):
            await self._let_in(scope, receive, send)
        else:
            await _answer(send, 404, b"")

    async def listen(self) -> None:
        """Hear Redis until the end; where it goes away, all streams end, and it is looked for again and again."""
        told = False
        while not self._ending:
            try:
                await self._hear()
            except (RedisError, OSError, TimeoutError) as broken:
                if not told:
                    log.warning("push.deaf", error=str(broken))
                told = not self._hears
            self._hears = False
            self._crowd.end_all()
            await asyncio.sleep(LOOK_FOR_REDIS_SECONDS)

    async def end(self, within: float) -> None:
        """Take nobody in any more and let every stream end, for so many seconds at the longest."""
        self._ending = True
        until = time.monotonic() + within
        while len(self._crowd) and time.monotonic() < until:
            self._crowd.end_all()
            await asyncio.sleep(0.02)

    async def _hear(self) -> None:
        # Not tried again behind our back: what is told meanwhile would be missed without a word.
        never = Retry(NoBackoff(), 0)
        one = Redis.from_url(self._redis_url, socket_connect_timeout=2, retry=never)
        async with one as redis, redis.pubsub() as heard:
            await heard.subscribe(channel_of(redis.connection_pool.connection_kwargs.get("db")))
            asked = False
            while True:
                message = await heard.get_message(timeout=SILENT_REDIS_SECONDS)
                if message is None and asked:
                    raise TimeoutError("Redis says nothing any more")
                asked = message is None
                match message:
                    case None:
                        await heard.ping()
                    case {"type": "subscribe"}:
                        self._crowd.listen_anew()
                        self._hears = True
                    case {"type": "message", "data": bytes(topics)}:
                        self._crowd.tell(topics.decode("utf-8", "replace").split())

    async def _let_in(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        told = parse_qs(scope["query_string"].decode("ascii", "replace"))
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        own = self._passes.read(told.get("pass", [""])[0], time.time())
        topics = _topics(told.get("topics", [""])[0])
        if own is None:
            await _answer(send, 401, b"The pass has lapsed or was never good.")
        elif origin not in ("", own.origin):
            await _answer(send, 403, b"The pass is for pages of another address.")
        elif topics is None:
            await _answer(send, 400, b"Name some topics.")
        elif not self._hears or self._ending or len(self._crowd) >= MOST_STREAMS:
            await _answer(send, 503, b"No changes are heard of here now.", *_for(origin))
        else:
            if oldest := self._crowd.oldest_of(own.person, MOST_OF_ONE_PERSON):
                oldest.end()
            listener = self._crowd.join(own.person, topics, _mark(told.get("after", [""])[0]))
            try:
                await self._tell(listener, own, origin, receive, send)
            finally:
                self._crowd.leave(listener)

    async def _tell(self, listener: Listener, own: Pass, origin: str, receive: Receive, send: Send) -> None:
        """The stream, until its pass lapses, the browser goes, or all is to end."""
        loop = asyncio.get_running_loop()
        left = own.until - time.time()
        lapse = loop.call_later(left, listener.end)
        gone = loop.create_task(_until_gone(receive))
        gone.add_done_callback(lambda _gone: listener.end())
        try:
            # Who takes nothing off the line for long is let go too.
            async with asyncio.timeout(left + HEARTBEAT_SECONDS):
                await self._speak(listener, origin, send)
        except TimeoutError:
            log.info("push.stuck", person=listener.person)
        finally:
            lapse.cancel()
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _speak(self, listener: Listener, origin: str, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            *_for(origin),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        # What was missed goes out with the greeting, so that nobody hears the new mark without it.
        greeting = f"retry: {RETRY_MS}\nid: {self._crowd.mark}\nevent: here\ndata: 1\n\n"
        await _say(send, greeting + self._told_to(listener))
        while not listener.over:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await listener.woken.wait()
            except TimeoutError:
                await _say(send, f"id: {self._crowd.mark}\nevent: beat\ndata: 1\n\n")
                continue
            if told := self._told_to(listener):
                await _say(send, told)
                # What comes in quick succession is told together.
                await asyncio.sleep(GAP_SECONDS)
        await _say(send, "event: over\ndata: 1\n\n", more=False)

    def _told_to(self, listener: Listener) -> str:
        topics = listener.take()
        return f"id: {self._crowd.mark}\ndata: {' '.join(topics)}\n\n" if topics else ""


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, text: str, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    plain = (length, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": [*plain, *headers]})
    await send({"type": "http.response.body", "body": body})


def _for(origin: str) -> list[tuple[bytes, bytes]]:
    """That pages of this origin, and only they, may read the answer."""
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")] if origin else []


def _topics(told: str) -> frozenset[str] | None:
    topics = frozenset(told.split())
    fit = 0 < len(topics) <= MOST_TOPICS and all(len(topic) <= LONGEST_TOPIC for topic in topics)
    return topics if fit else None


def _mark(told: str) -> int | None:
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else None
