"""Two versions of the flow are deployed side by side, old workers and new ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from tests.kit.desk import PEOPLE, Desk
from tests.kit.telephones import keyed

BOTH = "+33800000099"  # where the two answer
OTHER = "https://both.test"


class Both:
    """A load balancer in front of a worker of each version: each request goes to the other one."""

    def __init__(self, *apps: Any) -> None:
        self.apps = apps
        self.served = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        self.served += 1
        return self.apps[self.served % len(self.apps)](environ, start)


@pytest.fixture
def both(desk: Desk, exchange: Exchange, store: Store, escalation: Line) -> Desk:
    newer = replace(escalation, config=replace(escalation.config, version="2"))
    old, new = (
        build_services(line, store, twilio=exchange.client, public_url=OTHER, clock=exchange.clock)
        for line in (escalation, newer)
    )
    front = Both(create_app(old), create_app(new))
    urls = {"status_callback": "/voice/escalation/status"}
    exchange.number(BOTH, front, "/voice/escalation", origin=OTHER, **urls)
    return desk


@pytest.mark.parametrize("keys", [["1", "1", "17349013#"], ["0"], ["3"]])
def test_a_call_is_renewed_once_at_most_and_reaches_a_person(
    both: Desk, exchange: Exchange, caller: Handset, keys: list[str]
) -> None:
    for number in PEOPLE.values():
        exchange.phone(number).will("answer", after=3, press="1")
    caller.call(BOTH)
    for key in keys:
        exchange.wait(1)
        keyed(caller, exchange, key)
    exchange.wait_until(lambda: caller.connected_to, at_most=90)
    exchange.wait(20)

    assert len(both.events(caller, "flow.renewed")) == 1
    assert caller.connected_to
    caller.hang_up()
    for number in PEOPLE.values():
        if exchange.phone(number).in_call:
            exchange.phone(number).hang_up()
    exchange.wait(120)
