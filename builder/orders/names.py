"""The names of people and teams, as stories, lists and tasks tell them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from builder.i18n import words
from builder.i18n.text import _
from builder.navigation import duty_name
from runtime.actor import SYSTEM
from runtime.store.tables import teams, users


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people and teams, by what the rows call them."""

    people: Mapping[str, str]
    teams: Mapping[str, str]

    def person(self, name: str | None) -> str:
        """A person's shown name."""
        return "Orderflow" if name == SYSTEM.name else self.people.get(name or "", name or "")

    def asked(self, kind: str, who: str) -> str:
        """Whom a task asks."""
        match kind:
            case "team":
                return _("team %(name)s", name=self.teams.get(who, who))
            case "role":
                return _("duty %(name)s", name=duty_name(who))
            case _:
                return self.person(who)

    def addressee(self, to: str) -> str:
        """Whom a message goes to: `team:warehouse` by the name of the team, an address as it stands."""
        kind, _colon, who = to.partition(":")
        return self.asked(kind, who) if kind in ("person", "role", "team") and who else to


def names(connection: Connection) -> Names:
    """All names: there are few people and teams."""
    people = connection.execute(select(users.c.name, users.c.display))
    groups = connection.execute(select(teams.c.key, teams.c.name))
    return Names({name: display for name, display in people}, {key: words(name) or key for key, name in groups})
