"""Every table the kernels read, column by column, and the codes in them.

The compiler packs them (`compiler/`), the kernels read them through bare pointers (`SceneView`).
All arrays are C-contiguous; lengths are in scene units, colours linear Rec. 709.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.language.simd import WIDTH

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

# --- The tree ------------------------------------------------------------------------------------
# A node is NODE_ROWS rows of WIDTH numbers: lower x of all children, upper x, lower y, upper y,
# lower z, upper z, child references (int32 bits), unused. A child that is not there has an empty
# box. A reference >= 0 is a node; below 0 it is a leaf, -1 - (index << 2 | kind). In the last row
# of node 0 stands at which node the tree begins of all that is not in the lists below (int32 bits;
# 0: there are no lists, or nothing else), its box (the lower corner, the upper corner), and how
# many of the rounds are met as what is in the lists is, all of them or none (int32 bits).
NODE_ROWS = 8
NODE_SIZE = NODE_ROWS * WIDTH
CHILD_ROW = 6 * WIDTH
NODE_REST = 7 * WIDTH
NODE_ROUNDS = NODE_REST + 7

LEAF_FLAT = 0  # index: a block of flats
LEAF_BALL = 1  # index: a block of balls
LEAF_INSTANCE = 2  # index: a row of `instances`
LEAF_ROUND = 3  # index: a block of rounds

# A block holds up to WIDTH primitives, a row for each quantity. Lanes that are not used hold
# zeros, which no ray hits.
# Flats are triangles and parallelograms p = corner + u edge_u + v edge_v: rows 0-2 corner, 3-5
# edge_u, 6-8 edge_v, 9 shear (1: triangle, u + v <= 1; 0: parallelogram, u, v <= 1), 10 primitive
# number (int32 bits), 11 unused.
FLAT_ROWS = 12
FLAT_SHEAR_ROW = 9
FLAT_PRIMITIVE_ROW = 10
# Balls are spheres: rows 0-2 centre, 3 signed radius (negative: normals point inwards), 4
# primitive number (int32 bits).
BALL_ROWS = 5
BALL_PRIMITIVE_ROW = 4

# Rounds are truncated cones, cylinders and disks among them: rows 0-2 centre of the base, 3-5, 6-8
# and 9-11 unit vectors x, y and axis of a right-handed frame, 12 height, 13 and 14 radii at base
# and top, 15 slope (by how much the radius grows per unit of height), 16 and 17 is there a base, a
# top (0 or 1), 18 which way normals point (1 outwards, -1 inwards), 19 primitive number (int32
# bits). A disk is the top of a cone without height.
ROUND_ROWS = 20
ROUND_HEIGHT_ROW = 12
ROUND_BASE_ROW = 16
ROUND_SIDE_ROW = 18
ROUND_PRIMITIVE_ROW = 19

# A world of a few flats and balls is also kept in two lists, `few_flats` (F, FEW_SIZE) and
# `few_balls` (B, FEW_BALL_SIZE) float32, see `few`; of other worlds, what is large and lies beside
# all else. Of flats alone, lists are as fast as the tree at 6 times the width (8 lanes), and balls
# cost less.
FEW = 5 * WIDTH
FEW_SIZE = 15
FEW_CORNER = 0  # 3
FEW_NORMAL = 3  # 3: unit, edge_u x edge_v / area
FEW_ACROSS_U = 6  # 3: edge_v / area
FEW_ACROSS_V = 9  # 3: -edge_u / area
FEW_SHEAR = 12  # as above
FEW_SLOT = 13  # int32 bits: see below
# 1: all surfaces and lights are in front of it, or in its plane; -1: behind. Such flats come last.
FEW_SIDE = 14
# What may hide light is kept in two more: `few_occluders` (O, FEW_SIZE), flats but for the faces of
# boxes, and `few_boxes` (X, FEW_BOX_SIZE).
FEW_BOX_SIZE = 13
FEW_BOX_CENTRE = 0  # 3
FEW_BOX_ROWS = 3  # 9: rows of the matrix that makes it reach from -1 to 1 along each axis
FEW_BOX_OUTSIDE = 12  # what is that far from the centre along an axis, or farther, is outside
FEW_BALL_SIZE = 6
FEW_BALL_CENTRE = 0  # 3
FEW_BALL_SQUARE = 3  # of its radius
FEW_BALL_SLOT = 4  # int32 bits
FEW_BALL_RADIUS = 5

# A hit is told by its slot: block * WIDTH + lane for flats, that plus BALL_SLOT for balls, that
# plus ROUND_SLOT for rounds.
BALL_SLOT = 1 << 30
ROUND_SLOT = 3 << 29
VOLUME_SLOT = 7 << 28  # plus the row of `volumes`: a cut through one
MISS = -1

# Rows 0-2 of world-from-object (3 x 4), then of the inverse of its first three columns (3 x 3)
INSTANCE_SIZE = 21
INSTANCE_CODES_SIZE = 5  # columns of `instance_codes` (I, 3) int32
INSTANCE_ROOT = 0  # node that is the root of the mesh's tree
INSTANCE_MATERIAL = 1  # row of the material tables, or -1: that of the primitive
INSTANCE_SHAPE = 2  # index of the Instances in Scene.shapes
INSTANCE_COLOR = 3  # row of `colors`, or -1: that of the primitive
INSTANCE_LIGHT = 4  # what the light of a primitive counts from, or -1: none shines

# --- Columns of `primitives` (P, 5) int32 --------------------------------------------------------
PRIMITIVE_SIZE = 5
PRIMITIVE_MATERIAL = 0  # row of the material tables
PRIMITIVE_LIGHT = 1  # row of the light tables (copied: counted from INSTANCE_LIGHT), or -1
PRIMITIVE_SHAPE = 2  # index of the shape in Scene.shapes
# Row of `corners`, or -1: no vertex has attributes. Of rounds -1, or -2 minus the row of `colors`
# of its top, if that has another than its base.
PRIMITIVE_CORNERS = 3
# Row of `colors`, or -1. With CORNERS_COLORS every vertex has one: its row in `vertices` plus this.
PRIMITIVE_COLOR = 4

# --- Elements of `edge_marks` (P,) uint8 ---------------------------------------------------------
# Which edges are drawn, and which corners as ends of those of others. The k-th edge begins at the
# k-th corner: that of the flat, the end of edge_u, (of parallelograms: the one across), of edge_v.
MARK_EDGE = 1  # << k, up to 3
MARK_CORNER = 16
MARK_ALL = 15

# --- Columns of `edge_ends` (N, 4): drawn edges of others that end at a corner of a triangle -----
# With no drawn edge between, as beside the diagonal of a polygon. Three numbers lead from the
# corner to the other end, in the space of the flat.
EDGE_END_CORNER = 3  # 0: that of the flat, 1: the end of edge_u, 2: of edge_v
EDGE_END_SIZE = 4

# --- Columns of `corners` (C, 4) int32: one row per triangle with vertex attributes --------------
CORNERS_SIZE = 4  # three rows of `vertices`, then CORNERS_* flags
CORNERS_FLAGS = 3
CORNERS_NORMALS = 1
CORNERS_UVS = 2
CORNERS_COLORS = 4
# Above CORNERS_BITS: how many rows of `vertices` after its own a vertex has its second texture
# coordinates, or 0.
CORNERS_BITS = 3

VERTEX_SIZE = 5  # columns of `vertices` (V, 5) float32: unit normal x, y, z; texture u, v

# --- Materials -----------------------------------------------------------------------------------
DIFFUSE = 0
METAL = 1
DIELECTRIC = 2
COATED_DIFFUSE = 3
COATED_METAL = 4
BLACK = 5  # reflects nothing: a pure emitter
CONDUCTOR = 6
COATED_CONDUCTOR = 7
THIN_DIELECTRIC = 8
ROUGH_DIELECTRIC = 9  # from here on: both reflecting and transmitting, and not specular
ROUGH_THIN_DIELECTRIC = 10
PRINCIPLED = 11
MIX = 12  # one of two other rows
BLEND = 13  # both of two other rows, which only reflect or are smooth glass; not specular
INTERFACE = -1  # only separates two media: `volpath` goes on straight

# Columns of `material_codes` (M, MATERIAL_CODES_SIZE) int32. A texture is a row of `textures`, or
# -1: the number in `materials` holds everywhere.
MATERIAL_KIND = 0  # code above
MATERIAL_FLAGS = 1  # MATERIAL_* below
MATERIAL_EMISSION_TEXTURE = 2
MATERIAL_OPACITY_TEXTURE = 3
MATERIAL_AMOUNT_TEXTURE = 4
MATERIAL_NORMAL_TEXTURE = 5
MATERIAL_MEMBERS = 6  # 2, of a mixture: rows of its parts; of a catcher its coat, or -1
MATERIAL_INTERIOR = 8  # row of `media` behind the surface, or -1: crossing it changes no medium
# Textures of what scatters: pairs of a texture and a target, ended by -1. A target is 4 times the
# column that is given, plus how.
MATERIAL_FIELD = 9  # row of `fields` that the shape shows, or -1
MATERIAL_UNLIT_TEXTURE = 10  # what is given off of its colours, with MATERIAL_UNLIT
MATERIAL_EDGES = 11  # row of what edges are made of, with MATERIAL_EDGED
MATERIAL_TEXTURES = 12
MATERIAL_MAX_TEXTURES = 12
MATERIAL_CODES_SIZE = MATERIAL_TEXTURES + 2 * MATERIAL_MAX_TEXTURES + 1
TARGET_COLOR = 0  # three columns
TARGET_NUMBER = 1  # one column: the mean of the texture's channels
TARGET_SQUARE = 2  # one column: its square, for a roughness

MATERIAL_TEXTURED = 1  # MATERIAL_TEXTURES is not empty
MATERIAL_GLOW_TEXTURED = 2  # the emission has a texture
MATERIAL_MASKED = 4  # the opacity is not 1 everywhere
MATERIAL_MIXED = 8
MATERIAL_NORMAL_MAPPED = 16
MATERIAL_UNLIT = 32  # a share of the colours is given off; it is found by scattering only
MATERIAL_EDGED = 64  # edges of triangles and polygons are drawn, see `edge_marks`
MATERIAL_UNSEEN = 128  # camera rays pass straight on: only other rays meet it
MATERIAL_INTERFACE = 512  # its kind is INTERFACE
MATERIAL_CATCHER = 256  # camera rays end here, and see what is behind all, less what shadows take
# No light goes from here to the lens
MATERIAL_DARK = MATERIAL_UNSEEN | MATERIAL_CATCHER
# Ask `surface`
MATERIAL_SPECIAL = (
    MATERIAL_MASKED | MATERIAL_MIXED | MATERIAL_NORMAL_MAPPED | MATERIAL_EDGED | MATERIAL_DARK
)

# Columns of `materials` (M, MATERIAL_SIZE) float32; unused ones are 0
MATERIAL_SIZE = 32
MATERIAL_COLOR = 0  # 3: albedo, F0, or tint of what is reflected (conductors) or transmitted
MATERIAL_EMISSION = 3  # 3: radiance from the front side, W / (sr m^2); of a texture, the mean
MATERIAL_ALPHA = 6  # GGX roughness, already squared; 0: a mirror
MATERIAL_ETA = 7  # index of refraction inside / outside
MATERIAL_COAT_LOSS = 8  # internal diffuse Fresnel reflectance of the boundary, 0 to 1
MATERIAL_ENERGY = 9  # element of `energy`: the table of what single scattering loses; 0: leave it
MATERIAL_OPACITY = 10
MATERIAL_AMOUNT = 11  # of a mixture, or a blend: the share of the second part
MATERIAL_NORMAL_SCALE = 12
MATERIAL_BLEND_ROWS = 13  # 2, of a blend: the rows of its parts
MATERIAL_BLEND_KINDS = 15  # 2: their kinds
# What textures may say of the parts of a blend is in its own row: of the first in MATERIAL_COLOR
# and MATERIAL_ALPHA, of the second here.
MATERIAL_BLEND_COLOR = 20  # 3
MATERIAL_BLEND_ALPHA = 23
MATERIAL_METALLIC = 13
MATERIAL_SPECULAR = 14
MATERIAL_TRANSMISSION = 15
MATERIAL_COAT = 16  # strength of a principled material's clear coat
MATERIAL_COAT_ALPHA = 17
MATERIAL_SHEEN_ALPHA = 18
MATERIAL_THIN = 19  # 1: transmission does not bend
MATERIAL_SPECULAR_COLOR = 20  # 3
MATERIAL_SHEEN_COLOR = 23  # 3
MATERIAL_LAYERS = 26  # element of `energy`: tables of metal, of Schlick's term, of sheen
MATERIAL_COMPENSATED = 27  # 1: of the metal too
MATERIAL_EDGE_WIDTH = 29  # > 0: pixels of the picture; < 0: minus a length
MATERIAL_N = 20  # 3, of conductors: real part of the index of refraction
MATERIAL_K = 23  # 3: imaginary part
MATERIAL_AVERAGE = 26  # 3: Fresnel reflectance, averaged over the hemisphere by cosine

# --- Energy --------------------------------------------------------------------------------------
# Tables of what rough surfaces lose, over roughness and cosine. A table has ENERGY_ROWS rows, at
# roughness (sqrt of alpha) k / (ENERGY_ROWS - 1): ENERGY_COLUMNS values at cosines whose square
# roots are k / (ENERGY_COLUMNS - 1), then their average weighted by the cosine, times two.
ENERGY_ROWS = 24
ENERGY_COLUMNS = 24
ENERGY_ROW = ENERGY_COLUMNS + 1
ENERGY_SIZE = ENERGY_ROWS * ENERGY_ROW

FEATURES_SIZE = 2  # elements of `features`
FEATURE_MASKS = 0  # 1: a material is masked, or an interface
FEATURE_UNSEEN = 1  # 1: the camera does not see a material, or a volume
# --- Media ---------------------------------------------------------------------------------------
MEDIUM_SIZE = 8  # columns of `media` (K, MEDIUM_SIZE) float32; K is 0 where everything is clear
MEDIUM_ABSORPTION = 0  # 3: per scene unit
MEDIUM_SCATTERING = 3  # 3
MEDIUM_ANISOTROPY = 6
MEDIUM_UNSEEN = 7  # 1: it fills a shape that the camera does not see
MEDIUM_WORLD = 0  # row of what is outside of all shapes
MEDIUM_CLEAR = 1  # row of clear interiors

# --- Volumes -------------------------------------------------------------------------------------
# Boxes of numbers, which are no part of the tree: light asks each of them (`volumes.flight`). What
# lies in memory is told by its address, so that a grid is never copied; `volume_codes` keeps it.
# Columns of `volume_codes` (V, VOLUME_CODES_SIZE) int64
VOLUME_GRID = 0  # address of its numbers, the last axis the fastest
VOLUME_SHAPE = 1  # 3: numbers along each axis
VOLUME_STORAGE = 4  # GRID_* below
VOLUME_IS_COLORED = 5  # 1: four numbers in each place, red, green, blue and opacity
VOLUME_IS_NEAREST = 6  # 1: the nearest number, 0: linear in between
VOLUME_HAS_HOLES = 7  # 1: some are GRID_HOLE_*, or not finite: there is nothing
VOLUME_BOUNDS = 8  # element of `volume_bounds` where its blocks begin
VOLUME_BLOCKS = 9  # 3: blocks along each axis
VOLUME_TABLE = 12  # row of `volume_looks` where its transfer function begins
VOLUME_ENTRIES = 13  # rows of it
VOLUME_CLIP = 14  # row of `clip_groups`: the planes that cut it, or -1
VOLUME_INDEX = 15  # in Scene.shapes
VOLUME_MATERIAL = 16  # row of what its cuts are made of, or -1: they are open
VOLUME_IS_EVEN = 17  # 1: colour, glow and anisotropy are the same for all numbers
VOLUME_IS_UNSEEN = 18  # 1: by the camera
VOLUME_GLOW = 19  # row of `volume_glow` where its parts begin, or -1: it does not glow
VOLUME_GLOW_PARTS = 20  # 3: parts along each axis
VOLUME_GLOW_SIDE = 23  # numbers along the side of a part
VOLUME_CODES_SIZE = 24
GRID_BYTES = 0
GRID_WORDS = 1  # of 16 bits
GRID_FLOATS = 2
GRID_SHORTS = 3  # of 16 bits, with a sign
GRID_HOLE_BYTE = 255
GRID_HOLE_WORD = 65535

# Columns of `volumes` (V, VOLUME_SIZE) float32
VOLUME_SIZE = 19
VOLUME_FROM_WORLD = 0  # 12, 3 x 4: points in grid cells, the box from 0 to VOLUME_SHAPE
VOLUME_SCALE = 12  # row of the transfer function for a stored number: times this
VOLUME_OFFSET = 13  # plus this
VOLUME_PER_BLOCK = 14  # 1 / cells along the side of a block
VOLUME_VALUE_SCALE = 15  # the number itself, for a stored one: times this
VOLUME_VALUE_OFFSET = 16  # plus this
VOLUME_SHARPNESS = 17  # of surfaces that are shaded by the gradient; 0: none are
VOLUME_BLOCK = 18  # cells along the side of a block

# Columns of `volume_bounds`: least and greatest extinction in a block. The least one has a minus,
# and is not 0, where extinction goes linearly with the numbers: one of those around a point, chosen
# by chance, will do there. Where the greatest is 0, the least is minus the number of blocks to the
# nearest one that is not empty, along any axis.
BOUNDS_SIZE = 2
BOUNDS_LEAST = 0
BOUNDS_MOST = 1

# Columns of `volume_looks` (R, LOOK_SIZE) float32: transfer functions, linear between rows
LOOK_SIZE = 8
LOOK_EXTINCTION = 0  # per unit of the tables
LOOK_ALBEDO = 1  # 3: share of what is not let through that is scattered
LOOK_EMISSION = 4  # 3: radiance of what is so thick that nothing gets through, without scattering
LOOK_ANISOTROPY = 7

# --- Cuts ----------------------------------------------------------------------------------------
CLIP_SIZE = 4  # columns of `clips` (P, CLIP_SIZE) float32: planes that cut away what is before them
CLIP_NORMAL = 0  # 3: unit, towards what is cut away
CLIP_OFFSET = 3  # of the plane along it
CLIP_GROUP_SIZE = 2  # columns of `clip_groups` (G, 2) int32: first plane, and how many
# Columns of `shape_clips` (S, 2) int32, by index of shapes: the row of `clip_groups` (-1: it is not
# cut; 0 are the scene's), and what closes its cuts
SHAPE_CLIP_SIZE = 2
SHAPE_CAPS = 1  # code below
CAPS_NONE = 0
CAPS_MATERIAL = 1
CAPS_VALUES = 2  # of the values on its surface, in between

# --- Textures ------------------------------------------------------------------------------------
CHECKERBOARD = 0
IMAGE = 1
RAMP = 2
ATTRIBUTE = 3  # what the shape itself brings: a colour, or values

# Columns of `texture_codes` (T, TEXTURE_CODES_SIZE) int32
TEXTURE_KIND = 0  # code above
TEXTURE_CHILDREN = 1  # 2, of a checkerboard: textures of its squares, or -1: TEXTURE_COLORS;
# of an attribute the first: what it is multiplied with, or -1
TEXTURE_FIELD = 2  # of an attribute: row of `fields`, or -1: the colours of the shape
TEXTURE_NUMBER = 3  # of a field. 1: its values, scaled and shifted, in [0, 1]; 0: their colours
TEXTURE_AXIS = 1  # of a ramp: 0 u, 1 v
TEXTURE_WIDTH = 1  # of an image
TEXTURE_HEIGHT = 2
TEXTURE_FIRST = 3  # element of `texels`, or of `texel_bytes`
TEXTURE_CHANNELS = 4  # 1 or 3
TEXTURE_WRAP = 5  # WRAP_* along u, and along v above WRAP_BITS
TEXTURE_NEAREST = 6  # 1: the nearest pixel, 0: bilinear
TEXTURE_STORAGE = 7  # TEXEL_FLOATS, or where in `texels` the 256 values of bytes are
TEXTURE_SECOND = 8  # of an image, 1: lies by the second texture coordinates, where there are any
# Of an image, all else that kernels have to ask about before they look: with the same number, lanes
# are looked up together. 0: it is none.
TEXTURE_MANNER = 9
TEXTURE_CODES_SIZE = 10
WRAP_REPEAT = 0
WRAP_MIRROR = 1
WRAP_CLAMP = 2
WRAP_BITS = 2  # of each of the two in TEXTURE_WRAP
WRAP_MASK = 3
TEXEL_FLOATS = -1
TEXELS_LINEAR = 0  # the first 512 elements of `texels`: bytes as numbers, decoded by the sRGB curve
TEXELS_SRGB = 256

# Columns of `textures` (T, TEXTURE_SIZE) float32
TEXTURE_SIZE = 10
TEXTURE_SCALE = 0  # 2: squares or pictures per unit of u and of v
TEXTURE_OFFSET = 2  # 2: is added to the scaled coordinates
TEXTURE_COLORS = 4  # 6: two colours; the first is an image's or a field's factor

# --- Fields: values on shapes --------------------------------------------------------------------
# Columns of `fields` (F, FIELD_SIZE) int32: a row for each quantity of each shape, and one before
# them for what it shows. Elements of `values` are told by what was hit.
FIELD_SIZE = 4
FIELD_ON = 0  # code below
FIELD_FIRST = 1  # FIRST + number of the primitive, row of `vertices`, or row of `instances`
FIELD_ENDS = 2  # ENDS + 2 * number of the primitive: at the start of a round, then at its end
FIELD_MAP = 3  # element of `maps`
FIELD_PRIMITIVES = 0
FIELD_VERTICES = 1
FIELD_COPIES = 2
FIELD_ROUNDS = 3  # rounds have two, all else one
FIELD_VOLUME = 4  # FIELD_FIRST: row of `volumes`
# `maps`: a head and MAP_COUNT colours for each, linear RGB
MAP_LOG = 0  # 1: logarithms are in equal steps
MAP_LOW = 1  # values of the first and of the last colour
MAP_HIGH = 2
MAP_START = 3  # the same, or their logarithms
MAP_SPAN = 4
MAP_COUNT = 5
MAP_NAN = 6  # 3: the colour of what is no number
MAP_BELOW = 9  # 3
MAP_ABOVE = 12  # 3
MAP_COLORS = 15

# --- Emitters ------------------------------------------------------------------------------------
# Finite lights come first in the table, then those that are infinitely far away.
LIGHT_FLAT = 0
LIGHT_BALL = 1
LIGHT_POINT = 3
LIGHT_SPOT = 4
LIGHT_DIRECTIONAL = 5
LIGHT_ENVIRONMENT = 6  # an image; other environments have no row
LIGHT_ROUND = 7

LIGHT_SIZE = 24  # columns of `lights` (L, 24) float32
LIGHT_RADIANCE = 0  # 3; of a point or spot its intensity, directional: its irradiance
LIGHT_CORNER = 3  # 3: corner of a flat, centre of a ball or a round's base, place of a point, spot
# 3; for a ball: signed radius in the first; round: unit axis; spot, directional: unit direction
LIGHT_EDGE_U = 6
# 3; round: height, radii at base and top; spots: half angles of the cone and of its beam in
# radians, SPOT_* code
LIGHT_EDGE_V = 9
LIGHT_SHEAR = 12  # as in a block of flats, but RECTANGLE if the edges are perpendicular
LIGHT_AREA = 13
LIGHT_PROBABILITY = 14  # of being chosen
LIGHT_KIND = 15  # code above, as a float
LIGHT_NORMAL = 16  # 3: of a flat, unit
LIGHT_CAPS = 16  # 2: areas of a round's base and top
LIGHT_SIDE = 18  # of a round: which way normals point (1 outwards, -1 inwards)
LIGHT_EXTENT = 19  # largest magnitude of its coordinates
LIGHT_BEAM = 20  # 3, of a disc that is a spot: as in LIGHT_EDGE_V of one; else 0
LIGHT_CLIP = 23  # row of `clip_groups` that cuts its shape, as a float, or -1

RECTANGLE = -1.0

LIGHT_SLOT_SIZE = 3  # columns of `light_slots` (L, 3) int32
LIGHT_SLOT = 0  # where the primitive is that shines, if it has a texture; else MISS
LIGHT_INSTANCE = 1  # row of `instances`, or -1
LIGHT_MIRRORED = 2  # 1 if edge_u and edge_v are the primitive's edge_v and edge_u

SPOT_LINEAR = 0
SPOT_SMOOTH = 1
SPOT_QUARTIC = 2

# What lights bring to a point is estimated from rows of `light_nodes` (N, LIGHT_NODE_SIZE): one for
# each light where they are few; else one for all finite ones, which are chosen by a tree, then one
# for each of those that are infinitely far away, or for all of them together. Empty where lights
# are chosen by their power alone.
LIGHT_NODE_SIZE = 11
LIGHT_NODE_CENTRE = 0  # 3: of a ball round all of the node
LIGHT_NODE_RADIUS = 3  # -1: infinitely far away
# 3: unit; normals lie within the first angle of it, light within both. Far away: a surface receives
# its cosine with this (times its length, that of an image), and LIGHT_NODE_COS_NORMALS besides
LIGHT_NODE_AXIS = 4
LIGHT_NODE_COS_NORMALS = 7  # far away: the share that comes from all sides alike
LIGHT_NODE_COS_LIGHT = 8
LIGHT_NODE_STRENGTH = 9  # greatest intensity, or irradiance from far away, both in one unit
LIGHT_NODE_SIN_NORMALS = 10

# A node of the tree of lights, a row of `light_branches`, has up to WIDTH branches: rows of WIDTH
# numbers, the first LIGHT_NODE_SIZE of them as above; strength 0 where there is no branch.
LIGHT_BRANCH_CHILD = 11  # int32 bits: the node below, or -1 - the light of a leaf
LIGHT_BRANCH_PARENT = 12  # int32 bits: WIDTH times the node above + its lane; -1 for the root
LIGHT_BRANCH_ROWS = 13

NO_ENVIRONMENT = 0
CONSTANT = 1
GRADIENT = 2
PANORAMA = 3

ENVIRONMENT_SIZE = 29  # elements of `environment`
ENVIRONMENT_KIND = 0  # code above, as a float
ENVIRONMENT_TOP = 1  # 3: radiance from straight above (constant: from everywhere)
ENVIRONMENT_BOTTOM = 4  # 3: radiance from straight below
ENVIRONMENT_WIDTH = 7  # of an image, in texels
ENVIRONMENT_HEIGHT = 8
ENVIRONMENT_FROM_WORLD = 9  # 9: rows of the rotation of directions into the environment's frame
ENVIRONMENT_PROBABILITY = 18  # of being chosen as a light; 0: left to scattering
ENVIRONMENT_LIGHT = 19  # its row of `lights`, as a float, or -1
ENVIRONMENT_CENTRE = 20  # 3: of a ball round all shapes
ENVIRONMENT_REACH = 23  # its radius
ENVIRONMENT_BACKGROUND = 24  # 3: what the camera sees instead of it; -1: the environment itself
ENVIRONMENT_ROW_GUIDES = 27  # entries of guides into rows, and into the cells of one
ENVIRONMENT_CELL_GUIDES = 28

# The cells between texels, row by row (`environment_rows`): running sum of probabilities, and guide
# into it; the sum of the rows before; the row's probability / solid angle of one cell; and sin^2 of
# half the angle to the nearest pole, of its upper and lower edge. Cells of a row have running sums,
# and guides (`environment_guides`), too.
#
# A guide says where to begin to search (Chen and Asau 1974, "On generating random variates from an
# empirical distribution"): of 2^k entries for at least as many sums, entry g is the first whose sum
# exceeds g / 2^k. The others are not used. That into rows has four times as many entries, for which
# the table has more rows: bisection, which goes on until the last lane has found its row, is most
# of what an image takes.
ENVIRONMENT_SUM = 0
ENVIRONMENT_GUIDE = 1
ENVIRONMENT_BEFORE = 2
ENVIRONMENT_DENSITY = 3
ENVIRONMENT_UPPER = 4
ENVIRONMENT_LOWER = 5
ENVIRONMENT_ROW_SIZE = 6

# The edges between cells of a row, and at its ends (`environment_edges`): radiance of their upper
# and lower texel, and the running sum of the cells before
ENVIRONMENT_BEFORE_EDGE = 3
ENVIRONMENT_LOWER_TEXEL = 4  # 3
ENVIRONMENT_EDGE_SIZE = 8

# Openings through which the environment is seen (`portals`); directions are unit vectors
PORTAL_CORNER = 0  # 3: where its rectangle begins
PORTAL_X = 3  # 3: along its sides
PORTAL_Y = 6
PORTAL_OUT = 9  # 3: across it, towards the sky
PORTAL_WIDTH = 12  # along PORTAL_X
PORTAL_HEIGHT = 13
PORTAL_MAP = 14  # where its sums begin in `portal_sums`, as a float, in maps
PORTAL_CELLS = 15  # of a map, each way; the same in all rows
PORTAL_UNIT = 16  # of its sums: luminance times solid angle
PORTAL_PEAK_UNIT = 17  # of those of the peaks behind it; 0: there are none
PORTAL_SIZE = 18

# --- Camera: elements of `camera` ----------------------------------------------------------------
PERSPECTIVE = 0
ORTHOGRAPHIC = 1
PANORAMIC = 2

CAMERA_SIZE = 22
CAMERA_ORIGIN = 0  # 3
# 3: half the width of the picture plane, perspective: at distance 1; panoramic: unit
CAMERA_RIGHT = 3
CAMERA_UP = 6  # 3: half its height; panoramic: unit
CAMERA_FORWARD = 9  # 3: unit
CAMERA_LENS = 12  # lens radius; 0: a pinhole
CAMERA_FOCUS = 13  # distance to the plane in focus
CAMERA_LENS_RIGHT = 14  # 1 / length of CAMERA_RIGHT
CAMERA_LENS_UP = 15  # 1 / length of CAMERA_UP
CAMERA_KIND = 16  # code above, as a float
CAMERA_SHIFT = 17  # 2: perspective: the picture's middle is so many of its halves beside the axis
# 2: half of the picture's width and height in pixels, as widths of edges are meant
CAMERA_PIXELS = 19
CAMERA_COARSENESS = 21  # how many of them are one pixel of this picture


class SceneTables(NamedTuple):
    """All that kernels know of a scene, but for the camera."""

    nodes: F32  # (N * NODE_SIZE,) the trees, 64-byte aligned; node 0 is the root of the world
    flats: F32  # (B * FLAT_ROWS * WIDTH,) 64-byte aligned
    balls: F32  # (B * BALL_ROWS * WIDTH,) 64-byte aligned
    rounds: F32  # (B * ROUND_ROWS * WIDTH,) 64-byte aligned
    bare_materials: I32  # (B * WIDTH,) by slots of flats: see `hit.bare_material`
    few_flats: F32  # (F, FEW_SIZE) of few primitives, (0, FEW_SIZE) if there are none
    few_occluders: F32  # (O, FEW_SIZE)
    few_boxes: F32  # (X, FEW_BOX_SIZE)
    few_balls: F32  # (B, FEW_BALL_SIZE)
    large_radius: F32  # (1,) balls with larger radii are met in double precision, see also `hit`
    instances: F32  # (I, INSTANCE_SIZE)
    instance_codes: I32  # (I, INSTANCE_CODES_SIZE)
    primitives: I32  # (P, PRIMITIVE_SIZE)
    edge_marks: U8  # (P,) by primitives; (0,) if no shape has edges
    edge_rows: I32  # (P + 1,) the first row of `edge_ends` of each; (0,) if there are none
    edge_ends: F32  # (N, EDGE_END_SIZE)
    corners: I32  # (C, CORNERS_SIZE)
    vertices: F32  # (V, VERTEX_SIZE)
    colors: F32  # (K, 3) of vertices, faces or items, for those who ask (`attributes.hit_color`)
    material_codes: I32  # (M, MATERIAL_CODES_SIZE)
    materials: F32  # (M, MATERIAL_SIZE)
    texture_codes: I32  # (T, TEXTURE_CODES_SIZE)
    textures: F32  # (T, TEXTURE_SIZE)
    texels: F32  # (N,) values of bytes (512), then pixels of images; linear
    texel_bytes: U8  # (N,) pixels of images
    fields: I32  # (F, FIELD_SIZE)
    values: F32  # (N,) of all fields
    maps: F32  # (M,) colour maps
    energy: F32  # (1 + n * ENERGY_SIZE,) what rough surfaces lose; the first element is unused
    features: I32  # (FEATURES_SIZE,) what the scene has
    media: F32  # (K, MEDIUM_SIZE)
    volume_codes: I64  # (V, VOLUME_CODES_SIZE); its base keeps the grids alive
    volumes: F32  # (V, VOLUME_SIZE)
    volume_bounds: F32  # (B, BOUNDS_SIZE) of all blocks of all volumes
    volume_looks: F32  # (R, LOOK_SIZE)
    volume_extinctions: F32  # (R,) the column of them once more: what is asked for most, together
    volume_glow: F32  # (G,) running sum of what glows in parts of volumes, the last is 1
    clips: F32  # (P, CLIP_SIZE)
    clip_groups: I32  # (G, CLIP_GROUP_SIZE); one row where the same planes cut all shapes
    shape_clips: I32  # (S, SHAPE_CLIP_SIZE); (0, 2) where there are no planes
    cut_caps: I32  # (1,) 1: some cuts are closed
    surroundings: I64  # (1 + L,) stacks of `medium`: where the camera is, and each light
    lights: F32  # (L, LIGHT_SIZE) all that is sampled
    light_cdf: F32  # (L,) running sum of LIGHT_PROBABILITY, the last is 1
    light_slots: I32  # (L, LIGHT_SLOT_SIZE) of textured lights
    light_nodes: F32  # (N, LIGHT_NODE_SIZE)
    light_branches: F32  # (B, LIGHT_BRANCH_ROWS * WIDTH)
    light_leaves: I32  # (F,) the branch of each of F finite lights, as LIGHT_BRANCH_PARENT tells it
    environment: F32  # (ENVIRONMENT_SIZE,)
    environment_edges: F32  # (H - 1, W + 1, ENVIRONMENT_EDGE_SIZE), where it is an image
    environment_rows: F32  # (H - 1 or more, ENVIRONMENT_ROW_SIZE)
    environment_guides: F32  # (H - 1, W)
    portals: F32  # (P, PORTAL_SIZE)
    # (M, N, N, 4) of N x N cells: what comes from all directions up to the four corners of a cell,
    # in units of their own, see `kernels.lights.portal`; of an image followed by that of its peaks
    portal_sums: I32
    # (3 * height * width,) what the camera sees behind everything, of a picture of that size, row
    # by row; (0,): ENVIRONMENT_BACKGROUND tells.
    backdrop: F32
    # (4,) where the tables' origin is in the scene, and how many of their units make one of the
    # scene's (`compiler.geometry.placement`); kernels have no need of it.
    placement: F64
    full: int | None  # None: a plain scene, for which no `on_demand` function is ever called


class SceneView(NamedTuple):
    """`SceneTables` and camera as buffers, inside compiled code."""

    nodes: Any
    node_references: Any  # the same memory as `nodes`, as int32
    flats: Any
    flat_references: Any  # the same memory as `flats`, as int32
    balls: Any
    ball_references: Any  # the same memory as `balls`, as int32
    rounds: Any
    round_references: Any  # the same memory as `rounds`, as int32
    round_count: int  # numbers in `rounds`
    is_large: bool  # nodes and blocks are not all in a processor's own cache
    bare_materials: Any
    has_few: bool  # some of what there is is in these two
    is_few: bool  # all of it
    rest: int  # the node at which the tree of all else begins
    few_flats: Any
    few_flat_slots: Any  # the same memory as `few_flats`, as int32
    few_flat_count: int
    few_occluders: Any
    few_occluder_count: int  # how many of them, from the first on, may hide light from a surface
    few_boxes: Any
    few_box_count: int
    few_balls: Any
    few_ball_slots: Any  # the same memory as `few_balls`, as int32
    few_ball_count: int
    few_round_count: int  # that are met beside the tree: all of them, or 0
    large_radius: float
    instances: Any
    instance_codes: Any
    primitives: Any
    edge_marks: Any
    edge_rows: Any
    edge_end_count: int
    edge_ends: Any
    corners: Any
    vertices: Any
    colors: Any
    material_codes: Any
    materials: Any
    texture_codes: Any
    textures: Any
    texels: Any
    texel_bytes: Any
    fields: Any
    values: Any
    maps: Any
    energy: Any
    has_masks: bool  # surfaces that let a share of the light pass straight on
    has_unseen: bool  # the camera does not see all that there is
    media: Any
    medium_count: int
    volume_codes: Any
    volumes: Any
    volume_bounds: Any
    volume_looks: Any
    volume_extinctions: Any
    volume_glow: Any
    glow_count: int  # its rows
    volume_count: int
    is_void: bool  # there are no surfaces, but the discs of spots
    clips: Any
    clip_count: int
    clip_groups: Any
    clip_group_count: int
    shape_clips: Any
    has_caps: bool
    surroundings: Any
    lights: Any
    light_cdf: Any
    light_count: int
    light_slots: Any
    light_nodes: Any
    light_branches: Any
    light_references: Any  # the same memory as `light_branches`, as int32
    light_leaves: Any
    leaf_count: int  # 0 where there is no tree of lights
    weighed_count: int  # rows of `light_nodes`; 0: choose by power
    environment: Any
    environment_edges: Any
    environment_rows: Any
    environment_guides: Any
    portals: Any
    portal_count: int
    portal_sums: Any
    backdrop: Any
    has_backdrop: bool
    full: Any
    camera: Any
