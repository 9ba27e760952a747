"""The pages of a line that records: who has objected shows on every console."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Operator
from tests.kit.desk import ENTRY, Desk
from tests.kit.recording import configured
from tests.kit.telephones import accept, keyed

OBJECTS = "Don't record: the caller objects, or hasn't agreed"


@pytest.fixture(scope="module")
def escalation(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return configured(tmp_path_factory.mktemp("on"), "on", "legitimate_interest")


def at(pages: Any, who: str, page: str) -> Operator:
    made = Operator(pages.test_client())
    made.page_of = page
    made.sign_in(who)
    return made


def asks(caller: Handset, exchange: Exchange, *keys: str) -> None:
    """To the right manager, after these keys at the notice."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", *keys)
    exchange.wait(1 if keys else 15)
    keyed(caller, exchange, "1", "17349013#", "1", "2")


def test_an_objection_shows_on_every_console(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = at(pages, "mgr1", "/me")
    asks(caller, exchange, "9")
    exchange.wait(2)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(15)

    assert OBJECTS in manager.look().reads
    assert "Pause the recording" not in manager.reads
    caller.hang_up()
    exchange.wait(30)


def test_an_objection_in_the_middle_of_a_conversation_shows_too(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = at(pages, "mgr1", "/me")
    asks(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(15)
    assert "Recording recorded" in manager.look().reads
    assert OBJECTS not in manager.reads
    manager.click("no_recording")

    assert OBJECTS in manager.look().reads
    caller.hang_up()
    exchange.wait(30)
