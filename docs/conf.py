"""The site that `make docs` builds: Sphinx with MyST, from the same pages that GitHub shows.

Two things differ there. The side bar is made from the tables of links on pages that are maps
(`MAPS`); and what links to the repository's files, which the site doesn't have, is plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, normpath
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Literal, Name, Text

project = "ivr-simulator"
html_title = project
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_site"]
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
myst_heading_anchors = 4
highlight_language = "text"

MAPS = ("index", "develop/decisions/README")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")


class CallLexer(RegexLexer):
    """Colours for `.call` dialogues."""

    name = "call"
    tokens: ClassVar = {
        "root": [
            (r"#.*$", Comment),
            (r"^(from|to|phone|language|seed|start)\b", Keyword),
            (r"^(\w*)( *)(>)(.*)$", bygroups(Name, Text, Keyword, Literal)),
            (r"^(\w*)( *)(<)(.*)$", bygroups(Name, Text, Keyword, Text)),
            (r".|\n", Text),
        ]
    }


def setup(app: Any) -> None:
    """Sphinx asks for this."""
    app.add_lexer("call", CallLexer)
    app.connect("source-read", adapt)


def adapt(app: Any, name: str, source: list[str]) -> None:
    """Change a page's text before it is read."""
    text = _LINK.sub(lambda link: without_outside(name, link), source[0])
    source[0] = text + side_bar(text) if name in MAPS else text


def without_outside(name: str, link: re.Match[str]) -> str:
    """A link, or its words alone if it leads out of docs/."""
    target = normpath(f"{dirname(name)}/{link[2]}")
    return link[1] if target.startswith("../") else link[0]


def side_bar(text: str) -> str:
    """The pages that a map links to, in its order, under its headings."""
    parts = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        title = section.partition("\n")[0] if section is not text else ""
        pages = [Path(target).with_suffix("") for _, target, _ in _LINK.findall(section)]
        listed = "\n".join(str(page) for page in dict.fromkeys(pages) if "http" not in str(page))
        if listed:
            caption = f":caption: {title}\n" if title and not title.startswith("#") else ""
            parts.append(f"\n```{{toctree}}\n:hidden:\n{caption}\n{listed}\n```\n")
    return "".join(parts)
