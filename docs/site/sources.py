"""What Sphinx reads: pages of docs and of the top folder, with links that hold on the site."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from docs.site.reference import write_reference
from docs.site.tutorials import write_tutorials

ROOT = Path(__file__).parents[2]
TOP = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
LAST_TO_LOOK_UP = "changelog"
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def lay_out(folder: Path) -> None:
    """Write all pages into a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "images", folder / "images")
    homes = pages()
    for source, place in homes.items():
        if source.suffix == ".md":
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8")
            target.write_text(_with_links(text, source, Path(place), homes), encoding="utf-8")
    _list_others(folder)
    write_reference(folder / "reference")
    write_tutorials(ROOT / "notebooks", folder / "tutorials")
    for path in sorted((folder / "tutorials").glob("*.md")):
        source = ROOT / "notebooks" / path.name
        text = path.read_text(encoding="utf-8")
        path.write_text(_with_links(text, source, Path("tutorials", path.name), homes), "utf-8")


def _list_others(folder: Path) -> None:
    """Put pages of docs that the index does not name into its list of what can be looked up."""
    index = folder / "index.md"
    text = index.read_text(encoding="utf-8")
    named = set(text.splitlines())
    others = sorted(path.stem for path in folder.glob("*.md") if path.stem not in named)
    others.remove("index")
    index.write_text(text.replace(LAST_TO_LOOK_UP, "\n".join([*others, LAST_TO_LOOK_UP])), "utf-8")


def pages() -> dict[Path, str]:
    """From files of the repository to their places on the site."""
    docs = ROOT / "docs"
    homes = {path: path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))}
    homes |= {ROOT / name: name.lower().replace("_", "-") for name in TOP}
    homes |= {
        path: f"tutorials/{path.stem}.md" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    }
    return homes


def _with_links(text: str, source: Path, place: Path, homes: dict[Path, str]) -> str:
    def mend(match: re.Match[str]) -> str:
        opening, target, fragment, closing = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        file = (source.parent / target).resolve()
        known = homes.get(file)
        if known is not None:
            return f"{opening}{_relative(known, place)}{fragment or ''}{closing}"
        inside = ROOT / "docs"
        if file.is_relative_to(inside / "images"):
            return f"{opening}{_relative(file.relative_to(inside).as_posix(), place)}{closing}"
        return match[0]

    return LINK.sub(mend, text)


def _relative(target: str, place: Path) -> str:
    return Path(os.path.relpath(target, place.parent)).as_posix()
