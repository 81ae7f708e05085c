"""Where light comes from: points on lamps, directions to the sky, and how one of many is chosen.

`emitter` is the door for paths from the camera, `emission` for those from the light. May use
`surfaces`, whose textures may shine.
"""
