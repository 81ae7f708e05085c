"""Counter-based sample numbers: each is a function of (seed, pixel, sample, dimension).

So a picture does not depend on threads, tiles or the order of work, and any sample can be taken
again alone. Dimensions come in groups of four. There are two kinds of sequences:

- *independent* numbers, for proofs: the variance of their mean is that of one sample by n;
- a *lattice*, the default: in each group, the samples of a pixel are a rank-1 lattice sequence in
  four dimensions, shifted at random and taken in a shuffled order. Every prefix of 2^k samples is
  spread evenly, so that it converges faster; the number of samples need not be known. A pixel has
  one lattice, or two: then samples of even and of odd number have one each, independent of each
  other, and how far the halves differ tells the error without bias. (Their squared error is that
  of one lattice times 1.10 for 16 samples and 1.18 for 64, geometric means of fourteen scenes; the
  halves of one lattice tell 1.2 to 9 times the variance that the picture has, since each other's
  error is what they make up for. No order of a lattice would mend that: its prefixes of 2^k are
  the subgroups of a cyclic group, and their even samples would have to be, too.)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import as_floats, as_words, reverse_bits
from raywidget.kernels.language.vec3 import Vec3, vec3

# SplitMix64's increment and finaliser (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
# number generators"; Stafford's variant 13).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_27 = np.uint64(27)
_SHIFT_30 = np.uint64(30)
_SHIFT_31 = np.uint64(31)
_SHIFT_32 = np.uint64(32)
_SHIFT_40 = np.uint64(40)
_SHIFT_21 = np.uint64(21)
_SHIFT_43 = np.uint64(43)
_LOW_21 = np.uint64(0x1FFFFF)
_LOW_32 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)

# Groups are hashed by arithmetic on 32 bits, which processors also do in vectors: pcg4d of
# Jarzynski and Olano 2020, "Hash functions for GPU rendering".
_PCG_MULTIPLIER = np.uint64(1664525)
_PCG_INCREMENT = np.uint64(1013904223)
_SHIFT_16 = np.uint64(16)
_SHIFT_8 = np.uint64(8)

# Generating vector of the lattice, found by a search over its bits from the lowest up (a beam of
# 3000 down to 30): for 4, 8, ... 256 points, the worst-case error P_2 of all four dimensions is at
# most 1.4 times, that of each pair at most 2.5 times the best found for that size alone; up to
# 65,536 points 4.6 and 10 times. A vector searched for the four dimensions only had sizes that were
# no better than random in a pair. Bits from 16 on were not searched.
_Z1 = np.uint64(0x9E372C1D)
_Z2 = np.uint64(0x7F4A5419)
_Z3 = np.uint64(0xC2B20DA5)
_Z4 = np.uint64(0x165E4D01)

# A permutation of 32-bit numbers in which every bit is changed by lower bits only (Laine and Karras
# 2011, section 3.2, with the constants of Vegdahl 2021, "Building a better LK hash").
_LK_1 = np.uint64(0x3D20ADEA)
_LK_2 = np.uint64(0x05526C56)
_LK_3 = np.uint64(0x53A22864)

# A float32 has 24 bits: more would round up to exactly 1 (for 1 in 3.4e7 numbers).
_TO_UNIT = 2.0**-24
_TO_COARSE = 2.0**-21

# Groups are numbers of 32 bits: those of a path's edges and of the surfaces that let it pass (see
# `surface`) lie below 2^31; what other integrators draw besides begins there.
#
# The numbers that choose where an edge of the path goes, and those that choose a point on a light
# from its end, are one group: that they are spread evenly together brought 2-8 % less error.
GROUP_LENS = 0  # lens u, v, two unused
GROUP_EDGE = 1  # of edge 0: pixel x, y (later edges: BSDF u, v), light u, v
GROUP_CHOICE = 2  # at the end of edge 0: light, lobe, roulette, unused
GROUPS_PER_EDGE = 2


class Four(NamedTuple):
    """Four independent numbers in [0, 1)."""

    x: float
    y: float
    z: float
    w: float


@device
def mix(z: np.uint64) -> np.uint64:
    """A bijection of 64 bits that leaves no pattern."""
    z = (z ^ (z >> _SHIFT_30)) * _MULTIPLIER_1
    z = (z ^ (z >> _SHIFT_27)) * _MULTIPLIER_2
    return z ^ (z >> _SHIFT_31)


class Sequence(NamedTuple):
    """One sample of one pixel, whose numbers `draw_four` gives. All but `lattice` may be lanes."""

    lattice: bool
    key: Any  # two words: of a lattice of a pixel, of the sample otherwise
    other_key: Any
    place: Any  # in the lattice: the sample's number in it, with its 32 bits reversed
    half: Any  # 0: even samples, 1: odd ones


@device
def start_sequence(seed: np.uint64, pixel: int, sample: int, lattices: int) -> Sequence:
    """The numbers of one sample of one pixel; `pixel` counts from the top left of the picture.

    `lattices` is how many share the samples: 0 (independent numbers), 1 or 2 (even and odd ones).
    """
    key = mix(mix(seed + _GOLDEN) ^ mix(np.uint64(pixel) * _GOLDEN))
    half = sample & 1
    place = np.uint64(0)
    if lattices == 0:
        key = mix(key + np.uint64(sample) * _GOLDEN)
    else:
        if lattices == 2 and half != 0:
            key = mix(key ^ _GOLDEN)
        place = place_in_lattice(np.uint64(sample), lattices)
    return Sequence(lattices != 0, key & _LOW_32, key >> _SHIFT_32, place, half)


@device
def place_in_lattice(sample: Any, lattices: int) -> Any:
    """The `Sequence.place` of a sample, or of lanes of samples.

    Of the other numbers of a `Sequence`, all samples of a pixel that share a lattice have the same.
    """
    if lattices == 2:
        return reverse_bits(sample >> _ONE)
    return reverse_bits(sample)


@device
def draw_four(sequence: Sequence, group: Any) -> Four:
    """The numbers of one group of dimensions; of lanes of sequences and groups, lanes of numbers.

    All arithmetic is modulo 2^32: numbers are masked where higher bits would come down.
    """
    # What is hashed is random already but for the group.
    x = sequence.key
    y = sequence.other_key
    z = as_words(group) * _PCG_MULTIPLIER + _PCG_INCREMENT
    w = z * _PCG_MULTIPLIER + _PCG_INCREMENT
    x, y, z, w = _stir(x, y, z, w)
    x = _fold(x)
    y = _fold(y)
    z = _fold(z)
    w = _fold(w)
    x, y, z, w = _stir(x, y, z, w)
    if sequence.lattice:
        # Another order in each group, so that groups are independent of each other; blocks of 2^k
        # samples stay together, so that prefixes stay lattices.
        place = _shuffle(sequence.place, _fold((x ^ (y * _LK_1)) + (z ^ (w * _LK_2))))
        x = place * _Z1 + x
        y = place * _Z2 + y
        z = place * _Z3 + z
        w = place * _Z4 + w
    return Four(_to_unit(x), _to_unit(y), _to_unit(z), _to_unit(w))


@device
def start_stream(sequence: Sequence) -> np.uint64:
    """The state of a stream of independent numbers, for what needs nobody knows how many.

    Tracking through volumes does: groups would be drawn for one number each.
    """
    key = mix(sequence.key | (sequence.other_key << _SHIFT_32))
    return mix(key ^ ((sequence.place << _ONE) + np.uint64(sequence.half)) * _GOLDEN)


@device
def next_state(state: np.uint64) -> np.uint64:
    """The stream one number further (SplitMix64)."""
    return state + _GOLDEN


@device
def number_of(state: np.uint64) -> float:
    """The number in [0, 1) that belongs to a state of a stream."""
    return single(np.int64(mix(state) >> _SHIFT_40)) * _TO_UNIT


@device
def three_numbers_of(state: np.uint64) -> Vec3:
    """Three numbers in [0, 1) that belong to a state of a stream, of 21 bits each."""
    bits = mix(state)
    return vec3(
        single(np.int64(bits & _LOW_21)) * _TO_COARSE,
        single(np.int64((bits >> _SHIFT_21) & _LOW_21)) * _TO_COARSE,
        single(np.int64(bits >> _SHIFT_43)) * _TO_COARSE,
    )


@device
def _stir(x: Any, y: Any, z: Any, w: Any) -> tuple[Any, Any, Any, Any]:
    """Half of pcg4d."""
    x = x + y * w
    y = y + z * x
    z = z + x * y
    w = w + y * z
    return x, y, z, w


@device
def _fold(x: Any) -> Any:
    """32 bits, the upper half of which changes the lower one."""
    x = x & _LOW_32
    return x ^ (x >> _SHIFT_16)


@device
def _to_unit(bits: Any) -> float:
    """32 bits as a number in [0, 1)."""
    return as_floats((bits & _LOW_32) >> _SHIFT_8) * _TO_UNIT


@device
def _shuffle(place: Any, seed: Any) -> Any:
    place = place ^ (place * _LK_1)
    place = place + seed
    place = place * ((seed >> _SHIFT_16) | _ONE)
    place = place ^ (place * _LK_2)
    place = place ^ (place * _LK_3)
    return place & _LOW_32
