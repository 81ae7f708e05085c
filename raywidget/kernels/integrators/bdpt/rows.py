"""What a bundle holds of bidirectional paths, beyond the rows of `integrators.rows`."""

from raywidget.kernels.integrators import rows

# --- Rows of `numbers`; those of three are points, directions or colours --------------------------
_FIRST = rows.NUMBER_ROWS
# A subpath, from the camera or from a light
NEAR = _FIRST  # see `weights.Ratios`
FAR = _FIRST + 1
EMITTED = _FIRST + 2  # 3: what a light subpath began with; THROUGHPUT is what is left of it
START = _FIRST + 5  # 3: where on the light, if it has a surface
START_COS = _FIRST + 8
POINTS = _FIRST + 9  # how many the light subpath of the sample has
# A connection
LIGHT_EMIT = _FIRST + 10  # density from the light's side, see `next_light.draw_lights`
LENS_X = _FIRST + 11  # where it meets the picture
LENS_Y = _FIRST + 12
VALUE_BACK = _FIRST + 13  # as VALUE_PDF, of drawing the viewer
TURN = _FIRST + 14  # 4: numbers of its end, that choose light, lobe, and whether it goes on
NUMBER_ROWS = _FIRST + 18

# --- What is kept of each point of a light subpath, in rows of their own --------------------------
POINT_P = 0  # 3
POINT_NG = 3  # 3
POINT_NS = 6  # 3
POINT_OFFSET = 9
POINT_WO = 10  # 3: to the point before
# 3: light that arrives, by the cosine under which it does; of plain ones what they send on, by the
# cosine under which they do
POINT_BROUGHT = 13
POINT_COLOR = 16  # 3: of a diffuse surface
POINT_NEAR = 19
POINT_FAR = 20  # of plain ones times the density of the way back
POINT_KIND = 21  # POINT_*
POINT_ROWS = 22

POINT_SPECULAR = 0.0  # nothing can be connected to it
POINT_PLAIN = 1.0  # diffuse, seen without a shading normal
POINT_SMOOTH = 3.0  # diffuse
POINT_OTHER = 2.0
