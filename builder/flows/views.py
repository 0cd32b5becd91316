"""Pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires

pages = Blueprint("flows", __name__)


@pages.get("/flows")
@requires("flows.see")
def list_page() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")
