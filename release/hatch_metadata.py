"""Metadata hook of hatchling: the README with links that hold elsewhere, and what is needed.

A wheel with machine code needs no compiler, which would be a hundred megabytes and tie it to the
Pythons that numba has wheels for. All others do: the pure wheel, editable installs, sdists.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class MetadataHook(MetadataHookInterface):
    """Sets ``readme`` and ``dependencies``.

    ``[project.urls]`` says where the repository is; ``pyproject.toml`` says below this hook's name
    what all wheels need.
    """

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what is dynamic."""
        root = Path(self.root)
        place = root / "release" / "readme.py"
        spec = importlib.util.spec_from_file_location("raywidget_readme", place)
        assert spec is not None
        assert spec.loader is not None
        readme = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(readme)
        home = metadata.get("urls", {}).get("Repository")
        text = (root / "README.md").read_text(encoding="utf-8")
        text = readme.for_an_index(text, home, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        needed = list(self.config["dependencies"])
        if "RAYWIDGET_WHEEL_TAG" not in os.environ:  # no machine code goes in
            needed += metadata["optional-dependencies"]["compile"]
        metadata["dependencies"] = sorted(needed, key=str.lower)
