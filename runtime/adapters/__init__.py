"""The ways out of the process: one folder for each notifier and system, found by itself."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from runtime.adapters.contract import Outlet

_HERE = Path(__file__).parent


@cache
def outlets(kind: str) -> Mapping[str, Outlet]:
    """Every outlet of a kind, `notifiers` or `systems`, by its folder's name."""
    names = sorted(path.parent.name for path in (_HERE / kind).glob("*/__init__.py"))
    return MappingProxyType({name: import_module(f"runtime.adapters.{kind}.{name}").OUTLET for name in names})
