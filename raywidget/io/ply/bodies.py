"""The elements of a PLY as columns, from bytes or from words; held against the file's size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.ply.header import Element, Header, Property
from raywidget.io.words import NotANumber, numbers, words_of_lines


class List(NamedTuple):
    """A property with several values in each row."""

    values: NDArray[Any]  # of all rows, one after the other
    counts: NDArray[np.int64]


Columns = dict[str, Any]
"""By properties: arrays, and a `List` for each list."""


def read_bodies(data: bytes, header: Header) -> dict[str, Columns]:
    """Everything that a file holds, by elements."""
    names = [element.name for element in header.elements]
    reader: Any = Text(data, header) if not header.order else Binary(data, header)
    result: dict[str, Columns] = {}
    for name, element in zip(names, header.elements, strict=True):
        if not element.properties:
            continue
        least = reader.least_size(element) * element.size
        if least > reader.left():
            raise ValueError(
                f"its header promises {element.size:,} of {name!r}, which take {least:,} "
                f"{reader.unit}, but {reader.left():,} are left: it is damaged, or cut"
            )
        columns = reader.columns(element)
        result.setdefault(name, columns)
    return result


class Binary:
    """Rows of bytes, in either order."""

    unit = "bytes"

    def __init__(self, data: bytes, header: Header) -> None:
        self.data, self.order, self.at = data, header.order, header.end

    def left(self) -> int:
        """How much of the file is not read yet, in `unit`."""
        return len(self.data) - self.at

    def least_size(self, element: Element) -> int:
        """What a row takes at least, in `unit`."""
        return sum(np.dtype(p.count_kind or p.kind).itemsize for p in element.properties)

    def _dtype(self, element: Element, sizes: list[int]) -> np.dtype[Any]:
        """Of a row whose lists have these sizes."""
        fields: list[Any] = []
        many = iter(sizes)
        for place, item in enumerate(element.properties):
            kind = self.order + item.kind
            if item.count_kind is None:
                fields.append((f"v{place}", kind))
            else:
                fields.append((f"n{place}", self.order + item.count_kind))
                fields.append((f"v{place}", kind, (next(many),)))
        return np.dtype(fields)

    def columns(self, element: Element) -> Columns:
        """All rows of the element that comes next."""
        lists = [p for p in element.properties if p.count_kind is not None]
        if not element.size:
            return _empty(element)
        if not lists:
            table = np.frombuffer(self.data, self._dtype(element, []), element.size, self.at)
            self.at += table.nbytes
            return {p.name: table[f"v{k}"] for k, p in enumerate(element.properties)}
        return self._alike(element) or self._ragged(element)

    def _alike(self, element: Element) -> Columns | None:
        """All rows, if their lists are as long as those of the first, as they mostly are."""
        sizes: list[int] = []
        at = self.at
        for item in element.properties:
            if item.count_kind is None:
                at += np.dtype(item.kind).itemsize
                continue
            size, at = self._count(item, at)
            sizes.append(size)
            at += size * np.dtype(item.kind).itemsize
        if (at - self.at) * element.size > self.left():
            return None
        try:
            row = self._dtype(element, sizes)
            table = np.frombuffer(self.data, row, element.size, self.at)
        except ValueError:  # rows of more than 2 GiB
            return None
        result: Columns = {}
        many = iter(sizes)
        for place, item in enumerate(element.properties):
            values = table[f"v{place}"]
            if item.count_kind is None:
                result[item.name] = values
                continue
            size = next(many)
            if not (table[f"n{place}"] == size).all():
                return None
            counts = np.full(element.size, size, np.int64)
            result[item.name] = List(values.reshape(-1), counts)
        self.at += table.nbytes
        return result

    def _count(self, item: Property, at: int) -> tuple[int, int]:
        kind = np.dtype(self.order + str(item.count_kind))
        if at + kind.itemsize > len(self.data):
            raise ValueError("it ends within its lists: it is cut")
        size = int(np.frombuffer(self.data, kind, 1, at)[0])
        if size < 0:
            raise ValueError(f"a list {item.name!r} has {size} entries")
        if size * np.dtype(item.kind).itemsize > len(self.data) - at:
            raise ValueError(f"a list {item.name!r} of {size:,} entries goes beyond the file's end")
        return size, at + kind.itemsize

    def _ragged(self, element: Element) -> Columns:
        """Rows of different lengths: their places one after the other, what is in them at once."""
        order = "little" if self.order == "<" else "big"
        steps: list[tuple[int, int, int, bool]] = []  # fixed bytes before, of the count, of an item
        fixed = 0
        for item in element.properties:
            if item.count_kind is None:
                fixed += np.dtype(item.kind).itemsize
                continue
            kind = np.dtype(item.count_kind)
            steps.append((fixed, kind.itemsize, np.dtype(item.kind).itemsize, kind.kind == "i"))
            fixed = 0
        data, at, end = self.data, self.at, len(self.data)
        rows = np.empty(element.size, np.int64)
        sizes = np.empty((len(steps), element.size), np.int64)
        for row in range(element.size):
            rows[row] = at
            for place, (before, wide, each, signed) in enumerate(steps):
                at += before
                size = data[at] if wide == 1 and at < end else -1
                if wide > 1:
                    size = int.from_bytes(data[at : at + wide], order, signed=signed)  # type: ignore[arg-type]
                at += wide + size * each
                if size < 0 or at > end:
                    raise ValueError(
                        f"{element.name!r} {row:,} of {element.size:,} goes beyond the file's end"
                    )
                sizes[place, row] = size
            at += fixed
        if at > end:
            raise ValueError("it ends within its lists: it is cut")
        self.at = at
        result: Columns = {}
        offset, place = rows, 0
        for item in element.properties:
            kind = np.dtype(self.order + item.kind)
            if item.count_kind is None:
                result[item.name] = self._at(offset, kind)
                offset = offset + kind.itemsize
                continue
            offset = offset + np.dtype(item.count_kind).itemsize
            counts = sizes[place]
            within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            places = np.repeat(offset, counts) + within * kind.itemsize
            result[item.name] = List(self._at(places, kind), counts)
            offset = offset + counts * kind.itemsize
            place += 1
        return result

    def _at(self, places: NDArray[np.int64], kind: np.dtype[Any]) -> NDArray[Any]:
        raw = np.frombuffer(self.data, np.uint8)
        gathered = np.empty((len(places), kind.itemsize), np.uint8)
        for byte in range(kind.itemsize):
            gathered[:, byte] = raw[places + byte]
        return gathered.view(kind).reshape(-1)


class Text:
    """Rows are lines if there are as many; then what is behind the last property is passed over.

    Else they are a stream of words.
    """

    unit = "words"

    def __init__(self, data: bytes, header: Header) -> None:
        body = data[header.end :].replace(b"\r", b"\n") + b"\n"
        counts = words_of_lines(body)
        try:
            self.values = numbers(body, int(counts.sum()))
        except NotANumber as error:
            raise ValueError(f"in its body {error}") from None
        self.at = 0
        counts = counts[counts > 0]
        self.lines = None
        if len(counts) == sum(e.size for e in header.elements if e.properties):
            self.lines = np.append(0, np.cumsum(counts))
            self.row = 0

    def left(self) -> int:
        """How much of the file is not read yet, in `unit`."""
        return len(self.values) - self.at

    def least_size(self, element: Element) -> int:
        """What a row takes at least, in `unit`."""
        return len(element.properties)

    def columns(self, element: Element) -> Columns:
        """All rows of the element that comes next."""
        if not element.size:
            return _empty(element)
        result = self._alike(element) or self._ragged(element)
        if self.lines is not None:
            self.row += element.size
            self.at = int(self.lines[self.row])
        return result

    def _size(self, at: int, item: Property) -> int:
        if at >= len(self.values):
            raise ValueError("it ends within its lists: it is cut")
        value = self.values[at]
        if not 0 <= value <= len(self.values) - at - 1 or value % 1:
            raise ValueError(f"a list {item.name!r} of {value:,g} entries goes beyond its end")
        return int(value)

    def _alike(self, element: Element) -> Columns | None:
        width = 0
        firsts: list[tuple[Property, int, int]] = []  # place and size
        for item in element.properties:
            size = 1
            if item.count_kind is not None:
                size = self._size(self.at + width, item)
                width += 1
            firsts.append((item, width, size))
            width += size
        words = width
        if self.lines is not None:
            line_ends = self.lines[self.row : self.row + element.size + 1]
            words = int(line_ends[1] - line_ends[0])
            if words < width or (np.diff(line_ends) != words).any():
                return None
        if words * element.size > self.left():
            return None
        table = self.values[self.at : self.at + words * element.size].reshape(-1, words)
        result: Columns = {}
        for item, place, size in firsts:
            values = _cast(table[:, place : place + size].reshape(-1), item)
            if item.count_kind is None:
                result[item.name] = values
                continue
            if not (table[:, place - 1] == size).all():
                return None
            result[item.name] = List(values, np.full(element.size, size, np.int64))
        self.at += words * element.size
        return result

    def _ragged(self, element: Element) -> Columns:
        rows: dict[str, list[Any]] = {item.name: [] for item in element.properties}
        at = self.at
        for row in range(element.size):
            if self.lines is not None:
                if at > self.lines[self.row + row]:
                    raise ValueError(f"{element.name!r} {row:,} lacks some of its numbers")
                at = int(self.lines[self.row + row])
            for item in element.properties:
                if item.count_kind is None:
                    rows[item.name].append((at, 1))
                    at += 1
                else:
                    size = self._size(at, item)
                    rows[item.name].append((at + 1, size))
                    at += 1 + size
        if at > len(self.values):
            raise ValueError("it ends within its lists: it is cut")
        self.at = at
        result: Columns = {}
        for item in element.properties:
            begins, counts = np.array(rows[item.name], np.int64).reshape(-1, 2).T
            within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            values = _cast(self.values[np.repeat(begins, counts) + within], item)
            result[item.name] = values if item.count_kind is None else List(values, counts)
        return result


def _cast(values: NDArray[np.float64], item: Property) -> NDArray[Any]:
    """Numbers of a text in the type that the header gives them, if they fit."""
    kind = np.dtype(item.kind)
    if kind.kind == "f":
        return values
    limits = np.iinfo(kind)
    if ((values >= limits.min) & (values <= limits.max) & (values % 1 == 0)).all():
        return values.astype(kind)
    return values


def _empty(element: Element) -> Columns:
    none = np.empty(0, np.int64)
    return {
        item.name: np.empty(0, item.kind)
        if item.count_kind is None
        else List(np.empty(0, item.kind), none)
        for item in element.properties
    }
