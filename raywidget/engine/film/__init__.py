"""What a picture is made of while it forms: tiles, sums, sample counts, filters, shares.

Knows no thread and no scene.
"""
