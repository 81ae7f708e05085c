"""Build the site: ``python -m docs.site``."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from docs.site.live import write_live
from docs.site.orbits import FOLDER as ORBITS
from docs.site.sources import ROOT, lay_out


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Build the site into static pages.")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "site", metavar="FOLDER")
    parser.add_argument("--linkcheck", action="store_true", help="ask the network for all links")
    options = parser.parse_args()
    source = options.to.with_name(options.to.name + "-source")
    lay_out(source)
    write_live(source / "live")
    builder = "linkcheck" if options.linkcheck else "html"
    conf = str(Path(__file__).parent)
    # Each warning counts: a link to nothing, a page in no list, a formula that is none.
    strict = ["-W", "--keep-going", "-q", "-b", builder, "-c", conf]
    code = build_main([*strict, "-d", str(source / ".doctrees"), str(source), str(options.to)])
    shutil.copytree(ORBITS, options.to / "live", dirs_exist_ok=True)
    shutil.copytree(source / "live", options.to / "live", dirs_exist_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
