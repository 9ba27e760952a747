"""`ivr network`: telephones on a page for any TwiML application, and what goes over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.simulator.dialogues import parse
from tests.browser.axe import complaints
from tests.kit.chromium import PATIENCE
from tests.kit.processes import IVR, comes_true, free_port, running, said
from tests.kit.small_apps import LINE, menu_app, served

pytestmark = [pytest.mark.browser, pytest.mark.node]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[str]:
    """The page's address; calls and the log go to the folder."""
    port = free_port()
    with served(menu_app()) as origin:
        command = [
            *(IVR, "network", "--number", f"{LINE}={origin}/voice", "--port", str(port)),
            *("--rest-port", "0", "--save", tmp_path / "calls", "--log", tmp_path / "wire.jsonl"),
        ]
        with running(command, tmp_path / "out.log"):
            url = f"http://127.0.0.1:{port}/"
            assert comes_true(lambda: said(url)), (tmp_path / "out.log").read_text()
            yield url


@pytest.mark.parametrize("width", [1280, 390])
def test_a_call_is_made_and_the_wire_is_read(
    network: str, visit: Callable[..., Any], tmp_path: Path, width: int
) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    page = visit(network, width)
    alice = page.get_by_role("region", name="Alice")
    expect(page.get_by_text("Nothing yet. Press Call.")).to_be_visible()
    alice.get_by_role("button", name="Call").click()
    expect(alice.get_by_text("listening for keys")).to_be_visible()
    alice.get_by_role("button", name="1", exact=True).click()
    expect(alice.get_by_text("One moment, please.")).to_be_visible()
    expect(alice.get_by_role("button", name="Call")).to_be_visible()  # it is over

    wire = page.get_by_role("list", name="On the wire")
    wire.locator("summary", has_text="/key").first.click()
    expect(wire.get_by_role("row", name="Digits 1")).to_be_visible()
    expect(wire.locator("[open] pre")).to_contain_text("<Say>One moment, please.</Say>")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints(page) == []
    page.get_by_label("Show").select_option(index=1)
    expect(wire.locator(".person").first).to_be_hidden()  # that is no request of the call's

    assert comes_true(lambda: list((tmp_path / "calls").glob("*.call")))
    [file] = (tmp_path / "calls").glob("*.call")
    assert parse(file.read_text()).called == LINE
    lines = [json.loads(line) for line in (tmp_path / "wire.jsonl").read_text().splitlines()]
    assert {each["kind"] for each in lines} == {"person", "webhook"}
