"""Docstrings of classes that share parameters: what a base class says of them is said once.

The text is put together when a class is made, so that `help()`, Shift-Tab and documentation tools
show every parameter of every class, and no sentence stands twice in the sources.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

_SECTION = "Parameters\n----------\n"


def parameter_entries(docstring: str | None) -> dict[str, str]:
    """The entries of a numpy docstring's section "Parameters", by name, in order.

    Examples
    --------
    >>> from raywidget.scene.values.docstrings import parameter_entries, with_parameters
    >>> parameter_entries(with_parameters("A ball.", {"r": "r : float"}))
    {'r': 'r : float'}
    """
    _, section, _ = _split(inspect.cleandoc(docstring or ""))
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section):
        for name in entry.partition(" : ")[0].split(", "):
            if name:
                entries[name] = entry
    return entries


def with_parameters(docstring: str, shared: Mapping[str, str]) -> str:
    """A numpy docstring with entries added at the end of its section "Parameters".

    Entries that it has itself stay as they are.

    Examples
    --------
    >>> from raywidget.scene.values.docstrings import with_parameters
    >>> with_parameters("A ball.", {"r": "r : float"}).splitlines()
    ['A ball.', '', 'Parameters', '----------', 'r : float']
    """
    text = inspect.cleandoc(docstring)
    own = parameter_entries(text)
    before, section, after = _split(text)
    added = [entry for name, entry in shared.items() if name not in own]
    if not added:
        return text
    body = "\n".join([section, *added] if section else added)
    return "\n\n".join(part for part in (before, _SECTION + body, after) if part)


def _split(text: str) -> tuple[str, str, str]:
    """What stands before the section's entries, the entries, and what comes behind."""
    head, marker, tail = text.partition(_SECTION)
    if marker:
        entries, _, after = tail.partition("\n\n")
        return head.rstrip(), entries.rstrip(), after
    # The section stands before the first other one.
    other = re.search(r"^[A-Z][a-z ]+\n-{3,}$", text, re.MULTILINE)
    if other is None:
        return text, "", ""
    return text[: other.start()].rstrip(), "", text[other.start() :]
