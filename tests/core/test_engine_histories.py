"""Whatever happens to an order, in whatever sequence: it can say where it is, nothing counts twice, and it can arrive."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodes.contract import Answered, Decided, Event, HandedOn, Joined
from runtime.core.decision import Decision, Stale
from runtime.core.engine import break_off, decide
from runtime.core.moment import micros
from runtime.core.moving import obstacles
from runtime.core.plan import Plan, ways_on
from runtime.core.run import (
    Amend,
    Close,
    Due,
    Move,
    Reply,
    Retry,
    Run,
    RunEvent,
    SentBack,
    Skip,
    Start,
    Token,
    read_seat,
    read_token,
    read_trace,
    token_row,
    trace_code,
)
from tests.core.flow_documents import plan_of, random_flows, versions_of

RUN_ID = "01JDZZZZZZZZZZZZZZZZZZZZZZ"
BEGINNING = datetime(2026, 11, 22, 10, tzinfo=UTC)
ENDED = ("done", "cancelled")


class Story:
    """One order's life: the run as it stands, and all that was asked of people and systems so far."""

    def __init__(self, plan: Plan, total: int) -> None:
        self.plan = plan
        self.order = {"id": "A-1", "channel": "own-shop", "currency": "CNY", "total": total, "attributes": {"x": 1}}
        self.now = BEGINNING
        self.run = Run(RUN_ID, "running", due_at=micros(self.now))
        self.asked: dict[str, Event] = {}
        self.visits: list[dict[str, Any]] = []

    def moves_to(self, plan: Plan) -> bool:
        """Let it go on in another version. False: it cannot stand there, and stays as it is."""
        before, self.plan = self.plan, plan
        moved = self.happens(Move("1", "2"))
        if not moved:
            self.plan = before
        return moved

    def happens(self, event: RunEvent) -> bool:
        """Let it happen; every promise of the engine is checked. False: it concerned nothing."""
        before = self.run
        followed = decide(self.plan, before, self.order, event, {}, self.now)
        again = decide(self.plan, before, self.order, event, {}, self.now)
        assert followed == again, "deciding twice gave two answers"
        if isinstance(followed, Stale):
            assert not self._ought_to_count(event), f"{event} had to count"
            return False
        assert isinstance(followed, Decision)
        assert self._ought_to_count(event), f"{event} came too late or twice, and counted"
        self.run = followed.run
        self._check_where_it_stands(before)
        self._check_what_is_asked(before, event, followed)
        self._check_the_failure_list(before, followed)
        self._check_what_was_not_begun(before, event)
        self._check_that_nobody_is_left_behind(before, followed.entry["steps"])
        self._check_that_neighbours_are_left_alone(before, event)
        self.visits += followed.entry["steps"]
        self._check_joins()
        return True

    def _ought_to_count(self, event: RunEvent) -> bool:
        run = self.run
        match event:
            case Start():
                return run.steps == 0 and run.ended_at is None
            case Close():
                return run.ended_at is None
            case Due():
                return run.due_at is not None and run.due_at <= micros(self.now) and run.steps > 0
            case Retry(step):
                return any(token.rest == "failed" and step in (None, token.step) for token in run.tokens)
            case Reply(step, attempt, answer):
                here = [token for token in run.tokens if (token.step, token.attempt) == (step, attempt)]
                return any(self._ought_to_hear(token, answer) for token in here)
            case Skip(step, port):
                failed = [token for token in run.tokens if token.rest == "failed" and token.step == step]
                return bool(failed) and port in ways_on(self.plan, failed[0].node)
            case Amend():
                return run.ended_at is None
            case Move():
                return run.ended_at is None and bool(run.tokens) and not obstacles(self.plan, run)

    def _ought_to_hear(self, token: Token, answer: Event | SentBack) -> bool:
        match answer:
            case Decided(seat=seat):
                return token.rest in ("person", "hold") and seat in token.seats
            case Joined(seat=seat) | HandedOn(seat=seat):
                kind = self.plan.nodes[self.plan.index[token.node]].kind
                return token.rest == "person" and kind == "approval" and seat in token.seats
            case SentBack(to, seat=seat):
                return token.rest == "person" and seat in token.seats and to in token.passed and to in self.plan.index
            case _:
                return token.rest == "system"

    def _check_where_it_stands(self, before: Run) -> None:
        run = self.run
        assert run.rev == before.rev + 1
        assert run.id == before.id
        assert all(token.rest != "go" for token in run.tokens), "a token does not rest"
        begun = bool(run.steps or run.tokens or run.ended_at)
        assert not begun or bool(run.tokens) == (run.ended_at is None), "an open order stands nowhere"
        assert (run.ended_at is None) == (run.state not in ENDED)
        rests = {token.rest for token in run.tokens}
        assert (run.state == "failed") == ("failed" in rests)
        assert not begun or (run.state == "held") == ("hold" in rests and "failed" not in rests)
        for token in run.tokens:
            assert (token.rest == "failed") == (token.failure is not None), "a failure without its reason"
            assert token.node in self.plan.index
            assert token.automatic >= token.tries - 1 and token.by_hand >= 0
            assert read_token(orjson.loads(orjson.dumps(token_row(token)))) == token
        timed = [token.until for token in run.tokens if token.until is not None]
        assert run.due_at == min(timed, default=None) if begun else run.due_at == before.due_at
        places = [(token.step, token.attempt) for token in run.tokens]
        assert len(set(places)) == len(places), "two tokens share a trace code"

    def _check_what_is_asked(self, before: Run, event: RunEvent, followed: Decision) -> None:
        asked = [task.trace for task in followed.tasks] + [effect.trace for effect in followed.effects]
        assert len(set(asked)) == len(asked), "asked twice in one burst"
        stood = {read_trace(trace) for trace in _waited_for(before)}
        again = {trace for trace in asked if trace in self.asked and read_trace(trace) not in stood}
        assert not again, "a trace code was used again"
        calls = {effect.trace for effect in followed.effects}
        assert not calls & self.asked.keys(), "a system was asked twice with one trace code"
        assert set(followed.withdrawn) == _waited_for(before) - _waited_for(followed.run) - _answered_by(event)
        assert set(followed.reminded) <= _waited_for(followed.run), "reminded of what nobody waits for"
        assert set(asked) <= _waited_for(followed.run), "asked, and nobody waits for the answer"
        assert _waited_for(followed.run) - _waited_for(before) <= set(asked), "waits for what was never asked"
        for task in followed.tasks:
            self.asked[task.trace] = Decided("approve", "", "li")
        for effect in followed.effects:
            self.asked[effect.trace] = Answered("ok")

    def _check_the_failure_list(self, before: Run, followed: Decision) -> None:
        """What came to the failure list and what left it: exactly the difference of before and after."""
        was, now = (
            {(token.step, token.attempt) for token in run.tokens if token.rest == "failed"}
            for run in (before, followed.run)
        )
        came, left = (
            [(token.step, token.attempt) for token in tokens] for tokens in (followed.failed, followed.mended)
        )
        assert (sorted(came), sorted(left)) == (sorted(now - was), sorted(was - now))

    def _check_what_was_not_begun(self, before: Run, event: RunEvent) -> None:
        """A change of content begins nothing, moves nothing, and asks nobody."""
        if isinstance(event, Amend):
            stood = [tuple(replace(one, changes={}) for one in run.tokens) for run in (self.run, before)]
            assert (stood[0], self.run.steps, self.run.due_at) == (stood[1], before.steps, before.due_at)
            assert not any(token.changes.keys() & event.changes.keys() for token in self.run.tokens)
            assert self.run.changes == {**before.changes, **event.changes}
            assert before.steps or self.run.state == before.state

    def _check_that_neighbours_are_left_alone(self, before: Run, event: RunEvent) -> None:
        if isinstance(event, Amend):
            return
        broken = break_off(before, event, "a defect", self.now)
        moved = [token for token in before.tokens if token not in broken.run.tokens]
        assert all(_is_concerned(event, token, micros(self.now)) for token in moved)
        assert broken.run.state == "failed" or isinstance(event, Close)
        assert broken.run.rev == before.rev + 1
        assert set(broken.withdrawn) == _waited_for(before) - _waited_for(broken.run) - _answered_by(event)

    def _check_that_nobody_is_left_behind(self, before: Run, visits: list[dict[str, Any]]) -> None:
        """When branches have met, none of their split is on its way any more: a join waits for all, however deep."""
        met = {step for visit in visits for step in visit.get("met", ())}
        for token in before.tokens:
            if token.step in met and token.rest == "join":
                over = token.groups[-1] if token.groups else None
                assert not any(over in other.groups for other in self.run.tokens)

    def _check_joins(self) -> None:
        """A join lets the branches of one split through once: no more goes out of it than went into its split."""
        forks = Counter(visit["step"] for visit in self.visits if "fork" in visit)
        assert all(count == 1 for count in forks.values())
        exits = Counter(visit["node"] for visit in self.visits if "met" in visit)
        splits = Counter(visit["node"] for visit in self.visits if "fork" in visit)
        for join, count in exits.items():
            split = join.replace("join--", "")
            assert count <= splits[split], f"{join} let more through than came"
        stood = {visit["step"]: visit["node"] for visit in self.visits if visit.get("rest") == "join"}
        for visit in self.visits:
            assert {stood[step] for step in visit.get("met", ())} <= {visit["node"]}, "met at different joins"

    def brings_itself_to_an_end(self) -> None:
        """Answer what is asked, let time pass, try again what failed: the order arrives."""
        for _ in range(150):
            if self.run.ended_at is not None:
                return
            waited = sorted(_waited_for(self.run))
            if waited:
                _, step, attempt, seat = read_seat(waited[0])
                answer = self.asked[waited[0]]
                said = replace(answer, seat=seat) if isinstance(answer, Decided) else answer
                assert self.happens(Reply(step, attempt, said))
            elif any(token.rest == "failed" for token in self.run.tokens):
                assert self.happens(Retry())
            else:
                assert self.run.due_at is not None, f"nothing will ever move this order: {self.run.tokens}"
                self.now = BEGINNING + timedelta(microseconds=self.run.due_at - micros(BEGINNING))
                assert self.happens(Due())
        pytest.fail(f"the order does not arrive: {self.run}")


def _waited_for(run: Run) -> set[str]:
    waiting = (token for token in run.tokens if token.rest in ("person", "hold", "system"))
    return {trace_code(run.id, token.step, token.attempt, seat) for token in waiting for seat in token.seats}


def _answered_by(event: RunEvent) -> set[str]:
    if not isinstance(event, Reply) or isinstance(event.event, Joined | HandedOn):
        return set()
    seat = event.event.seat if isinstance(event.event, Decided | SentBack) else 0
    return {trace_code(RUN_ID, event.step, event.attempt, seat)}


def _is_concerned(event: RunEvent, token: Token, at: int) -> bool:
    match event:
        case Due():
            return token.until is not None and token.until <= at
        case Reply(step, attempt):
            return (token.step, token.attempt) == (step, attempt)
        case Retry(step):
            return token.rest == "failed" and step in (None, token.step)
        case Skip(step):
            return token.rest == "failed" and step == token.step
        case _:
            return True


ANSWERS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Decided, st.sampled_from(["approve", "reject"]), st.just("so"), st.just("li")),
    st.builds(Answered, st.sampled_from(["ok", "error", "timeout", "refused", "bad_answer"])),
)
WANG = {"kind": "person", "value": "wang"}
WISHES: st.SearchStrategy[Joined | HandedOn] = st.one_of(
    st.builds(Joined, st.just(WANG), st.sampled_from(["before", "after"]), st.just("li")),
    st.builds(HandedOn, st.just(WANG), st.just("li")),
)


@st.composite
def _next_event(draw: st.DrawFn, story: Story) -> RunEvent:
    kinds = ["answer"] * 5 + ["due", "due", "late", "late", "any", "retry", "retry one", "start", "wish", "back"]
    if draw(st.integers(0, 30)) == 0:
        return Close(draw(st.sampled_from(["done", "cancelled"])), "enough")
    failed = [token for token in story.run.tokens if token.rest == "failed"]
    kind = draw(st.sampled_from([*kinds, "amend", "skip", *["skip"] * 8 * len(failed)]))
    match kind:
        case "amend":
            return Amend({"attributes.colour": draw(st.integers(0, 9))}, "so")
        case "skip":
            token = draw(st.sampled_from(failed or [Token("end", 1)]))
            return Skip(token.step, draw(st.sampled_from([*ways_on(story.plan, token.node), "failed"])), "so")
        case "due":
            story.now += timedelta(seconds=draw(st.integers(0, 3600)))
            return Due()
        case "start":
            return Start()
        case "retry":
            return Retry()
        case "retry one":
            return Retry(draw(st.integers(1, max(1, story.run.steps))))
        case _:
            return draw(_replies(story, kind))


@st.composite
def _replies(draw: st.DrawFn, story: Story, kind: str) -> Reply:
    """An answer to what is asked, or was (`late`); a wish about it (`wish`, `back`); or any answer to anything."""
    waited = sorted(_waited_for(story.run))
    if kind == "late" and story.asked:
        _, step, attempt = read_trace(draw(st.sampled_from(sorted(story.asked))))
        return Reply(step, draw(st.sampled_from([attempt, attempt + 1])), draw(ANSWERS))
    if kind not in ("answer", "wish", "back") or not waited:
        return Reply(draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(ANSWERS))
    trace = draw(st.sampled_from(waited))
    _, step, attempt, seat = read_seat(trace)
    if kind == "wish":
        return Reply(step, attempt, replace(draw(WISHES), seat=seat))
    if kind == "back":
        passed = next(token.passed for token in story.run.tokens if (token.step, token.attempt) == (step, attempt))
        return Reply(step, attempt, SentBack(draw(st.sampled_from([*passed, "end"])), "so", "li", seat))
    answer = draw(ANSWERS.filter(lambda answer: type(answer) is type(story.asked[trace])))
    return Reply(step, attempt, replace(answer, seat=seat) if isinstance(answer, Decided) else answer)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_history_keeps_every_promise(data: st.DataObject) -> None:
    drawn = data.draw(random_flows())
    plans = [plan_of(drawn), plan_of(data.draw(versions_of(drawn)))]
    story = Story(plans[0], total=data.draw(st.sampled_from([5_000, 50_000])))
    if data.draw(st.booleans()):
        assert story.happens(Amend({"attributes.shelf": 1}, "before it began"))
    assert story.happens(Start())
    for _ in range(data.draw(st.integers(0, 25))):
        if data.draw(st.integers(0, 6)) == 0:
            story.moves_to(data.draw(st.sampled_from(plans)))
        story.happens(data.draw(_next_event(story)))
    ended_before = story.run.ended_at
    story.brings_itself_to_an_end()
    assert ended_before in (None, story.run.ended_at)
    late = (Retry(), Skip(1, "out", "x"), Amend({"attributes.x": 2}, "x"), Move("1", "2"), Close("done", "again"))
    for event in (Start(), Due(), Reply(1, 1, Answered("ok")), *late):
        assert not story.happens(event), "an order that has ended went on"
