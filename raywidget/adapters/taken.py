"""What adapters make of things: pieces of them, and what else they have of a scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from raywidget.io.building import AnyPiece
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.materials.media import HomogeneousMedium


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a thing consists of.

    Parameters
    ----------
    pieces : tuple of pieces
        In the order of the thing.
    emitters, cameras, medium, background, defaults, annotations
        What it has of these, as in `Scene`.
    up : str, optional
        Which of its axes points up, if it is known: ``"y"`` or ``"z"``.
    notes : tuple of str
        A sentence for each thing that was mended or left out.
    """

    pieces: tuple[AnyPiece, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    cameras: tuple[Camera, ...] = ()
    medium: HomogeneousMedium | None = None
    background: Any = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    up: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the caller said of how a thing is to be shown."""

    style: str | None = None  # of atoms, see `atoms`
    up: str = "z"  # where the heights of a field go


def join(parts: Sequence[Taken]) -> Taken:
    """All of them as one thing; of what can be there only once, the first."""
    ups = {part.up for part in parts}
    return Taken(
        pieces=tuple(piece for part in parts for piece in part.pieces),
        emitters=tuple(emitter for part in parts for emitter in part.emitters),
        cameras=tuple(camera for part in parts for camera in part.cameras),
        medium=next((part.medium for part in parts if part.medium is not None), None),
        background=next((p.background for p in parts if p.background is not None), None),
        defaults=next((part.defaults for part in parts if part.defaults), {}),
        annotations=next((part.annotations for part in parts if part.annotations), {}),
        up=ups.pop() if len(ups) == 1 else None,
        notes=tuple(note for part in parts for note in part.notes),
    )
