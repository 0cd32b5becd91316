"""The ways out of the process: one folder for each notifier, messenger, system and source of orders, found by itself."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from runtime.adapters.contract import Messenger, Outlet, Source

_HERE = Path(__file__).parent


@cache
def outlets(kind: str) -> Mapping[str, Outlet]:
    """Every outlet of a kind, `notifiers` or `systems`, by its folder's name."""
    return MappingProxyType({name: import_module(f"runtime.adapters.{kind}.{name}").OUTLET for name in _folders(kind)})


@cache
def order_sources() -> Mapping[str, Source]:
    """Every source of orders, by its folder's name."""
    return MappingProxyType(
        {name: import_module(f"runtime.adapters.sources.{name}").SOURCE for name in _folders("sources")}
    )


@cache
def all_messengers() -> Mapping[str, Messenger]:
    """Every messenger, by its folder's name."""
    return MappingProxyType(
        {name: import_module(f"runtime.adapters.messengers.{name}").MESSENGER for name in _folders("messengers")}
    )


def _folders(kind: str) -> list[str]:
    return sorted(path.parent.name for path in (_HERE / kind).glob("*/__init__.py"))
