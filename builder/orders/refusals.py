"""Pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires

pages = Blueprint("refusals", __name__)


@pages.get("/refusals")
@requires("refusals.see")
def list_page() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")
