"""The public API: orders come in, what became of them goes out, people's decisions and flows, all as JSON.

Every address is one function with its contract above it; the OpenAPI document is made from these contracts.
"""

from flask import Flask


def install_api(app: Flask, secret_key: str) -> None:
    """Give the application its API and the two health pages."""
    from builder.api import access, balance, flows, health, openapi, orders, tasks
    from builder.api.contract import blueprint
    from builder.api.problems import install_problems

    loaded = (balance, flows, openapi, orders, tasks)
    assert all(loaded), "importing them writes their contracts down"
    access.install_access(app, secret_key)
    api = blueprint()
    install_problems(api)
    for part in (api, health.pages):
        app.register_blueprint(part)
        app.extensions["orderflow.csrf"].exempt(part)
