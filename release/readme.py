"""The README as a package index shows it, where nothing relative can be reached."""

from __future__ import annotations

import re

PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")


def for_an_index(text: str, home: str | None, version: str) -> str:
    """Make links and pictures absolute, those of the version's tag.

    Parameters
    ----------
    text : str
        The README as it stands in the repository.
    home : str, optional
        Where the repository is read, such as ``https://example.org/owner/name``. If None, pictures
        are left out, and links are their words.
    version : str
        Of the package.

    Examples
    --------
    >>> from release.readme import for_an_index
    >>> for_an_index("See [here](docs/a.md).", "https://example.org/o/n/", "1.2")
    'See [here](https://example.org/o/n/blob/v1.2/docs/a.md).'
    >>> for_an_index("See [here](docs/a.md).", None, "1.2")
    'See here.'
    """
    if home is None:
        lines = [line for line in text.splitlines(keepends=True) if not _only_pictures(line)]
        text = "".join(lines)
        text = PICTURE.sub(lambda m: m[0] if ELSEWHERE.match(m[2]) else m[1], text)
        return LINK.sub(lambda m: m[0] if ELSEWHERE.match(m[2]) else m[1], text)
    base = home.rstrip("/")
    raw, read = f"{base}/raw/v{version}/", f"{base}/blob/v{version}/"
    text = PICTURE.sub(lambda m: m[0] if ELSEWHERE.match(m[2]) else f"![{m[1]}]({raw}{m[2]})", text)
    return LINK.sub(lambda m: m[0] if ELSEWHERE.match(m[2]) else f"[{m[1]}]({read}{m[2]})", text)


def relative_targets(text: str) -> list[str]:
    """Links and pictures that lead nowhere outside of the repository."""
    found = [m[2] for pattern in (PICTURE, LINK) for m in pattern.finditer(text)]
    return [target for target in found if not ELSEWHERE.match(target)]


def _only_pictures(line: str) -> bool:
    """A picture alone, or a row of a table that holds nothing else, or the head of such a table."""
    return bool(PICTURE.search(line)) and not PICTURE.sub("", line).strip(" |\n")
