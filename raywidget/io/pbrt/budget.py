"""How much may be made of a file's words: a multiple of its size, and no more."""

from __future__ import annotations

from raywidget.errors import SceneError

BASE = 1 << 28
TIMES = 64


class Budget:
    """Bytes for what is not in the file itself: subdivided surfaces, round meshes, copies."""

    def __init__(self, size: int) -> None:
        self._left = BASE + TIMES * size

    def spend(self, count: int, place: str) -> None:
        """Ask for bytes; an error if the file is too small to ask for so many."""
        self._left -= count
        if self._left < 0:
            raise SceneError(
                f"{place}: what is made of a scene must be at most {BASE >> 20} MiB and {TIMES} "
                "times the size of its files; use fewer levels, or copies"
            )
