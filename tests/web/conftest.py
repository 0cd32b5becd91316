"""A house with people in it, and visitors who look at its pages as a browser without scripts would."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from builder import create_app
from builder.auth import Duty, add_user, make_signin_link
from runtime.service import Service
from runtime.store import tables
from runtime.store.database import begin
from tests.api.conftest import make_settings
from tests.core.flow_documents import NOTIFY, REQUEST, approval, document, total_over
from tests.trade import arrival, order, publish

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')

BIG_ORDERS = document(
    [
        ("in", "ingest", {}),
        ("way", "route", {"rules": [{"id": "big", "name": "over 5,000", "when": total_over("5000.00")}]}),
        ("ask", "approval", approval(reasons=["Stock confirmed", "Suspicious"], deadline_minutes=30)),
        ("tell", "notify", NOTIFY),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "rejected"}),
    ],
    ["in.out>way", "way.big>ask", "way.else>tell", "ask.approved>tell", "ask.rejected>no", "tell.sent>end"],
    key="big-orders",
    channels=["own-shop"],
    teams=[{"key": "leads", "name": {"en": "Supervisors", "zh-CN": "主管"}}],
)
"""Over 5,000 the leads are asked; everything else goes straight on."""

SHAKY = document(
    [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "nowhere"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="shaky",
    channels=["shaky-shop"],
)
"""A system that nobody has set up, without a retry: its orders go to the failure list."""


@dataclass(slots=True)
class Visitor:
    """A browser. Posts carry the CSRF token of the last page, as its forms do."""

    client: FlaskClient
    seen: str = ""

    def get(self, path: str, status: int = 200, **more: Any) -> str:
        """The page's HTML; it must have this status."""
        answer = self.look(path, **more)
        assert answer.status_code == status, f"{path} answered {answer.status_code}: {answer.text[:400]}"
        return answer.text

    def look(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        self.seen = answer.text if "csrf-token" in answer.text else self.seen
        return answer

    def post(self, path: str, told: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a form."""
        if not TOKEN.search(self.seen):
            self.look("/sign-in")
        found = TOKEN.search(self.seen)
        token = found[1] if found else ""
        answer = self.client.post(path, data={"csrf_token": token, **(told or {})}, **more)
        self.seen = answer.text if "csrf-token" in answer.text else self.seen
        return answer

    def speak(self, language: str) -> None:
        """Choose the language of the pages."""
        self.client.set_cookie("language", language)


@dataclass(slots=True)
class House:
    """A running house for the tests of pages."""

    app: Flask
    visitors: dict[str, Visitor] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        service: Service = self.app.extensions["orderflow.service"]
        return service

    def hire(self, name: str, *duties: Duty, team: str | None = None, password: str | None = None) -> None:
        """A new person, in a team if so wished (the team must exist)."""
        with begin(self.service.engine, durable=True) as connection:
            add_user(connection, name, name.title(), duties, password)
            if team:
                connection.execute(insert(tables.team_members).values(team=team, user_name=name))

    def stranger(self) -> Visitor:
        return Visitor(self.app.test_client())

    def enter(self, name: str) -> Visitor:
        """A browser in which this person has signed in by a link."""
        visitor = self.stranger()
        path = make_signin_link(self.service.engine, name)
        visitor.get(path)
        assert visitor.post(path).status_code == 303
        visitor.get("/")
        return visitor

    def take(self, number: int, channel: str = "own-shop", **more: Any) -> str:
        """An order comes in and goes as far as it can by itself. Its run's id."""
        receipt = self.service.receive([arrival(order(number, **more), channel)])[0]
        self.settle()
        return receipt.run_id

    def settle(self) -> None:
        """Let everything go on that can."""
        while self.service.drain() + self.service.perform():
            pass


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with published flows, and a person of each kind. No bell is heard in it: `settle` works instead."""
    made = House(create_app(make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis")))
    publish(made.service, BIG_ORDERS)
    publish(made.service, SHAKY)
    made.hire("zhao", "lead", team="leads")
    made.hire("wang", "lead", team="leads")
    made.hire("chen", "operator")
    made.hire("lin", "designer")
    made.hire("root", "admin")
    made.hire("oliver", "auditor")
    yield made
    made.service.engine.dispose()
