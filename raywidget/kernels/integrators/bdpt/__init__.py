"""Paths from the camera and from the light, connected in every way; see `bdpt.render_bdpt`."""
