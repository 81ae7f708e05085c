"""Atoms: ASE's `Atoms`, MDAnalysis' `AtomGroup` and `Universe`.

Colours are Jmol's (jmol.sourceforge.net/jscolors, "element colors"), radii of bonds the covalent
ones of Cordero et al. 2008 (Dalton Trans., table 2), those of space-filling balls van der Waals
radii of Bondi 1964 and Alvarez 2013, in angstroms.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.elements import ELEMENTS, Element
from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.errors import SceneError
from raywidget.io.building import AnyPiece
from raywidget.io.fields import Fields, Given, fields_of
from raywidget.io.lines import Lines
from raywidget.io.points import Points
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values.checks import show
from raywidget.scene.values.colors import encode_srgb, parse_color

STYLES = ("ball-and-stick", "space-filling", "licorice")
_BALL = 0.32  # of the van der Waals radius
_STICK = 0.14  # angstroms
_LICORICE = 0.25
_SLACK = 1.2  # times the sum of two covalent radii still is a bond
_LONGEST = 3.6  # angstroms; longer bonds are none

_OF_MDANALYSIS = (
    "Universe",
    "AtomGroup",
    "ResidueGroup",
    "SegmentGroup",
    "Atom",
    "Residue",
    "Segment",
)

# What libraries know of each atom: what it is called with its unit, and whether 0 is in its middle.
_ELEMENT = "element"
_KNOWN = {
    "initial_charges": ("charge / e", True),
    "charges": ("charge / e", True),
    "initial_magmoms": ("magnetic moment / \N{GREEK SMALL LETTER MU}B", True),
    "magmoms": ("magnetic moment / \N{GREEK SMALL LETTER MU}B", True),
    "forces": ("force / (eV/\N{ANGSTROM SIGN})", False),
    "energies": ("energy / eV", False),
    "masses": ("mass / u", False),
    "tempfactors": ("B / \N{ANGSTROM SIGN}\N{SUPERSCRIPT TWO}", False),
    "occupancies": ("occupancy", False),
    "resids": ("residue", False),
}
_OF_ASE = ("charges", "magmoms", "forces", "energies")  # that a calculator may have left
_OF_GROUPS = ("charges", "tempfactors", "occupancies", "masses", "resids")

Ints: TypeAlias = NDArray[np.int64]


def recognises(thing: object) -> bool:
    """Is it a set of atoms?"""
    return is_a(thing, "ase", "Atoms") or is_a(thing, "MDAnalysis", *_OF_MDANALYSIS)


def take(thing: Any, wishes: Wishes) -> Taken:
    """Balls, and sticks where there are bonds."""
    style = wishes.style or STYLES[0]
    if style not in STYLES:
        raise SceneError(f"style must be one of {', '.join(map(repr, STYLES))}, got {show(style)}")
    notes: list[str] = []
    if is_a(thing, "ase", "Atoms"):
        places = np.asarray(thing.get_positions(), np.float64)
        symbols = list(thing.get_chemical_symbols())
        bonds = None
        values = _values_of_ase(thing)
    else:
        if is_a(thing, "MDAnalysis", "Atom"):
            thing = thing.universe.atoms[[thing.index]]
        group = thing.atoms
        if not _has(group, "positions"):
            raise SceneError(f"a {type(thing).__name__} has no coordinates: load a trajectory")
        places = np.asarray(group.positions, np.float64)
        symbols = _symbols_of_group(group)
        bonds = _bonds_of_group(group)
        values = _values_of_group(group)
    if not len(places):
        raise SceneError("there are no atoms")
    unknown = sorted({s for s in symbols if s not in ELEMENTS})
    if unknown:
        notes.append(f"elements that are not known are drawn pink: {', '.join(unknown[:8])}")
    elements = [ELEMENTS.get(symbol, ELEMENTS["X"]) for symbol in symbols]
    colors = np.array([parse_color(element.color) for element in elements])
    full = np.array([element.van_der_waals for element in elements])
    radii: Any = full
    if style == "ball-and-stick":
        radii = _BALL * full
    elif style == "licorice":
        radii = np.full(len(places), _LICORICE)
    material = Principled(Attribute("color"), roughness=0.35)
    fields = _fields(symbols, values, notes)
    pieces: list[AnyPiece] = [
        Points(
            centers=places,
            radii=radii,
            colors=colors,
            material=material,
            name="atoms",
            fields=fields,
        )
    ]
    if style != "space-filling":
        pairs = find_bonds(places, elements) if bonds is None else bonds
        if len(pairs):
            stick = _STICK if style == "ball-and-stick" else _LICORICE
            pieces.append(_sticks(places, colors, pairs, stick, fields))
    return Taken(pieces=tuple(pieces), up="z", notes=tuple(notes))


def _fields(symbols: list[str], values: dict[str, NDArray[Any]], notes: list[str]) -> Fields | None:
    """What is known of each atom; the elements, which are shown, are one of them."""
    if not values:
        return None
    order = list(ELEMENTS)
    rows = np.array([order.index(s) if s in ELEMENTS else 0 for s in symbols], np.int32)
    painted = [parse_color(element.color) for element in ELEMENTS.values()]
    maps = {
        name: ColorMap("RdBu" if signed else "viridis", label=label, symmetric=signed)
        for name, (label, signed) in _KNOWN.items()
    }
    elements = ColorMap(
        np.clip(encode_srgb(np.array(painted)), 0.0, 1.0),
        limits=(-0.5, len(order) - 0.5),
        label="atomic number",
        bar=False,
    )
    given = [Given(name, array, "items") for name, array in values.items()]
    told: list[str] = []
    fields = fields_of(
        [Given(_ELEMENT, rows, "items"), *given],
        (_ELEMENT, "items"),
        told,
        colormap=elements,
        maps=maps,
    )
    names = [] if fields is None else [name for name in fields.arrays if name != _ELEMENT]
    notes.append(f"atoms have {', '.join(map(repr, names))}: show= of 'atoms' and 'bonds'")
    return fields


def _values_of_ase(atoms: Any) -> dict[str, NDArray[Any]]:
    """Arrays of the atoms, and results that a calculator has left; nothing is computed."""
    found = {n: a for n, a in atoms.arrays.items() if n not in ("numbers", "positions")}
    results = getattr(getattr(atoms, "calc", None), "results", None) or {}
    found |= {name: results[name] for name in _OF_ASE if results.get(name) is not None}
    return _for_each(found, len(atoms))


def _values_of_group(group: Any) -> dict[str, NDArray[Any]]:
    found = {name: getattr(group, name) for name in _OF_GROUPS if _has(group, name)}
    return _for_each(found, len(group))


def _for_each(found: dict[str, Any], count: int) -> dict[str, NDArray[Any]]:
    """Numbers of each atom that are not all alike."""
    arrays = {name: np.asarray(values) for name, values in found.items()}
    return {
        name: array
        for name, array in arrays.items()
        if array.dtype.kind in "biuf" and array.ndim in (1, 2) and len(array) == count
        if (array != array[:1]).any()
    }


def _sticks(
    places: NDArray[Any], colors: NDArray[Any], pairs: Ints, radius: float, fields: Fields | None
) -> Lines:
    """Each half of a bond in the colour of its atom."""
    atoms = np.concatenate([pairs[:, 0], pairs[:, 1]])
    a, b = places[pairs[:, 0]], places[pairs[:, 1]]
    middle = 0.5 * (a + b)
    return Lines(
        starts=np.concatenate([a, b]),
        ends=np.concatenate([middle, middle]),
        radii=radius,
        colors=colors[atoms],
        material=Principled(Attribute("color"), roughness=0.35),
        joints=False,
        name="bonds",
        fields=None if fields is None else fields.taking(atoms),
    )


def _symbols_of_group(group: Any) -> list[str]:
    """By the elements of the topology, or guessed from the names of atoms."""
    words = getattr(group, "elements", None) if _has(group, "elements") else None
    if words is None or not all(str(word).strip() for word in words):
        words = next(
            (getattr(group, name) for name in ("names", "types") if _has(group, name)),
            ["X"] * len(group),
        )
    return [_symbol(str(word)) for word in words]


def _symbol(word: str) -> str:
    letters = "".join(c for c in word if c.isalpha())
    two = letters[:2].capitalize()
    # In names of proteins CA is the alpha carbon, not calcium: two letters count if written so.
    if letters[:2] == two and two in ELEMENTS and len(letters) == 2:
        return two
    return letters[:1].upper() or "X"


def _has(group: Any, name: str) -> bool:
    try:
        getattr(group, name)
    except Exception:  # MDAnalysis raises NoDataError, an AttributeError or a ValueError
        return False
    return True


def _bonds_of_group(group: Any) -> Ints | None:
    """Bonds within the group that the topology names, by rows of the group; None if it has none."""
    if not _has(group, "bonds"):
        return None
    pairs = np.asarray(group.bonds.indices, np.int64).reshape(-1, 2)
    row = {int(index): k for k, index in enumerate(group.indices)}
    inside = [(row[a], row[b]) for a, b in pairs.tolist() if a in row and b in row]
    return np.array(inside, np.int64).reshape(-1, 2) if inside else None


def find_bonds(places: NDArray[Any], elements: list[Element]) -> Ints:
    """Pairs of atoms that are nearer than 1.2 times the sum of their covalent radii.

    By cells of a grid as wide as the longest bond, so that the time grows with the number of atoms.
    """
    radii = np.array([element.covalent for element in elements])
    reach = min(_LONGEST, 2.0 * _SLACK * float(radii.max()))
    cells = np.floor((places - places.min(axis=0)) / reach).astype(np.int64)
    size = cells.max(axis=0) + 3
    if not np.isfinite(places).all() or np.prod(size.astype(float)) > 2.0**62:
        return np.zeros((0, 2), np.int64)
    keys = ((cells[:, 0] + 1) * size[1] + cells[:, 1] + 1) * size[2] + cells[:, 2] + 1
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found: list[Ints] = []
    for x in (-1, 0, 1):
        for y in (-1, 0, 1):
            for z in (-1, 0, 1):
                wanted = keys + (x * size[1] + y) * size[2] + z
                low = np.searchsorted(ordered, wanted, "left")
                count = np.searchsorted(ordered, wanted, "right") - low
                first = np.repeat(np.arange(len(keys)), count)
                start = np.repeat(np.cumsum(count) - count, count)
                second = order[np.repeat(low, count) + np.arange(len(first)) - start]
                ahead = first < second
                first, second = first[ahead], second[ahead]
                distance = np.linalg.norm(places[first] - places[second], axis=1)
                limit = np.minimum(_SLACK * (radii[first] + radii[second]), _LONGEST)
                near = (distance < limit) & (distance > 0.3)
                both_hydrogen = (radii[first] < 0.35) & (radii[second] < 0.35) & (distance > 0.9)
                keep = near & ~both_hydrogen
                found.append(np.stack([first[keep], second[keep]], axis=1))
    return np.concatenate(found)
