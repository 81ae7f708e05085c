"""Messages from the browser as values, checked; those to it are made in `outgoing`.

``docs/protocol.md`` is the contract; ``js/src/wire/protocol.js`` is the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from raywidget.errors import ProtocolError

VERSION = 1
BIGGEST = 2**53 - 1  # the largest integer that JSON carries to JavaScript unharmed
MAX_MISSING = 64
MAX_MORE = 1_000_000  # samples per pixel that one `more` may ask for
MAX_COORDINATE = 1e15  # as for everything in a scene
MAX_DEGREES = 180.0
MAX_SIDE = 65_535
MAX_SHAPES = 2**31
MAX_NAME = 400
MAX_VALUE = 1e300
MAX_DEPTH = 1_000_000  # what the settings allow is theirs to say
FILE_FORMATS = ("exr", "npz", "png", "film")
FILMS = ("turntable", "times")
FILM_FORMATS = ("mp4", "webp", "gif")
MAX_FILM_SECONDS = 600.0

DEEDS = ("pause", "resume", "stop", "restart", "more")

Content = dict[str, Any]

Point = tuple[float, float, float]


class Shown(NamedTuple):
    """What a page already shows, as its `hello` says."""

    epoch: int
    generation: int
    seq: int


class Hello(NamedTuple):
    """A page has loaded the widget and wants all there is."""

    client: int
    have: Shown | None


class Ack(NamedTuple):
    """Which messages have arrived, and whether anybody looks."""

    client: int
    epoch: int
    seq: int
    missing: tuple[int, ...]
    visible: bool
    held: float = 0.0  # seconds for which the page kept it back, to say it with others at once


class Need(NamedTuple):
    """A page lost the thread and wants the whole picture again."""

    client: int
    epoch: int
    generation: int


class Control(NamedTuple):
    """The user pressed a button."""

    client: int
    do: str
    samples: int  # only for "more", else 0


class CameraMove(NamedTuple):
    """The user moves the camera: where it is now."""

    client: int
    number: int  # counts the moves of this client
    moving: bool  # will more follow at once?
    look_from: Point
    look_at: Point
    up: Point
    vfov: float | None  # degrees; None where rays are parallel
    height: float | None  # of what is seen then, in scene units


class Probe(NamedTuple):
    """What is to be seen in a pixel?"""

    client: int
    number: int  # comes back in the answer
    x: int
    y: int
    again: bool  # asked by the page itself, which keeps up what it shows; the user didn't click


class Vantage(NamedTuple):
    """From where is there something to be seen, if one wants to look so?"""

    client: int
    number: int  # comes back in the answer
    look_from: Point
    look_at: Point
    up: Point
    vfov: float | None  # these two as in `CameraMove`
    height: float | None


class RenderChange(NamedTuple):
    """The user changes a setting of the render; what is None stays as it is."""

    client: int
    integrator: str | None
    max_depth: int | None
    size: tuple[int, int] | None
    region: tuple[int, int, int, int] | None  # x, y, width, height
    clear_region: bool
    caustics: bool | None = None


class ValueChange(NamedTuple):
    """The user changes how values are shown; what is None stays as it is."""

    client: int
    number: int
    shape: int | None  # index in the scene; None: all that can
    show: str | None  # name of a quantity
    colormap: str | None  # name of a map
    limits: tuple[float, float] | None
    auto: bool  # limits follow from the values


class FileRequest(NamedTuple):
    """The user wants the picture as a file of this format."""

    client: int
    number: int
    format: str


class TimeChange(NamedTuple):
    """The user shows another time, or has times played; what is None stays as it is."""

    client: int
    place: int | None  # of the times, counted from 0
    moving: bool  # will more follow at once?
    play: bool | None
    loop: bool | None


class RecordRequest(NamedTuple):
    """The user wants a film, or no longer."""

    client: int
    what: str | None  # one of FILMS; None: break off
    format: str
    seconds: float


Question = Probe | Vantage | RenderChange | ValueChange | FileRequest | TimeChange | RecordRequest
Message = Hello | Ack | Need | Control | CameraMove | Question


def parse_message(content: object) -> Message:
    """Check a message from the browser.

    Raises
    ------
    ProtocolError
        If it isn't one of version 1 of the protocol. Unknown fields are ignored.
    """
    if not isinstance(content, Mapping):
        raise ProtocolError(f"message: expected an object, got {type(content).__name__}")
    kind = content.get("k")
    if kind == "hello":
        return _parse_hello(content)
    if kind == "ack":
        return _parse_ack(content)
    if kind == "need":
        return Need(
            _integer(content, "client"), _integer(content, "epoch"), _integer(content, "generation")
        )
    if kind == "control":
        return _parse_control(content)
    if kind == "camera":
        return _parse_camera(content)
    if kind == "probe":
        return Probe(
            _integer(content, "client"),
            _integer(content, "number"),
            _integer(content, "x", low=0, high=MAX_SIDE),
            _integer(content, "y", low=0, high=MAX_SIDE),
            _flag(content, "again"),
        )
    if kind == "vantage":
        return Vantage(_integer(content, "client"), _integer(content, "number"), *_pose(content))
    if kind == "render":
        return _parse_render(content)
    if kind == "values":
        return _parse_values(content)
    if kind == "file":
        return _parse_file(content)
    if kind == "time":
        return _parse_time(content)
    if kind == "record":
        return _parse_record(content)
    raise ProtocolError(f"message: unknown kind {_short(kind)}")


def _parse_hello(content: Mapping[Any, Any]) -> Hello:
    if _integer(content, "v") != VERSION:
        raise ProtocolError(f"hello: expected version {VERSION}, got {content['v']}")
    have = content.get("have")
    if have is None:
        return Hello(_integer(content, "client"), None)
    if not isinstance(have, Mapping):
        raise ProtocolError(f"hello: have: expected null or an object, got {_short(have)}")
    shown = Shown(
        _integer(have, "epoch"), _integer(have, "generation"), _integer(have, "seq", low=0)
    )
    return Hello(_integer(content, "client"), shown)


def _parse_ack(content: Mapping[Any, Any]) -> Ack:
    missing = content.get("missing")
    if not isinstance(missing, list) or len(missing) > MAX_MISSING:
        raise ProtocolError(f"ack: missing: expected at most {MAX_MISSING} numbers")
    visible = content.get("visible")
    if not isinstance(visible, bool):
        raise ProtocolError(f"ack: visible: expected true or false, got {_short(visible)}")
    return Ack(
        _integer(content, "client"),
        _integer(content, "epoch"),
        _integer(content, "seq", low=0),
        tuple(_check_integer("missing", number, 1) for number in missing),
        visible,
        _integer(content, "held", low=0) / 1000 if "held" in content else 0.0,
    )


def _parse_control(content: Mapping[Any, Any]) -> Control:
    do = content.get("do")
    if not isinstance(do, str) or do not in DEEDS:
        raise ProtocolError(f"control: expected one of {', '.join(DEEDS)}, got {_short(do)}")
    samples = _integer(content, "samples", high=MAX_MORE) if do == "more" else 0
    return Control(_integer(content, "client"), do, samples)


def _parse_camera(content: Mapping[Any, Any]) -> CameraMove:
    moving = content.get("moving")
    if not isinstance(moving, bool):
        raise ProtocolError(f"camera: moving: expected true or false, got {_short(moving)}")
    return CameraMove(
        _integer(content, "client"),
        _integer(content, "number"),
        moving,
        *_pose(content),
    )


def _pose(content: Mapping[Any, Any]) -> tuple[Point, Point, Point, float | None, float | None]:
    look_from, look_at, up = (_point(content, name) for name in ("look_from", "look_at", "up"))
    if "height" in content:
        height = _number("height", content["height"], MAX_COORDINATE)
        return look_from, look_at, up, None, height
    return look_from, look_at, up, _number("vfov", content.get("vfov"), MAX_DEGREES), None


def _parse_render(content: Mapping[Any, Any]) -> RenderChange:
    integrator, depth = content.get("integrator"), content.get("max_depth")
    if integrator is not None and not (isinstance(integrator, str) and len(integrator) <= 40):
        raise ProtocolError(f"render: integrator: expected a name, got {_short(integrator)}")
    if depth is not None:
        depth = _check_integer("max_depth", depth, 1, MAX_DEPTH)
    size = None
    if "width" in content or "height" in content:
        size = (
            _integer(content, "width", high=MAX_SIDE),
            _integer(content, "height", high=MAX_SIDE),
        )
    region = content.get("region")
    if region is not None:
        if not isinstance(region, list) or len(region) != 4:
            raise ProtocolError(f"render: region: expected four integers, got {_short(region)}")
        x, y = (_check_integer("region", value, 0, MAX_SIDE) for value in region[:2])
        width, height = (_check_integer("region", value, 1, MAX_SIDE) for value in region[2:])
        region = (x, y, width, height)
    clear = "region" in content and region is None
    caustics = content.get("caustics")
    if caustics is not None and not isinstance(caustics, bool):
        raise ProtocolError(f"render: caustics: expected true or false, got {_short(caustics)}")
    client = _integer(content, "client")
    return RenderChange(client, integrator, depth, size, region, clear, caustics)


def _parse_values(content: Mapping[Any, Any]) -> ValueChange:
    shape = content.get("shape")
    if shape is not None:
        shape = _check_integer("shape", shape, 0, MAX_SHAPES)
    for name in ("show", "map"):
        value = content.get(name)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= MAX_NAME):
            raise ProtocolError(f"values: {name}: expected a name, got {_short(value)}")
    limits = content.get("limits")
    if limits is not None:
        if not isinstance(limits, list) or len(limits) != 2:
            raise ProtocolError(f"values: limits: expected two numbers, got {_short(limits)}")
        low, high = (_number("limits", value, MAX_VALUE) for value in limits)
        limits = (low, high)
    return ValueChange(
        _integer(content, "client"),
        _integer(content, "number"),
        shape,
        content.get("show"),
        content.get("map"),
        limits,
        _flag(content, "auto"),
    )


def _parse_file(content: Mapping[Any, Any]) -> FileRequest:
    wanted = content.get("format")
    if not isinstance(wanted, str) or wanted not in FILE_FORMATS:
        names = ", ".join(FILE_FORMATS)
        raise ProtocolError(f"file: format: expected one of {names}, got {_short(wanted)}")
    return FileRequest(_integer(content, "client"), _integer(content, "number"), wanted)


def _parse_time(content: Mapping[Any, Any]) -> TimeChange:
    index = content.get("index")
    if index is not None:
        index = _check_integer("index", index, 0)
    play, loop = (_flag(content, name) if name in content else None for name in ("play", "loop"))
    return TimeChange(_integer(content, "client"), index, _flag(content, "moving"), play, loop)


def _parse_record(content: Mapping[Any, Any]) -> RecordRequest:
    client, what = _integer(content, "client"), content.get("what")
    if what is None:
        return RecordRequest(client, None, FILM_FORMATS[0], 1.0)
    if not isinstance(what, str) or what not in FILMS:
        raise ProtocolError(f"record: expected one of {', '.join(FILMS)}, got {_short(what)}")
    wanted = content.get("format")
    if not isinstance(wanted, str) or wanted not in FILM_FORMATS:
        names = ", ".join(FILM_FORMATS)
        raise ProtocolError(f"record: format: expected one of {names}, got {_short(wanted)}")
    seconds = _number("seconds", content.get("seconds", 1.0), MAX_FILM_SECONDS)
    if not seconds > 0:
        raise ProtocolError(f"record: seconds: expected more than 0, got {_short(seconds)}")
    return RecordRequest(client, what, wanted, seconds)


def _point(content: Mapping[Any, Any], name: str) -> Point:
    value = content.get(name)
    if not isinstance(value, list) or len(value) != 3:
        raise ProtocolError(f"camera: {name}: expected three numbers, got {_short(value)}")
    x, y, z = (_number(name, item, MAX_COORDINATE) for item in value)
    return x, y, z


def _number(name: str, value: object, limit: float) -> float:
    # NaN compares false; a huge integer can't become a float.
    if type(value) not in (int, float) or not -limit <= value <= limit:  # type: ignore[operator]
        raise ProtocolError(f"{name}: expected a number within +-{limit:g}, got {_short(value)}")
    return float(value)  # type: ignore[arg-type]


def _flag(content: Mapping[Any, Any], name: str) -> bool:
    value = content.get(name, False)
    if not isinstance(value, bool):
        raise ProtocolError(f"{name}: expected true or false, got {_short(value)}")
    return value


def _integer(content: Mapping[Any, Any], name: str, low: int = 1, high: int = BIGGEST) -> int:
    return _check_integer(name, content.get(name), low, high)


def _check_integer(name: str, value: object, low: int, high: int = BIGGEST) -> int:
    # type(), not isinstance(): True is an int to Python, and 1.0 == 1.
    if type(value) is not int or not low <= value <= high:
        raise ProtocolError(f"{name}: expected an integer in {low}..{high}, got {_short(value)}")
    return value


def _short(value: object) -> str:
    """A hostile value must not become a long message."""
    if isinstance(value, str | int | float | bool | None):
        text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a huge int"
        return text if len(text) <= 40 else text[:40] + "..."
    return type(value).__name__
