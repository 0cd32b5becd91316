"""The documents tell the truth: every setting and command is told, and every file that is named is there."""

import re
from pathlib import Path

import click
import pytest

from builder.api.access import ROLES
from builder.cli import create_token, main
from builder.config import settings_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")


def test_the_readme_shows_the_table_of_settings_as_the_program_prints_it() -> None:
    assert _between("settings") == settings_table()


def test_the_readme_tells_of_every_command_and_of_no_other() -> None:
    told = re.findall(r"`orderflow ([a-z ]+?)(?: [A-Z-]|`)", _between("commands"))
    assert sorted(told) == sorted(_commands(main))


def test_every_command_and_option_explains_itself() -> None:
    silent = [name for name, command in _leaves(main) if not command.help]
    silent += [
        f"{name} {option.name}"
        for name, command in _leaves(main)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_the_roles_of_a_token_are_told_where_one_is_made() -> None:
    role = next(option for option in create_token.params if option.name == "role")
    assert isinstance(role, click.Option)
    assert all(name in str(role.help) and f"`{name}`" in README for name in ROLES)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_links_to_is_there(document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_command_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"python", "ready", "ready-test"}
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert named == explained


def _between(name: str) -> str:
    return README.split(f"<!-- {name} -->\n")[1].split(f"\n<!-- /{name} -->")[0]


def _commands(group: click.Group) -> list[str]:
    return [name for name, command in _leaves(group) if not command.hidden]


def _leaves(group: click.Group, before: str = "") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        inside = isinstance(command, click.Group)
        found += _leaves(command, f"{before}{name} ") if inside else [(f"{before}{name}", command)]  # type: ignore[arg-type]
    return found
