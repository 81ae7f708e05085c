"""``python -m release``: build what is uploaded, from git's files, and look at all of it."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

from release.readme import relative_targets

ROOT = Path(__file__).parents[1]
SHIPPED = (
    "static/widget.js",
    "static/widget.css",
    "static/orbit.js",
    "static/orbit.css",
    "static/orbit_over.js",
    "py.typed",
    "__init__.py",
    "__main__.py",
)


def main() -> int:
    """Build, look, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave what was built there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        checkout, dist = Path(place, "checkout"), Path(place, "dist")
        _copy_tracked(checkout)  # no .git in it: builds ask nothing of git
        run = [sys.executable, "-m", "build", "--outdir", str(dist), str(checkout)]
        subprocess.run(run, check=True)  # the wheel is made from the source distribution
        files = sorted(dist.iterdir())
        (wheel,) = dist.glob("*.whl")
        (source,) = dist.glob("*.tar.gz")
        strict = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
        problems = [] if subprocess.run(strict, check=False).returncode == 0 else ["twine"]
        problems += [*wheel_problems(wheel), *source_problems(source), *version_problems()]
        if options.keep:
            shutil.copytree(dist, options.keep, dirs_exist_ok=True)
        for file in files:
            print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
    for problem in problems:
        print(f"wrong: {problem}")
    print("The release is sound." if not problems else "The release is not sound.")
    return 1 if problems else 0


def _copy_tracked(folder: Path) -> None:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, done.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def metadata_of(wheel: Path) -> Message:
    """What a wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode("utf-8"))


def wheel_problems(wheel: Path) -> Iterator[str]:
    """What is missing in a wheel, what should not be there, and what it says wrongly."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in SHIPPED:
        if f"raywidget/{name}" not in names:
            yield f"the wheel lacks raywidget/{name}"
    tops = {name.split("/")[0] for name in names}
    if len(tops) != 2 or not all(t == "raywidget" or t.endswith(".dist-info") for t in tops):
        yield f"the wheel holds more than the package: {', '.join(sorted(tops))}"
    if not any(name.endswith("licenses/LICENSE") for name in names):
        yield "the wheel lacks its licence"
    yield from metadata_problems(metadata_of(wheel))


def metadata_problems(told: Message) -> Iterator[str]:
    """What an index and its readers would miss."""
    for field in ("Summary", "License-Expression", "Requires-Python", "Author", "Keywords"):
        if not told.get(field):
            yield f"the metadata lack {field}"
    classifiers = told.get_all("Classifier") or []
    for python in ("3.11", "3.12", "3.13", "3.14"):
        if f"Programming Language :: Python :: {python}" not in classifiers:
            yield f"no classifier for Python {python}"
    text = str(told.get_payload())
    if targets := relative_targets(text):
        yield f"the README has links that lead nowhere on an index: {', '.join(targets[:5])}"
    if not told.get_all("Project-URL"):
        print(
            "There is no [project.urls] with a Repository yet: on an index the README has no "
            "pictures, and its links are words."
        )


def source_problems(source: Path) -> Iterator[str]:
    """What is missing to build from the source distribution."""
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("js/package-lock.json", "js/hatch_build.py", "release/readme.py", "LICENSE"):
        if name not in names:
            yield f"the source distribution lacks {name}"
    if any("node_modules" in name for name in names):
        yield "the source distribution holds node_modules"


def version() -> str:
    """The version, which stands in raywidget/__init__.py and nowhere else."""
    text = (ROOT / "raywidget" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]


def version_problems() -> Iterator[str]:
    """Places that say another version, and a tag that does."""
    now = version()
    for name, pattern in {
        "CITATION.cff": r"^version: (.*)$",
        "conda/recipe.yaml": r'^  version: "(.*)"$',
        "js/package.json": r'^  "version": "(.*)",$',
    }.items():
        found = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        if found is not None and found[1] != now:
            yield f"{name} says {found[1]}, the package {now}"
    done = subprocess.run(
        ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    tags = [tag for tag in done.stdout.split() if re.fullmatch(r"v\d.*", tag)]
    if tags and tags != [f"v{now}"]:
        yield f"this commit is tagged {', '.join(tags)}, the package says {now}"
    if tags:
        changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        if not re.search(rf"^## \[?{re.escape(now)}\]?", changes, re.MULTILINE):
            yield f"CHANGELOG.md has no section for {now}"


if __name__ == "__main__":
    sys.exit(main())
