"""The public API: orders come in, what became of them goes out, people's decisions and flows, all as JSON.

Every address is one function with its contract above it; the OpenAPI document is made from these contracts.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from builder.api.contract import Operation


def operations() -> "Sequence[Operation]":
    """Every contract. Importing the parts writes theirs down."""
    from builder.api import balance, failures, flows, moves, openapi, orders, tasks
    from builder.api.contract import OPERATIONS

    assert all((balance, failures, flows, moves, openapi, orders, tasks))
    return OPERATIONS


def install_api(app: Flask, secret_key: str) -> None:
    """Give the application its API and the two health pages."""
    from builder.api import access, health
    from builder.api.contract import blueprint
    from builder.api.problems import install_problems

    access.install_access(app, secret_key)
    api = blueprint(operations())
    install_problems(api)
    for part in (api, health.pages):
        app.register_blueprint(part)
        app.extensions["orderflow.csrf"].exempt(part)
