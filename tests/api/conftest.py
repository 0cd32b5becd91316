"""A shop's program that talks to the API. Every answer it gets is held against the OpenAPI document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from builder import create_app
from builder.api.access import ROLES
from builder.api.openapi import document
from builder.auth import add_token
from builder.config import Settings
from runtime.clock import now
from runtime.service import Service
from runtime.store.database import begin
from tests.trade import APPROVAL, SIX_STEPS, publish


def make_settings(home: Path, database_url: str, redis_url: str, **more: Any) -> Settings:
    """Settings of a real house in this folder."""
    return Settings(
        **{
            "home": home,
            "database_url": database_url,
            "redis_url": redis_url,
            "embedded_redis": False,
            "host": "127.0.0.1",
            "port": 8000,
            "push_port": 8001,
            "push_url": "off",
            "demo": False,
            "workers": 1,
            "threads": 4,
            "undo_seconds": 0,
            "proxies": 0,
            "timezone": "Asia/Shanghai",
            "language": None,
            "secret_key": "a secret of the tests, long enough for all",
            "log_level": "warning",
            "log_format": "text",
            **more,
        }
    )


@dataclass(slots=True)
class Api:
    """Talks to one house. `seen` collects which answers of which addresses were got."""

    app: Flask
    tokens: dict[str, str]
    moved: timedelta = field(default_factory=timedelta)
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    @property
    def service(self) -> Service:
        found: Service = self.app.extensions["orderflow.service"]
        return found

    def token(self, role: str, *channels: str) -> str:
        """One more token."""
        name = f"{role}-{len(self.tokens)}"
        with begin(self.service.engine, durable=True) as connection:
            text = add_token(connection, name, role, channels or None)
        self.tokens[name] = text
        return text

    def get(self, path: str, token: str | None = "admin", **more: Any) -> TestResponse:
        return self.ask("GET", path, token, **more)

    def post(self, path: str, body: Any = None, token: str | None = "admin", **more: Any) -> TestResponse:
        """`body` as bytes or text goes out as it is, everything else as JSON."""
        raw = body if isinstance(body, (bytes, str)) or body is None else orjson.dumps(body)
        return self.ask("POST", path, token, data=raw, content_type="application/json", **more)

    def ask(self, method: str, path: str, token: str | None = "admin", **more: Any) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if token:
            headers.setdefault("Authorization", f"Bearer {self.tokens.get(token, token)}")
        answer = self.app.test_client().open(path, method=method, headers=headers, **more)
        self.seen.add(check_truth(method, path.partition("?")[0], answer))
        return answer

    def orders(self, body: Any, token: str | None = "admin", **more: Any) -> list[dict[str, Any]]:
        """The results of an intake."""
        results: list[dict[str, Any]] = self.post("/api/v1/orders", body, token, **more).get_json()["results"]
        return results

    def drain(self) -> None:
        """Let the workers' work be done here and now."""
        while self.service.drain() + self.service.perform():
            pass


@pytest.fixture
def api(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Api]:
    """A fresh house with a token of each role, and no flows."""
    app = create_app(make_settings(tmp_path, sqlite_url, redis_url))
    house = Api(app, {})
    house.service.clock = house.service.intake.clock = lambda: now() + house.moved
    with begin(house.service.engine, durable=True) as connection:
        house.tokens |= {role: add_token(connection, role, role) for role in ROLES}
    yield house
    house.service.engine.dispose()


@pytest.fixture
def shop(api: Api) -> Api:
    """A house whose flow takes the own shop's orders."""
    publish(api.service, SIX_STEPS)
    return api


@pytest.fixture
def asking_shop(api: Api) -> Api:
    """A house whose flow asks the leads about every order."""
    publish(api.service, APPROVAL)
    return api


# --- the document tells the truth -----------------------------------------------------------------------------------


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document."""
    return document()


def check_truth(method: str, path: str, answer: TestResponse) -> tuple[str, str, int]:
    """Fail unless the document tells of this answer: the address, the method, the status and the shape of the body."""
    template = template_of(path)
    if template is None or method.lower() not in contract()["paths"][template]:
        assert answer.status_code in (404, 405), f"{method} {path} is not in the document"
        assert answer.mimetype == "application/problem+json"
        return method, path, answer.status_code
    told = contract()["paths"][template][method.lower()]["responses"]
    status = answer.status_code
    assert str(status) in told, f"{method} {template} answered {status}, which the document does not tell"
    content = told[str(status)]["content"]
    assert answer.mimetype in content, f"{method} {template} {status} is {answer.mimetype}"
    validator(template, method.lower(), str(status), answer.mimetype).validate(answer.get_json())
    return method, template, status


def template_of(path: str) -> str | None:
    """The path of the document that this address belongs to; the one with the fewest names wins."""
    fitting = [template for template in contract()["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)]
    return min(fitting, key=lambda template: template.count("{"), default=None)


@cache
def validator(template: str, method: str, status: str, media: str) -> Draft202012Validator:
    schema = contract()["paths"][template][method]["responses"][status]["content"][media]["schema"]
    return Draft202012Validator({**schema, "components": contract()["components"]})
