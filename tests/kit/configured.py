"""The line with other levels or severities than the sample's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.escalation import FOLDER, line
from ivr.line.definition import Line

SAMPLE = (FOLDER / "line.toml").read_text(encoding="utf-8")


def between(text: str, first: str, after: str, new: str) -> str:
    """``text`` with everything from ``first`` up to ``after`` replaced."""
    start, end = text.index(first), text.index(after)
    return text[:start] + new + text[end:]


def levels(rows: Iterable[Mapping[str, Any]], text: str = SAMPLE) -> str:
    """A line.toml with these levels, a mapping each."""
    new = "".join(f"[[levels]]\n{as_toml(row)}\n" for row in rows)
    return between(text, "[[levels]]", "[escalation]", new)


def severities(rows: Mapping[str, Mapping[str, Any]], text: str = SAMPLE) -> str:
    """A line.toml with these severities, by code."""
    new = "".join(f"[severities.{code}]\n{as_toml(row)}\n" for code, row in rows.items())
    return between(text, "[severities.0]", "[emergency]", new)


def named(name: str) -> dict[str, str]:
    """The same name in every language that the sample line offers, the code of it after it."""
    return {code: f"{name} {code}" for code in ("en", "fr", "de", "ja")}


def configured(folder: Path, text: str) -> Line:
    """The line that a line.toml makes. Raises `FlowError`."""
    file = folder / "line.toml"
    file.write_text(text, encoding="utf-8")
    return line(file)


def as_toml(row: Mapping[str, Any]) -> str:
    """A table of a TOML file, one line a key."""
    return "".join(f'"{key}" = {_toml(value)}\n' for key, value in row.items())


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            inner = ", ".join(f'"{key}" = {_toml(each)}' for key, each in value.items())
            return f"{{ {inner} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return str(value)
