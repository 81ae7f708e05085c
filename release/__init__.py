"""What a release needs: the README as an index shows it, and a look at all that is uploaded.

Part of no package.
"""
