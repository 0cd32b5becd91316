"""The guide's pages."""

from dataclasses import dataclass
from functools import cache
from typing import get_args

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from markdown_it import MarkdownIt
from markupsafe import Markup

import nodes
from builder.auth import requires
from nodes.contract import Group
from runtime.core.words import messages, spoken

pages = Blueprint("guide", __name__, url_prefix="/guide")


@dataclass(frozen=True, slots=True)
class Entry:
    """One node type as the guide shows it. `help` and `icon` are HTML made from the type's own folder."""

    kind: str
    name: str
    summary: str
    icon: Markup
    help: Markup


@pages.get("/")
@requires("start.see")
def contents() -> ResponseReturnValue:
    """Every kind of step, and the text of the first."""
    return chapter(_kinds()[0])


@pages.get("/<kind>")
@requires("start.see")
def chapter(kind: str) -> ResponseReturnValue:
    """One kind of step, with the list of all beside it."""
    if kind not in nodes.node_types():
        abort(404)
    language = spoken(str(get_locale()))
    entries = [entry(each, language) for each in _kinds()]
    chosen = next(each for each in entries if each.kind == kind)
    return render_template("guide/page.html", entries=entries, chosen=chosen)


def _kinds() -> list[str]:
    """Every kind, in the order of the palette: from where orders come in to where they end."""
    types = nodes.node_types()
    return sorted(types, key=lambda kind: get_args(Group).index(types[kind].group))


@cache
def entry(kind: str, language: str) -> Entry:
    """The entry of a node type in a language."""
    words = messages()[kind][language]
    folder = nodes.folder(kind)
    written = (folder / f"help.{language.partition('-')[0]}.md").read_text("utf-8")
    icon = (folder / "icon.svg").read_text("utf-8")
    # Both come from our own folders, and raw HTML in the text stays off.
    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(written)
    return Entry(kind, words["text"], words.get("help", ""), Markup(icon), Markup(text))  # noqa: S704
