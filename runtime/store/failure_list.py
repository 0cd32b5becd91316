"""The failure list: a row for each try that ended there, and how it left it. Written with the run, by the journal alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, RowMapping, bindparam, select, update

from nodes.contract import Failure
from runtime.actor import SYSTEM, Actor
from runtime.core.cause import cause_of
from runtime.core.decision import Decision
from runtime.core.run import Run, Token, read_token
from runtime.store.ids import new_id, new_ids
from runtime.store.tables import failures, runs

_SETTLED_BY = {"retry": "retried", "skip": "skipped"}


def note(connection: Connection, decisions: Sequence[Decision], now: int, actor: Actor | None) -> None:
    """Write down which tokens came to the list with these decisions, and which left it."""
    failed = [(one.run, token) for one in decisions for token in one.failed]
    mended = [(one, token) for one in decisions for token in one.mended]
    if mended:
        connection.execute(_SETTLE, [_settled_row(one, token, now, actor) for one, token in mended])
    if failed:
        known = {run.id: run for run, _ in failed}
        found = connection.execute(select(*_OF_RUN).where(runs.c.id.in_(known))).mappings()
        of_run = {row["id"]: row for row in found}
        ids = new_ids(datetime.fromtimestamp(now / 1e6, UTC), len(failed))
        rows = [
            _failed_row(failure_id, run, token, of_run[run.id], now)
            for failure_id, (run, token) in zip(ids, failed, strict=True)
        ]
        connection.execute(failures.insert(), rows)


def fill(connection: Connection) -> None:
    """Write down what was on the list before there was a table for it; for the migration that makes the table."""
    place = ""
    while rows := connection.execute(_STANDING, {"after": place}).mappings().all():
        place = rows[-1]["id"]
        found = [_known_row(row, token) for row in rows for token in _tokens_of(row) if token.rest == "failed"]
        if found:
            connection.execute(failures.insert(), found)


_OF_RUN = (runs.c.id, runs.c.channel, runs.c.flow_key, runs.c.version_id)
_STANDING = (
    select(*_OF_RUN, runs.c.tokens, runs.c.changes)
    .where(runs.c.state == "failed", runs.c.id > bindparam("after"))
    .order_by(runs.c.id)
    .limit(500)
)
_SETTLE = (
    update(failures)
    .where(
        failures.c.run_id == bindparam("of"),
        failures.c.step == bindparam("at_step"),
        failures.c.attempt == bindparam("at_attempt"),
        failures.c.state == "open",
    )
    .values(
        state=bindparam("became"),
        settled_at=bindparam("now", type_=BigInteger),
        settled_by=bindparam("by"),
        reason=bindparam("why"),
    )
)


def _settled_row(decision: Decision, token: Token, now: int, actor: Actor | None) -> dict[str, Any]:
    event = decision.entry["event"]
    return {
        "of": decision.run.id,
        "at_step": token.step,
        "at_attempt": token.attempt,
        "became": _SETTLED_BY.get(event["kind"], "closed"),
        "now": now,
        "by": (actor or SYSTEM).name,
        "why": event.get("reason"),
    }


def _tokens_of(row: RowMapping) -> list[Token]:
    return [read_token(token) for token in orjson.loads(row["tokens"])]


def _known_row(row: RowMapping, token: Token) -> dict[str, Any]:
    failure_id = new_id(datetime.fromtimestamp(token.since / 1e6, UTC))
    return _row(failure_id, token, row, orjson.loads(row["changes"]), token.since)


def _failed_row(failure_id: str, run: Run, token: Token, of_run: RowMapping, now: int) -> dict[str, Any]:
    return _row(failure_id, token, of_run, dict(run.changes), now)


def _row(failure_id: str, token: Token, of_run: RowMapping, changes: Mapping[str, Any], at: int) -> dict[str, Any]:
    failure = token.failure
    assert isinstance(failure, Failure), "a token on the failure list says why"
    flow_key = of_run["flow_key"] or ""
    system = failure.params.get("system")
    return {
        "id": failure_id,
        "run_id": of_run["id"],
        "step": token.step,
        "attempt": token.attempt,
        "channel": of_run["channel"],
        "flow_key": flow_key,
        "version_id": of_run["version_id"] or "",
        "node": token.node,
        "kind": failure.kind,
        "code": failure.code,
        "params": orjson.dumps(dict(failure.params)).decode(),
        "cause": cause_of(flow_key, token.node, failure),
        "changes": orjson.dumps(changes).decode(),
        "tries": token.automatic,
        "by_hand": token.by_hand,
        "failed_at": at,
        "state": "open",
        "system": system[:64] if isinstance(system, str) else "",
    }
