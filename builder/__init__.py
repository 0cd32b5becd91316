"""The web application people see: Flask and htmx. Turns requests into runtime calls and answers into HTML."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from builder.config import Settings


def create_app(settings: "Settings") -> "Flask":
    """The web application for these settings. The database must have been migrated; nothing is started.

    Workers and commands import this package too: the web is loaded only here.
    """
    from builder.application import assemble

    return assemble(settings)
