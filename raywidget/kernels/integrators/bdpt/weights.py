"""Weights of the strategies of bidirectional path tracing, without looking back along the path.

A path of k + 1 points can be made in many ways: s points from the light, the others from the
camera, and a connection between the two ends. Its weight in one of them is given by the power
heuristic, p_s^2 / sum of all p_i^2 (Veach 1997, section 9.2), where p_i is the density of strategy
i. Densities of neighbouring strategies differ in one point only, which the one draws from the side
of the light and the other from that of the camera, so that the sum can be carried along both
subpaths as they grow (Georgiev 2012, "Implementing vertex connection and merging", section 3; van
Antwerpen 2011). Here the roots of sums of squares are carried instead of the sums: squares of areas
would leave the range of float32 in scenes that are large or small. All of it works on numbers and
on lanes.

Densities count by what the samples of a strategy are worth, as if it had so many: the heuristic
takes all for independent, while those of a pixel are spread evenly, which helps what the camera
draws and next-event estimation more than what goes through both subpaths (WORTH_JOINED), and least
what falls upon the picture from points of light subpaths (WORTH_SHOWN). What has no other strategy
loses nothing by it. (Grittmann et al. 2019, "Variance-aware multiple importance sampling", estimate
such factors; that of strategies that join is in `near` from the second edge on, of the other one in
that of the lens.)
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import Real, choose, lanes_max, lanes_min, lanes_sqrt

# With 1 and 1, a Cornell box has 1.24 times the squared error, a lamp in an open box 1.34 times.
WORTH_JOINED = 0.7
WORTH_SHOWN = 0.4
_PER_JOINED = 1.0 / (WORTH_JOINED * WORTH_JOINED)


class Ratios(NamedTuple):
    """What a subpath knows of the strategies that make it shorter, at its last point x.

    The point before x is called y. All is relative to the density with which the subpath drew its
    own points, in units of area.
    """

    near: Real  # connects y and x: what that is worth / density of x, by area
    # All that connect at y or before it: the root of the sum of their squared densities, where that
    # of drawing x and then y from the other side is left out; the connection supplies it.
    far: Real


@device
def start_camera_ratios(per_pdf: Real) -> Ratios:
    """At the lens, to which light may be connected; `per_pdf`: 1 by the density of its direction.

    That is of the whole picture, for there are as many light subpaths as samples of pixels; 0: the
    lens can't be connected to.
    """
    return Ratios(WORTH_SHOWN * per_pdf, per_pdf * 0.0)


@device
def start_light_ratios(per_pdf: Real, is_found: bool) -> Ratios:
    """At a light; `per_pdf`: cosine of the direction by the joint density of it and of its point.

    `near` still lacks the density per solid angle with which next-event estimation at the next
    point draws this one, since it depends on that point: see `arrive.see_lights`. `is_found` tells
    whether scattering can find the light.
    """
    return Ratios(per_pdf, per_pdf * (1.0 if is_found else 0.0))


@device
def scatter_ratios(ratios: Ratios, pdf: Real, pdf_reverse: Real, cos: Real) -> Ratios:
    """After a direction was drawn with `pdf`, where that back has `pdf_reverse`.

    `cos` is that between the new direction and the geometric normal.
    """
    inverse = 1.0 / pdf
    far = hypotenuse(ratios.near, pdf_reverse * ratios.far)
    return Ratios(WORTH_JOINED * inverse, cos * inverse * far)


@device
def mirror_ratios(ratios: Ratios, reversible: Real, cos: Real) -> Ratios:
    """After a specular reflection or refraction: nothing can be connected to its point.

    Both ways it is chosen with the same probability, or it is weighted as if it were.
    """
    return Ratios(0.0, choose(reversible, cos * ratios.far, 0.0))


@device
def arrive_ratios(ratios: Ratios, square: Real, cos: Real) -> Ratios:
    """At the next point, at a squared distance of `square`, where the ray arrives under `cos`."""
    per_cos = 1.0 / cos
    return Ratios(ratios.near * square * per_cos, ratios.far * per_cos)


@device
def arrive_from_light(ratios: Ratios, cos: Real) -> Ratios:
    """As `arrive_ratios`, at the first point: both ends of the edge are seen by solid angle."""
    return Ratios(ratios.near / cos, ratios.far / cos)


@device
def others(ratios: Ratios, pdf_area: Real, pdf_reverse: Real) -> Real:
    """Sum of the squares of all strategies that make this subpath shorter.

    The other side draws its last point with `pdf_area`, and from there the point before it with
    `pdf_reverse` per solid angle. All of it is relative to one strategy, so that squares that leave
    the range belong to weights of 0 or 1.
    """
    near = pdf_area * ratios.near
    far = pdf_area * (pdf_reverse * ratios.far)
    return near * near + far * far


@device
def others_at_light(ratios: Ratios, pdf_direct: Real, pdf_emit: Real) -> Real:
    """As `others`, where the last point lies on a light and the other side has no other point.

    Next-event estimation draws it with `pdf_direct` by area; a light subpath draws it, and the
    direction back, with `pdf_emit`.
    """
    near = pdf_direct * ratios.near * (1.0 / WORTH_JOINED)
    far = pdf_emit * ratios.far
    return near * near + far * far


@device
def weigh(of_light: Real, of_camera: Real) -> Real:
    """The power heuristic, given `others` of both subpaths."""
    return 1.0 / (1.0 + of_light + of_camera)


@device
def weigh_joined(of_light: Real, of_camera: Real) -> Real:
    """As `weigh`, of a strategy that joins both subpaths."""
    return weigh(of_light * _PER_JOINED, of_camera * _PER_JOINED)


@device
def hypotenuse(a: Real, b: Real) -> Real:
    """Root of a^2 + b^2 of non-negative numbers, also where squares overflow."""
    larger = lanes_max(a, b)
    ratio = lanes_min(a, b) / choose(larger > 0.0, larger, 1.0)
    return larger * lanes_sqrt(1.0 + ratio * ratio)
