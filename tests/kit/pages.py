"""Every page: who opens it, and how it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Who opens which page, by the name on the sign-in page.
PAGES = {
    "/sign-in": "",
    "/phones": "",
    "/console": "Odile Petit",
    "/me": "Paul Morel",
    "/wall": "Ines Duarte",
    "/now": "Ines Duarte",
    "/calls": "Ines Duarte",
    "/cases": "Marie Aubert",
    "/cases/C17349013": "Nora Lefevre",
    "/cases/new": "Marie Aubert",
    "/nothing": "Odile Petit",
}


def enter(visit: Callable[..., Any], laptop: str, path: str, **look: Any) -> Any:
    """A page, opened by a person who may."""
    who = PAGES[path]
    page = visit(f"{laptop}/sign-in?next={path}" if who else laptop + path, **look)
    if who:
        page.get_by_role("button", name=who).click()
        page.wait_for_url(f"**{path}")
    return page


LOOKS = {
    "wide": {"width": 1280},
    "narrow": {"width": 390, "height": 844},
    "dark": {"width": 1280, "color_scheme": "dark"},
    "french": {"width": 390, "height": 844, "locale": "fr-FR", "color_scheme": "dark"},
}


def tab_to(page: Any, name: str) -> None:
    """Press Tab until what has the focus is called so, and see that it shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const at = document.activeElement;
              const label = at.labels?.[0]?.innerText ?? at.innerText ?? "";
              const ring = getComputedStyle(at).outlineStyle !== "none";
              return [label.replace(/\\s+/g, " ").trim(), ring];
            }"""
        )
        if found[0] == name:
            assert found[1], f"{name} doesn't show that it has the focus"
            return
    raise AssertionError(f"Tab never comes to {name}")
