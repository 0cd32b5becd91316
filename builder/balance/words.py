"""What is wrong with an order, said to those who are to mend it."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import RowMapping

from builder.i18n import moment
from builder.i18n.text import _
from builder.navigation import state_name
from runtime.core.run import STATES


@dataclass(frozen=True, slots=True)
class Incident:
    """A row of the list. `run_id` None: there is no page of the order to go to."""

    row: RowMapping
    about: str
    what: str
    advice: str
    run_id: str | None


# For these, part of the order itself is gone, so that it has no page.
PAGELESS = ("run_missing", "order_missing", "journal_orphan", "not_stored")


def told(row: RowMapping) -> Incident:
    """An incident in the reader's language."""
    params: dict[str, Any] = orjson.loads(row["detail"])
    what, advice = _counted(params) if row["kind"] == "not_stored" else _of_order(row["kind"], params)
    about = row["external_id"] or row["run_id"] or ", ".join(params.get("orders", ())) or _("Orders of this hour")
    return Incident(row, about, what, advice, None if row["kind"] in PAGELESS else row["run_id"])


def _counted(params: dict[str, Any]) -> tuple[str, str]:
    hour = moment(params["hour"])
    if params["counted"] < params["stored"]:
        what = _(
            "%(stored)s orders are stored for the hour from %(hour)s, and only %(counted)s were counted at the door.",
            stored=params["stored"],
            hour=hour,
            counted=params["counted"],
        )
        return what, _("No order is lost. Somebody wrote into the database past the door.")
    what = _(
        "%(counted)s orders were acknowledged in the hour from %(hour)s, and %(stored)s are stored.",
        counted=params["counted"],
        hour=hour,
        stored=params["stored"],
    )
    if params["orders"]:
        named = _(", ").join(params["orders"])
        return what, _("Missing: %(orders)s. Let the shop send them again, or restore a backup.", orders=named)
    return what, _("Nothing tells which. Compare with the shop's own list of this hour, and let it send them again.")


def _of_order(kind: str, params: dict[str, Any]) -> tuple[str, str]:
    match kind:
        case "run_missing":
            return _("The order is stored, but its run is missing, so nothing moves it."), _restore()
        case "order_missing":
            return _("It has a run, but the order itself is missing."), _restore()
        case "journal_orphan":
            return _("There is a journal, but neither order nor run."), _restore()
        case "journal_gap":
            revs = _(", ").join(str(rev) for rev in params["missing"])
            return _("Its journal has a gap: entry %(revs)s is missing.", revs=revs), _restore()
        case "rev_differs":
            what = _("Its journal has %(journal)s entries, but it was saved %(stored)s times.", **params)
            return what, _restore()
        case "state_differs":
            return _standing(params), _("Look at its story, then try again or close it.")
        case "timer_differs":
            return _timer(params), _("Look at its story, then try again or close it.")
        case _:
            return _asked(kind), _("Look at its story, then try again or close it.")


def _standing(params: dict[str, Any]) -> str:
    journal, stored = (state_name(one) if one in STATES else one for one in (params["journal"], params["stored"]))
    if journal != stored:
        return _("Its journal says %(journal)s, but it is stored as %(stored)s.", journal=journal, stored=stored)
    return _(
        "Its journal says that it stands at %(journal)s, but it is stored at %(stored)s.",
        journal=_(", ").join(params["journal_at"]) or "–",
        stored=_(", ").join(params["stored_at"]) or "–",
    )


def _timer(params: dict[str, Any]) -> str:
    if params["stored"] is None:
        return _("Nothing will ever call it: its time to go on is lost.")
    if params["journal"] is None:
        return _("It is set to go on at %(time)s, and its journal knows of no time.", time=moment(params["stored"]))
    return _(
        "Its journal says that it goes on at %(journal)s, but it is set to %(stored)s.",
        journal=moment(params["journal"]),
        stored=moment(params["stored"]),
    )


def _asked(kind: str) -> str:
    return {
        "task_missing": _("It waits for a person, but nobody is asked."),
        "task_left": _("A person is asked, but it does not wait for the answer."),
        "call_missing": _("It waits for a system, but there is no call to be answered."),
        "call_left": _("A call is open, but it does not wait for the answer."),
        "failure_missing": _("It failed, but is not on the failure list."),
        "failure_left": _("It is on the failure list, but did not fail."),
    }[kind]


def _restore() -> str:
    return _("Tell your administrator: a backup from before knows what is missing.")
