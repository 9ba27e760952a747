"""The documents as data: their blocks of code, links, headings and words in `code`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")

_BLOCK = re.compile(
    r"(?:(?P<before>[^\n]*)\n(?P<empty>\n?))?```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_NAMED = re.compile(r"`(?P<name>[\w./-]+\.\w+)`:$")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#{1,6} (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``file`` is the name that the line above gives it ("`app.py`:"), or "".

    ``quiet``: a comment above says that it isn't run, and why.
    """

    page: str
    language: str
    text: str
    file: str
    quiet: bool

    def __str__(self) -> str:
        start = self.text.strip().splitlines()[:1]
        return f"{self.page}: {self.file or (start[0] if start else '(empty)')}"


@dataclass(frozen=True)
class Page:
    """One document; ``name`` is its path in the repository."""

    name: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.name).read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its blocks."""
        return re.sub(r"^```.*?^```", "", self.text, flags=re.DOTALL | re.MULTILINE)

    @cached_property
    def blocks(self) -> list[Block]:
        found = []
        for each in _BLOCK.finditer(self.text):
            before = each["before"] or ""
            named = _NAMED.search(before)
            quiet = before.startswith("<!-- not run: ")
            file = named["name"] if named else ""
            found.append(Block(self.name, each["language"], each["text"], file, quiet))
        return found

    @property
    def links(self) -> list[str]:
        return _LINK.findall(re.sub(r"`[^`\n]*`", "", self.prose)) + _LINK.findall(
            "\n".join(re.findall(r"\[`[^`\n]*`\]\([^)\s]+\)", self.prose))
        )

    @property
    def code(self) -> list[str]:
        """What stands between backticks in the prose."""
        return _CODE.findall(self.prose)

    @cached_property
    def anchors(self) -> set[str]:
        """Of its headings, as GitHub makes them."""
        found: list[str] = []
        for heading in _HEADING.findall(self.prose):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip()
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            again = sum(1 for each in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each))
            found.append(f"{slug}-{again}" if slug in found else slug)
        return set(found)

    def target(self, link: str) -> Path:
        """The file that a relative link leads to."""
        return ((ROOT / self.name).parent / link).resolve()


def pages() -> list[Page]:
    """Every document that people read: those at the top, and those below docs/."""
    below = sorted((ROOT / "docs").rglob("*.md"))
    names = [*TOP, *(str(path.relative_to(ROOT)) for path in below)]
    return [Page(name) for name in names if (ROOT / name).exists() and "_site" not in name]


__all__ = ["ROOT", "Block", "Page", "pages"]
