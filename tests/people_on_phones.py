"""Callers, operators and managers who do as they like, and a network that does, too.

What they do is a list of plain acts, ``(pause, who, does)``, which Hypothesis can shrink. ``who``
is a role at that moment: whoever calls, whoever rings, whoever has picked up. An act that makes
no sense just then is left out, as a person would.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from flows.escalation import line
from ivr import twiml
from ivr.simulator import Exchange, Handset
from ivr.store import Store
from tests.conftest import CALLER, ENTRY, PEOPLE, Desk, mount

LINE = line()
Act = tuple[float, str, str]
Habit = tuple[str, float, str]

SILENCE = 45.0  # seconds for which nothing at all may be heard by a caller who talks to nobody
PATIENCE = 1500  # seconds within which every call must have come to something
LIVE = frozenset({"queued", "ringing", "in-progress"})

# --- what they may do ---

PAUSES = st.sampled_from([0.0, 0.3, 1.0, 4.0, 8.0, 11.0, 25.0])
KEYS = ["0", "1", "2", "3", "4", "7", "*", "#", "17349013#", "1734#", "**", "0#", "*5", "10#"]
WAYS_IN = [
    (),
    ("0",),
    ("2", "1", "17349013#", "1", "2"),  # the manager of a case
    ("1", "1", "17349013#", "1", "1"),  # its engineer
    ("2", "1", "17349045#", "1", "2"),  # a closed case
    ("2", "1", "99999999#", "1", "3"),  # one that nobody knows
]
CALLS = [("caller", keys) for keys in (*KEYS, "hang up")]
PICKS_UP = [("rung", does) for does in ("answer", "answer", "answer", "decline")]
PRESSES = [("picked", keys) for keys in ("1", "1", "1", "2", "9", "0", "hang up")]
OPERATES = [("picked", keys) for keys in ("*", "*", "2", "3", "4", "17349013#", "**", "1")]
OTHERS = [("last", keys) for keys in ("1", "2", "hang up", "*")]
ACTS = st.lists(
    st.builds(
        lambda pause, act: (pause, *act),
        PAUSES,
        st.sampled_from([*CALLS, *PICKS_UP * 3, *PRESSES * 2, *OPERATES, *OTHERS]),
    ),
    max_size=14,
)
HABITS: list[Habit] = [
    ("ring", 0.0, ""),
    ("ring", 0.0, ""),
    ("busy", 0.0, ""),
    ("decline", 2.0, ""),
    ("unreachable", 0.0, ""),
    ("answer", 2.0, ""),  # a machine
    ("answer", 3.0, "1"),
    ("answer", 1.0, "2"),
    ("answer", 15.0, "1"),
    ("answer", 4.0, "91"),
]
PEOPLES_HABITS = st.fixed_dictionaries(dict.fromkeys(PEOPLE, st.sampled_from(HABITS)))
WAY_IN = st.sampled_from(WAYS_IN)


@contextmanager
def network(
    sample: Path, habits: dict[str, Habit] | None = None, store: type[Store] = Store
) -> Iterator[Scene]:
    """The line with its desk on a network of its own, everybody with his habit."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sample, Path(folder) / "ivr.db")
        stored = store(f"sqlite:///{folder}/ivr.db")
        exchange = Exchange(seed=1)
        app = mount(exchange, stored, LINE)
        for person, (habit, after, press) in (habits or {}).items():
            exchange.phone(PEOPLE[person]).will(habit, after=after, press=press)
        yield Scene(Desk(stored, app, exchange, LINE))
        stored.close()


class Scene:
    """One caller and the desk's people, watched all the time."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.exchange = desk, desk.exchange
        self.caller = self.exchange.phone(CALLER)
        self.people = [self.exchange.phone(number) for number in PEOPLE.values()]
        self._alone_since = self.exchange.clock.now()
        self.met: set[str] = set()

    # --- acting ---

    def enter(self, keys: Iterable[str]) -> None:
        """Call, and press these with a moment in between."""
        self.caller.call(ENTRY)
        for each in keys:
            self.wait(0.3)
            self.act("caller", each)

    def play(self, acts: Iterable[Act]) -> None:
        for pause, who, does in acts:
            self.wait(pause)
            self.act(who, does)
            self.look()

    def act(self, who: str, does: str) -> None:
        """Do it, if it can be done just now."""
        if who == "network":
            self._trouble(does)
        elif phone := self._who(who):
            self._do(phone, does)

    def _who(self, who: str) -> Handset | None:
        rung = [phone for phone in self.people if phone.ringing]
        picked = [phone for phone in self.people if phone.in_call]
        match who:
            case "caller":
                return self.caller
            case "rung":
                return rung[0] if rung else None
            case "picked":
                return picked[0] if picked else None
            case "last":
                return picked[-1] if len(picked) > 1 else None
        return self.exchange.phone(PEOPLE[who])

    def _do(self, phone: Handset, does: str) -> None:
        match does:
            case "answer" if phone.ringing:
                phone.answer()
            case "decline" if phone.ringing:
                phone.decline()
            case "hang up" if phone.in_call:
                phone.hang_up()
            case "answer" | "decline" | "hang up":
                return
            case keys if phone.in_call:
                phone.press(keys)

    def _trouble(self, does: str) -> None:
        what, *rest = does.split()
        match what:
            case "late":
                self.exchange.delay(rest[0], float(rest[1]), times=int(rest[2]))
            case "twice":
                self.exchange.deliver_twice(rest[0])
            case "fails":
                self.exchange.rest_fails(" ".join(rest))
            case "mends":
                for fault in (*self.exchange.faults.requests, *self.exchange.faults.webhooks):
                    fault.stop()

    # --- time passes ---

    def wait(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Second by second, looking."""
        clock = self.exchange.clock
        end = clock.now() + timedelta(seconds=seconds)
        while (left := (end - clock.now()).total_seconds()) > 0 and not enough():
            self.exchange.wait(min(1.0, left))
            self.look()

    def settle(self) -> None:
        """Until he is with a person, or the call is over; fails if it never comes to either."""
        self.wait(PATIENCE, enough=lambda: self.settled)
        assert self.settled, (self.caller.heard[-3:], "stranded")

    @property
    def settled(self) -> bool:
        return bool(self.caller.connected_to) or not self.caller.in_call

    def look(self) -> None:
        """What must be so at every moment."""
        now = self.exchange.clock.now()
        for phone in self.people:
            live = [leg for leg in phone.calls if leg.status in LIVE]
            assert len(live) <= 1, (phone, "is rung twice", live)
        if not self.caller.in_call or self.caller.connected_to:
            self._alone_since = now
            return
        heard = self.caller.heard[-1].at if self.caller.heard else now
        seconds = self.caller.heard[-1].seconds if self.caller.heard else 0
        quiet = now - max(self._alone_since, heard + timedelta(seconds=seconds))
        assert quiet <= timedelta(seconds=SILENCE), (self.caller.heard[-2:], "silence since")

    # --- afterwards ---

    def leave(self) -> None:
        """The caller hangs up, and that is enough to send everybody home."""
        if self.caller.in_call:
            self.caller.hang_up()
        self.exchange.wait(240)
        self.in_order()

    def in_order(self) -> None:
        """Nobody left behind, nothing for Twilio or the line to complain of."""
        desk, sid = self.desk, self.desk.sid(self.caller)
        self.exchange.strict()
        assert not [person.id for person in desk.store.people() if person.busy_with]
        assert not desk.store.open_calls()
        assert desk.store.verify(sid)
        assert not [duty for duty in desk.store.duties() if duty.state == "dropped"]
        assert self.stuck() == []
        no_number_shown(self.exchange, self.caller)
        promises_are_kept_for(desk, self.caller)

    def stuck(self) -> list[str]:
        """Duties of the line's own that nobody has carried out, though they were due."""
        now = self.exchange.clock.now()
        owed = ("call_back", "notify")
        return [
            f"{duty.kind} {duty.data}"
            for duty in self.desk.store.duties(owed=True)
            if duty.kind not in owed and duty.due <= now
        ]

    def person_or_promise(self) -> None:
        """He who didn't hang up by himself has spoken with a person, or has a promise."""
        steps = [event.data["step"] for event in self.desk.events(self.caller, "heard")]
        talked = self.desk.events(self.caller, "operator.accepted", "dial.accepted")
        if not (talked or "after" in steps):
            assert self.desk.store.duties("call_back"), self.caller.heard[-3:]


DIALLED = re.compile(r"<(Number|Client)\b[^>]*>[^<]*</\1>")


def no_number_shown(exchange: Exchange, caller: Handset) -> None:
    """No direct number reaches the caller's leg: said, shown, sent, or in a document.

    But for whom a document dials, which is the network's to know and not the caller's.
    """
    legs = {leg.sid for leg in caller.calls}
    reached = [caller.caller_id, *(each.text for each in caller.heard)]
    for asked in exchange.requests:
        if asked.call_sid in legs:
            reached += [asked.url, *asked.params.values(), DIALLED.sub("", asked.body)]
            assert not twiml.parse(asked.body).warnings if asked.body.startswith("<?xml") else True
    digits = re.sub(r"[^\d+]", "", " ".join(reached))
    for number in PEOPLE.values():
        assert number.removeprefix("+").removeprefix("client:") not in " ".join(reached), number
        assert not number.startswith("+") or number[1:] not in digits, number
        for code in LINE.caller.prompts.codes:
            aloud = LINE.caller.prompts.language(code).read_digits(number, 2)
            assert not number.startswith("+") or aloud not in " ".join(reached)


def promises_are_kept_for(desk: Desk, caller: Handset) -> None:
    """Each promise that was spoken is stored, with an owner, and isn't due later than he was
    told."""
    people = {person.id for person in desk.store.people()}
    for said, reference, code in spoken_promises(caller):
        words = LINE.caller.prompts.language(code)
        [duty] = [
            duty
            for duty in desk.store.duties("call_back")
            if words.read_digits(duty.data["reference"], 3) == reference
        ]
        assert duty.owner in people
        assert duty.data["number"]
        assert said in {words.read_time(time) for time in _soon_after(duty.due)}, duty.due


def spoken_promises(caller: Handset) -> Iterator[tuple[str, str, str]]:
    """(time, reference, language) of every promise that the caller began to hear."""
    for code in LINE.caller.prompts.codes:
        text = re.escape(LINE.caller.prompts.text(code, "promised")).replace(r"\ ", " ")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", text)
        for each in caller.heard:
            if found := re.fullmatch(pattern, each.text):
                yield found["due"], found["reference"], code


def _soon_after(due: datetime) -> list[datetime]:
    """The quarters of an hour at which a promise may be said to end: not before it is due."""
    local = due.astimezone(ZoneInfo("Europe/Paris"))
    minutes = [local.replace(second=0, microsecond=0) + timedelta(minutes=n) for n in range(16)]
    return [minute for minute in minutes if minute.minute % 15 == 0 and minute >= local]
