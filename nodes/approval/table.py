"""Who sits at an approval, what they said, and what follows from it. Pure, and kept as JSON in the step's memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

Verdict = Literal["approve", "reject"]
Rule = Literal["any", "all", "vote", "sequence"]


@dataclass(frozen=True, slots=True)
class Seat:
    """One signature that is asked for.

    `laid_for` is whom the settings meant, where the task was handed on since. It opens when the seats `needs` have agreed,
    those whom they called in included, and the seat `after` has signed. `guest_of` is the seat that called this one in,
    whose word counts only with its guests'. A seat that `rules` decides alone. What is `gone` is asked no more.
    """

    who: Mapping[str, Any]
    laid_for: Mapping[str, Any] | None = None
    needs: tuple[int, ...] = ()
    after: int | None = None
    guest_of: int | None = None
    rules: bool = False
    gone: bool = False
    decision: Verdict | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All seats of one visit to an approval.

    `asked` is when it began to ask and `armed` since when it reminds (anew when a task is handed on); `due` is its
    deadline. `rung` are the rungs of its ladder that were taken.
    """

    seats: tuple[Seat, ...]
    asked: datetime
    armed: datetime
    due: datetime | None = None
    rung: tuple[int, ...] = ()

    # --- what people do -------------------------------------------------------------------------------------------------

    def signed(self, number: int, decision: Verdict, by: str, reason: str) -> "Table":
        """The table after somebody decided at a seat."""
        return self._with(number, replace(self.seats[number], decision=decision, by=by, reason=reason))

    def joined(self, number: int, who: Mapping[str, Any], place: Literal["before", "after"]) -> "Table":
        """The table after the one of a seat called somebody in."""
        guest = len(self.seats)
        if place == "after":
            return replace(self, seats=(*self.seats, Seat(who, after=number, guest_of=number)))
        host = self.seats[number]
        seats = self._with(number, replace(host, needs=(*host.needs, guest))).seats
        return replace(self, seats=(*seats, Seat(who, needs=host.needs, guest_of=number)))

    def handed_on(self, number: int, who: Mapping[str, Any], now: datetime, reminders: Sequence[int]) -> "Table":
        """The table after a seat's task went to somebody else, who is reminded from the beginning (rungs `reminders`)."""
        left = tuple(rung for rung in self.rung if rung not in reminders)
        seat = self.seats[number]
        handed = replace(seat, who=who, laid_for=seat.laid_for or seat.who)
        return replace(self._with(number, handed), armed=now, rung=left)

    def escalated(self, who: Mapping[str, Any], *, alone: bool) -> "Table":
        """The table with somebody who decides for all; `alone`: the others are asked no more."""
        seats = tuple(replace(seat, gone=seat.decision is None) for seat in self.seats) if alone else self.seats
        return replace(self, seats=(*seats, Seat(who, rules=True)))

    def _with(self, number: int, seat: Seat) -> "Table":
        return replace(self, seats=(*self.seats[:number], seat, *self.seats[number + 1 :]))

    # --- what follows ---------------------------------------------------------------------------------------------------

    def open(self) -> tuple[int, ...]:
        """The seats that may sign now."""
        return tuple(number for number, seat in enumerate(self.seats) if self._may_sign(seat))

    def _may_sign(self, seat: Seat) -> bool:
        if seat.decision is not None or seat.gone:
            return False
        if seat.after is not None and self.seats[seat.after].decision != "approve":
            return False
        return all(self.word(number) == "approve" for number in seat.needs)

    def word(self, number: int) -> Verdict | None:
        """What a seat says, together with those whom it called in; None: not said yet."""
        seat = self.seats[number]
        guests = [self.word(other) for other, guest in enumerate(self.seats) if guest.guest_of == number]
        if seat.decision == "reject" or "reject" in guests:
            return "reject"
        return "approve" if seat.decision == "approve" and all(guest == "approve" for guest in guests) else None

    def hosts(self) -> tuple[Seat, ...]:
        """The seats that the settings laid: the first ones."""
        return tuple(seat for seat in self.seats if seat.guest_of is None and not seat.rules)

    def laid_like(self, other: "Table") -> bool:
        """Whether the settings laid both alike."""
        return self._as_laid() == other._as_laid()

    def _as_laid(self) -> list[tuple[Mapping[str, Any], tuple[int, ...]]]:
        hosts = self.hosts()
        return [(host.laid_for or host.who, tuple(n for n in host.needs if n < len(hosts))) for host in hosts]

    def verdict(self, rule: Rule, quorum: int | None) -> Verdict | None:
        """What all of it comes to by the rule; None: somebody must still decide. `quorum` approvals carry a vote."""
        for number, seat in enumerate(self.seats):
            if seat.rules and (ruled := self.word(number)):
                return ruled
        words = [self.word(number) for number in range(len(self.hosts()))]
        match rule:
            case "any":
                return next((word for word in words if word), None)
            case "vote":
                return self._counted(words, quorum)
            case _:
                return "reject" if "reject" in words else "approve" if all(words) else None

    def _counted(self, words: Sequence[Verdict | None], quorum: int | None) -> Verdict | None:
        """A vote ends as soon as nothing that may still come would change it."""
        needed = min(quorum or len(words) // 2 + 1, len(words))
        if words.count("approve") >= needed:
            return "approve"
        return "reject" if words.count("reject") > len(words) - needed else None

    def signatures(self) -> list[dict[str, str]]:
        """Who decided what, in the order of the seats."""
        said = (seat for seat in self.seats if seat.decision is not None)
        return [{"by": seat.by, "decision": str(seat.decision), "reason": seat.reason} for seat in said]


# --- stored form --------------------------------------------------------------------------------------------------------


def table_row(table: Table) -> dict[str, Any]:
    """The table as JSON, without what is empty."""
    row: dict[str, Any] = {"asked": table.asked.isoformat(), "seats": [_seat_row(seat) for seat in table.seats]}
    if table.armed != table.asked:
        row["armed"] = table.armed.isoformat()
    if table.due is not None:
        row["due"] = table.due.isoformat()
    if table.rung:
        row["rung"] = list(table.rung)
    return row


def read_table(row: Mapping[str, Any]) -> Table:
    """The table of a row made by `table_row`."""
    asked = datetime.fromisoformat(row["asked"])
    return Table(
        seats=tuple(_read_seat(seat) for seat in row["seats"]),
        asked=asked,
        armed=datetime.fromisoformat(row["armed"]) if "armed" in row else asked,
        due=datetime.fromisoformat(row["due"]) if "due" in row else None,
        rung=tuple(row.get("rung", ())),
    )


def _seat_row(seat: Seat) -> dict[str, Any]:
    plain = Seat(seat.who)
    row = {name: getattr(seat, name) for name in Seat.__slots__}
    changed = {name: value for name, value in row.items() if name != "who" and value != getattr(plain, name)}
    return {"who": dict(seat.who)} | {name: list(v) if isinstance(v, tuple) else v for name, v in changed.items()}


def _read_seat(row: Mapping[str, Any]) -> Seat:
    return Seat(**{**row, "needs": tuple(row.get("needs", ()))})
