"""Pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires

pages = Blueprint("admin", __name__)


@pages.get("/people")
@requires("people.manage")
def people() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")


@pages.get("/channels")
@requires("people.manage")
def channels() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")
