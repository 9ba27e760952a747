"""A newcomer makes a whole call alone on the page of `make run`, in a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require

pytestmark = pytest.mark.browser

PATIENCE = 20_000  # milliseconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """`ivr run` in a folder of its own; the address of its page."""
    webhooks, pages = free_port(), free_port()
    ivr = Path(sys.executable).with_name("ivr")
    command = [ivr, "run", "--webhooks-port", str(webhooks), "--pages-port", str(pages)]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=os.environ)
    address = f"http://127.0.0.1:{pages}/"
    until = time.monotonic() + 20
    while not answers(address):
        assert process.poll() is None, "ivr run has ended"
        assert time.monotonic() < until, "ivr run doesn't answer"
    yield address
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_call_from_the_page_lights_up_the_operator_and_connects(
    running: str, width: int, height: int
) -> None:
    chromium = shutil.which("chromium")
    require("Chromium", chromium is not None)
    from playwright.sync_api import expect, sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": width, "height": height})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(running)
        customer = page.get_by_role("region", name="Marie, a customer")
        operator = page.get_by_role("region", name="Odile Petit, operator")

        customer.get_by_role("button", name="Call").click(timeout=PATIENCE)
        customer.get_by_role("button", name="0").click(timeout=PATIENCE)
        operator.get_by_role("button", name="Answer").click(timeout=PATIENCE)
        operator.get_by_role("button", name="1", exact=True).click(timeout=PATIENCE)
        expect(customer.get_by_text("Talking with Odile Petit")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Odile Petit, talking")).to_be_visible(timeout=PATIENCE)
        wide = page.evaluate("document.documentElement.scrollWidth")
        customer.get_by_role("button", name="Hang up").click(timeout=PATIENCE)
        expect(page.get_by_text("Nobody is calling.")).to_be_visible(timeout=PATIENCE)
        browser.close()

    assert faults == []
    assert wide <= width  # nothing to scroll sideways for
