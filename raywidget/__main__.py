"""``python -m raywidget``."""

import sys

from raywidget.cli import main

if __name__ == "__main__":
    sys.exit(main())
