"""The start page of each duty, and the pulse that keeps every page's counts alive."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import requires
from builder.web import part

pages = Blueprint("start", __name__)


@pages.get("/")
@requires("start.see")
def page() -> ResponseReturnValue:
    """What waits for me, and what is wrong."""
    return render_template("start/page.html")


@pages.get("/pulse")
@requires("start.see")
def pulse() -> ResponseReturnValue:
    """The counts and the balance, as parts that replace those on the page."""
    return part("parts/pulse.html")
