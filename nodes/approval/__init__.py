"""Ask people, and go on by what they decide: anybody of them, all, a vote, or one after the other.

Time decides only where the ladder says so, and is told apart from people wherever it did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nodes.approval.ladder import Rung, moment, next_rung, reminders
from nodes.approval.table import Seat, Table, read_table, table_row
from nodes.asking import found, lead_of, members, question, teams
from nodes.contract import (
    AskPeople,
    Decided,
    Event,
    Finding,
    HandedOn,
    Joined,
    Leave,
    Need,
    NodeType,
    Outcome,
    Port,
    Step,
)

PORTS = (Port("approved"), Port("rejected"), Port("late", optional=True))
PORT_OF = {"approve": "approved", "reject": "rejected"}


def _enter(step: Step) -> Outcome:
    """Ask. What was signed already counts on where another version of the flow asks the same people."""
    laid = _laid(step)
    if isinstance(laid, Need):
        return laid
    before = read_table(step.memory) if step.memory else laid
    table = replace(before, due=laid.due) if before.laid_like(laid) else laid
    verdict = table.verdict(step.settings["rule"], step.settings["quorum"])
    if verdict:
        return Leave(PORT_OF[verdict], note={"decision": verdict, "signed": table.signatures()})
    return _ask(step, table, open_before=())


def _resume(step: Step, event: Event) -> Outcome:
    before = _table(step)
    if isinstance(before, Need):
        return before
    match event:
        case Decided(decision, reason, by, seat):
            after = before.signed(seat, decision, by, reason)
            verdict = after.verdict(step.settings["rule"], step.settings["quorum"])
            return (
                Leave(PORT_OF[verdict], note=_note(after, event, verdict)) if verdict else _go_on(step, before, after)
            )
        case Joined(who, place, _, _, seat):
            return _go_on(step, before, before.joined(seat, who, place))
        case HandedOn(who, _, _, seat):
            return _go_on(step, before, before.handed_on(seat, who, step.now, reminders(step)), anew=(seat,))
        case _:
            return _climb(step, before)


# --- who is asked -------------------------------------------------------------------------------------------------------


def _laid(step: Step) -> Table | Need:
    """The table as the settings lay it."""
    seats = _seats(step)
    minutes = step.settings["deadline_minutes"]
    due = None if minutes is None else moment(step, step.now, minutes)
    if isinstance(seats, Need) or isinstance(due, Need):
        return next(part for part in (seats, due) if isinstance(part, Need))
    return Table(seats, asked=step.now, armed=step.now, due=due)


def _table(step: Step) -> Table | Need:
    """The table as it was left. A question of an earlier day, that only one was asked, kept none."""
    return read_table(step.memory) if step.memory else _laid(step)


def _seats(step: Step) -> tuple[Seat, ...] | Need:
    rule = step.settings["rule"]
    people: list[Mapping[str, Any]] = []
    for who in (step.settings["who"], *(other["who"] for other in step.settings["others"])):
        meant = found(step, who)
        each = meant if isinstance(meant, Need) else members(step, meant) if rule in ("all", "vote") else (meant,)
        if isinstance(each, Need):
            return each
        people += (one for one in each if one not in people)
    return tuple(
        Seat(who, needs=(number - 1,) if rule == "sequence" and number else ()) for number, who in enumerate(people)
    )


# --- asking -------------------------------------------------------------------------------------------------------------


def _go_on(step: Step, before: Table, after: Table, anew: Sequence[int] = ()) -> Outcome:
    return _ask(step, after, open_before=[seat for seat in before.open() if seat not in anew])


def _ask(step: Step, table: Table, *, open_before: Sequence[int], remind: Sequence[int] = ()) -> Outcome:
    rung = next_rung(step, table)
    if isinstance(rung, Need):
        return rung
    seats = table.open()
    called = {
        number for number, seat in enumerate(table.seats) if seat.rules or seat.laid_for or seat.guest_of is not None
    }
    asked = {
        seat: replace(question(step, table.seats[seat].who, table.due), tell=seat in called)
        for seat in seats
        if seat not in open_before
    }
    return AskPeople(seats, asked, table_row(table), until=rung.at if rung else None, remind=tuple(remind))


# --- what time does -----------------------------------------------------------------------------------------------------


def _climb(step: Step, table: Table) -> Outcome:
    """Take the next rung of the ladder, whose time has come."""
    rung = next_rung(step, table)
    if isinstance(rung, Need) or rung is None or rung.at > step.now:
        return rung if isinstance(rung, Need) else _ask(step, table, open_before=table.open())
    after = replace(table, rung=(*table.rung, rung.number))
    match rung.does:
        case "late":
            return Leave("late", note={"timed": True})
        case "approve" | "reject":
            return Leave(PORT_OF[rung.does], note={"timed": True, "decision": rung.does})
        case "remind":
            return _ask(step, after, open_before=table.open(), remind=table.open())
        case _:
            return _escalate(step, rung, after)


def _escalate(step: Step, rung: Rung, table: Table) -> Outcome:
    """Ask somebody above: beside those who are asked, or in their place."""
    first = table.seats[table.open()[0]].who
    who = found(step, rung.to) if rung.to else lead_of(step, first)
    if isinstance(who, Need):
        return who
    raised = table.escalated(who, alone=rung.does == "hand_over")
    return _ask(step, raised, open_before=table.open())


def _note(table: Table, decided: Decided, verdict: str) -> Mapping[str, Any]:
    """What the trace tells: the last word, and where several signed, all of them."""
    note = {"decision": verdict, "reason": decided.reason, "by": decided.by}
    signed = table.signatures()
    return {**note, "signed": signed} if len(signed) > 1 else note


# --- checking -----------------------------------------------------------------------------------------------------------


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if settings["deadline_minutes"] is None and not settings["ladder"]:
        findings.append(Finding("approval.no_deadline", "deadline_minutes", level="warning"))
    if settings["rule"] == "sequence" and not settings["others"]:
        findings.append(Finding("approval.nobody_follows", "others"))
    return (*findings, *_ladder_findings(settings["ladder"]))


def _ladder_findings(ladder: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Rungs climb in time, and nothing stands above one that decides."""
    findings = []
    for number, rung in enumerate(ladder):
        where = f"ladder.{number}"
        before = ladder[number - 1] if number else None
        if before and before["do"] in ("approve", "reject"):
            findings.append(Finding("approval.ladder_over", f"{where}.do"))
        elif before and rung["after_minutes"] <= before["after_minutes"]:
            findings.append(Finding("approval.ladder_order", f"{where}.after_minutes"))
        if rung["do"] == "hand_over" and "to" not in rung:
            findings.append(Finding("approval.hand_over_to_whom", f"{where}.to"))
    return findings


def _teams(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Every team that the settings name."""
    asked = (
        settings,
        *settings.get("others", ()),
        *({"who": rung["to"]} for rung in settings.get("ladder", ()) if "to" in rung),
    )
    return tuple(dict.fromkeys(team for one in asked for team in teams(one)))


NODE = NodeType(
    kind="approval",
    group="people",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
    seats=True,
    teams=_teams,
)
