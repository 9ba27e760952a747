"""Killed at each point between receiving a webhook and marking a duty done: nothing is lost.

One webhook, or what is due, goes to a process that kills itself (SIGKILL) at a named point of the
way; another one carries on. See `tests.kit.killed`.
"""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.line.config import Line
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.server import RestServer
from tests.conftest import CALLER, ENTRY, ORIGIN, PEOPLE
from tests.kit.killed import Doomed, Start

HERE = "/voice/escalation"
OWED = {"call_back", "case", "notify", "post", "try_back"}  # for later, or for other systems
MET = 15  # seconds that people talk


@pytest.fixture(scope="module")
def doomed() -> Iterator[Doomed]:
    made = Doomed()
    yield made
    made.close()


class World:
    """A network, a line, and another process of that line that dies."""

    def __init__(self, store: Store, line: Line, doomed: Doomed) -> None:
        self.store, self.doomed = store, doomed
        self.exchange = Exchange(seed=1)
        self.api = RestServer(self.exchange.api)
        self.app = create_app(
            line,
            store=store,
            twilio=self.exchange.client,
            public_url=ORIGIN,
            clock=self.exchange.clock,
        )
        self.caller = self.exchange.phone(CALLER)
        self.company = 0  # the most people that the caller could talk to at a time
        self._fatal: tuple[str, str] | None = None
        self.people = {name: self.exchange.phone(number) for name, number in PEOPLE.items()}
        urls = {"status_callback": f"{HERE}/status", "fallback": f"{HERE}/fallback"}
        self.exchange.number(ENTRY, self, HERE, origin=ORIGIN, **urls)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The proxy in front of both processes."""
        if self._fatal is None or not environ["PATH_INFO"].endswith(self._fatal[0]):
            return self.app(environ, start)  # type: ignore[arg-type]
        (_, point), self._fatal = self._fatal, None
        return self.doomed.take(environ, start, **self._job(point, self.now))

    def _job(self, point: str, now: datetime) -> dict[str, str]:
        return {
            "point": point,
            "database": self.store.url,
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
        self.until(lambda: self._fatal is None, at_most=20)
        self._gone(point)

    def killed_at_work(self, kind: str, point: str) -> None:
        """That process does what is due next of a kind, a moment before anybody else."""
        due = min(duty.due for duty in self.store.duties(kind) if duty.state == "due")
        self.exchange.wait((due - self.now).total_seconds() - 1e-6)
        self.doomed.work(**self._job(point, due))
        self._gone(point)

    def _gone(self, point: str) -> None:
        assert self.doomed.ended() == signal.SIGKILL, f"'{point}' isn't on its way"
        self.app.extensions["ivr"].run()  # another process looks what is due

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
        """For whoever has to find out what went wrong."""
        events = [
            f"{e.at:%H:%M:%S} {e.kind} {e.actor} {e.data}" for e in self.store.events(self.sid)
        ]
        heard = [f"heard {each.text}" for each in self.caller.heard]
        duties = [f"{each.kind} {each.state} {each.data}" for each in self.store.duties()]
        return "\n".join((*events, *heard, *duties))

    def close(self) -> None:
        self.api.close()


@pytest.fixture
def world(
    sample_database: Path, tmp_path: Path, escalation: Line, doomed: Doomed
) -> Iterator[World]:
    shutil.copy(sample_database, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    made = World(store, escalation, doomed)
    yield made
    made.close()
    store.close()


# ---- what must hold whatever happened


def ends_well(world: World) -> None:
    """The caller ends with a person or a promise; then everybody hangs up, and nothing is left."""
    caller = world.caller
    world.until(lambda: caller.connected_to or not caller.in_call, at_most=600)
    met = bool(caller.connected_to)
    world.watch(MET)

    assert met or world.store.duties("call_back"), world.story()
    nothing_is_left(world)


def nothing_is_left(world: World) -> None:
    """Nobody stays engaged, no duty undone; nobody was rung twice, or joined another."""
    for phone in (world.caller, *world.people.values()):
        if phone.in_call:
            phone.hang_up()
    world.watch(240)

    assert world.company <= 1, world.story()
    assert [each.id for each in world.store.people() if each.busy_with] == [], world.story()
    assert {each.kind for each in world.store.duties() if each.state == "due"} <= OWED
    assert [each for each in world.store.duties() if each.state == "dropped"] == []
    assert world.store.open_calls() == [], world.story()
    assert [phone for phone in world.exchange.phones.values() if phone.leg] == []
    known = world.store.load(world.sid) is not None  # killed before the first save, it never was
    assert not known or world.store.verify(world.sid)
    assert [url for url, times in world.rings().items() if times > 1] == []


ANSWERED = ["before save", "after save", "before answer", "after answer"]
TAKEN = ["before take", "after take"]

# ---- the call begins


@pytest.mark.parametrize("habit", ["answer", "ring"])
@pytest.mark.parametrize("point", ANSWERED[:3])
def test_killed_when_the_call_begins(world: World, point: str, habit: str) -> None:
    world.everybody(habit, after=3, press="1" if habit == "answer" else "")

    world.killed(HERE, point, lambda: world.caller.call(ENTRY))

    ends_well(world)


# ---- an operator is rung

RINGING = [
    *ANSWERED,
    *TAKEN,
    "before claim",
    "after claim",
    "before place",
    "after place",
    "before save#2",
    "after save#2",
    "before done ring",
    "after done ring",
]


@pytest.mark.parametrize("point", RINGING)
def test_killed_while_an_operator_is_rung(world: World, point: str) -> None:
    world.everybody("answer", after=3, press="1")
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))

    ends_well(world)


@pytest.mark.parametrize("point", [*ANSWERED, "after claim", "after place", "before done ring"])
def test_killed_while_people_are_rung_of_whom_nobody_answers(world: World, point: str) -> None:
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))

    ends_well(world)
    assert world.store.duties("call_back"), world.story()


@pytest.mark.parametrize("point", ["before place", "after place", "before save#2"])
def test_nobody_is_rung_again_who_may_be_ringing(world: World, point: str) -> None:
    late = world.exchange.delay("/1-1/status", 100)
    world.people["OP2"].will("answer", after=3, press="1")
    world.caller.call(ENTRY)

    world.killed(HERE, point, lambda: world.caller.press("0"))
    world.watch(34)  # longer than the lease
    late.stop()

    ends_well(world)
    assert len(world.people["OP1"].calls) == (0 if point == "before place" else 1)


@pytest.mark.parametrize("point", ["after claim", "before place", "after place", "before save#2"])
def test_killed_while_a_manager_is_rung_whose_caller_then_hangs_up(
    world: World, point: str
) -> None:
    world.caller.call(ENTRY)
    world.press("2", "1", "17349013#", "1")

    world.killed(HERE, point, lambda: world.caller.press("2"))
    world.exchange.wait(3)
    world.caller.hang_up()

    ends_well(world)
    assert len(world.store.escalations("C17349013")) == 1


@pytest.mark.parametrize("point", ["after place", "before save#2", "after save#2"])
def test_killed_while_the_carrier_refuses_to_ring(world: World, point: str) -> None:
    world.everybody("answer", after=3, press="1")
    world.caller.call(ENTRY)

    with world.exchange.rest_fails("429", "POST /Calls"):
        world.killed(HERE, point, lambda: world.caller.press("0"))
        world.until(lambda: world.caller.connected_to, at_most=200)

    ends_well(world)


@pytest.mark.parametrize("habit", ["answer", "ring", "hang up"])
@pytest.mark.parametrize("point", ANSWERED[:3])
def test_killed_while_a_document_dials_the_next(world: World, point: str, habit: str) -> None:
    world.caller.call(ENTRY)
    with world.exchange.rest_fails("429"):
        world.press("0")
        world.until(lambda: world.people["OP1"].ringing, at_most=60)
        world.everybody("ring" if habit == "hang up" else habit, after=3, press="1")

        world.killed(f"{HERE}/talked", point, world.people["OP1"].decline)
        if habit == "hang up":
            world.caller.hang_up()
        world.until(lambda: world.caller.connected_to or not world.caller.in_call, at_most=400)

    if habit == "hang up":
        nothing_is_left(world)  # who asked for nobody in particular isn't owed a call
    else:
        ends_well(world)


# ---- somebody accepts, and the caller is brought to him

JOINING = [*ANSWERED, *TAKEN, "before send", "after send", "before done send", "after done send"]


@pytest.mark.parametrize(
    ("point", "habit"),
    [*((point, "answer") for point in JOINING), ("after save", "ring"), ("before answer", "ring")],
)
def test_killed_while_somebody_accepts(world: World, point: str, habit: str) -> None:
    operator = world.people["OP1"]
    world.caller.call(ENTRY)
    world.press("0")
    operator.answer()
    world.until(lambda: operator.listening, at_most=10)
    world.everybody(habit, after=3, press="1" if habit == "answer" else "")

    world.killed("/1-1", point, lambda: operator.press("1"))

    ends_well(world)


DECLINING = [*ANSWERED, *TAKEN, "before claim", "after place", "before done ring"]


@pytest.mark.parametrize("point", DECLINING)
def test_killed_while_somebody_declines(world: World, point: str) -> None:
    operator = world.people["OP1"]
    world.caller.call(ENTRY)
    world.press("0")
    operator.answer()
    world.until(lambda: operator.listening, at_most=10)
    world.everybody("answer", after=3, press="1")

    world.killed("/1-1", point, lambda: operator.press("2"))

    ends_well(world)


# ---- nobody needs to be rung any more

STOPPING = [
    *ANSWERED,
    *TAKEN,
    "before hang_up",
    "after hang_up",
    "before done hang_up",
    "after done hang_up",
]


@pytest.mark.parametrize("point", STOPPING)
def test_killed_while_the_caller_asks_to_be_called_back(world: World, point: str) -> None:
    world.ask_for_a_manager()
    world.until(lambda: world.caller.listening and world.people["MGR1"].ringing, at_most=20)

    world.killed("/held", point, lambda: world.caller.press("2"))

    world.until(lambda: not world.people["MGR1"].ringing, at_most=40)
    ends_well(world)


@pytest.mark.parametrize(
    ("path", "point"), [("/status", "before answer"), *(("/left", point) for point in STOPPING)]
)
def test_killed_while_the_caller_hangs_up(world: World, path: str, point: str) -> None:
    world.ask_for_a_manager()

    world.killed(path, point, world.caller.hang_up)

    world.until(lambda: not world.people["MGR1"].ringing, at_most=40)
    ends_well(world)


def test_a_caller_who_has_hung_up_without_anybody_knowing_is_found_out(world: World) -> None:
    world.ask_for_a_manager()
    late = [world.exchange.delay(f"{HERE}/{path}", 3600) for path in ("left", "status")]
    world.caller.hang_up()

    world.watch(600)

    assert world.store.duties("call_back"), world.story()
    assert world.store.open_calls() == [], world.story()
    for each in late:
        each.stop()
    world.exchange.wait(3600)
    nothing_is_left(world)


# ---- people part

PARTING = [
    *ANSWERED,
    *TAKEN,
    "before release",
    "after release",
    "before done release",
    "after done release",
    "before send",
    "after send",
    "before done send",
]


@pytest.mark.parametrize(
    ("path", "point"), [("/status", "before answer"), *(("/talked", point) for point in PARTING)]
)
def test_killed_while_people_part(world: World, path: str, point: str) -> None:
    operator = world.people["OP1"]
    world.meets(operator)
    world.watch(MET)

    world.killed(path, point, operator.hang_up)

    world.until(lambda: not world.caller.in_call, at_most=120)
    nothing_is_left(world)


HOLDING = [*ANSWERED, *TAKEN, "before find", "before hold", "after hold", "before done hold"]


@pytest.mark.parametrize("point", HOLDING)
def test_killed_while_the_operator_opens_his_menu(world: World, point: str) -> None:
    operator = world.people["OP1"]
    world.meets(operator)
    world.watch(5)

    world.killed("/1-1/talked", point, lambda: operator.press("*"))

    world.watch(40)  # whatever he makes of the silence
    if operator.in_call and operator not in world.caller.connected_to:
        operator.press("*")
        world.watch(40)
    assert operator in world.caller.connected_to or not operator.in_call, world.story()
    world.watch(60)
    nothing_is_left(world)


# ---- time passes


@pytest.mark.parametrize(
    "point", [*TAKEN, "before save", "after save", "before done time_up", "after done time_up"]
)
def test_killed_when_the_time_for_ringing_is_up(world: World, point: str) -> None:
    world.caller.call(ENTRY)
    world.press("0")

    world.killed_at_work("time_up", point)

    ends_well(world)


@pytest.mark.parametrize("point", [*TAKEN, "before save", "after save", "before done look_again"])
def test_killed_while_looking_for_a_freed_operator(world: World, point: str) -> None:
    for operator in ("OP1", "OP2"):
        world.store.claim(operator, "another/1-1", world.now)
    world.caller.call(ENTRY)
    world.press("0")
    world.store.release("OP2", "another/1-1")
    world.people["OP2"].will("answer", after=3, press="1")

    world.killed_at_work("look_again", point)
    world.until(lambda: world.caller.connected_to == {world.people["OP2"]}, at_most=60)

    world.store.release("OP1", "another/1-1")
    ends_well(world)


@pytest.mark.parametrize("point", [*TAKEN, "before save", "after save", "before done lapse"])
def test_killed_when_a_leg_says_nothing_any_more(world: World, point: str) -> None:
    late = world.exchange.delay("/1-1/status", 100)
    world.caller.call(ENTRY)
    world.press("0")
    world.people["OP2"].will("answer", after=3, press="1")

    world.killed_at_work("lapse", point)
    late.stop()

    ends_well(world)
