"""A version is deployed while calls go on, and taken back again: no webhook fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.line.store import schema
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.databases import postgres
from tests.kit.deployed import Proxy, deployed, next_version
from tests.kit.desk import ENTRY, ORIGIN, PEOPLE
from tests.kit.processes import RATE, comes_true, import_desk, settings

HERE = "/voice/escalation"
NEWEST = schema.known()[-1].revision


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
        yield store
        store.close()
        return
    with postgres() as url:
        store = Store(url)
        yield store
        store.close()


def test_two_versions_serve_calls_at_the_same_time_and_each_goes_on_with_the_others(
    store: Store, tmp_path: Path
) -> None:
    import_desk(store, tmp_path)
    network, proxy = Exchange(seed=int(time.time() * 1000) % 2**31, rate=RATE), Proxy()
    network.number(
        ENTRY, proxy, HERE, origin=ORIGIN,
        status_callback=f"{HERE}/status", fallback=f"{HERE}/fallback",
    )  # fmt: skip
    for number in PEOPLE.values():
        network.phone(number)
    operator = network.phone(PEOPLE["OP1"])
    operator.will("answer", after=2, press="1")
    before, during, after, back = (network.phone(f"+3315550300{n}") for n in range(4))
    code = next_version(tmp_path / "next", NEWEST)

    with RestServer(network.api) as api:
        given = settings(network, api, store.connections.url, ORIGIN)
        with deployed(tmp_path / "old.log", None, **given) as old:
            network.start()
            with deployed(tmp_path / "new.log", code, **given) as new:
                assert store.schema.state().revision == "9001"  # while the old one runs
                assert store.schema.state().why_not == ""
                proxy.origins = [old]
                before.call(ENTRY)  # begins with the old version, in a menu
                listens(before)
                proxy.origins = [new]  # the old one gets nothing more for it
                meets(before, operator, proxy, calls=False)
                before.hang_up()

                proxy.origins = [old, new]
                meets(during, operator, proxy)  # both versions have a part in it
                assert proxy.answered.keys() == {old, new}
                during.hang_up()
                proxy.origins = [new]  # and the old one ends

                with deployed(tmp_path / "back.log", None, **given) as again:
                    after.call(ENTRY)  # begins with the new version
                    listens(after)
                    proxy.origins = [again]  # which is taken back
                    meets(after, operator, proxy, calls=False)
                    after.hang_up()
                    meets(back, operator, proxy)
                    back.hang_up()
                    assert comes_true(lambda: not store.calls.open())
                    phones = network.phones.values()
                    assert comes_true(lambda: not any(phone.leg for phone in phones))
                    network.wait(1)
                    network.stop()

    assert proxy.failed == []
    assert not network.debugger
    for caller in (before, during, after, back):
        assert store.logs.verify(str(caller.calls[0].sid))
    assert store.schema.state().revision == "9001"  # nothing was taken back there


def listens(phone: Handset) -> None:
    assert comes_true(lambda: phone.listening), phone.last_heard


def meets(caller: Handset, operator: Handset, proxy: Proxy, calls: bool = True) -> None:
    """The caller presses 0 and is put through."""
    assert comes_true(lambda: not operator.in_call)
    if calls:
        caller.call(ENTRY)
    listens(caller)
    caller.press("0")
    met = comes_true(lambda: caller.connected_to == {operator}, within=60)
    assert met, (proxy.failed, [each.text for each in caller.heard])
