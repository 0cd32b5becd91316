"""The wizard: what a template still has to be told, and the flow that the answers make of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from builder.flows.fitting import Whom, put, value_at, with_amount, with_expectations, with_whom
from builder.flows.shop import Shop
from builder.flows.templates import Template
from builder.i18n import words
from builder.i18n.text import _
from builder.ingest.checking import LONGEST_CHANNEL
from builder.labels import told_problem
from nodes.contract import Words
from runtime.core.flow import read_flow
from runtime.core.money import CURRENCIES, read_amount
from runtime.core.problem import Problem
from runtime.intake import fit_name

MINUTES: Final = {"minutes": 1, "hours": 60, "days": 1440}
NEW_TEAM: Final = "new"
MOST_NAME: Final = 100
MOST_TEXT: Final = 100
MOST_CHANNELS: Final = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a form says: one value a name, or several."""

    one: Callable[[str], str | None]
    many: Callable[[str], list[str]]

    @classmethod
    def nothing(cls) -> "Told":
        """What a form says that was not filled in yet."""
        return cls(lambda name: None, lambda name: [])


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a list. `empty`: a team that has nobody in it."""

    value: str
    label: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the form shows it. `settled`: the shop knows the answer already."""

    id: str
    kind: str
    label: str
    value: str
    unit: str = ""
    groups: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    members: frozenset[str] = frozenset()
    settled: bool = False
    problem: tuple[str, str] | None = None

    @property
    def chosen_empty(self) -> bool:
        """Whether the chosen answer is a team without people."""
        return any(one.empty for group in self.groups.values() for one in group if one.value == self.value)


@dataclass(frozen=True, slots=True)
class Made:
    """The flow that the answers make, and the people for teams that have none: names by the team's key."""

    document: Mapping[str, Any]
    staff: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Form:
    """The wizard's page: questions, name, channels; `made` when every answer is in order."""

    name: str
    questions: Sequence[Question]
    channels: frozenset[str]
    new_channel: str
    problems: Sequence[tuple[str, str]] = ()
    channel_problem: str = ""
    made: Made | None = None


def blank(template: Template, shop: Shop) -> Form:
    """The form before anything is answered."""
    asked = [_question(template, one, shop, Told.nothing()) for one in template.questions]
    return Form(words(template.document["name"]), asked, frozenset(), "")


def filled(template: Template, shop: Shop, told: Told) -> Form:
    """The form as it was answered."""
    asked = [_checked(_question(template, one, shop, told)) for one in template.questions]
    name = (told.one("name") or "").strip()[:MOST_NAME]
    form = Form(name, asked, frozenset(told.many("channel")), (told.one("new_channel") or "").strip())
    form = replace(form, channel_problem=_channel_problem(form))
    if form.channel_problem or any(one.problem for one in asked):
        return form
    document = _answered(template, shop, form)
    errors = read_flow(document).errors
    if errors:
        return _with_errors(form, template, errors)
    staff = {team: sorted(one.members) for one, team in _new_staff(template, shop, asked)}
    return replace(form, made=Made(with_expectations(document), staff))


# --- questions --------------------------------------------------------------------------------------------------------


def _question(template: Template, asked: Mapping[str, Any], shop: Shop, told: Told) -> Question:
    before = value_at(template.document, asked["sets"][0])
    plain = Question(asked["id"], asked["kind"], words(asked["label"]), "")
    match asked["kind"]:
        case "amount":
            plain = replace(plain, value=before["amount"], unit=before["currency"])
        case "minutes":
            unit = next(unit for unit, long in reversed(MINUTES.items()) if before % long == 0)
            plain = replace(plain, value=str(before // MINUTES[unit]), unit=unit)
        case "team":
            plain = _team_question(plain, before, shop, told)
        case "person":
            people = [Choice(name, display) for name, display in shop.people.items()]
            plain = replace(plain, value=next(iter(shop.people), ""), groups={_("People"): people})
        case "system":
            systems = [Choice(key, name) for key, name in shop.systems.items()]
            plain = replace(plain, value=before, groups={_("Systems"): systems}, settled=before in shop.systems)
        case _:
            plain = replace(plain, value=str(before))
    value, chosen_unit = told.one(asked["id"]), told.one(f"{asked['id']}-unit")
    if value is not None and not (value == NEW_TEAM and asked["kind"] == "team"):  # somebody may have made it by now
        plain = replace(plain, value=value.strip())
    return plain if chosen_unit is None else replace(plain, unit=chosen_unit)


def _team_question(plain: Question, before: Mapping[str, Any], shop: Shop, told: Told) -> Question:
    """Whom to ask: a team of the shop, the template's own, or one person."""
    own = shop.teams.get(before["key"])
    there = [Choice(f"team:{one.key}", one.name, not one.members) for one in shop.teams.values()]
    new = Choice(NEW_TEAM, _("New team: %(name)s", name=words(before.get("name")) or before["key"]), empty=True)
    people = [Choice(f"person:{name}", display) for name, display in shop.people.items()]
    groups = {_("Teams"): [*there, *(() if own else (new,))], _("People"): people}
    return replace(
        plain,
        value=f"team:{own.key}" if own else NEW_TEAM,
        groups={name: group for name, group in groups.items() if group},
        members=frozenset(told.many(f"{plain.id}-members")),
        settled=own is not None and bool(own.members),
    )


def _checked(asked: Question) -> Question:
    """The question, with what is wrong with its answer."""
    wrong: tuple[str, str] | None = None
    match asked.kind:
        case "amount":
            wrong = _amount_problem(asked)
        case "minutes":
            if asked.unit not in MINUTES or not _is_whole(asked.value):
                wrong = (_("A length of time is wanted here."), _("Write a whole number of 1 or more."))
        case "number":
            if not _is_whole(asked.value):
                wrong = (_("A number is wanted here."), _("Write a whole number of 1 or more."))
        case "team" | "person" | "system":
            if asked.value not in {one.value for group in asked.groups.values() for one in group}:
                wrong = (_("This is not there any more."), _("Choose another one."))
        case _:
            if fit_name(asked.value, MOST_TEXT) is None or not asked.value.isprintable():
                wrong = (_("A text is wanted here."), _("Write 1 to 100 characters."))
    return replace(asked, problem=wrong)


def _amount_problem(asked: Question) -> tuple[str, str] | None:
    if asked.unit not in CURRENCIES:
        return _("This currency is not known."), _("Choose another one.")
    amount = read_amount(asked.value, asked.unit)
    if isinstance(amount, Problem):
        return told_problem(amount)
    return None if amount > 0 else (_("The amount must be more than nothing."), _("Write an amount such as 5000.00."))


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[:10]) >= 1 and len(text) < 8


def _channel_problem(form: Form) -> str:
    if form.new_channel and (fit_name(form.new_channel, LONGEST_CHANNEL) is None or not form.new_channel.isprintable()):
        return _("A channel's name has at most 64 characters.")
    return _("Choose at most 20 channels.") if len(form.channels) > MOST_CHANNELS else ""


# --- answers --------------------------------------------------------------------------------------------------------


def _answered(template: Template, shop: Shop, form: Form) -> dict[str, Any]:
    """The template's document with the answers in it, and no template any more."""
    document: Any = {name: part for name, part in template.document.items() if name != "template"}
    asked = {one.id: one for one in form.questions}
    for question in template.questions:
        document = _with_answer(document, question, asked[question["id"]])
    document = with_whom(document, _whom(template, shop, form.questions))
    known = {one.name for one in shop.channels}
    channels = [*sorted(form.channels & known), *([form.new_channel] if form.new_channel else [])]
    document |= {"channels": list(dict.fromkeys(channels))}
    if form.name and form.name != words(template.document["name"]):
        document["name"] = form.name
    return dict(document)


def _with_answer(document: Any, question: Mapping[str, Any], asked: Question) -> Any:
    match asked.kind:
        case "amount":
            return with_amount(document, question, asked.value, asked.unit)
        case "team":
            return document  # all at once, by `with_whom`
        case "minutes":
            value: Any = int(asked.value) * MINUTES[asked.unit]
        case "number":
            value = int(asked.value)
        case "person":
            value = {"kind": "person", "value": asked.value}
        case _:
            value = asked.value
    for pointer in question["sets"]:
        document = put(document, pointer, value)
    return document


def _whom(template: Template, shop: Shop, asked: Sequence[Question]) -> dict[str, Whom]:
    """Who takes the place of each team of the template."""
    instead = {}
    for team, one in _teams_asked(template, asked):
        kind, _colon, value = one.value.partition(":")
        if kind == "person":
            instead[team["key"]] = Whom("person", value)
        elif kind == "team":
            instead[team["key"]] = Whom("team", value, _stored_name(shop, value, team.get("name")))
    return instead


def _stored_name(shop: Shop, key: str, otherwise: Words | None) -> Words | None:
    """A team of the shop is called what the shop calls it."""
    return shop.teams[key].name if key in shop.teams else otherwise


def _new_staff(template: Template, shop: Shop, asked: Sequence[Question]) -> Iterator[tuple[Question, str]]:
    """The questions whose team has nobody yet and gets people, with the team's key."""
    for team, one in _teams_asked(template, asked):
        key = team["key"] if one.value == NEW_TEAM else one.value.removeprefix("team:")
        if one.members and one.chosen_empty:
            yield one, key


def _teams_asked(template: Template, asked: Sequence[Question]) -> Iterator[tuple[Mapping[str, Any], Question]]:
    by_id = {one.id: one for one in asked}
    for question in template.questions:
        if question["kind"] == "team":
            yield value_at(template.document, question["sets"][0]), by_id[question["id"]]


def _with_errors(form: Form, template: Template, errors: Sequence[Problem]) -> Form:
    """What the finished flow says of an answer stands at its question; the rest above the form."""
    places = {
        pointer[1:].replace("/", "."): question["id"] for question in template.questions for pointer in question["sets"]
    }
    at_question: dict[str, tuple[str, str]] = {}
    above = []
    for error in errors:
        place = next((place for place in places if f"{error.where}.".startswith(f"{place}.")), None)
        if place is None:
            above.append(told_problem(error))
        else:
            at_question[places[place]] = told_problem(error)
    questions = [replace(one, problem=at_question.get(one.id)) for one in form.questions]
    return replace(form, questions=questions, problems=above)
