"""Browsers: Debian's Chromium, driven by Playwright, with nothing but this machine to talk to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kit import processes
from tests.kit.chromium import ARGUMENTS, PATIENCE, SOUND
from tests.kit.environment import require


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for a module; it has a microphone, which beeps once a second."""
    found = shutil.which("chromium")
    require("Chromium", found is not None)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=[*ARGUMENTS, *SOUND])
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in any page, or was asked of another host."""
    return []


@pytest.fixture
def visit(chromium: Any, faults: list[str]) -> Iterator[Callable[..., Any]]:
    """Opens a page in a browser of its own: `visit(url, width=390)`."""
    opened = []

    def policy(said: str) -> None:
        if "Content Security Policy" in said:
            faults.append(said)

    def elsewhere(asked: str, host: str) -> None:
        if asked.startswith("http") and asked.split("/")[2] != host:
            faults.append(asked)

    def visit(url: str, width: int = 1280, height: int = 900, **more: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, **more)
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        page = context.new_page()
        host = url.split("/")[2]
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: policy(said.text))
        page.on("request", lambda asked: elsewhere(asked.url, host))
        page.goto(url)
        return page

    yield visit
    for context in opened:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`ivr run`; the address of its pages."""
    with processes.laptop(tmp_path_factory.mktemp("craft")) as url:
        yield url
