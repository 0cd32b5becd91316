"""Pages."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires

pages = Blueprint("orders", __name__)


@pages.get("/orders")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """A page."""
    return render_template("start/page.html")
