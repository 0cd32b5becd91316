"""`orderflow reconcile`."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from builder.config import Settings
from runtime import clock
from runtime.core.run import STATES
from runtime.reconcile import Reconciler
from runtime.store import queries
from runtime.store.database import connect, reading
from runtime.store.incidents import Found

TENTH = 10
# Below this a copy takes no time to speak of.
WORTH_TELLING = 1_000

WHAT = {
    "run_missing": "is stored, but nothing moves it: its run is missing",
    "order_missing": "has a run, but the order itself is missing",
    "journal_orphan": "has a journal, but neither order nor run",
    "journal_gap": "has a gap in its journal",
    "rev_differs": "was saved another number of times than its journal says",
    "state_differs": "stands elsewhere than its journal says",
    "timer_differs": "goes on at another time than its journal says",
    "task_missing": "waits for a person whom nobody asks",
    "task_left": "asks a person for whom it does not wait",
    "call_missing": "waits for an answer to a call that is not there",
    "call_left": "has a call for which it does not wait",
    "failure_missing": "failed, and is not on the failure list",
    "failure_left": "is on the failure list and did not fail",
    "not_stored": "was acknowledged and is not stored",
}


def run(settings: Settings) -> int:
    """Checks every order against its journal, prints the balance and what is wrong. 1 where anything is, else 0."""
    engine = connect(settings.database_url)
    reconciler = Reconciler(engine, clock.now, ZoneInfo(settings.timezone))
    checked = reconciler.check_all("command line", _telling("orders looked at"))
    with reading(engine) as connection:
        balance = queries.total_balance(queries.balance(connection).values())
    states = " + ".join(f"{state} {balance.states[state]}" for state in STATES)
    click.echo(f"received {balance.received} = {states}")
    for found in checked.found:
        click.echo(_told(found))
    wrong = bool(checked.found or balance.difference)
    verdict = (
        f"{len(checked.found)} incidents, difference {balance.difference}" if wrong else "Even: nothing is missing"
    )
    click.echo(f"{verdict}. {checked.looked} orders in {checked.seconds:.1f} s.")
    return int(wrong)


def _told(found: Found) -> str:
    where = f" on {found.channel}" if found.channel else ""
    params = found.finding.params
    if found.finding.kind == "not_stored":
        named = ", ".join(params["orders"]) or "which ones, nothing tells"
        return f"  {params['counted']} orders were counted{where} in an hour, {params['stored']} are stored: {named}"
    return f"  {found.external_id or found.run_id}{where} {WHAT[found.finding.kind]} [{found.run_id}]"


def _telling(what: str) -> Callable[[int, int], None]:
    """Tells each tenth of something big on standard error."""
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        tenth = TENTH * done // max(total, 1)
        if total >= WORTH_TELLING and tenth > told:
            told = tenth
            click.echo(f"· {done * 100 // total} % of {total} {what}", err=True)

    return progress
