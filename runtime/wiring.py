"""Puts a service together from its parts. Web server, workers and clock each do this once at their start."""

from zoneinfo import ZoneInfo

from redis import Redis

from runtime import clock
from runtime.doorbell import ACTS_QUEUE, EFFECTS_QUEUE, PULLS_QUEUE, RUNS_QUEUE, Doorbell
from runtime.effects import Outlets
from runtime.in_hand import InHand
from runtime.pushing import Tidings, tell_nobody
from runtime.service import Service
from runtime.store.database import connect
from runtime.systems import LiveOutlets


def open_service(
    database_url: str,
    redis_url: str,
    *,
    secret_key: str = "",
    moment: clock.Clock = clock.now,
    outlets: Outlets | None = None,
    timezone: str = "Asia/Shanghai",
    in_hand: InHand | None = None,
    pushes: bool = False,
) -> Service:
    """A service on this database (already migrated) and this Redis. Nothing is connected before the first call.

    Without the secret key of the installation, no secret can be opened: what asks for one is not called. `timezone` is
    that of the business: orders are counted by its clock hours. `in_hand` is for who makes calls, and may be killed.
    `pushes`: open pages are told of what changes.
    """
    redis = Redis.from_url(redis_url, socket_timeout=2, health_check_interval=30)
    engine = connect(database_url)
    return Service(
        engine=engine,
        run_bell=Doorbell(redis, RUNS_QUEUE, "runtime.jobs.drain"),
        effect_bell=Doorbell(redis, EFFECTS_QUEUE, "runtime.jobs.perform"),
        act_bell=Doorbell(redis, ACTS_QUEUE, "runtime.jobs.act"),
        pull_bell=Doorbell(redis, PULLS_QUEUE, "runtime.jobs.pull"),
        clock=moment,
        outlets=LiveOutlets(engine, secret_key) if outlets is None else outlets,
        zone=ZoneInfo(timezone),
        in_hand=in_hand,
        secret_key=secret_key,
        tell=Tidings(redis).tell if pushes else tell_nobody,
    )
