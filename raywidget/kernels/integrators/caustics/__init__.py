"""Light that mirrors and glass gather, found from the lights; see `caustics.render_caustics`."""
