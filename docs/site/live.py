"""Pictures whose exposure and curve a reader can turn without a kernel."""

from __future__ import annotations

from pathlib import Path

import raywidget as rw


def write_live(folder: Path) -> None:
    """Write a page for each of them."""
    folder.mkdir(parents=True, exist_ok=True)
    widget = rw.RayWidget(rw.presets.cornell(), width=240, height=240, spp=64, denoise=True)
    try:
        if not widget.wait(timeout=600):
            raise RuntimeError(f"the live example was not rendered: {widget.status}")
        widget.to_html(folder / "cornell.html")
    finally:
        widget.close()
