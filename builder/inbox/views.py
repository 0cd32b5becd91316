"""Pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires

pages = Blueprint("inbox", __name__)


@pages.get("/inbox")
@requires("tasks.see")
def list_page() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")
