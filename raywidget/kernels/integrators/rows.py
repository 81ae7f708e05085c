"""The rows of a bundle of paths, see `bundle`: which quantity is kept where."""

# --- Rows of `numbers`, float32; those of three are points, directions or colours -----------------
# A path between two surfaces
ORIGIN = 0  # 3
DIRECTION = 3  # 3
THROUGHPUT = 6  # 3
COMPRESSION = 9  # what roulette knows beside throughput: radiance is denser inside dense media
RADIANCE = 10  # 3: what it has brought
SCATTER_PDF = 13  # of its direction; 0 if light sampling can't find what the direction finds
PREVIOUS = 14  # 3: the surface it comes from
PREVIOUS_NORMAL = 17  # 3: that of the lit side there
LIGHT_U = 20  # numbers that choose a point on a light at its end
LIGHT_V = 21
# The surface at its end
POINT = 22  # 3; of a surface that is seen with others its corner, or its centre
NORMAL = 25  # 3: geometric; of a flat edge_u, of a ball its radius
SHADING_NORMAL = 28  # 3; of a flat edge_v
OFFSET = 31
COLOR = 32  # 3: of a diffuse surface
LIT_SIDE = 35  # 3: its normal towards the viewer, 0 where light comes through
WO = 38  # 3: to the viewer, in the frame of the surface
CHOICE = 41  # numbers that choose a light, and a lobe
LOBE = 42
# A light
LIGHT_DIRECTION = 43  # 3
LIGHT_LOCAL = 46  # 3: the same in the frame of the surface
LIGHT_REACH = 49
LIGHT_RADIANCE = 50  # 3
LIGHT_PDF = 53
LIGHT_DELTA = 54  # 1 if scattering can't find it
SHADOW_ORIGIN = 55  # 3
VISIBLE = 58
# What the surface makes of it
VALUE = 59  # 3: BSDF times cosine
VALUE_PDF = 62
# Where the path goes on
BSDF_U = 63
BSDF_V = 64
SAMPLED = 65  # 3: direction in the frame of the surface
WEIGHT = 68  # 3
SAMPLED_PDF = 71
SPECULAR = 72  # 1: a single direction
ETA = 73
# Where rays end
DISTANCE = 74  # if they were traced side by side
U = 75  # weights of a flat's edges
V = 76
# Which light, if they are few, and with what probability
CHOSEN = 77
CHOSEN_PROBABILITY = 78
BEHIND = 79  # 3: what a backdrop shows in the pixel, if there is one
# Where light subpaths find light, too: see `caustics.chains`
CHAIN = 82  # by how much more likely they draw what the path has drawn; 0: they can't
LIGHT_NORMAL = 83  # 3: of the light that was sampled, where it has a surface
SHARE = 86  # weight of what was sampled
# Of a surface that is seen together with those of other paths (see `surface_lanes`)
CORNER_NORMALS = 87  # 9: of a triangle
ROUND_AXIS = 87  # 7: of a round; height, radii of base and top, slope
CORNER_UVS = 96  # 6: its texture coordinates
HIT_U = 102  # texture coordinates of the point
HIT_V = 103
TANGENT = 104  # 3: in which the first of them grows, if there is a normal map
HANDEDNESS = 107
NORMAL_SCALE = 108  # of the map
LOOKED_UP = 109  # 3: what a texture says
# Of paths that are scattered between surfaces (see `space_lanes`)
FREE = 112  # how far a path goes in a medium before it is scattered, if nothing is in its way
EXTINCTION = 113  # 3: of the medium
SCATTERING = 116  # 3
ANISOTROPY = 119  # of the point where it is scattered
NUMBER = 120  # by which a volume stops a path
VOLUME_PLACE = 121  # where in its transfer function, see `grid`
GLOW_PDF = 122  # as SCATTER_PDF, of what glows in volumes
STOPPED = 123  # of the light of a point that glows, see `glow.Glow`
WAY = 124  # to the first surface, of the camera's ray where volumes glow
# Numbers that are drawn before they are needed
EDGE = 125  # 4: where the path goes on, and a point on a light from there
AHEAD = 129  # 4: of the next sample's camera ray
NUMBER_ROWS = 133

# --- Rows of `words`, int32 -----------------------------------------------------------------------
KEY = 0  # of its random numbers
OTHER_KEY = 1
PLACE = 2
HALF = 3
DEPTH = 4  # edges, the one to be traced included
SAMPLE = 5
MATERIAL = 6  # of the surface, and that of it that scatters: it may be a mixture
PART = 7
SLOT = 8
LIGHT = 9  # that was sampled, with CHAIN
FOUND = 10  # see `path_lanes`
X = 11  # of the pixel in the picture
Y = 12
PRIMITIVE = 13  # of a surface that is seen with others
TEXTURE = 14  # that is looked up: see `texture_lanes`
TEXTURE_AT = 15  # where the material tells it
INSTANCE = 16  # what SLOT is a part of
PASSED = 17  # surfaces that let a path pass since it was last scattered
IN_SPACE = 18  # 1: it was scattered between surfaces last
VOLUME = 19  # that stops it, or -1
MEDIUM = 20  # row of what a ray is in
STREAM = 21  # 2: the state of its stream of numbers
AIM_ROW = 23  # of an image, that light will be drawn from
AIM_CELL = 24
WORD_ROWS = 25
