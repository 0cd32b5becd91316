"""An order's story: where it stands, and each step that it took, told from the journal in the asker's language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, RowMapping, select

from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import moment, plain, span, words
from builder.i18n.text import _, ngettext
from builder.labels import field_name, outlet_name, port_name
from builder.orders import signing
from builder.orders.findings import call_facts, failure_words, finding_words, note_words
from builder.orders.names import Names, names
from builder.systems.health import kept_back
from runtime.core.plan import depth, drawn_id
from runtime.core.run import Token, read_seat, read_token, read_trace, trace_code
from runtime.store import desk, queries
from runtime.store.surges import HELD_BY
from runtime.store.tables import tasks

Tone = Literal["done", "waiting", "failed", "cancelled", "plain"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One try of one step. `why` are sentences; `facts` are labelled values; `out` is the way by which it left.

    `said` is what people did there while it went on asking. `ports` are the ids of the ways by which it left. `depth` says
    in how many sub-flows it lies.
    """

    trace: str
    step: int
    attempt: int
    node: str
    kind: str
    name: str
    came: int
    left: int | None
    tone: Tone
    out: str
    by: str
    why: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    ports: tuple[str, ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One place at which the order stands, as a sentence; `remedy` says what to do about a failure.

    `task` is the trace code of the task that it waits for.
    """

    node: str
    name: str
    text: str
    tone: Tone
    remedy: str = ""
    step: int | None = None
    due: int | None = None
    task: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the order page tells about the way of an order. `closed_by` is empty if no person ended it."""

    flow: DrawnFlow
    visits: tuple[Visit, ...]
    standings: tuple[Standing, ...]
    lit: frozenset[tuple[str, str]]
    marks: Mapping[str, str]
    why_here: str
    closed_by: str


@dataclass(slots=True)
class _Draft:
    """A visit while its records are read."""

    step: int
    attempt: int
    node: str
    came: int
    records: list[dict[str, Any]] = field(default_factory=list)


def tell(connection: Connection, order: RowMapping) -> Story:
    """The story of an order: a row of `queries.order`."""
    flow = drawn_version(connection, order["version_id"])
    known = names(connection)
    asked = {
        row["trace"]: row
        for row in connection.execute(select(tasks).where(tasks.c.run_id == order["run_id"])).mappings()
    }
    calls = {row["trace"]: row for row in queries.effects_of(connection, order["run_id"])}
    entries = queries.trace(connection, order["run_id"])
    drafts = _gather(entries)
    tokens = [read_token(row) for row in orjson.loads(order["tokens"])]
    resting = frozenset((token.step, token.attempt) for token in tokens)
    teller = _Teller(order["run_id"], flow, known, asked, calls, kept_back(connection, calls), resting)
    visits = tuple(teller.visit(draft) for draft in drafts)
    turns = _turns(connection, order["run_id"], entries, known)
    standings = tuple(teller.standing(token, drafts) for token in tokens if token.rest != "inside")
    lit = frozenset(way for draft in drafts for way in _ways(draft))
    marks = {visit.node: visit.tone for visit in visits} | {one.node: one.tone for one in standings}
    closer = next((entry.get("actor") for entry in reversed(entries) if entry["event"]["kind"] == "close"), None)
    return Story(
        flow=flow,
        visits=tuple(sorted((*visits, *turns), key=lambda visit: visit.came)),
        standings=standings or _at_rest(order),
        lit=lit,
        marks=marks,
        why_here="".join(_what_failed(token) for token in tokens) or _why_here(flow, drafts),
        closed_by=known.person(closer),
    )


def standing_words(connection: Connection, order: RowMapping, known: Names) -> str:
    """Where the order is, short enough for a list."""
    flow = drawn_version(connection, order["version_id"])
    tokens = [read_token(row) for row in orjson.loads(order["tokens"])]
    if not tokens:
        return reason_words(order)
    name = flow.node_name(drawn_id(tokens[0].node))
    more = _(" and %(n)s more", n=len(tokens) - 1) if len(tokens) > 1 else ""
    token = tokens[0]
    match token.rest:
        case "retry" if token.origin:
            text = _("waiting for try %(n)s of %(of)s of %(step)s at %(time)s",
                     n=token.origin.failure.attempt + 1, of=flow.most_tries(token.node),
                     step=flow.node_name(token.origin.node), time=moment(token.until))  # fmt: skip
            return f"{text}{more}"
        case "failed":
            return _("%(step)s, after %(tries)s", step=name, tries=tries_words(token)) + more
        case "time":
            return _("%(step)s, until %(time)s", step=name, time=moment(token.until)) + more
        case _:
            return f"{name}{more}"


def reason_words(order: RowMapping) -> str:
    """Why an order is held or cancelled."""
    reason = order["reason"]
    match order["state"], reason:
        case "held", "no_flow" | None:
            return _("no flow takes this channel's orders")
        case "held", "surge":
            return _("its channel is held")
        case _, None:
            return ""
        case _:
            return words(reason)


def _at_rest(order: RowMapping) -> tuple[Standing, ...]:
    """The sentence of an order that has no open step: not begun, held or ended."""
    match order["state"]:
        case "held" if order["reason"] == HELD_BY:
            text = _("On hold since %(time)s: channel %(channel)s is held, because far more orders than usual came or "
                     "because somebody held it.", time=moment(order["received_at"]), channel=order["channel"])  # fmt: skip
            remedy = _("A team lead releases it or cancels it on the page Surges.")
            return (Standing("", "", text, "waiting", remedy),)
        case "held":
            text = _("On hold since %(time)s: no flow takes orders of channel %(channel)s.",
                     time=moment(order["received_at"]), channel=order["channel"])  # fmt: skip
            remedy = _("Publish a flow for this channel, or choose a default flow; then release the order.")
            return (Standing("", "", text, "waiting", remedy),)
        case "running":
            return (Standing("", "", _("Received, about to start."), "plain"),)
        case "done":
            took = span(order["ended_at"] - order["received_at"])
            text = _("Arrived at %(time)s, after %(span)s.", time=moment(order["ended_at"]), span=took)
            return (Standing("", "", text, "done"),)
        case "cancelled":
            text = _("Cancelled at %(time)s.", time=moment(order["ended_at"]))
            return (Standing("", "", f"{text} {words(order['reason'])}".strip(), "cancelled"),)
        case _:
            return ()


def _gather(entries: Sequence[Mapping[str, Any]]) -> list[_Draft]:
    """Journal records by step and attempt, in the order in which they came about."""
    found: dict[tuple[int, int], _Draft] = {}
    for entry in entries:
        for record in entry["steps"]:
            key = (record["step"], record["attempt"])
            draft = found.setdefault(key, _Draft(*key, record["node"], record["at"]))
            draft.records.append({**record, "event": entry["event"], "actor": entry.get("actor")})
    return list(found.values())


def _turns(connection: Connection, run_id: str, entries: Sequence[Mapping[str, Any]], known: Names) -> Iterator[Visit]:
    """What people did to the order between its steps: changed its content, released it, moved it to another version."""
    changed = {row["applied_at"]: row for row in desk.changes_of(connection, run_id)}
    for entry in entries:
        event = entry["event"]
        facts: list[tuple[str, str]] = []
        match event["kind"]:
            case "amend":
                name = _("Content changed")
                facts = change_facts(changed.get(entry["at"]))
            case "release":
                name = _("Released")
            case "move":
                versions = [drawn_version(connection, event[end]).number for end in ("from", "to")]
                name = _("Moved from version %(old)s to version %(new)s", old=versions[0], new=versions[1])
            case _:
                continue
        by = known.person(entry.get("actor"))
        why = tuple(one for one in (event.get("reason"),) if one)
        yield Visit("", 0, 0, "", event["kind"], name, entry["at"], None, "plain", "", by, why, tuple(facts))


def change_facts(row: RowMapping | None) -> list[tuple[str, str]]:
    """What a row of `order_changes` changed: each field with what it was and what it is."""
    if row is None:
        return []
    before, after = orjson.loads(row["before"]), orjson.loads(row["after"])
    return [(field_name(path), f"{_of_order(before[path])} → {_of_order(after[path])}") for path in after]


def _of_order(value: Any) -> str:
    return _(", ").join(value) or "–" if isinstance(value, list) else plain(value)


def _ways(draft: _Draft) -> list[tuple[str, str]]:
    ports = [record["port"] for record in draft.records if "port" in record and not record.get("policy")]
    forks = [port for record in draft.records for port in record.get("fork", ())]
    return [(draft.node, port) for port in (*ports, *forks)]


def _why_here(flow: DrawnFlow, drafts: Sequence[_Draft]) -> str:
    """What sent the order this way: what the last check found, or the last rule that fitted."""
    for draft in reversed(drafts):
        last = draft.records[-1]
        if findings := last.get("note", {}).get("findings"):
            return " ".join(finding_words(findings))
        if flow.kind(draft.node) == "route":
            told_rule = flow.rule_sentence(draft.node, last.get("port", ""))
            return told_rule or _("none of the rules of “%(step)s” fits", step=flow.node_name(draft.node))
    return ""


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells records and tokens of one order."""

    run_id: str
    flow: DrawnFlow
    names: Names
    tasks: Mapping[str, RowMapping]
    calls: Mapping[str, RowMapping]
    kept_back: Mapping[str, str]
    resting: frozenset[tuple[int, int]]

    # --- steps --------------------------------------------------------------------------------------------------------

    def visit(self, draft: _Draft) -> Visit:
        last = draft.records[-1]
        trace = trace_code(self.run_id, draft.step, draft.attempt)
        policy = bool(last.get("policy"))
        kind = "retry" if policy else self.flow.kind(draft.node)
        resting = (draft.step, draft.attempt) in self.resting
        why, facts = self._why(kind, draft, last, trace)
        approves = kind == "approval"
        said = tuple(signing.sayings(draft.records[1:], self.names, self.flow.node_name)) if approves else ()
        return Visit(
            trace=trace,
            step=draft.step,
            attempt=draft.attempt,
            node=draft.node,
            kind=kind,
            name=self.flow.node_name(draft.node),
            came=draft.came,
            left=None if resting or "failed" in last else last["at"],
            tone=self._tone(draft.node, last, resting),
            out=port_name(kind, last["port"], None) if policy and "port" in last else self._out(draft.node, last),
            by=self._by(last.get("note", {}).get("by") or _who_mended(draft), trace),
            why=tuple(why),
            facts=(*facts, *said),
            said=said,
            ports=tuple(port for _node, port in _ways(draft)),
            depth=depth(draft.node),
        )

    def _by(self, name: str | None, trace: str) -> str:
        """Who did it; and on whose behalf, where one other person was asked."""
        task, who = self.tasks.get(trace), self.names.person(name)
        if not name:
            return ""
        if task is None or task["who_kind"] != "person" or name != task["decided_by"] or name == task["who"]:
            return who
        return _("%(who)s for %(other)s", who=who, other=self.names.person(task["who"]))

    def _tone(self, node: str, record: Mapping[str, Any], resting: bool) -> Tone:
        match record:
            case {"failed": _failure}:
                return "failed"
            case {"port": "exhausted"}:
                return "failed"
            case {"port": port} if any(one.failure and one.id == port for one in self.flow.ports(node)):
                return "failed"
            case {"rest": "join"} if not resting:
                return "done"
            case {"rest": _rest}:
                return "waiting" if resting else "plain"
            case {"finish": "cancelled"} | {"returned": "cancelled"}:
                return "cancelled"
            case _:
                return "done"

    def _out(self, node: str, record: Mapping[str, Any]) -> str:
        match record:
            case {"port": port}:
                return self.flow.port_name(node, port)
            case {"fork": ports}:
                return _(" + ").join(self.flow.port_name(node, port) for port in ports)
            case {"finish": "done"}:
                return _("arrived")
            case {"returned": "done"}:
                return _("out of the sub-flow")
            case {"finish": _result} | {"returned": _result}:
                return _("cancelled")
            case {"again": _step}:
                return _("tried again")
            case {"passed_over": [_step, port]}:
                return _("passed over")
            case {"sent_back": _to}:
                return _("sent back")
            case {"failed": _failure}:
                return _("failed")
            case _:
                return ""

    def _why(
        self, kind: str, draft: _Draft, last: Mapping[str, Any], trace: str
    ) -> tuple[list[str], list[tuple[str, str]]]:
        note = last.get("note", {})
        why = self._rule_words(draft.node, last["port"], note) if kind == "route" and "port" in last else []
        why += finding_words(note.get("findings", ()))
        why += note_words(note)
        for failed in (record["failed"] for record in draft.records if "failed" in record):
            why += [text for text in failure_words(failed["code"], failed["params"]) if text]
        if last.get("skipped"):
            why.append(_("Skipped: “%(reason)s”", reason=last["event"].get("reason", "")))
        if last.get("reason"):
            why.append(words(last["reason"]))
        tries = [record["note"] for record in draft.records if "try" in record.get("note", {})]
        why += [_("Try %(n)s of %(of)s.", n=one["try"], of=one["of"]) for one in tries]
        facts = [(field_name(path), self._changed(path, value)) for path, value in last.get("changes", {}).items()]
        asked = self._asked(draft.step, draft.attempt)
        if asked:
            facts.append((_("Asked"), signing.whom(self.names, asked)))
        if trace in self.calls:
            facts += call_facts(self.calls[trace], self.names)
        return why, facts

    def _changed(self, path: str, value: Any) -> str:
        return self.names.person(value) if path == "owner" else plain(value)

    def _rule_words(self, node: str, port: str, note: Mapping[str, Any]) -> list[str]:
        told_rule = self.flow.rule_sentence(node, port)
        if told_rule:
            return [_("Because %(rule)s.", rule=told_rule)]
        if "rule" in note:
            unclear = self.flow.rule_sentence(node, note["rule"])
            return [_("It cannot be told whether %(rule)s.", rule=unclear)]
        return [_("No rule fits.")]

    # --- where it stands ------------------------------------------------------------------------------------------------

    def standing(self, token: Token, drafts: Sequence[_Draft]) -> Standing:
        node = drawn_id(token.node)
        name = self.flow.node_name(node)
        text, tone, remedy = self._standing_words(token, drafts)
        asked = [task["trace"] for task in self._asked(token.step, token.attempt) if task["state"] == "open"]
        return Standing(node, name, text, tone, remedy, token.step, token.until, asked[0] if asked else "")

    def _standing_words(self, token: Token, drafts: Sequence[_Draft]) -> tuple[str, Tone, str]:
        trace = trace_code(self.run_id, token.step, token.attempt)
        since, until = moment(token.since), moment(token.until)
        match token.rest:
            case "person":
                return f"{_what_failed(token)} {self._person_words(token, since)}".strip(), "waiting", ""
            case "hold":
                return _("On hold. %(text)s", text=self._person_words(token, since)), "waiting", ""
            case "system" if self.kept_back.get(trace):
                text = _(
                    "%(why)s This step waits until %(until)s at the longest.", why=self.kept_back[trace], until=until
                )
                return text, "waiting", ""
            case "system":
                call = self.calls.get(trace)
                target = outlet_name(call["adapter"], call["target"]) if call else self.flow.node_name(token.node)
                text = _("Waiting for %(system)s to answer, since %(since)s, until %(until)s at the longest.",
                         system=target, since=since, until=until)  # fmt: skip
                return text, "waiting", ""
            case "time":
                return _("Waiting until %(until)s, since %(since)s.", until=until, since=since), "waiting", ""
            case "retry":
                return self._retry_words(token, drafts), "waiting", ""
            case "join":
                return _("Waiting for the other branches, since %(since)s.", since=since), "waiting", ""
            case "failed":
                assert token.failure is not None
                text, remedy = failure_words(token.failure.code, token.failure.params)
                text = _("Failed at %(since)s, after %(tries)s: %(text)s",
                         since=since, tries=tries_words(token), text=text)  # fmt: skip
                return text, "failed", remedy
            case "go" | "inside":
                return _("On its way."), "plain", ""

    def _asked(self, step: int, attempt: int) -> list[RowMapping]:
        """The tasks of a visit that were not withdrawn, by seat."""
        rows = (task for trace, task in self.tasks.items() if read_trace(trace)[1:] == (step, attempt))
        return sorted(
            (task for task in rows if task["state"] != "withdrawn"), key=lambda task: read_seat(task["trace"])
        )

    def _person_words(self, token: Token, since: str) -> str:
        asked = [task for task in self._asked(token.step, token.attempt) if task["state"] == "open"]
        if not asked:
            return _("Waiting for a person, since %(since)s.", since=since)
        who, due = signing.whom(self.names, asked), asked[0]["due_at"]
        if due is None:
            return _("Waiting for %(who)s, since %(since)s.", who=who, since=since)
        return _("Waiting for %(who)s, since %(since)s, due %(due)s.", who=who, since=since, due=moment(due))

    def _retry_words(self, token: Token, drafts: Sequence[_Draft]) -> str:
        notes = [r.get("note", {}) for draft in drafts if draft.step == token.step for r in draft.records]
        note: Mapping[str, Any] = next((one for one in reversed(notes) if "try" in one), {})
        at = moment(token.until)
        failed = self.flow.node_name(token.origin.node) if token.origin else ""
        if "try" not in note:
            return _("Waiting for the next try of %(step)s at %(time)s.", step=failed, time=at)
        return _("Waiting for try %(n)s of %(of)s of %(step)s at %(time)s.",
                 n=note["try"], of=note["of"], step=failed, time=at)  # fmt: skip


def tries_words(token: Token) -> str:
    """How often it was tried, and how often of these by hand."""
    tries = ngettext("%(num)s try", "%(num)s tries", token.automatic)
    return _("%(tries)s, then %(n)s by hand", tries=tries, n=token.by_hand) if token.by_hand else tries


def _what_failed(token: Token) -> str:
    """The failure that a person is asked about by a failure policy."""
    if token.origin is None or token.rest != "person":
        return ""
    return failure_words(token.origin.failure.code, token.origin.failure.params)[0]


def _who_mended(draft: _Draft) -> str | None:
    """Who asked for this try, or skipped it, if a person did."""
    for record in draft.records:
        event = record["event"]
        if event["kind"] in ("retry", "skip") and event["step"] in (None, draft.step):
            actor: str | None = record["actor"]
            return actor
    return None
