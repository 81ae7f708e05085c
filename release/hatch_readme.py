"""Metadata hook of hatchling: the README with links that hold elsewhere."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ReadmeHook(MetadataHookInterface):
    """Sets ``readme``; ``[project.urls]`` says where the repository is."""

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
