"""What all hosts show; small, since what is tested is the way to the page."""

WIDGET = (
    "import raywidget as rw\n"
    "widget = rw.RayWidget(rw.presets.cornell(), width=96, height=64, tile_size=16, spp=16)\n"
)
