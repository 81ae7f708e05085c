"""Directives -> what they declare: shapes, lights, materials with the state that they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.pbrt.parameters import Parameter, Parameters, read_parameters
from raywidget.io.pbrt.tokens import Files, Token, Tokens, shown
from raywidget.scene.values import transforms

F64 = NDArray[np.float64]

MAX_SHAPES = 1 << 20  # and as many lights, textures, materials, and copies of objects
MAX_STACK = 1 << 10
MAX_UNKNOWN = 64  # directives; then it is no such file

_TARGETS = ("shape", "light", "material", "medium", "texture")
_SETTINGS = ("Camera", "Film", "Integrator", "PixelFilter", "Sampler", "Accelerator")
_COLOR_SPACES = ("srgb", "rec2020", "aces2065-1", "dci-p3")


class Placed(NamedTuple):
    """An object with the matrix that stood when it was declared."""

    parameters: Parameters
    matrix: F64


class DeclaredShape(NamedTuple):
    """A shape with all of the state that matters for it."""

    parameters: Parameters
    matrix: F64
    reversed: bool
    material: Parameters | str | None  # a name is looked up at the end, as pbrt does
    area_light: Parameters | None
    inside: str
    outside: str


@dataclass(frozen=True)
class _State:
    matrix: F64
    reversed: bool = False
    material: Parameters | str | None = None
    area_light: Parameters | None = None
    inside: str = ""
    outside: str = ""
    color_space: str = "srgb"
    attributes: dict[str, dict[str, Parameter]] = field(default_factory=dict)


@dataclass
class Declared:
    """All that a scene's files declare."""

    settings: dict[str, Placed] = field(default_factory=dict)  # "Camera", "Film", ...
    shapes: list[DeclaredShape] = field(default_factory=list)
    lights: list[Placed] = field(default_factory=list)
    materials: dict[str, Parameters] = field(default_factory=dict)
    media: dict[str, Parameters] = field(default_factory=dict)
    textures: dict[tuple[str, str], Placed] = field(default_factory=dict)  # (type, name)
    objects: dict[str, list[DeclaredShape]] = field(default_factory=dict)
    copies: dict[str, list[F64]] = field(default_factory=dict)
    camera_medium: str = ""
    owners: list[Parameters] = field(default_factory=list)  # all of them, in their order
    size: int = 0  # bytes of the files


class Directives:
    """Follows the directives of a scene's files."""

    def __init__(self, scene: Path, notes: Notes) -> None:
        self.declared = Declared()
        self._files = Files(scene)
        self._scene = scene
        self._notes = notes
        self._state = _State(np.eye(4))
        self._stack: list[tuple[str, _State]] = []
        self._systems: dict[str, F64] = {}
        self._shapes = self.declared.shapes  # where shapes go: the world, or an object
        self._is_still = True  # what follows moves the state at the beginning of the exposure
        self._unknown: set[str] = set()
        self._count = 0

    def read(self) -> Declared:
        """Follow all files to their end."""
        self._file(self._scene, self._scene.name)
        if self._stack:
            self._notes.add(f"{self._stack[-1][0]} is never ended", self._scene.name)
        self.declared.size = self._files.size
        return self.declared

    def _file(self, path: Path, place: str) -> None:
        tokens = self._files.begin(path, place)
        while (token := tokens.take()) is not None:
            if token.kind != "word" or re.fullmatch(r"[A-Za-z]\w*", token.text) is None:
                raise SceneError(f"{token.place}: must be a directive, got {shown(token)}")
            follow = _DIRECTIVES.get(token.text)
            if follow is not None:
                follow(self, token, tokens)
            elif token.text in _SETTINGS:
                self._setting(token, tokens)
            else:
                self._unknown_directive(token, tokens)
        self._files.end()

    def _unknown_directive(self, token: Token, tokens: Tokens) -> None:
        self._unknown.add(token.text)
        if len(self._unknown) > MAX_UNKNOWN:
            raise SceneError(f"{token.place}: is no pbrt scene: {shown(token)} is no directive")
        self._notes.add(f"directive {token.text!r} is not known here, and left out", token.place)
        while (following := tokens.peek()) is not None:
            if following.kind == "word" and following.text[:1].isalpha():
                return
            tokens.take()

    def _counted(self, place: str) -> None:
        self._count += 1
        if self._count > MAX_SHAPES:
            raise SceneError(f"{place}: a scene may declare at most {MAX_SHAPES:,} things")

    # --- Objects ----------------------------------------------------------------------------------

    def _parameters(self, kind: str, token: Token, tokens: Tokens, target: str = "") -> Parameters:
        self._counted(token.place)
        name = tokens.string(f"the type of a {kind}")
        items = read_parameters(tokens)
        given = self._state.attributes.get(target or kind, {})
        result = Parameters(
            kind, name.text, token.place, self._scene, {**given, **items}, self._state.color_space
        )
        # Attributes are for many objects: what one of them has no use for needs no word.
        result.taken |= given.keys() - items.keys()
        self.declared.owners.append(result)
        return result

    def _setting(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters(token.text.lower(), token, tokens, target=" ")
        if token.text == "Camera":
            if abs(np.linalg.det(self._state.matrix[:3, :3])) < 1e-30:
                raise SceneError(f"{token.place}: the transform of the camera must not flatten it")
            self._systems["camera"] = np.asarray(np.linalg.inv(self._state.matrix), np.float64)
            self.declared.camera_medium = self._state.outside
        self.declared.settings[token.text] = Placed(found, self._state.matrix)

    def _shape(self, token: Token, tokens: Tokens) -> None:
        state = self._state
        self._shapes.append(
            DeclaredShape(
                self._parameters("shape", token, tokens),
                state.matrix,
                state.reversed,
                state.material,
                state.area_light,
                state.inside,
                state.outside,
            )
        )

    def _light(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters("light", token, tokens)
        self.declared.lights.append(Placed(found, self._state.matrix))

    def _area_light(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters("area light", token, tokens, "light")
        self._state = replace(self._state, area_light=found)

    def _material(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters("material", token, tokens)
        self._state = replace(self._state, material=found)

    def _named_material(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of a material").text
        self._state = replace(self._state, material=name)

    def _make_material(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters("material", token, tokens)
        self._make(self.declared.materials, found, found.type)

    def _make_medium(self, token: Token, tokens: Tokens) -> None:
        found = self._parameters("medium", token, tokens)
        self._make(self.declared.media, found, found.type)

    def _make(self, where: dict[str, Parameters], found: Parameters, name: str) -> None:
        """What is made by name has its type among its parameters."""
        found.type = found.text("type")
        found.is_used = False  # so far
        if name in where:
            self._notes.add(f"{found.kind} {name!r} is made twice: the last counts", found.place)
        where[name] = found

    def _texture(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of a texture").text
        kind = tokens.string("the type of a texture")
        found = self._parameters("texture", token, tokens)
        if kind.text not in ("float", "spectrum", "color"):
            raise SceneError(
                f"{kind.place}: a texture must be of type float or spectrum, got {shown(kind)}"
            )
        key = ("float" if kind.text == "float" else "spectrum", name)
        self.declared.textures[key] = Placed(found, self._state.matrix)

    # --- State ------------------------------------------------------------------------------------

    def _begin(self, token: Token, tokens: Tokens) -> None:
        self._push(token.text, token.place)

    def _push(self, kind: str, place: str) -> None:
        if len(self._stack) >= MAX_STACK:
            raise SceneError(f"{place}: attributes may be at most {MAX_STACK} deep")
        self._stack.append((kind, self._state))

    def _end(self, token: Token, tokens: Tokens) -> None:
        begin = token.text.replace("End", "Begin")
        if not self._stack or self._stack[-1][0] != begin:
            found = f"{self._stack[-1][0]} is open" if self._stack else "nothing is open"
            raise SceneError(f"{token.place}: {token.text} must end what {begin} began: {found}")
        _, before = self._stack.pop()
        if token.text == "TransformEnd":
            self._state = replace(self._state, matrix=before.matrix)
        else:
            self._state = before
        if token.text == "ObjectEnd":
            self._shapes = self.declared.shapes

    def _object_begin(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of an object").text
        if self._shapes is not self.declared.shapes:
            raise SceneError(f"{token.place}: an object can't begin within another")
        self._push(token.text, token.place)
        self._counted(token.place)
        self._shapes = self.declared.objects[name] = []

    def _object_instance(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of an object").text
        if self._shapes is not self.declared.shapes:
            raise SceneError(f"{token.place}: an object can't have copies of others in it")
        if name not in self.declared.objects:
            raise SceneError(f"{token.place}: nothing above makes the object {name!r}")
        self._counted(token.place)
        self.declared.copies.setdefault(name, []).append(self._state.matrix)

    def _reverse(self, token: Token, tokens: Tokens) -> None:
        self._state = replace(self._state, reversed=not self._state.reversed)

    def _medium_interface(self, token: Token, tokens: Tokens) -> None:
        inside = tokens.string("the name of a medium").text
        following = tokens.peek()
        outside = inside
        if following is not None and following.kind == "string":
            tokens.take()
            outside = following.text
        self._state = replace(self._state, inside=inside, outside=outside)

    def _color_space(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of a colour space")
        if name.text not in _COLOR_SPACES:
            raise SceneError(
                f"{name.place}: ColorSpace must be one of {', '.join(_COLOR_SPACES)}, "
                f"got {shown(name)}"
            )
        self._state = replace(self._state, color_space=name.text)

    def _attribute(self, token: Token, tokens: Tokens) -> None:
        target = tokens.string("the target of an Attribute")
        if target.text not in _TARGETS:
            raise SceneError(
                f"{target.place}: Attribute must be for one of {', '.join(_TARGETS)}, "
                f"got {shown(target)}"
            )
        given = self._state.attributes
        items = {**given.get(target.text, {}), **read_parameters(tokens)}
        self._state = replace(self._state, attributes={**given, target.text: items})

    def _option(self, token: Token, tokens: Tokens) -> None:
        for item in read_parameters(tokens).values():
            self._notes.add(f"option {item.name!r} is left out", item.place)

    def _world_begin(self, token: Token, tokens: Tokens) -> None:
        self._state = replace(self._state, matrix=np.eye(4), inside="", outside="")
        self._systems["world"] = np.eye(4)
        self._is_still = True

    def _world_end(self, token: Token, tokens: Tokens) -> None:
        """Earlier versions end the world; there is nothing to do."""

    def _include(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of a file")
        self._file(self._files.included(name.text, name.place), name.place)

    def _import(self, token: Token, tokens: Tokens) -> None:
        """As Include, but what it changes of the state ends with it."""
        before, depth = self._state, len(self._stack)
        self._include(token, tokens)
        if len(self._stack) != depth:
            raise SceneError(f"{token.place}: what begins in an imported file must end in it")
        self._state = before

    # --- Transforms -------------------------------------------------------------------------------

    def _set(self, matrix: F64, place: str) -> None:
        if not self._is_still:
            return
        if not np.isfinite(matrix).all():
            raise SceneError(f"{place}: the transform has numbers that are not finite")
        self._state = replace(self._state, matrix=matrix)

    def _append(self, matrix: F64, place: str) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            self._set(self._state.matrix @ matrix, place)

    def _identity(self, token: Token, tokens: Tokens) -> None:
        self._set(np.eye(4), token.place)

    def _translate(self, token: Token, tokens: Tokens) -> None:
        self._append(transforms.translate(*tokens.numbers(3)), token.place)

    def _scale(self, token: Token, tokens: Tokens) -> None:
        self._append(np.diag([*tokens.numbers(3), 1.0]), token.place)

    def _rotate(self, token: Token, tokens: Tokens) -> None:
        angle, *axis = tokens.numbers(4)
        if not np.linalg.norm(axis) > 0.0:
            raise SceneError(f"{token.place}: the axis of Rotate must not be 0")
        self._append(transforms.rotate(float(angle), axis), token.place)

    def _look_at(self, token: Token, tokens: Tokens) -> None:
        """The camera looks along z, with y up and x to the right: from the world to it."""
        eye, target, up = tokens.numbers(9).reshape(3, 3)
        with np.errstate(over="ignore", invalid="ignore"):
            forward = target - eye
            right = np.cross(up, forward)
            lengths = np.linalg.norm(forward), np.linalg.norm(right)
        if not min(lengths) > 0.0 or not np.isfinite(lengths).all():
            raise SceneError(f"{token.place}: LookAt must not look along its own up, or at its eye")
        forward, right = forward / lengths[0], right / lengths[1]
        camera = np.eye(4)
        camera[:3] = np.stack([right, np.cross(forward, right), forward, eye], axis=1)
        self._append(np.asarray(np.linalg.inv(camera), np.float64), token.place)

    def _transform(self, token: Token, tokens: Tokens) -> None:
        self._set(tokens.numbers(16).reshape(4, 4).T, token.place)

    def _concat(self, token: Token, tokens: Tokens) -> None:
        self._append(tokens.numbers(16).reshape(4, 4).T, token.place)

    def _system(self, token: Token, tokens: Tokens) -> None:
        self._counted(token.place)
        self._systems[tokens.string("the name of coordinates").text] = self._state.matrix

    def _to_system(self, token: Token, tokens: Tokens) -> None:
        name = tokens.string("the name of coordinates")
        if name.text not in self._systems:
            raise SceneError(f"{name.place}: nothing above makes the coordinates {shown(name)}")
        self._set(self._systems[name.text], token.place)

    def _active(self, token: Token, tokens: Tokens) -> None:
        when = tokens.take()
        if when is None or when.text not in ("All", "StartTime", "EndTime"):
            raise SceneError(
                f"{token.place}: ActiveTransform must be All, StartTime or EndTime, "
                f"got {shown(when)}"
            )
        self._is_still = when.text != "EndTime"
        if not self._is_still:
            self._notes.add("nothing moves here: all is as at the start of it", token.place)

    def _times(self, token: Token, tokens: Tokens) -> None:
        tokens.numbers(2)


_DIRECTIVES: dict[str, Callable[[Directives, Token, Tokens], Any]] = {
    "ActiveTransform": Directives._active,
    "AreaLightSource": Directives._area_light,
    "Attribute": Directives._attribute,
    "AttributeBegin": Directives._begin,
    "AttributeEnd": Directives._end,
    "ColorSpace": Directives._color_space,
    "ConcatTransform": Directives._concat,
    "CoordSysTransform": Directives._to_system,
    "CoordinateSystem": Directives._system,
    "Identity": Directives._identity,
    "Import": Directives._import,
    "Include": Directives._include,
    "LightSource": Directives._light,
    "LookAt": Directives._look_at,
    "MakeNamedMaterial": Directives._make_material,
    "MakeNamedMedium": Directives._make_medium,
    "Material": Directives._material,
    "MediumInterface": Directives._medium_interface,
    "NamedMaterial": Directives._named_material,
    "ObjectBegin": Directives._object_begin,
    "ObjectEnd": Directives._end,
    "ObjectInstance": Directives._object_instance,
    "Option": Directives._option,
    "ReverseOrientation": Directives._reverse,
    "Rotate": Directives._rotate,
    "Scale": Directives._scale,
    "Shape": Directives._shape,
    "Texture": Directives._texture,
    "Transform": Directives._transform,
    "TransformBegin": Directives._begin,
    "TransformEnd": Directives._end,
    "TransformTimes": Directives._times,
    "Translate": Directives._translate,
    "WorldBegin": Directives._world_begin,
    "WorldEnd": Directives._world_end,
}
