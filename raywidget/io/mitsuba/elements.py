"""XML -> a tree of elements that know where they stand: bounded, and without entities."""

from __future__ import annotations

import xml.sax
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io.files import beside

MAX_BYTES = 1 << 26  # of all files together: numbers of meshes stand in files of their own
MAX_ELEMENTS = 1 << 20
MAX_DEPTH = 64
MAX_FILES = 64
MAX_TEXT = 1 << 16  # of an attribute, once its parameters are filled in


@dataclass
class Element:
    """A tag with its attributes, what stands in it, and where it stands."""

    tag: str
    attributes: dict[str, str]
    place: str  # "scene.xml, line 12"
    scene: Path  # names of files are relative to it, also those in what it includes
    children: list[Element] = field(default_factory=list)

    def attribute(self, name: str, default: str | None = None) -> str:
        """An attribute's text; an error if it is missing and there is no default."""
        value = self.attributes.get(name, default)
        if value is None:
            raise SceneError(f"{self.place}: <{self.tag}> must have the attribute {name!r}")
        return value

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)


class _Builder(xml.sax.ContentHandler):
    """Collects elements, with `$parameters` filled in and included files in their place."""

    def __init__(self, reading: _Reading, file: Path) -> None:
        super().__init__()
        self._reading = reading
        self._file = file
        self._open: list[Element] = []
        self._locator: Any = None
        self.root: Element | None = None

    def setDocumentLocator(self, locator: Any) -> None:
        self._locator = locator

    def startElement(self, tag: str, attributes: Any) -> None:
        place = f"{self._file.name}, line {self._locator.getLineNumber()}"
        self._reading.count(place)
        if len(self._open) >= MAX_DEPTH:
            raise SceneError(f"{place}: elements must be at most {MAX_DEPTH} deep")
        values = {name: self._reading.filled(text, place) for name, text in attributes.items()}
        element = Element(tag, values, place, self._reading.scene)
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)
        if tag == "default":
            self._reading.parameters.setdefault(
                element.attribute("name"), element.attribute("value")
            )

    def endElement(self, tag: str) -> None:
        element = self._open.pop()
        if tag == "include" and self._open:
            path = referred(element.scene, element.attribute("filename"), element.place)
            included = self._reading.file(path, element.place)
            self._open[-1].children.remove(element)
            # What is included is a scene of its own, or a single object.
            parts = included.children if included.tag == "scene" else [included]
            self._open[-1].children.extend(parts)


class _Reading:
    """What the files of one scene share: parameters, and how much was read."""

    def __init__(self, scene: Path) -> None:
        self.scene = scene
        self.parameters: dict[str, str] = {}
        self._bytes = 0
        self._elements = 0
        self._files: list[Path] = []
        self._count = 0

    def file(self, path: Path, place: str) -> Element:
        from defusedxml.common import DefusedXmlException
        from defusedxml.sax import make_parser

        self._count += 1
        if path in self._files:
            raise SceneError(f"{place}: includes itself by way of {path.name!r}")
        if self._count > MAX_FILES:
            raise SceneError(f"{place}: a scene may include at most {MAX_FILES} files")
        try:
            self._bytes += path.stat().st_size
            if self._bytes > MAX_BYTES:
                raise SceneError(
                    f"{place}: must be at most {MAX_BYTES:,} bytes of XML, got {self._bytes:,}"
                )
            stream = path.open("rb")
        except OSError as error:
            raise SceneError(f"{place}: can't be read: {error.strerror or error}") from None
        builder = _Builder(self, path)
        parser = make_parser()
        parser.forbid_dtd = True
        parser.setContentHandler(builder)
        self._files.append(path)
        with stream:
            try:
                parser.parse(stream)
            except xml.sax.SAXParseException as error:
                line, reason = error.getLineNumber(), error.getMessage()
                raise SceneError(f"{path.name}, line {line}: is not sound XML: {reason}") from None
            except DefusedXmlException:
                raise SceneError(
                    f"{path.name}: document types and entities are not read from scene files"
                ) from None
            except (OSError, UnicodeError, ValueError, LookupError) as error:
                if isinstance(error, SceneError):
                    raise
                raise SceneError(f"{path.name}: is not sound XML: {error}") from None
        self._files.pop()
        if builder.root is None:
            raise SceneError(f"{path.name}: is not sound XML: there is nothing in it")
        return builder.root

    def count(self, place: str) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise SceneError(f"{place}: a scene may have at most {MAX_ELEMENTS:,} elements")

    def filled(self, text: str, place: str) -> str:
        """The text with `$name` replaced by what a <default> above it says."""
        if "$" not in text:
            return text
        for name in sorted(self.parameters, key=len, reverse=True):
            text = text.replace(f"${name}", self.parameters[name])
            if len(text) > MAX_TEXT:
                raise SceneError(f"{place}: parameters make a text of over {MAX_TEXT:,} letters")
        if "$" in text:
            raise SceneError(
                f"{place}: {text!r} has a parameter without a value; give it one by <default>"
            )
        return text


def read_elements(path: Path) -> Element:
    """The root of a scene file, files that it includes in their place.

    Raises
    ------
    SceneError
        If a file can't be read, is malformed, too large, or has a document type.
    """
    try:
        import defusedxml  # noqa: F401
    except ImportError:
        raise SceneError(
            f'{path.name}: reading XML needs defusedxml; pip install "raywidget[io]"'
        ) from None
    return _Reading(path).file(path, path.name)


def referred(scene: Path, name: str, place: str) -> Path:
    """A file that a scene refers to, below the scene's own folder."""
    path = beside(scene, name)
    if path is None:
        raise SceneError(f"{place}: there is no file {name!r} in the folder of the scene")
    return path
