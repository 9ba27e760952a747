"""What a browser may send at all: whatever no form of ours sends is refused before anybody reads
it, with status 400 (413 for a body that is too large)."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote

from flask import Flask, abort, request, url_for

MOST_BYTES = 256 * 1024  # of a body; the longest form of ours has some ten thousand
MOST_FIELDS = 200
LONGEST_NAME = 100  # characters of a field's name
LONGEST_VALUE = 10_000  # … and of what is in it; each form says itself how much it takes
UNQUOTED = 4  # times; nothing between a browser and us does it more often
LONGEST_LINE = 2_000  # … in an address: of its path, and of each value behind it

# Nobody types these, and no database keeps a NUL; tab, line feed and carriage return are text.
_STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]").search
# A browser drops tabs and line ends from an address, and takes a backslash for a slash.
_NO_PATH = re.compile(r"[\x00-\x20\x7f\\]").search


def install(app: Flask) -> None:
    """Refuse, before any view runs; a body's size is Werkzeug's to watch."""
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=MOST_FIELDS,
    )
    app.before_request(_check)


def strange(text: str) -> bool:
    """Whether there is something in it that no person writes."""
    return _STRANGE(text) is not None


def next_page() -> str:
    """Where the person wanted to go: a path of this site, never another's; else the home page."""
    wanted = request.values.get("next", "")
    return wanted if local(wanted) else url_for("home")


def local(address: str) -> bool:
    """Whether a browser that is sent there stays on this site, however often it is unquoted."""
    if _NO_PATH(address):
        return False
    path = re.split("[?#]", address, maxsplit=1)[0]
    for _ in range(UNQUOTED):
        if not path.startswith("/") or path.startswith("//") or _NO_PATH(path):
            return False
        path = unquote(path)
    return True


def _check() -> None:
    if strange(request.path) or len(request.path) > LONGEST_LINE:
        abort(400)
    asked, sent = [*request.args.items(multi=True)], [*request.form.items(multi=True)]
    if not _fits(asked, LONGEST_LINE) or not _fits(sent, LONGEST_VALUE):
        abort(400)


def _fits(fields: Collection[tuple[str, str]], longest: int) -> bool:
    return len(fields) <= MOST_FIELDS and not any(
        len(name) > LONGEST_NAME or len(value) > longest or strange(name) or strange(value)
        for name, value in fields
    )


__all__ = ["install", "local", "next_page", "strange"]
