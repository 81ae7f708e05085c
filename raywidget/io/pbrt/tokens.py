"""The words of a scene file: each knows its file and line; how much is read is bounded."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside, read_bytes
from raywidget.io.words import NotANumber, as_bytes, blanks, numbers

MAX_BYTES = 1 << 30  # of all files of a scene together, unpacked
MAX_FILES = 1 << 12
MAX_DEPTH = 32  # of files that include each other
MAX_TEXT = 1 << 14  # letters of a word or a string
MAX_AGAIN = 1 << 24  # bytes of files that are included more than once, beside 8 times all others

# Possessive, so that nothing is tried twice.
_BLANK = re.compile(rb"(?:\s++|#[^\n]*+)*+")
_STRING = re.compile(rb'"((?:[^"\\\n]|\\.)*+)"')
_WORD = re.compile(rb'[^\s"\[\]#]++')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Token(NamedTuple):
    """A word, a string (without its quotes) or a bracket, and where it stands."""

    kind: str  # "word", "string", "[", "]"
    text: str
    place: str  # "scene.pbrt, line 12"


class Tokens:
    """The tokens of one file, one after the other."""

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        self._data = data
        self._at = 0
        self._line = 1
        self._counted = 0
        self._next: Token | None = None

    @property
    def place(self) -> str:
        """Where the reading stands."""
        self._line += self._data.count(b"\n", self._counted, self._at)
        self._counted = self._at
        return f"{self._name}, line {self._line}"

    def peek(self) -> Token | None:
        """The token that `take` gives, which stays there; None at the end."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token | None:
        """The next token; None at the end."""
        token, self._next = self.peek(), None
        return token

    def _read(self) -> Token | None:
        self._at = _BLANK.match(self._data, self._at).end()  # type: ignore[union-attr]
        if self._at >= len(self._data):
            return None
        place = self.place
        letter = self._data[self._at : self._at + 1]
        if letter in (b"[", b"]"):
            self._at += 1
            return Token(letter.decode(), "", place)
        found = (_STRING if letter == b'"' else _WORD).match(self._data, self._at)
        if found is None:
            raise SceneError(f'{place}: a string must end by " on its line')
        self._at = found.end()
        text = found.group(1 if letter == b'"' else 0)
        if len(text) > MAX_TEXT:
            raise SceneError(f"{place}: a word may have at most {MAX_TEXT:,} letters")
        decoded = text.decode("utf-8", "replace")
        if letter != b'"':
            return Token("word", decoded, place)
        if "\\" in decoded:
            decoded = _ESCAPE.sub(lambda m: _ESCAPES.get(m.group(1), m.group(1)), decoded)
        return Token("string", decoded, place)

    # --- Numbers ----------------------------------------------------------------------------------

    def block(self) -> NDArray[np.float64] | None:
        """All numbers up to the next "]", after a "[" that was taken: at the speed of numpy.

        None if something else than numbers stands there; the reading then stays where it is.
        """
        end = self._data.find(b"]", self._at)
        if end < 0 or self._next is not None:
            return None
        text = self._data[self._at : end]
        if b'"' in text or b"#" in text or b"[" in text:
            return None
        try:
            values = numbers(text, _words(text))
        except NotANumber:
            return None
        self._at = end + 1
        return np.asarray(values, np.float64)

    def number(self) -> float:
        """The next word as a number."""
        token = self.take()
        value = None if token is None or token.kind != "word" else as_number(token.text)
        if value is None:
            raise SceneError(f"{self._of(token)}: must be a number, got {shown(token)}")
        return value

    def numbers(self, count: int) -> NDArray[np.float64]:
        """So many finite numbers, with or without brackets round them."""
        token = self.peek()
        inside = token is not None and token.kind == "["
        if inside:
            self.take()
        values = np.array([self.number() for _ in range(count)])
        if not np.isfinite(values).all():
            raise SceneError(f"{self.place}: numbers must be finite, got {values.tolist()}")
        if inside and ((token := self.take()) is None or token.kind != "]"):
            raise SceneError(f"{self._of(token)}: must be ], got {shown(token)}")
        return values

    def string(self, what: str) -> Token:
        """The next token, which must be a string; `what` it tells."""
        token = self.take()
        if token is None or token.kind != "string":
            raise SceneError(f"{self._of(token)}: {what} must be in quotes, got {shown(token)}")
        return token

    def _of(self, token: Token | None) -> str:
        return self.place if token is None else token.place


def as_number(word: str) -> float | None:
    """A word as a number, if it is one."""
    try:
        return None if "_" in word else float(word)
    except ValueError:
        return None


def shown(token: Token | None) -> str:
    """A token as messages show it."""
    if token is None:
        return "the end of the file"
    return repr(token.text[:60]) if token.kind in ("word", "string") else token.kind


def _words(text: bytes) -> int:
    blank = blanks(np.frombuffer(text, np.uint8))
    if not len(blank):
        return 0
    return int(not blank[0]) + int(np.count_nonzero(blank[:-1] & ~blank[1:]))


class Files:
    """Reads the files of one scene, none from outside of its folder; counts what they hold."""

    def __init__(self, scene: Path) -> None:
        self.scene = scene
        self.read = 0  # bytes, each time that a file is read
        self.size = 0  # bytes of different files
        self._open: list[Path] = []
        self._known: set[Path] = set()
        self._count = 0

    def begin(self, path: Path, place: str) -> Tokens:
        """The tokens of a file, which is open until `end`."""
        self._count += 1
        if path in self._open:
            raise SceneError(f"{place}: includes itself by way of {path.name!r}")
        if len(self._open) >= MAX_DEPTH or self._count > MAX_FILES:
            raise SceneError(
                f"{place}: a scene may include at most {MAX_FILES:,} files, {MAX_DEPTH} deep"
            )
        data = as_bytes(unpacked(path, MAX_BYTES - self.size))
        self.read += len(data)
        if path not in self._known:
            self._known.add(path)
            self.size += len(data)
        if self.size > MAX_BYTES or self.read > 9 * self.size + MAX_AGAIN:
            raise SceneError(f"{place}: the files of the scene are too large, read: {self.read:,}")
        self._open.append(path)
        return Tokens(path.name, data)

    def end(self) -> None:
        """The file that was begun last has been read."""
        self._open.pop()

    def included(self, name: str, place: str) -> Path:
        """A file that is included: names are relative to the scene, or to the file that says it."""
        for path in (beside(self.scene, name), beside(self._open[-1], name)):
            if path is not None and path.is_relative_to(self._folder()):
                return path
        raise SceneError(f"{place}: there is no file {name!r} in the folder of the scene")

    def _folder(self) -> Path:
        return self.scene.parent.resolve()


def referred(scene: Path, name: str, place: str) -> Path:
    """A file that a scene refers to, below the scene's own folder."""
    path = beside(scene, name)
    if path is None:
        raise SceneError(f"{place}: there is no file {name!r} in the folder of the scene")
    return path


def unpacked(path: Path, most: int) -> bytes:
    """The bytes of a file; of one that ends in .gz, what is packed in it, of at most that size."""
    data = read_bytes(path)
    if path.suffix.lower() != ".gz":
        return data
    parts: list[bytes] = []
    total = 0
    try:
        while data:
            unpacker = zlib.decompressobj(31)
            parts.append(unpacker.decompress(data, max(most - total, 0) + 1))
            total += len(parts[-1])
            if total > most:
                raise SceneError(f"{path.name}: must hold at most {most:,} bytes, unpacked")
            if not unpacker.eof:
                raise SceneError(f"{path.name}: is not a sound gzip file: it ends too early")
            data = unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise SceneError(f"{path.name}: is not a sound gzip file: {error}") from None
    return b"".join(parts)
