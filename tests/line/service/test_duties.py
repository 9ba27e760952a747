"""What is due, when others are quicker, slower, or gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from ivr.clock import Alarm
from ivr.line.definition import Line
from ivr.line.records import MOVES_LEGS, Duty
from ivr.line.service.duties.runner import PAUSE, Duties
from ivr.line.store.duties import LEASE
from ivr.line.store.store import Store
from ivr.line.turns.call.heard import LegEnded
from ivr.simulator import Exchange
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk, mount


class Meanwhile(Store):
    """A store where something happens just before what one has asked for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.before: dict[str, Callable[..., object]] = {}
        self._claim = self.people.claim
        self._take = self.duties.take
        self._save = self.calls.save
        self.people.claim = self._claim_after
        self.duties.take = self._take_after
        self.calls.save = self._save_after

    def _claim_after(self, person: str, attempt: str) -> bool:
        self._let("claim", person, attempt)
        return self._claim(person, attempt)

    def _take_after(self, *given: Any, **named: Any) -> list[Duty]:
        self._let("take")
        return self._take(*given, **named)

    def _save_after(self, *given: Any) -> bool:
        """A turn that claims nobody is none of the test's."""
        if given[3:] and given[3]:
            self._let("save", given[3])
        return self._save(*given)

    def _let(self, what: str, *given: Any) -> None:
        if happens := self.before.pop(what, None):
            happens(*given)


class HalfAMinute:
    """A clock that goes on only when somebody works."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        return threading.Timer(0, what)  # never started


@pytest.fixture
def store(store: Store) -> Iterator[Meanwhile]:
    made = Meanwhile(store.connections.url)
    yield made
    made.close()


@pytest.fixture
def desk(store: Meanwhile, escalation: Line) -> Desk:
    """A network without a fixture's strictness: here things do go wrong."""
    network = Exchange(seed=1)
    return mount(network, store, escalation)


def engaged(store: Store) -> dict[str, str]:
    return {each.id: each.busy_with for each in store.people.all() if each.busy_with}


def test_somebody_who_is_claimed_too_late_stays_free(desk: Desk, store: Meanwhile) -> None:
    caller = desk.exchange.phone(CALLER)

    def hangs_up(person: str, attempt: str) -> None:
        """Another process has heard that the caller has gone, and has freed the operator."""
        sid, _, leg = attempt.partition("/")

        desk.services.calls.hear(sid, LegEnded(leg, "failed"))
        store.people.release(person, attempt)
        [release] = store.duties.all("release")
        store.duties.done(release)

    store.before["claim"] = hangs_up
    caller.call(ENTRY)
    caller.press("0")

    assert engaged(store) == {"OP2": f"{desk.sid(caller)}/1-2"}
    assert not desk.phone("OP1").ringing
    assert desk.phone("OP2").ringing


def test_a_document_dials_the_next_when_another_call_was_quicker(
    desk: Desk, store: Meanwhile
) -> None:
    caller = desk.exchange.phone(CALLER)
    caller.call(ENTRY)
    with desk.exchange.rest_fails("429"):
        caller.press("0")
        desk.exchange.wait_until(lambda: desk.phone("OP1").ringing, at_most=60)
        taken = []

        def takes(claims: list[tuple[str, str]]) -> None:
            taken.extend(person for person, _ in claims)
            store.people.claim(claims[0][0], "another/1-1")

        store.before["save"] = takes
        desk.phone("OP1").decline()
        desk.exchange.wait_until(
            lambda: any(desk.phone(each).ringing for each in PEOPLE), at_most=120
        )

    assert taken == ["OP2"]
    assert not desk.phone("OP2").ringing
    assert engaged(store)["OP2"] == "another/1-1"
    assert [each["leg"] for each in desk.told(caller, "dial.busy")] == ["1-1", "1-2"]


def test_what_waited_longer_than_its_lease_is_left_to_others(desk: Desk, store: Meanwhile) -> None:
    caller = desk.exchange.phone(CALLER)
    taken: list[str] = []
    caller.call(ENTRY)
    caller.press("0")
    due = [each.key for each in store.duties.all() if each.state == "due"]
    clock = HalfAMinute(desk.exchange.clock.now() + timedelta(minutes=5))

    def slowly(duty: Duty) -> None:
        taken.append(duty.key)
        clock.at += LEASE

    duties = Duties(store, clock, dict.fromkeys(MOVES_LEGS, slowly))

    assert duties.run() == len(due) > 2
    assert sorted(taken) == sorted(due)
    assert store.duties.all("time_up")[0].attempts > 1


def test_duties_go_on_when_the_store_answers_again(
    desk: Desk, store: Meanwhile, caplog: pytest.LogCaptureFixture
) -> None:
    caller = desk.exchange.phone(CALLER)
    caller.call(ENTRY)
    caller.press("0")

    def fails() -> None:
        raise OSError("the database is gone")

    store.before["take"] = fails
    with caplog.at_level(logging.CRITICAL, "ivr.line.service.duties.runner"):
        desk.exchange.wait(5 + PAUSE + 0.1)  # when a freed operator is looked for, and again

    [look] = store.duties.all("look_again")
    assert look.due > desk.exchange.clock.now()  # it was carried out, and comes again


class Clerk:
    """A process that carries out notices, and nothing else."""

    def __init__(self, store: Store) -> None:
        self.exchange = Exchange(seed=1)
        self.clock = self.exchange.clock
        self.done: list[str] = []
        handlers = dict.fromkeys(("notify", "came"), self._carry_out)
        self.duties = Duties(store, self.clock, handlers)

    def _carry_out(self, duty: Duty) -> None:
        self.done.append(duty.key)

    def notices(self, **after: int) -> list[Duty]:
        """Notices by their keys, due after so many seconds; in one lane."""
        now = self.clock.now()
        return [
            Duty(key, "CA1", "notify", now + timedelta(seconds=seconds), lane="one")
            for key, seconds in after.items()
        ]


def test_a_process_wakes_for_what_it_has_stored_itself(store: Meanwhile) -> None:
    clerk = Clerk(store)
    store.duties.add(clerk.notices(now=0, soon=10, late=20))
    clerk.duties.after(clerk.clock.now())

    clerk.exchange.wait(1)
    assert clerk.done == ["now"]
    clerk.exchange.wait(10)
    assert clerk.done == ["now", "soon"]
    clerk.exchange.wait(10)
    assert clerk.done == ["now", "soon", "late"]


def test_what_comes_after_another_in_its_lane_follows_it_at_once(store: Meanwhile) -> None:
    clerk = Clerk(store)
    store.duties.add(clerk.notices(first=10, second=0, third=5))
    clerk.duties.after(clerk.clock.now())

    clerk.exchange.wait(9)
    assert clerk.done == []
    clerk.exchange.wait(1)
    assert clerk.done == ["first", "second", "third"]


def test_kinds_that_are_due_together_are_all_carried_out(store: Meanwhile) -> None:
    clerk = Clerk(store)
    first, second, third, fourth = clerk.notices(a=0, b=0, c=0, d=0)
    for each in (second, third):
        each.kind = "came"
    for each in (first, second, third, fourth):
        each.lane = ""
    store.duties.add([first, second, third, fourth])
    clerk.duties.after(clerk.clock.now())

    clerk.exchange.wait(1)

    assert clerk.done == ["a", "b", "c", "d"]


def test_what_another_process_has_stored_is_found_when_the_database_is_asked(
    store: Meanwhile,
) -> None:
    clerk, other = Clerk(store), Store(store.connections.url)
    other.duties.add(clerk.notices(first=10, second=20))
    clerk.duties.after(clerk.clock.now())
    clerk.exchange.wait(5)

    clerk.duties.wake()
    clerk.exchange.wait(20)
    other.close()

    assert clerk.done == ["first", "second"]


def test_what_a_killed_process_had_taken_is_taken_when_its_lease_is_over(store: Meanwhile) -> None:
    clerk, killed = Clerk(store), Store(store.connections.url)
    killed.duties.add(clerk.notices(first=0, second=0))
    killed.duties.take(clerk.clock.now(), ["notify"])
    killed.close()

    clerk.duties.wake()
    clerk.exchange.wait(LEASE.total_seconds() - 1)
    assert clerk.done == []
    clerk.exchange.wait(1)
    assert clerk.done == ["first", "second"]


def test_a_patrol_goes_on_until_it_is_stopped(desk: Desk, store: Meanwhile) -> None:
    seen, stop = [], Event()

    def fails() -> None:
        seen.append("failed")
        store.before["take"] = looks
        raise OSError("the database is gone")

    def looks() -> None:
        seen.append("looked")
        stop.set()

    store.before["take"] = fails
    thread = Thread(target=desk.duties.patrol, args=(0.001, stop))
    thread.start()
    thread.join(60)

    assert seen == ["failed", "looked"]
