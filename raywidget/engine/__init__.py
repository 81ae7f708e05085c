"""Threads and accumulation: settings, tiles, film, session."""
