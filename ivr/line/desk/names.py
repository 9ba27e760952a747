"""Names that an administrator gives to something, by language."""

from __future__ import annotations

from collections.abc import Mapping


def name_in(names: Mapping[str, str], language: str, otherwise: str = "") -> str:
    """A name in this language, else in English, else ``otherwise``."""
    return names.get(language) or names.get("en") or otherwise


__all__ = ["name_in"]
