"""Lines, words and numbers of text files, at the speed of numpy."""

from __future__ import annotations

import re
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# How some C libraries write what is no number, such as -1.#IND00 and nan(snan).
_NO_NUMBER = re.compile(rb"[+-]?(1[.,]#(IND|QNAN|SNAN|INF)\w*|nan(\(\w*\))?)", re.IGNORECASE)


class Table(NamedTuple):
    """Numbers of some lines, one after the other, and how many each line has."""

    values: NDArray[Any]
    counts: NDArray[np.int64]

    def columns(self, first: int, count: int) -> NDArray[Any]:
        """(lines, count) numbers from place `first` on, of lines that all have them."""
        if not len(self.counts):
            return np.empty((0, count), self.values.dtype)
        width = int(self.counts[0])
        if (self.counts == width).all():
            return self.values.reshape(-1, width)[:, first : first + count]
        begin = np.cumsum(self.counts) - self.counts + first
        return np.asarray(self.values[begin[:, None] + np.arange(count)])


class Text:
    """A text file as lines without the blanks before them; ends of any system's kind.

    A backslash at the end of a line joins the next one to it. Offsets are those of the file, so
    that places can be told.
    """

    def __init__(self, data: bytes) -> None:
        self.original = data
        if b"\r" in data:
            data = data.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
        if b"\\" in data:
            data = re.sub(rb"\\[ \t]*\n", lambda match: b" " * len(match[0]), data)
        # Bytes behind the end let the first letters of any line be looked at.
        self.bytes = np.frombuffer(data + b"\n" + bytes(8), np.uint8)
        ends = np.flatnonzero(self.bytes == 10)
        starts = np.empty_like(ends)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        first = self.bytes[starts]
        indented = np.flatnonzero((first == 32) | (first == 9))
        if len(indented):
            words = np.flatnonzero((self.bytes != 32) & (self.bytes != 9))
            starts[indented] = words[np.searchsorted(words, starts[indented])]
        self.starts, self.ends = starts, ends

    def letters(self, place: int) -> NDArray[np.uint8]:
        """The letter at that place of each line."""
        return np.asarray(self.bytes[self.starts + place])

    def line(self, row: int) -> bytes:
        """The text of a line, without blanks around it."""
        return self.bytes[self.starts[row] : self.ends[row]].tobytes().strip()

    def number(self, row: int) -> int:
        """The number by which editors know a line, from 1."""
        begin = self.original[: int(self.starts[row])]
        lone = begin.count(b"\r") - begin.count(b"\r\n")
        return begin.count(b"\n") + lone + 1

    def gathered(self, rows: NDArray[np.int64], skip: int) -> bytes:
        """The text of some lines, in order, without the first letters of each, without comments."""
        if not len(rows):
            return b""
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        firsts, lasts = rows[np.append(0, breaks)], rows[np.append(breaks - 1, -1)]
        begin, end = int(self.starts[rows[0]]), int(self.ends[rows[-1]])
        work = self.bytes[begin : end + 1].copy()
        heads = self.starts[rows] - begin
        for place in range(skip):
            work[heads + place] = 32
        begins, ends = self.starts[firsts] - begin, self.ends[lasts] - begin
        text = work.tobytes()
        if len(firsts) > 1:
            pairs = zip(begins.tolist(), ends.tolist(), strict=True)
            text = b"".join([text[a : b + 1] for a, b in pairs])
        if b"#" in text:
            text = re.sub(rb"#[^\n]*", b"", text)
        return text

    def table(
        self, rows: NDArray[np.int64], skip: int, kind: type[np.number[Any]] = np.float64
    ) -> Table:
        """The numbers of some lines.

        Raises
        ------
        ValueError
            If a word is none; with the number of its line.
        """
        text = self.gathered(rows, skip)
        counts = words_of_lines(text)
        try:
            return Table(numbers(text, int(counts.sum()), kind), counts)
        except NotANumber as error:
            row = rows[np.searchsorted(np.cumsum(counts), error.place, side="right")]
            raise ValueError(f"line {self.number(row)}: {error}") from None


def blanks(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which letters are between words, as C and Python see it?"""
    return np.asarray((letters == 32) | (letters - np.uint8(9) < 5))


def words_of_lines(text: bytes) -> NDArray[np.int64]:
    """How many words each line has; the last line must end, too."""
    letters = np.frombuffer(text, np.uint8)
    blank = blanks(letters)
    begins = ~blank
    begins[1:] &= blank[:-1]
    ends = np.flatnonzero(letters == 10)
    before = np.searchsorted(np.flatnonzero(begins), ends)
    return np.diff(before, prepend=0)


def as_bytes(data: bytes) -> bytes:
    """A text that begins with a mark of its encoding, without it, as UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


class NotANumber(ValueError):
    """A word is not a number; `place` tells which, from 0."""

    def __init__(self, word: bytes, place: int) -> None:
        shown = word[:30].decode("utf-8", "replace")
        comma = re.fullmatch(rb"[+-]?\d*,\d+([eE][+-]?\d+)?", word) is not None
        advice = " (write decimal points, not commas)" if comma else ""
        super().__init__(f"{shown!r} is not a number{advice}")
        self.place = place


def numbers(text: bytes, count: int, kind: type[np.number[Any]] = np.float64) -> NDArray[Any]:
    r"""The words of a text as numbers; `count` is how many words there are.

    Raises
    ------
    NotANumber
        If a word is none, or not a whole one where `kind` asks for it.

    Examples
    --------
    >>> from raywidget.io.words import numbers
    >>> numbers(b"1 -2.5e3\n  0", 3).tolist()
    [1.0, -2500.0, 0.0]
    """
    if not count:
        return np.empty(0, kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, where it stumbles
            values = np.fromstring(text, kind, sep=" ")
    except ValueError:
        values = np.empty(0, kind)
    # It takes "1-2" for two numbers, and ends before a word that is none.
    return values if len(values) == count else _one_by_one(text, kind)


def _one_by_one(text: bytes, kind: type[np.number[Any]]) -> NDArray[Any]:
    words = text.split()
    values = np.empty(len(words), kind)
    whole = np.issubdtype(kind, np.integer)
    for place, word in enumerate(words):
        try:
            if b"_" in word:  # Python's own way to write them
                raise ValueError
            values[place] = int(word) if whole else float(word)
        except (ValueError, OverflowError):
            if whole or not _NO_NUMBER.fullmatch(word):
                raise NotANumber(word, place) from None
            values[place] = np.nan
    return values
