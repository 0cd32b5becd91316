"""The tables as the screens read them. Screens never write a run through these: that is the service's work alone."""

import json
from typing import Any

from flask import Flask, current_app
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Mapped

from runtime.store import tables


class Database(SQLAlchemy):
    """Flask-SQLAlchemy over the application's one engine, so that screens and service share its pool and settings."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine: Engine = app.extensions["orderflow.engine"]
        return engine


db = Database(metadata=tables.metadata)


class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
    """A person who signs in."""

    __table__ = tables.users

    id: Mapped[str]
    name: Mapped[str]
    display: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    duties: Mapped[str]
    language: Mapped[str | None]
    active: Mapped[bool]

    @property
    def is_active(self) -> bool:
        """Somebody who left stays in the records and cannot sign in."""
        return self.active

    @property
    def duty_set(self) -> frozenset[str]:
        """The duties of the person."""
        return frozenset(json.loads(self.duties))


class Team(db.Model):  # type: ignore[name-defined, misc]
    """A group that tasks are given to."""

    __table__ = tables.teams

    key: Mapped[str]
    name: Mapped[str]


class Channel(db.Model):  # type: ignore[name-defined, misc]
    """A shop that orders come from."""

    __table__ = tables.channels

    name: Mapped[str]
    flow_key: Mapped[str | None]


def engine() -> Engine:
    """The engine of the running application."""
    found: Engine = current_app.extensions["orderflow.engine"]
    return found
