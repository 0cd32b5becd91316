"""How tests are shared between processes: a file stays in one, and those that start whole products follow each other."""

from pathlib import Path
from typing import Final

import pytest

ALONE: Final = ("bench", "chaos", "demo", "jobs", "olist", "supervision", "wheel")
"""Folders whose tests start several processes each, or measure time: no two of them at once."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        item.add_marker(pytest.mark.xdist_group("alone" if folder in ALONE else str(item.path)))
