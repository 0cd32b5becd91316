"""How tests are shared between processes: a file stays in one, and those that start whole products follow each other."""

from pathlib import PurePosixPath
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

ALONE: Final = ("bench", "chaos", "demo", "jobs", "olist", "supervision", "wheel")
"""Folders whose tests start several processes each, or measure time: no two of them at once."""
LONG: Final = (*ALONE, "browser")
"""Folders whose tests take longest: they begin first, so that no process is alone at the end."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out whole files, and those of `ALONE` as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "alone" if _folder(file) in ALONE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = _folder(item.nodeid.partition("::")[0])
    return LONG.index(folder) if folder in LONG else len(LONG)


def _folder(file: str) -> str:
    parts = PurePosixPath(file).parts
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else ""
