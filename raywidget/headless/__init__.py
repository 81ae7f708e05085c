"""A picture without a browser: what is asked for, and how one waits for it.

Knows the engine, progress, and what makes scenes of things; no front end. Imports point down:
`rendering` (`render()`, `resume()`) > `deliveries` (tiles for callbacks) | `asked` (scene,
settings, denoiser) | `termination` (SIGTERM while a file is kept).
"""
