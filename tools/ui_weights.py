"""What a page loads of script and style, packed as it travels: every file it names, and what those import."""

import gzip
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath

from django.contrib.staticfiles import finders

# Promised for every page.
LIMIT_KB = 250
IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
# What a deployment puts into the names of files.
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.\w+$)")


class _Named(HTMLParser):
    """Collects the scripts and styles that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = (
            given.get("src") if tag == "script" else given.get("href") if given.get("rel") == "stylesheet" else None
        )
        if source and "/static/" in source:
            self.paths.append(HASH.sub("", source.partition("/static/")[2]))


def weight_kb(html: str) -> float:
    """Return the kilobytes of script and style that a page loads."""
    named = _Named()
    named.feed(html)
    files = set[str]()
    for path in named.paths:
        files |= _with_imports(path)
    return round(sum(_packed(path) for path in files) / 1000, 1)


def _with_imports(path: str) -> set[str]:
    found, waiting = set[str](), [path]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += _imports(one)
    return found


@cache
def _imports(path: str) -> list[str]:
    if not path.endswith(".js"):
        return []
    beside = PurePosixPath(path).parent
    return [_plain(beside / HASH.sub("", name)) for name in IMPORTED.findall(_read(path).decode())]


def _plain(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


@cache
def _packed(path: str) -> int:
    return len(gzip.compress(_read(path), 9))


def _read(path: str) -> bytes:
    found = finders.find(path)
    if found is None:
        raise FileNotFoundError(path)
    with open(found, "rb") as file:
        return file.read()
