"""Pages of the reference: of every public name what its docstring says, and what is behind it."""

from __future__ import annotations

import argparse
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import raywidget as rw
from docs.site.behind import BEHIND
from docs.site.groups import COMMON, GROUPS, INNER, WHOLE, Group
from docs.site.sweeps import NOT_SHOWN, SHARED, SHARED_PARAMETERS, SWEEPS
from raywidget.cli.arguments import make_parser


def write_reference(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    index = [*_title("Reference"), "Every public name, all of them ``raywidget.*``.", ""]
    contents = [group.slug for group in GROUPS] + ["command-line"]
    index += [".. toctree::", "   :maxdepth: 2", "", *(f"   {name}" for name in contents), ""]
    _write(folder / "index.rst", index)
    for group in GROUPS:
        _write(folder / f"{group.slug}.rst", _chapter(group))
        for name in () if group.one_page else group.names:
            _write(folder / f"{name}.rst", _page(name))
    _write(folder / "command-line.rst", _command_line())


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _title(text: str, line: str = "=") -> list[str]:
    return [text, line * len(text), ""]


def _chapter(group: Group) -> list[str]:
    lines = [*_title(group.title), group.about, ""]
    if group.one_page:
        for name in group.names:
            lines += _entry(name)
        return lines
    lines += [".. list-table::", "   :widths: 30 70", ""]
    for name in group.names:
        lines += [f"   * - :doc:`{name}`", f"     - {summary(getattr(rw, name))}"]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in group.names), ""]
    return lines


def summary(value: object) -> str:
    """The first sentence of a docstring."""
    return (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")


def _page(name: str) -> list[str]:
    return [*_title(name), *_entry(name), *_sweeps(name), *_background(name)]


def _entry(name: str) -> list[str]:
    value = getattr(rw, name)
    if inspect.ismodule(value):
        lines = []
        for inner in value.__all__:
            if callable(getattr(value, inner)):
                lines += _described("function", f"{name}.{inner}", getattr(value, inner))
            else:
                kept = getattr(value, inner)
                lines += [f".. py:data:: raywidget.{name}.{inner}", "", f"   ``{kept!r}``", ""]
        return lines
    if isinstance(value, str):
        return [f".. py:data:: raywidget.{name}", "", "   The version, as a string.", ""]
    if not inspect.isclass(value):
        return _described("function", name, value)
    if issubclass(value, Exception):
        return [f".. autoexception:: raywidget.{name}", "   :show-inheritance:", ""]
    return _described("class", name, value, members(name, value))


def _described(kind: str, name: str, value: Any, shown: tuple[str, ...] = ()) -> list[str]:
    lines = [f".. auto{kind}:: raywidget.{name}{signature(value)}", ""]
    if kind == "class" and shown:
        lines[-1:] = [f"   :members: {', '.join(shown)}", "   :member-order: bysource", ""]
    return lines


def signature(value: Any) -> str:
    """What a call looks like: names and defaults, without types, which the text tells."""
    known = inspect.signature(value)
    parts = [p.replace(annotation=p.empty) for p in known.parameters.values() if p.name != "self"]
    parts = [p.replace(default=_Shown(p.default)) if p.default is not p.empty else p for p in parts]
    return str(known.replace(parameters=parts, return_annotation=known.empty))


class _Shown:
    """A default as it is written in a signature."""

    def __init__(self, value: object) -> None:
        self._text = "..." if "factory" in repr(value) else repr(value)

    def __repr__(self) -> str:
        return self._text


def members(name: str, cls: type) -> tuple[str, ...]:
    """Methods and properties that a page shows."""
    own = {
        member
        for base in cls.__mro__
        if base.__module__.startswith("raywidget")
        for member, value in vars(base).items()
        if not member.startswith("_")
        and (
            inspect.isfunction(value)
            or isinstance(value, property | classmethod)
            or member == "replace"
        )
    }
    own = {member for member in own if inspect.getdoc(getattr(cls, member))}
    return tuple(sorted((own if name in WHOLE else own & set(COMMON)) - INNER))


def _sweeps(name: str) -> list[str]:
    rows = [sweep for (subject, _), sweep in SWEEPS.items() if subject == name]
    cls = getattr(rw, name)
    if not rows:
        return []
    lines = _title("What the parameters do", "-")
    for sweep in rows:
        words = " · ".join(f"``{word}``" for word, _ in sweep.steps)
        path = f"../images/sweeps/{sweep.path.name}"
        lines += [
            f".. figure:: {path}",
            f"   :alt: In a row, {sweep.parameter}: {', '.join(w for w, _ in sweep.steps)}",
            "",
            f"   **{sweep.parameter}**: {words}",
            "",
        ]
    shared = set(SHARED_PARAMETERS) & set(inspect.signature(cls).parameters)
    if name != SHARED and shared:
        lines += [
            f"What ``emission``, ``opacity`` and normal maps do is shown at :doc:`{SHARED}`.",
            "",
        ]
    return lines


def swept(name: str) -> set[str]:
    """The parameters of a class of which there is, or is to be, a picture."""
    there = {parameter for subject, parameter in SWEEPS if subject == name}
    return there | set(SHARED_PARAMETERS if name != SHARED else ()) | set(NOT_SHOWN)


def _background(name: str) -> list[str]:
    behind = BEHIND.get(name)
    if behind is None:
        return []
    lines = []
    if behind.formula:
        lines += [*_title("Formula", "-"), *behind.formula.strip("\n").splitlines(), ""]
    if behind.sources:
        lines += [*_title("Sources", "-"), *(f"- {source}" for source in behind.sources), ""]
    lines += [*_title("Held by", "-"), *(f"- ``tests/{test}``" for test in behind.tests), ""]
    return lines


def _command_line() -> list[str]:
    lines = [*_title("Command line"), "``raywidget COMMAND ...`` or ``python -m raywidget``.", ""]
    for command, text in command_helps():
        lines += [*_title(f"raywidget {command}".strip(), "-"), ".. code-block:: text", ""]
        lines += [f"   {line}".rstrip() for line in text.splitlines()]
        lines.append("")
    return lines


def command_helps() -> Iterator[tuple[str, str]]:
    """What each command says of itself, first the program."""
    program = parser()
    with mock.patch.dict(os.environ, {"COLUMNS": "90", "NO_COLOR": "1"}):
        yield "", program.format_help()
        for action in program._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, command in action.choices.items():
                    yield name, command.format_help()


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    return make_parser(mock.Mock())
