"""The statistics of pictures are shared with the statistical tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "statistical"))
