"""The doorbell: tells a worker that there is work. The work itself is in the database, so a lost ring loses nothing.

At most one job waits for a bell: a short-lived key says that one is on its way or a worker is listening. Job ids are always
fresh, so that a job whose worker was killed never blocks the next ring, and a worker that begins rings itself.
"""

import time
from contextlib import suppress

import structlog
from redis import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout
from rq import Queue
from rq.serializers import JSONSerializer

from runtime import crash

log = structlog.get_logger()

RUNS_QUEUE = "orderflow.runs"
EFFECTS_QUEUE = "orderflow.effects"
ACTS_QUEUE = "orderflow.acts"
PULLS_QUEUE = "orderflow.pulls"
HOLD_MS = 1_500
SILENT_SECONDS = 2.0
JOB_TIMEOUT_SECONDS = 180


class Doorbell:
    """One bell: a queue, and the job that answers it."""

    def __init__(self, redis: Redis, queue: str, job: str) -> None:
        self._redis = redis
        self._queue = Queue(queue, connection=redis, serializer=JSONSerializer)
        self._job = job
        self._held = f"{queue}:held"
        self._held_until = 0.0
        self._silent_until = 0.0
        self._wake = f"{queue}:wake"

    def ring(self) -> None:
        """Say that there is work. Without Redis this is noted only: the clock rings again."""
        if time.monotonic() < self._silent_until:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(self._held, 1, nx=True, px=HOLD_MS)
                pipe.lpush(self._wake, 1)
                pipe.ltrim(self._wake, 0, 0)
                pipe.pexpire(self._wake, HOLD_MS)
                pipe.llen(self._queue.key)
                first, *_others, calls = pipe.execute()
            # A call that waits for a worker since long is as good as a new one.
            if first and not calls:
                crash.at("ring.held")
                self._queue.enqueue(self._job, result_ttl=0, failure_ttl=3600, job_timeout=JOB_TIMEOUT_SECONDS)
                crash.at("ring.called")
        except RedisError as broken:
            log.warning("doorbell.unheard", queue=self._queue.name, error=str(broken))
            if isinstance(broken, RedisTimeout):
                # It hangs: whoever brings orders meanwhile must not wait for it, each in turn.
                self._silent_until = time.monotonic() + SILENT_SECONDS

    def ring_anew(self) -> None:
        """Ring also where somebody seems to listen, who may have been killed: for a worker that begins."""
        self.hang_up()
        self.ring()

    def reach(self) -> None:
        """Ask Redis whether it is there. RedisError when it is not."""
        self._redis.ping()

    def hold(self) -> bool:
        """Keep others from being called while this worker listens; to be said again and again.

        True when it had to be told Redis anew, which is every half second.
        """
        now = time.monotonic()
        if now <= self._held_until:
            return False
        with suppress(RedisError):
            self._redis.set(self._held, 1, px=HOLD_MS)
        self._held_until = now + HOLD_MS / 3000
        return True

    def unanswered(self) -> bool:
        """Whether a call waits because no worker is free."""
        try:
            return bool(self._redis.llen(self._queue.key))
        except RedisError:
            return False

    def wait(self, seconds: float) -> bool:
        """Listen for the next ring, at the longest so many seconds. False: no Redis answers, so nobody can ring."""
        try:
            self._redis.blpop([self._wake], timeout=seconds)
        except RedisError:
            time.sleep(seconds)
            return False
        return True

    def hang_up(self) -> None:
        """Stop listening: the next ring calls a worker again."""
        self._held_until = 0.0
        with suppress(RedisError):
            self._redis.delete(self._held)
