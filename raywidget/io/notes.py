"""What is worth telling of a file, each kind of thing once."""

from __future__ import annotations

from collections.abc import Iterable


def with_file(notes: Iterable[str], name: str) -> list[str]:
    """The same notes, with the name of their file before those that don't say it.

    Examples
    --------
    >>> from raywidget.io.notes import with_file
    >>> with_file(["a.xml, line 3: a shape is left out", "1 triangle is left out"], "a.xml")
    ['a.xml, line 3: a shape is left out', 'a.xml: 1 triangle is left out']
    """
    return [note if name in note else f"{name}: {note}" for note in notes]


class Notes:
    """A sentence for each kind of thing, with a count and the place of the first.

    Examples
    --------
    >>> from raywidget.io.notes import Notes
    >>> notes = Notes()
    >>> for line in (3, 8):
    ...     notes.add("shape 'hair' is left out", f"a.xml, line {line}")
    >>> notes.sentences()
    ("a.xml, line 3: shape 'hair' is left out (2 times)",)
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, int]] = {}

    def add(self, text: str, place: str) -> None:
        """Tell `text`; `place` is where the first such thing stands."""
        first, count = self._found.get(text, (place, 0))
        self._found[text] = (first, count + 1)

    def sentences(self) -> tuple[str, ...]:
        """In the order in which they were first told."""
        return tuple(
            f"{place}: {text}" + (f" ({count} times)" if count > 1 else "")
            for text, (place, count) in self._found.items()
        )
