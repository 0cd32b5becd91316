"""Puts a runtime service together from the settings: the one place that the web server, the workers and the clock share."""

from redis import Redis

from builder.config import Settings
from runtime import clock
from runtime.doorbell import EFFECTS_QUEUE, RUNS_QUEUE, Doorbell
from runtime.effects import Outlets
from runtime.service import Service
from runtime.store.database import connect


def make_service(settings: Settings) -> Service:
    """The door to everything durable, for one process. Nothing is opened yet."""
    redis = Redis.from_url(settings.redis_url)
    return Service(
        engine=connect(settings.database_url),
        run_bell=Doorbell(redis, RUNS_QUEUE, "runtime.jobs.drain"),
        effect_bell=Doorbell(redis, EFFECTS_QUEUE, "runtime.jobs.perform"),
        clock=clock.now,
        outlets=Outlets(),
    )
