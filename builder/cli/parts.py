"""The parts that run as processes of their own: web server, push, worker, clock, and the demo shop's feed."""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from builder.config import BadSettings, Settings, read_settings
from builder.logs import set_up_logs

if TYPE_CHECKING:
    from flask import Flask
    from redis import Redis


LOOK_FOR_REDIS_SECONDS = 0.2
END_STREAMS_SECONDS = 3.0
ORPHAN_SECONDS = 15.0
PROVIDERS_AFTER_SECONDS = 4.0
# The folder of a home in which its workers write what they have in hand.
CLAIMS = "claims"


def serve(settings: Settings, *, tied: bool) -> None:
    """Serves pages and API until SIGTERM or Ctrl-C; requests in hand are answered first."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    set_up_logs(settings)
    if tied:
        end_with_the_supervisor()
    Granian(
        "builder.cli.parts:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=1,
        blocking_threads=settings.threads,
        log_level=LogLevels.error,  # it warns of the number of threads, which wait most of the time
        workers_kill_timeout=10,
    ).serve()


def application() -> "Flask":
    """The web application of the process that serves; it ends when the process that started it is gone."""
    gc.disable()  # what is loaded at the start is hardly garbage: to look for it takes a quarter of the time
    from builder import create_app

    # Until granian listens in this process, a request to end would be lost in the handler that the fork inherited.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    settings = read_settings(os.environ)
    if isinstance(settings, BadSettings):
        raise SystemExit(str(settings))
    set_up_logs(settings)
    end_with_the_parent(os.getppid())
    app = create_app(settings)
    spare_the_collector()
    return app


def work(settings: Settings, *, first: str, tied: bool) -> None:
    """Answers the bells until SIGTERM; the job in hand is finished first."""
    gc.disable()  # as in `application`
    from redis import Redis
    from rq import Queue, SimpleWorker
    from rq.serializers import JSONSerializer

    from runtime import jobs
    from runtime.doorbell import ACTS_QUEUE, EFFECTS_QUEUE, PULLS_QUEUE, RUNS_QUEUE
    from runtime.in_hand import InHand
    from runtime.wiring import open_service

    set_up_logs(settings)
    if tied:
        end_with_the_supervisor()
    redis = Redis.from_url(settings.redis_url)
    if tied:
        wait_for(redis)
    else:
        end_without(redis, settings)
    in_hand = InHand(settings.home / CLAIMS)
    jobs.bind(
        open_service(
            settings.database_url,
            settings.redis_url,
            secret_key=settings.secret_key,
            timezone=settings.timezone,
            in_hand=in_hand,
            pushes=settings.pushes,
        )
    )
    by_turns = [RUNS_QUEUE, EFFECTS_QUEUE, ACTS_QUEUE] if first == "runs" else [EFFECTS_QUEUE, ACTS_QUEUE, RUNS_QUEUE]
    # To begin a pull takes a moment only; the others linger.
    names = [PULLS_QUEUE, *by_turns]
    queues = [Queue(name, connection=redis, serializer=JSONSerializer) for name in names]
    worker = SimpleWorker(
        queues,
        connection=redis,
        serializer=JSONSerializer,
        worker_ttl=45,
        maintenance_interval=15,
        job_monitoring_interval=5,
    )
    # Redis may be away for long: it is asked every second, not ever more seldom.
    worker.max_connection_wait_time = 1.0
    spare_the_collector()
    jobs.look_around(settings.home / CLAIMS)
    worker.work(logging_level="WARNING")


def push(settings: Settings, *, tied: bool) -> None:
    """Pushes changes to browsers until SIGTERM or Ctrl-C; the streams are ended first, so that each comes again at once."""
    import asyncio

    set_up_logs(settings)
    if tied:
        end_with_the_supervisor()
    asyncio.run(_push(settings))


async def _push(settings: Settings) -> None:
    import asyncio

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from builder.push.passes import Passes
    from builder.push.stream import MOST_STREAMS, Push

    stream = Push(Passes(settings.secret_key), settings.redis_url)
    server = Server(
        stream,
        address=settings.host,
        port=settings.push_port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=MOST_STREAMS,
        backpressure=MOST_STREAMS + 100,  # connections that it takes at once: a stream is one, and health is asked too
        log_level=LogLevels.error,
    )
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    listening = loop.create_task(stream.listen())
    serving = loop.create_task(server.serve())
    serving.add_done_callback(lambda _serving: stop.set())
    await stop.wait()
    await stream.end(within=END_STREAMS_SECONDS)
    server.stop()  # type: ignore[no-untyped-call]
    try:
        await serving
    except RuntimeError as broken:
        why = str(broken).splitlines()[0]
        raise SystemExit(f"Nothing is pushed at port {settings.push_port}: {why}. Set ORDERFLOW_PUSH_PORT.") from None
    listening.cancel()


def wait_for(redis: "Redis") -> None:
    """Waits until Redis answers: whoever keeps this worker alive starts Redis again too."""
    from redis.exceptions import RedisError

    told = False
    while True:
        try:
            redis.ping()
        except RedisError as broken:
            if not told:
                logging.getLogger("orderflow").warning("a worker waits for Redis: %s", broken)
            told = True
            time.sleep(LOOK_FOR_REDIS_SECONDS)
        else:
            return


def end_without(redis: "Redis", settings: Settings) -> None:
    """Ends a worker that nobody could call, and says how to mend it."""
    from redis.exceptions import RedisError

    try:
        redis.ping()
    except RedisError as broken:
        start_one = "Start `orderflow up` or `orderflow redis` in this home, or set ORDERFLOW_REDIS_URL."
        remedy = start_one if settings.embedded_redis else "Look at ORDERFLOW_REDIS_URL."
        raise SystemExit(f"No Redis answers ({broken}). {remedy}") from None


def tick(settings: Settings, *, tied: bool) -> None:
    """Ticks every second until SIGTERM."""
    from runtime import clock
    from runtime.wiring import open_service

    set_up_logs(settings)
    service = open_service(
        settings.database_url, settings.redis_url, timezone=settings.timezone, pushes=settings.pushes
    )
    clock.run(service, stop_when_asked(tied=tied))


def feed(settings: Settings, *, tied: bool) -> None:
    """Sends the demo shop's orders, a few a minute, until SIGTERM; a little later providers of messages pretend."""
    from builder.demo.feed import send_orders

    set_up_logs(settings)
    stop = stop_when_asked(tied=tied)
    threading.Thread(target=_pretend_later, args=(settings, stop), name="providers", daemon=True).start()
    send_orders(settings, stop)


def _pretend_later(settings: Settings, stop: threading.Event) -> None:
    """What pages do not need at once is loaded when they stand."""
    if not stop.wait(PROVIDERS_AFTER_SECONDS):
        from builder.demo.providers import pretend

        pretend(settings)


def spare_the_collector() -> None:
    """Look for garbage seldom, and only in new things: what was loaded at the start stays, and orders make no circles."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(25_000, 25, 25)


def stop_when_asked(*, tied: bool) -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if tied:
        end_with_the_supervisor()
    return stop


def end_with_the_supervisor() -> None:
    """Asks this process to end when its standard input closes, as it does when the supervisor is killed."""
    _watch(lambda: os.read(sys.stdin.fileno(), 1))


def end_with_the_parent(parent: int) -> None:
    """Asks this process to end when its parent is not the given one any more."""
    never = threading.Event()

    def wait_for_the_end() -> None:
        while os.getppid() == parent:
            never.wait(0.5)

    _watch(wait_for_the_end)


def _watch(until: Callable[[], object]) -> None:
    def ask_to_end() -> None:
        until()
        logging.getLogger("orderflow").warning("what started this process is gone: it ends too")
        os.kill(os.getpid(), signal.SIGTERM)
        # Nobody is left to see to it that what is asked to end does.
        time.sleep(ORPHAN_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=ask_to_end, daemon=True, name="end-with-the-parent").start()
