"""Who does something: the name that journal and audit keep."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is a user's or a token's name; `ip` and `device` are as seen by the web server, where there was one."""

    name: str
    ip: str | None = None
    device: str | None = None


SYSTEM = Actor("orderflow")
