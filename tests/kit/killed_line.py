"""A line whose process is killed, and the network around it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.desk import CALLER, ENTRY, ORIGIN, PEOPLE
from tests.kit.killed import Doomed, Start

HERE = "/voice/escalation"
OWED = {"call_back", "case", "notify", "post", "try_back"}  # for later, or for other systems
MET = 15  # seconds that people talk


class World:
    """A network, a line, and another process of that line that dies."""

    def __init__(self, store: Store, line: Line, doomed: Doomed) -> None:
        self.store, self.doomed = store, doomed
        self.exchange = Exchange(seed=1)
        self.api = RestServer(self.exchange.api)
        self.services = build_services(
            line,
            store,
            twilio=self.exchange.client,
            public_url=ORIGIN,
            clock=self.exchange.clock,
        )
        self.app = create_app(self.services)
        self.caller = self.exchange.phone(CALLER)
        self.company = 0  # the most people that the caller could talk to at a time
        self._fatal: tuple[str, str] | None = None
        self.people = {name: self.exchange.phone(number) for name, number in PEOPLE.items()}
        urls = {"status_callback": f"{HERE}/status", "fallback": f"{HERE}/fallback"}
        self.exchange.number(ENTRY, self, HERE, origin=ORIGIN, **urls)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The proxy in front of both processes."""
        if self._fatal is None or not self._is_at(environ["PATH_INFO"]):
            return self.app(environ, start)  # type: ignore[arg-type]
        (_, point), self._fatal = self._fatal, None
        return self.doomed.take(environ, start, **self._job(point, self.now))

    def _is_at(self, path: str) -> bool:
        """Whether the fatal request is this one: by the end of its path, or by a folder in it."""
        fatal = self._fatal[0] if self._fatal else ""
        return fatal in path if fatal.endswith("/") else path.endswith(fatal)

    def _job(self, point: str, now: datetime) -> dict[str, str]:
        return {
            "point": point,
            "database": self.store.connections.url,
            "now": now.isoformat(),
            "api": self.api.url,
            "origin": ORIGIN,
            "account_sid": self.exchange.account_sid,
            "auth_token": self.exchange.auth_token,
        }

    # --- what happens

    def press(self, *entries: str) -> None:
        for entry in entries:
            self.caller.press(entry)
            self.exchange.wait(0.5)

    def ask_for_a_manager(self) -> None:
        self.caller.call(ENTRY)
        self.press("2", "1", "17349013#", "1", "2")

    def everybody(self, habit: str, **how: Any) -> None:
        for phone in self.people.values():
            phone.will(habit, **how)

    def meets(self, person: Handset) -> None:
        """The caller presses 0, and this operator takes it."""
        self.caller.call(ENTRY)
        self.press("0")
        self.until(lambda: person.ringing, at_most=30)
        person.answer()
        self.until(lambda: person.listening, at_most=10)
        person.press("1")
        self.until(lambda: person in self.caller.connected_to, at_most=30)

    def killed(self, path: str, point: str, act: Callable[[], object]) -> None:
        """Do something whose webhook at ``path`` is that process's last."""
        self._fatal = path, point
        act()
        self.until(lambda: self._fatal is None, at_most=40)
        self._gone(point)

    def killed_at_work(self, kind: str, point: str) -> None:
        """That process does what is due next of a kind, a moment before anybody else."""
        due = min(duty.due for duty in self.store.duties.all(kind) if duty.state == "due")
        self.exchange.wait((due - self.now).total_seconds() - 1e-6)
        self.doomed.work(**self._job(point, due))
        self._gone(point)

    def _gone(self, point: str) -> None:
        assert self.doomed.ended() == signal.SIGKILL, f"'{point}' isn't on its way"
        self.services.duties.run()  # another process looks what is due

    # --- what is seen

    @property
    def now(self) -> datetime:
        return self.exchange.clock.now()

    @property
    def sid(self) -> str:
        return str(self.caller.calls[0].sid)

    def until(self, condition: Callable[[], object], at_most: float) -> None:
        def met() -> object:
            self.company = max(self.company, len(self.caller.connected_to))
            return condition()

        self.exchange.wait_until(met, at_most)

    def watch(self, seconds: float) -> None:
        end = self.now + timedelta(seconds=seconds)
        self.until(lambda: self.now >= end, seconds + 1)

    def rings(self) -> Counter[str]:
        """How often each attempt was rung by REST."""
        legs = self.exchange.legs.values()
        return Counter(str(leg.start.url) for leg in legs if leg.direction == "outbound-api")

    def story(self) -> str:
        """What happened, for the message of a test that fails."""
        events = [
            f"{e.at:%H:%M:%S} {e.kind} {e.actor} {e.data}" for e in self.store.logs.events(self.sid)
        ]
        heard = [f"heard {each.text}" for each in self.caller.heard]
        duties = [f"{each.kind} {each.state} {each.data}" for each in self.store.duties.all()]
        return "\n".join((*events, *heard, *duties))

    def close(self) -> None:
        self.api.close()


def ends_well(world: World) -> None:
    """The caller ends with a person or a promise; then everybody hangs up, and nothing is left."""
    caller = world.caller
    world.until(lambda: caller.connected_to or not caller.in_call, at_most=600)
    met = bool(caller.connected_to)
    world.watch(MET)

    assert met or world.store.duties.all("call_back"), world.story()
    nothing_is_left(world)


def nothing_is_left(world: World) -> None:
    """Nobody stays engaged, no duty undone; nobody was rung twice, or joined another."""
    for phone in (world.caller, *world.people.values()):
        if phone.in_call:
            phone.hang_up()
    world.watch(240)

    assert world.company <= 1, world.story()
    assert [each.id for each in world.store.people.all() if each.busy_with] == [], world.story()
    assert {each.kind for each in world.store.duties.all() if each.state == "due"} <= OWED
    assert [each for each in world.store.duties.all() if each.state == "dropped"] == []
    assert world.store.calls.open() == [], world.story()
    assert [phone for phone in world.exchange.phones.values() if phone.leg] == []
    saved = world.store.calls.load(world.sid) is not None  # not if killed before the first save
    assert not saved or world.store.logs.verify(world.sid)
    assert [url for url, times in world.rings().items() if times > 1] == []


ANSWERED = ["before save", "after save", "before answer", "after answer"]
TAKEN = ["before take", "after take"]
