"""Threads and accumulation: settings, the renderer of a tile, film, session, previews.

`session.session.Session` is what front ends hold; `renderer` is the only module that calls kernels
for pixels; `picking` answers what a page asks about a point, `vantage` from where there is
something to be seen.
"""
