"""Flows come in from files: what is in them is shown first, then what was chosen is stored. What is none is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import orjson
from flask import Blueprint, current_app, flash, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import requires
from builder.drawn import DrawnFlow
from builder.flows.files import MOST_BYTES, MOST_FILES, MOST_FLOWS, Found, read_files
from builder.flows.fitting import Whom, with_whom
from builder.flows.keys import free_key, store_new
from builder.flows.shop import Shop, Team, read_shop
from builder.flows.thumbnail import Thumbnail, thumbnail
from builder.i18n import words
from builder.i18n.text import _, ngettext
from builder.labels import told_problem
from builder.models import engine
from builder.web import asker, go, service
from runtime.core.flow import FlowCheck
from runtime.core.problem import Problem
from runtime.store.database import reading

pages = Blueprint("imports", __name__)

MOST_REQUEST: Final = MOST_BYTES + 512 * 1024  # the files, and what the form says around them
MOST_LET_PASS: Final = 100 * 1024 * 1024

As = Literal["new", "copy", "replace"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A flow that can be taken in: what it is, what it would take the place of, and what the shop does not have."""

    number: int
    found: Found
    drawn: DrawnFlow
    text: str
    taken: bool
    copy_key: str
    new_teams: Sequence[tuple[str, str]]
    new_systems: Sequence[str]
    problems: Sequence[tuple[str, str, str]]

    @property
    def small(self) -> Thumbnail | None:
        """What it looks like; nothing while a step of it is not filled in rightly."""
        flow = self.found.check.flow if self.found.check else None
        return thumbnail(self.drawn) if flow and all(node.sound for node in flow.nodes) else None

    @property
    def key(self) -> str:
        """The key that its file gives it."""
        return str(self.drawn.document["key"])


def _exempt(state: BlueprintSetupState) -> None:
    """Both forms are read only after their own limit is set; then the views check them themselves."""
    for view in (look, take):
        state.app.extensions["orderflow.csrf"].exempt(view)


pages.record_once(_exempt)


@pages.get("/flows/import")
@requires("flows.edit")
def page() -> ResponseReturnValue:
    """Choose files, or paste."""
    return _start()


@pages.post("/flows/import")
@requires("flows.edit")
def look() -> ResponseReturnValue:
    """Show what is in the files. Nothing is stored yet."""
    if _is_too_large():
        return _start(problem=Problem("flow_file.large", params={"most": MOST_BYTES // 1024 // 1024})), 413
    files = [(one.filename, one.stream.read(MOST_BYTES + 1)) for one in request.files.getlist("file") if one.filename]
    pasted = request.form.get("document", "")
    if pasted.strip():
        files.append((_("What was pasted"), pasted.encode("utf-8", "surrogatepass")))
    if not files:
        return _start(problem=Problem("flow_file.no_flows")), 422
    return _shown([_as_here(one) for one in read_files(files)], pasted)


@pages.post("/flows/import/flows")
@requires("flows.edit")
def take() -> ResponseReturnValue:
    """Store the chosen flows: all of them, or none where one is refused."""
    if _is_too_large():
        return _start(problem=Problem("flow_file.large", params={"most": MOST_BYTES // 1024 // 1024})), 413
    chosen = list(_chosen())
    if not chosen:
        flash(_("No flow was chosen, and nothing was stored."), "bad")
        return go("imports.page")
    refused = [one for one, _as in chosen if not one.sound]
    if refused:
        return _shown(refused, "")
    keys = [_store(one, how) for one, how in chosen]
    flash(ngettext("%(num)s flow imported.", "%(num)s flows imported.", len(keys)), "good")
    return go("canvas.page", key=keys[0]) if len(keys) == 1 else go("flows.list_page")


# --- reading --------------------------------------------------------------------------------------------------------


def _is_too_large() -> bool:
    """Whether more was sent than is read; it is let pass, so that the browser sees the answer."""
    request.max_content_length = MOST_REQUEST
    request.max_form_memory_size = MOST_REQUEST
    request.max_form_parts = 50 * MOST_FLOWS
    if (request.content_length or 0) > MOST_REQUEST:
        request.max_content_length = MOST_LET_PASS
        while request.stream.read(MOST_BYTES):
            pass
        return True
    current_app.extensions["orderflow.csrf"].protect()
    return False


def _as_here(found: Found) -> Found:
    """The flow with what is wrong with it here: its sub-flows are what was published here."""
    if found.document is None or not found.sound:
        return found
    return replace(found, check=service().flows.check(found.document))


def _chosen() -> Iterator[tuple[Found, As]]:
    """What the preview's form says is to be taken in, read as strictly as any file, with the answers to what is missing."""
    with reading(engine()) as connection:
        teams = read_shop(connection).teams
    for number in request.form.getlist("take", type=int):
        text = request.form.get(f"document-{number}", "")
        how = request.form.get(f"as-{number}")
        for found in read_files([(request.form.get(f"file-{number}", ""), text.encode("utf-8", "surrogatepass"))]):
            yield (
                _with_teams(found, number, teams),
                "copy" if how == "copy" else "replace" if how == "replace" else "new",
            )


def _with_teams(found: Found, number: int, there: Mapping[str, Team]) -> Found:
    """The flow with teams of the shop in the place of those that it does not have, as chosen."""
    if found.document is None:
        return found
    instead = {
        team["key"]: Whom("team", key, there[key].name)
        for team in found.document.get("teams", ())
        if (key := request.form.get(f"team-{number}-{team['key']}", "")) in there
    }
    return read_files([(found.file, orjson.dumps(with_whom(found.document, instead)))])[0] if instead else found


def _store(found: Found, how: As) -> str:
    """Store the flow and return its key. A key that is taken is never overwritten unasked."""
    assert found.document is not None
    actor = asker(current_user.name)
    if how != "replace":
        stored = store_new(found.document, actor)
    else:
        saved = service().flows.add(found.document, actor)
        stored = saved if isinstance(saved, FlowCheck) else str(found.document["key"])
    assert isinstance(stored, str), stored
    return stored


# --- showing --------------------------------------------------------------------------------------------------------


def _start(problem: Problem | None = None) -> str:
    limits = {"files": MOST_FILES, "flows": MOST_FLOWS, "size": MOST_BYTES // 1024 // 1024}
    told = told_problem(problem) if problem else None
    return render_template("flows/import.html", problem=told, limits=limits, refused=(), text="")


def _shown(found: Sequence[Found], pasted: str) -> ResponseReturnValue:
    """What can be taken in and what is refused; where nothing can, the form once more with what was pasted."""
    refused = _refused(found)
    sound = [one for one in found if one.sound]
    if not sound:
        limits = {"files": MOST_FILES, "flows": MOST_FLOWS, "size": MOST_BYTES // 1024 // 1024}
        return render_template("flows/import.html", problem=None, limits=limits, refused=refused, text=pasted), 422
    with reading(engine()) as connection:
        shop = read_shop(connection)
    return render_template(
        "flows/preview.html",
        candidates=list(_candidates(sound, shop)),
        refused=refused,
        teams=shop.teams.values(),
    )


def _refused(found: Sequence[Found]) -> list[tuple[str, Sequence[str], Sequence[tuple[str, str, str]]]]:
    """What is refused: the file, the places in it, and why. Places of a file with the same reasons stand together."""
    together: dict[tuple[str, tuple[tuple[str, str, str], ...]], list[str]] = {}
    for one in found:
        if not one.sound:
            why = tuple(_told(one, problem) for problem in one.problems)
            together.setdefault((one.file, why), []).append(one.place)
    return [(file, [place for place in places if place], why) for (file, why), places in together.items()]


def _candidates(sound: Sequence[Found], shop: Shop) -> Iterator[Candidate]:
    """Two flows of one key in one import do not take each other's place either: the second becomes a copy."""
    taken = set(shop.flow_keys)
    for number, found in enumerate(sound):
        assert found.document is not None and found.check is not None
        document = found.document
        drawn = DrawnFlow(document)
        copy_key = free_key(str(document["key"]), frozenset(taken))
        yield Candidate(
            number=number,
            found=found,
            drawn=drawn,
            text=orjson.dumps(document).decode(),
            taken=document["key"] in taken,
            copy_key=copy_key,
            new_teams=[
                (team["key"], words(team.get("name")) or team["key"])
                for team in document.get("teams", ())
                if team["key"] not in shop.teams
            ],
            new_systems=sorted(_systems(document) - shop.systems.keys()),
            problems=[_told(found, problem) for problem in found.check.errors],
        )
        taken.add(copy_key)


def _systems(document: Mapping[str, Any]) -> set[str]:
    settings = (node.get("settings", {}) for node in document["nodes"] if node["type"] == "request")
    return {str(each["system"]) for each in settings if each.get("system")}


def _told(found: Found, problem: Problem) -> tuple[str, str, str]:
    """Where in the flow, what, and how to mend it."""
    step = DrawnFlow(found.document).node_name(problem.node) if found.document and problem.node else ""
    return step or problem.where, *told_problem(problem)
