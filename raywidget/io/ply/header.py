"""What the header of a PLY promises: elements, their properties, and the order of bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("long", "int64"), "i8"),
    **dict.fromkeys(("ulong", "uint64"), "u8"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}


class Property(NamedTuple):
    """A column, or a list in each row."""

    name: str
    kind: str  # of numpy, without the order of bytes
    count_kind: str | None  # of a list


class Element(NamedTuple):
    """A table."""

    name: str
    size: int
    properties: list[Property]


class Header(NamedTuple):
    """All of it, and where it ends."""

    order: str  # of bytes: "<", ">", or "" for text
    elements: list[Element]
    texture: str | None
    end: int


def read_header(data: bytes) -> Header:
    """Read it, or raise ValueError with what is wrong."""
    if not data.startswith(b"ply"):
        raise ValueError("it does not begin with 'ply'")
    found = re.compile(rb"^[ \t]*end_header[ \t]*(\r\n|\n|\r)?", re.MULTILINE).search(
        data[: 1 << 20].replace(b"\r", b"\n")
    )
    if found is None:
        raise ValueError("its header does not end ('end_header' is missing)")
    end = found.end()
    if data[end - 1 : end + 1] == b"\r\n":
        end += 1
    order: str | None = None
    elements: list[Element] = []
    texture = None
    for line in re.split(rb"[\r\n]+", data[: found.start()]):
        words = line.decode("latin-1").split()
        match words:
            case ["format", kind, *_]:
                orders = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
                if kind not in orders:
                    raise ValueError(f"its format is {kind!r}; known are {', '.join(orders)}")
                order = orders[kind]
            case ["element", name, count]:
                if not re.fullmatch(r"[0-9]{1,18}", count):
                    raise ValueError(f"it has {count!r} of {name!r}, which is no count")
                elements.append(Element(name, int(count), []))
            case ["property", "list", count_kind, kind, name] if elements:
                if count_kind not in _TYPES or kind not in _TYPES or "f" in _TYPES[count_kind]:
                    raise ValueError(f"{name!r} is a list of {count_kind!r} {kind!r}")
                _add(elements[-1], Property(name, _TYPES[kind], _TYPES[count_kind]))
            case ["property", kind, name] if elements:
                if kind not in _TYPES:
                    raise ValueError(f"{name!r} is of the unknown type {kind!r}")
                _add(elements[-1], Property(name, _TYPES[kind], None))
            case ["comment", "TextureFile", *rest] if rest:
                texture = texture or " ".join(rest)
            case ["property" | "element" | "format", *_]:
                raise ValueError(f"its header has the line {' '.join(words)[:60]!r}")
            case _:  # comments, also those that lack the word, as some programs write them
                pass
    if order is None:
        raise ValueError("its header names no format")
    return Header(order, elements, texture, end)


def _add(element: Element, new: Property) -> None:
    if len(element.properties) >= 4096:
        raise ValueError(f"{element.name!r} has more than 4096 properties")
    if any(old.name == new.name for old in element.properties):
        # A second one of that name is passed over.
        new = new._replace(name=f"{new.name} {len(element.properties)}")
    element.properties.append(new)
