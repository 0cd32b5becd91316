"""Whether the process lives, and whether it can do its work. For load balancers and supervisors; no sign-in."""

from flask import Blueprint, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from builder.api.problems import json_answer, problem_answer
from builder.models import engine
from builder.web import service
from runtime.core.problem import Problem
from runtime.store.database import MIGRATIONS, reading

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return json_answer({"status": "ok"})


@pages.get("/readyz")
def ready() -> Response:
    """Database reachable and migrated, Redis reachable; 503 with what is wrong."""
    checks = {"database": _database(), "redis": _redis()}
    wrong = {name: why for name, why in checks.items() if why}
    if wrong:
        reasons = ", ".join(f"{name}: {why}" for name, why in wrong.items())
        more = {"checks": {name: why or "ok" for name, why in checks.items()}}
        return problem_answer(503, Problem("api.unready", params={"reasons": reasons}), more)
    return json_answer({"status": "ok", "checks": dict.fromkeys(checks, "ok")})


def _database() -> str:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    wanted = ScriptDirectory.from_config(config).get_current_head()
    try:
        with reading(engine()) as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as broken:
        return f"unreachable ({type(broken).__name__})"
    return "" if found == wanted else f"at revision {found}, wanted {wanted}"


def _redis() -> str:
    try:
        service().run_bell.reach()
    except RedisError as broken:
        return f"unreachable ({type(broken).__name__})"
    return ""
