"""The scene: everything that a picture is made from, but for the settings of the render."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np

from raywidget.errors import SceneError
from raywidget.scene.backdrop import Backdrop, checked_background
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter, Environment
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.shapes.planes import Plane, checked_caps
from raywidget.scene.shapes.simple import Bounds, Shape
from raywidget.scene.values import checks
from raywidget.scene.values.annotations import checked_annotations
from raywidget.scene.values.checks import ColorLike
from raywidget.scene.values.described import SceneObject, brief
from raywidget.scene.values.given import as_items
from raywidget.scene.values.named import Named

T = TypeVar("T", bound=SceneObject)


_NO_THINGS = (type, SceneObject, str, int, float, type(None))  # of which nothing makes a shape
_A_MAPPING = 'a mapping of settings, such as {"width": 400}'
_WRITTEN_OUT = 12  # items of a list that `repr` writes out; more are counted


@dataclass(frozen=True, eq=False, repr=False)
class Scene(SceneObject):
    """What is to be seen: shapes, light, and the camera that looks at them.

    Parameters
    ----------
    shapes : iterable of Shape
        In any order; stored as a tuple.
    emitters : iterable of Emitter
        Light that comes from no shape; at most one environment.
    camera : Camera
        Where the picture is taken from. There is no default.
    medium : HomogeneousMedium, optional
        What fills the space outside of all shapes, such as fog; by default nothing.
    clip : iterable of Plane
        Planes that cut all shapes and volumes open, exactly: what lies where a normal points to is
        not there, for the camera and for light. Lights that are no shapes are not cut.
    caps : bool or "values"
        Close what was closed: a cut through a ball, a box or a watertight mesh is a surface of its
        material. Without, one looks inside. With "values", too, and where a shape shows values, the
        cut does: of a `Volume` its numbers, in the colours of its transfer function; of a mesh what
        lies between the values on its surface, as means along seven lines through the point,
        weighted by the inverse of the distance, so that what is linear outside is linear inside and
        the rim has its own values.
    defaults : mapping of str to value
        Settings of the render that suit this scene, such as ``{"width": 400, "spp": 64}``; used
        where the caller of `render` says nothing. Stored read-only.
    background : colour, Backdrop, path, array, Image or PIL image, optional
        What the camera sees where no shape is, instead of the environment: it lights nothing, and
        neither mirrors nor glass show it. A picture fills the frame, as a `Backdrop` does. By
        default the environment is seen.
    annotations : mapping of str to value
        What stands over pictures of it, in the words of `Figure`: ``title``, ``labels``,
        ``scalebar``, ``axes``, ``colorbars``, ``legend``, ``texts``, ``orientation``; used by
        `Figure` and the widget where nothing else is said. It changes nothing of the picture
        itself. Stored read-only.
    notes : iterable of str
        What was mended or not understood where the scene comes from: a sentence each. They change
        nothing of the picture.

    Raises
    ------
    SceneError
        If an item has the wrong type or is listed twice, two objects share a name, there is more
        than one environment, or no camera.

    Examples
    --------
    >>> import raywidget as rw
    >>> scene = rw.Scene(
    ...     [rw.Sphere((0, 1, 0), 1), rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18))],
    ...     emitters=[rw.GradientEnvironment(top=(0.5, 0.7, 1), bottom=1)],
    ...     camera=rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0)),
    ... )
    >>> scene
    Scene(
        [
            Sphere(center=(0, 1, 0), radius=1),
            Quad(origin=(-9, 0, 9), edge_u=(18, 0, 0), edge_v=(0, 0, -18)),
        ],
        emitters=[GradientEnvironment(top=(0.5, 0.7, 1), bottom=(1, 1, 1))],
        camera=PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0)),
    )
    """

    shapes: Sequence[Shape] = ()
    emitters: Sequence[Emitter] = field(default=(), kw_only=True)
    # Without a camera there is a SceneError that says what to write, not only a TypeError.
    camera: Camera = field(default=cast(Camera, None), kw_only=True)
    medium: HomogeneousMedium | None = field(default=None, kw_only=True)
    defaults: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    annotations: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    background: ColorLike | Backdrop | None = field(default=None, kw_only=True)
    clip: Sequence[Plane] = field(default=(), kw_only=True)
    caps: bool | str = field(default=False, kw_only=True)
    notes: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = _checked_items(self, "shapes", self.shapes, Shape)
        emitters = _checked_items(self, "emitters", self.emitters, Emitter)
        environments = [e for e in emitters if isinstance(e, Environment)]
        if len(environments) > 1:
            raise SceneError(
                f"{checks.label(self)}: emitters must hold at most one environment, "
                f"got {len(environments)}: {', '.join(map(checks.label, environments))}"
            )
        advice = "write camera=PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))"
        checks.instance(self, "camera", self.camera, Camera, "a camera", advice)
        if self.medium is not None:
            checks.instance(self, "medium", self.medium, HomogeneousMedium, "a HomogeneousMedium")
        if self.background is not None:
            self._set(background=checked_background(self, self.background))
        given = (self.clip,) if isinstance(self.clip, Plane) else self.clip
        self._set(
            clip=_checked_items(self, "clip", given, Plane),
            caps=checked_caps(self, self.caps),
            notes=_checked_notes(self, self.notes),
            shapes=shapes,
            emitters=emitters,
            defaults=_checked_mapping(self, "defaults", self.defaults, _A_MAPPING),
            annotations=_checked_annotations(self, self.annotations),
        )
        _refuse_shared_names(self)

    @property
    def environment(self) -> Environment | None:
        """The environment among the emitters, or None."""
        return next((e for e in self.emitters if isinstance(e, Environment)), None)

    def objects(self) -> Iterator[SceneObject]:
        """All objects that the scene is made of, each once, parents first; not the scene."""
        seen: set[int] = set()
        waiting: list[object] = [self.background, self.camera, self.medium]
        waiting += reversed(self.emitters)
        waiting += [*reversed(self.clip), *reversed(self.shapes)]
        while waiting:
            item = waiting.pop()
            if isinstance(item, SceneObject) and id(item) not in seen:
                seen.add(id(item))
                yield item
                for f in reversed(fields(item)):
                    value = getattr(item, f.name)
                    if isinstance(value, Named):
                        value = tuple(value.values())
                    waiting += reversed(value) if isinstance(value, tuple) else [value]

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round all shapes, (3,) float64 each.

        Both are 0 when there are no shapes.
        """
        boxes = [shape.bounds() for shape in self.shapes]
        if not boxes:
            return np.zeros(3), np.zeros(3)
        return (
            np.min([lo for lo, _ in boxes], axis=0),
            np.max([hi for _, hi in boxes], axis=0),
        )

    def save(self, path: str | os.PathLike[str], *, in_full: bool = True) -> tuple[str, ...]:
        """Write the scene as glTF 2.0, for Blender and others, and for `load_scene`.

        Shapes with a formula become triangles, materials those of glTF, lights those of
        KHR_lights_punctual. What glTF can't say, as environments, lenses or mixtures, is told in
        notes. Equal scenes make equal files.

        Parameters
        ----------
        path : path-like
            Ends in ``.glb``, or in ``.gltf``: then a ``.bin`` and pictures lie beside it. What was
            there before is replaced only once all is written.
        in_full : bool
            Say all of it once more beside, in ``extras``, where only raywidget looks: `load_scene`
            returns the very same scene then, as long as no other program changes the file. Arrays
            and pictures are shared.

        Returns
        -------
        tuple of str
            What other programs don't get as it is: a sentence each.

        Raises
        ------
        SceneError
            If the suffix is another, or the file can't be written.

        Examples
        --------
        >>> import os, tempfile
        >>> import raywidget as rw
        >>> path = os.path.join(tempfile.mkdtemp(), "ball.glb")
        >>> scene = rw.presets.preset("simple-sphere")
        >>> for note in scene.save(path):
        ...     print(note)
        A Sphere became 9,024 flat triangles with smooth normals.
        The environment has no place in glTF.
        >>> repr(rw.load_scene(path)) == repr(scene)
        True
        """
        # Files stand above the scene, which knows nothing of them but this door.
        files = importlib.import_module("raywidget.io.scene_files")
        notes: tuple[str, ...] = files.write_scene(self, path, in_full=in_full)
        return notes

    def _parameters(self) -> dict[str, Any]:
        # A mappingproxy can't be pickled.
        told = {"annotations": dict(self.annotations)} if self.annotations else {}
        rest = {k: v for k, v in super()._parameters().items() if k != "annotations"}
        return rest | {"defaults": dict(self.defaults)} | told

    def _repr_html_(self) -> str | None:
        """A small sketch, in Jupyter; None, and with it the repr alone, if it takes too long."""
        try:
            # Pictures stand above the scene, as files do.
            glimpse = importlib.import_module("raywidget.engine.preview.glimpse")
            html: str | None = glimpse.as_html(self)
        except Exception:  # nothing that a repr meets is worth an error
            return None
        return html

    def __repr__(self) -> str:
        if len(self.shapes) <= _WRITTEN_OUT and len(self.emitters) <= _WRITTEN_OUT:
            return self._written_out()
        name = f"{self.name!r}: " if self.name else ""
        kinds = sorted({type(s).__name__ for s in self.shapes})
        counts = [f"{sum(type(s).__name__ == k for s in self.shapes)} {k}" for k in kinds]
        parts = [_counted(len(self.shapes), "shape", counts)]
        emitters = [type(e).__name__ for e in self.emitters]
        parts.append(_counted(len(emitters), "emitter", emitters))
        parts.append(type(self.camera).__name__)
        return f"Scene({name}{'; '.join(parts)})"

    def _written_out(self) -> str:
        """As one writes it: the Python that makes it, but for large arrays."""
        lines = [_listed(self.shapes)] if self.shapes else []
        if self.emitters:
            lines.append("emitters=" + _listed(self.emitters))
        lines.append(f"camera={self.camera!r}")
        if self.medium is not None:
            lines.append(f"medium={self.medium!r}")
        if self.clip:
            lines.append("clip=" + _listed(self.clip))
        if self.caps:
            lines.append(f"caps={self.caps!r}")
        if self.defaults:
            lines.append(f"defaults={dict(self.defaults)!r}")
        if self.annotations:
            lines.append(f"annotations={dict(self.annotations)!r}")
        if self.background is not None:
            lines.append(f"background={brief(self.background)}")
        if self.name:
            lines.append(f"name={self.name!r}")
        return "Scene(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _listed(items: Sequence[SceneObject]) -> str:
    if len(items) == 1:
        return f"[{items[0]!r}]"
    return "[\n" + "".join(f"        {item!r},\n" for item in items) + "    ]"


def _counted(count: int, noun: str, details: list[str]) -> str:
    plural = "" if count == 1 else "s"
    return f"{count} {noun}{plural}" + (f": {', '.join(details)}" if details else "")


def _checked_items(owner: Scene, name: str, items: object, kind: type[T]) -> tuple[T, ...]:
    what = kind.__name__.lower()
    article = "an" if what[0] in "aeiou" else "a"
    if isinstance(items, SceneObject):
        raise checks.fail(owner, name, f"a list of {what}s", items, "put it in [ ]")
    result = as_items(items)
    if result is None:
        raise checks.fail(owner, name, f"a list of {what}s", items)
    places: dict[int, int] = {}
    for index, item in enumerate(result):
        if not isinstance(item, kind):
            advice = ""
            if isinstance(item, type) and issubclass(item, kind):
                advice = f"write {item.__name__}(...), with its arguments"
            elif isinstance(item, Emitter):
                advice = "write it into emitters="
            elif isinstance(item, Shape):
                advice = "write it into shapes="
            elif kind is Shape and not isinstance(item, _NO_THINGS):
                advice = "shapes_of(thing) makes shapes of arrays and of other libraries' things"
            kind_of_item = "" if isinstance(item, type) else f"{type(item).__name__} "
            got = kind_of_item + checks.show(item)
            tail = f"; {advice}" if advice else ""
            raise SceneError(
                f"{checks.label(owner)}: {name}[{index}] must be {article} {what}, got {got}{tail}"
            )
        first = places.setdefault(id(item), index)
        if first != index:
            raise SceneError(
                f"{checks.label(owner)}: {name} must hold each object once, "
                f"got {checks.label(item)} at {first} and {index}"
            )
    return result


def _checked_mapping(owner: Scene, name: str, given: object, expected: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise checks.fail(owner, name, expected, given)
    for key in given:
        if not isinstance(key, str):
            raise checks.fail(owner, name, f"{expected}, with strings as keys", key)
    return MappingProxyType(dict(given))


def _checked_annotations(owner: Scene, given: object) -> Mapping[str, Any]:
    expected = 'a mapping of what Figure takes, such as {"title": "Heat"}'
    found = _checked_mapping(owner, "annotations", given, expected)
    return MappingProxyType(checked_annotations(owner, found))


def _checked_notes(owner: Scene, notes: object) -> tuple[str, ...]:
    result = as_items(notes)
    if result is None:
        raise checks.fail(owner, "notes", "a list of strings", notes)
    for note in result:
        if not isinstance(note, str):
            raise checks.fail(owner, "notes", "a list of strings", note)
    return result


def _refuse_shared_names(scene: Scene) -> None:
    owners: dict[str, SceneObject] = {}
    for item in scene.objects():
        if item.name is None:
            continue
        other = owners.setdefault(item.name, item)
        if other is not item:
            raise SceneError(
                f"{checks.label(scene)}: names must be unique, got {item.name!r} for a "
                f"{type(other).__name__} and a {type(item).__name__}"
            )
