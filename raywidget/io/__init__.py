"""Files: pictures by suffix."""
