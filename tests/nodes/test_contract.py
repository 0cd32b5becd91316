"""What every node type promises. Folders are found by themselves: a new type is held to all of this without a line here."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

import nodes
from builder.canvas.palette import port_rules
from nodes.contract import AskPeople, AskPerson, AskSystem, Fork, GoInside, Hold, Leave, Meet, NodeType, Outcome, Sleep
from runtime.core.flow_settings import special_places
from runtime.core.words import LANGUAGES
from tests.nodes.stage import Case, cases, play, problems, told

FOLDERS = sorted(path.parent for path in Path(nodes.__file__).parent.glob("*/__init__.py"))
TYPES = [pytest.param(node_type, id=kind) for kind, node_type in nodes.node_types().items()]
HELPS = {"en": "help.en.md", "zh-CN": "help.zh.md"}
FORMATS = {"condition", "template", "field", "range", "who"}

CASES = [
    pytest.param(node_type, case, id=f"{kind}: {case['name']}")
    for kind, node_type in nodes.node_types().items()
    for case in cases(kind)
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_is_complete_and_holds_the_kind_of_its_name(folder: Path) -> None:
    wanted = {"schema.json", "icon.svg", "messages.json", "cases.json", *HELPS.values()}
    assert wanted <= {path.name for path in folder.iterdir()}
    assert nodes.node_types()[folder.name.replace("_", "-")].kind == folder.name.replace("_", "-")


# --- schema -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node_type", TYPES)
def test_the_schema_is_sound_and_closed_and_its_defaults_fit(node_type: NodeType) -> None:
    schema = dict(nodes.schema(node_type.kind))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    for part in _parts(schema):
        if "default" in part:
            Draft202012Validator(part).validate(part["default"])


@pytest.mark.parametrize("node_type", TYPES)
def test_every_setting_has_a_title_that_is_a_code(node_type: NodeType) -> None:
    for name, part in _settings(nodes.schema(node_type.kind)):
        assert part.get("title", "").startswith(f"{node_type.kind}.field."), name


@pytest.mark.parametrize("node_type", TYPES)
def test_formats_are_those_that_the_compiler_knows(node_type: NodeType) -> None:
    formats = {part["format"] for part in _parts(nodes.schema(node_type.kind)) if "format" in part}
    assert formats <= FORMATS
    assert {special.format for special in special_places(node_type.kind)} == formats


@pytest.mark.parametrize("node_type", TYPES)
def test_ports_can_be_drawn_from_their_rules(node_type: NodeType) -> None:
    """The canvas draws ports by rules; for every case they must come to the ports that the type itself names."""
    rules = port_rules(node_type)
    for case in cases(node_type.kind):
        if "problems" in case:
            continue
        settings = case["settings"]
        own = [each["id"] for each in settings.get(rules.of, ())] if rules.of else []
        drawn = [*(port.id for port in rules.fixed), *own, *(port.id for port in rules.then)]
        assert drawn == [port.id for port in node_type.ports(settings)]


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node_type", TYPES)
def test_every_title_choice_and_port_has_words_in_every_language(node_type: NodeType) -> None:
    said = nodes.messages(node_type.kind)
    lacking = [
        (code, language)
        for code in _codes(node_type)
        for language in LANGUAGES
        if not said.get(code, {}).get(language, {}).get("text", "").strip()
    ]
    assert lacking == []


@pytest.mark.parametrize("node_type", TYPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_step_reads_as_a_sentence_about_its_settings(node_type: NodeType, language: str) -> None:
    sentence = nodes.messages(node_type.kind)[f"{node_type.kind}.sentence"][language]["text"]
    rules = nodes.schema(node_type.kind)

    assert set(re.findall(r"{(\w+)}", sentence)) <= set(rules["properties"])
    assert set(rules.get("required", ())) - {"rules", "branches"} <= set(re.findall(r"{(\w+)}", sentence))
    assert re.sub(r"\[[^\[\]]*\]", "", sentence).count("[") == 0


@pytest.mark.parametrize("node_type", TYPES)
def test_words_stay_in_the_kinds_own_name_and_say_the_same_things(node_type: NodeType) -> None:
    for code, words in nodes.messages(node_type.kind).items():
        assert code.split(".")[0] == node_type.kind or code.split(".")[0] in FORMATS, code
        assert set(words) == set(LANGUAGES), code
        assert len({frozenset(told) for told in words.values()}) == 1, code


@pytest.mark.parametrize("node_type", TYPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_names_the_type_and_every_fixed_port(node_type: NodeType, language: str) -> None:
    said = nodes.messages(node_type.kind)
    text = (nodes.folder(node_type.kind) / HELPS[language]).read_text("utf-8")
    assert text.startswith(f"# {said[node_type.kind][language]['text']}\n")
    for port in node_type.ports({}):
        assert f"**{said[f'{node_type.kind}.port.{port.id}'][language]['text']}**" in text, port.id


@pytest.mark.parametrize("node_type", TYPES)
def test_the_icon_takes_the_colour_of_the_text_around_it(node_type: NodeType) -> None:
    text = (nodes.folder(node_type.kind) / "icon.svg").read_text("utf-8")
    icon = ElementTree.fromstring(text)
    assert icon.tag == "{http://www.w3.org/2000/svg}svg"
    assert (icon.get("viewBox"), icon.get("width"), icon.get("height")) == ("0 0 20 20", "20", "20")
    assert "currentColor" in (icon.get("stroke"), icon.get("fill"))
    drawn = {each.tag.rpartition("}")[2] for each in icon.iter()}
    assert drawn <= {"svg", "g", "path", "circle", "rect", "line", "polyline", "polygon", "ellipse", "title"}
    colours = {each.get(name) for each in icon.iter() for name in ("fill", "stroke")} - {None}
    assert colours <= {"none", "currentColor"}


# --- cases ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("node_type", "case"), CASES)
def test_a_case_comes_out_as_promised(node_type: NodeType, case: Case) -> None:
    if "problems" in case:
        assert problems(node_type, case) == case["problems"]
        return
    outcomes = play(node_type, case)
    assert told(outcomes[-1]) == case["expect"]
    json.dumps(told(outcomes[-1]), allow_nan=False)
    for outcome in outcomes:
        _keeps_the_contract(node_type, case, outcome)
    if len(outcomes) == 2:
        assert isinstance(outcomes[0], AskPeople | AskPerson | Hold | AskSystem | Sleep | GoInside), (
            "what does not wait is not resumed"
        )


def _keeps_the_contract(node_type: NodeType, case: Case, outcome: Outcome) -> None:
    ports = {port.id: port for port in node_type.ports(case["settings"])}
    if isinstance(outcome, AskPeople | AskPerson | Hold | AskSystem | Sleep):
        assert node_type.waits
    if isinstance(outcome, Fork):
        assert set(outcome.ports) <= ports.keys()
    if isinstance(outcome, Leave):
        assert outcome.port in ports
        assert (outcome.failure is not None) == ports[outcome.port].failure
        said = nodes.messages(node_type.kind)
        mine = outcome.failure and outcome.failure.code.startswith(f"{node_type.kind}.")
        assert not mine or (outcome.failure and outcome.failure.code in said)


@pytest.mark.parametrize("node_type", TYPES)
def test_the_cases_leave_by_every_port_and_show_every_problem(node_type: NodeType) -> None:
    taken: set[str] = set()
    meets = False
    for case in cases(node_type.kind):
        for outcome in () if "problems" in case else play(node_type, case):
            match outcome:
                case Leave(port):
                    taken.add(port)
                case Fork(several):
                    taken.update(several)
                case Meet():
                    meets = True
                case _:
                    pass
    assert meets or {port.id for port in node_type.ports({})} <= taken
    shown = {problem["code"] for case in cases(node_type.kind) for problem in case.get("problems", ())}
    assert shown >= {code for code in nodes.messages(node_type.kind) if _is_about_settings(node_type, code)}


def _is_about_settings(node_type: NodeType, code: str) -> bool:
    """Whether a code tells what is wrong with settings: it has a remedy, and no outcome of a case tells it."""
    if "remedy" not in nodes.messages(node_type.kind)[code]["en"] or code.startswith("template."):
        return False
    written = json.dumps([case.get("expect") for case in cases(node_type.kind)])
    advice = {port.advice for case in cases(node_type.kind) for port in node_type.ports(case["settings"])}
    return f'"{code}"' not in written and code not in advice


# --- reading schemas and words -----------------------------------------------------------------------------------------


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and all within it, outside of what has a format of ours."""
    yield schema
    if schema.get("format") in FORMATS:
        return
    for part in schema.get("properties", {}).values():
        yield from _parts(part)
    if "items" in schema:
        yield from _parts(schema["items"])


def _settings(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        yield name, part
        yield from _settings(part)
    if "items" in schema:
        yield from _settings(schema["items"])


def _codes(node_type: NodeType) -> Iterator[str]:
    yield node_type.kind
    yield from (f"{node_type.kind}.port.{port.id}" for port in node_type.ports({}))
    for _, part in _settings(nodes.schema(node_type.kind)):
        yield part["title"]
        counted = part.get("enum") or part.get("items", {}).get("enum") or ()
        yield from (f"{part['title']}.{choice}" for choice in counted)
