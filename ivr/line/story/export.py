"""A call that happened as a `.call` dialogue which anybody may read, and which comes true again.

Theory of operation. Before the call is told, everything personal that went into it is replaced by
what the sample desk has: the caller's number by a sample customer's, case numbers by those of cases
of which a look-up says the same. The turns are then taken again, so that what is spoken fits. Names
are `…`; what was said aloud by the caller is words of ours; a PIN is nowhere, and a call with one
isn't exported. Each act is written at the time at which it was done, since who was rung and for how
long depends on it.

The format is read by the simulator (`ivr.simulator.dialogues`), which knows nothing of us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.flow.steps import Entry
from ivr.line.records import BACK, WEB, Call
from ivr.line.story.masking import NotExported, masked, unsaid
from ivr.line.story.replay import HEARD
from ivr.line.story.sample_desk import SampleDesk
from ivr.line.story.story import ANYTHING, Moment, story

TYPING = 0.25  # seconds from one key to the next
LEAST = 0.5  # seconds of doing nothing that are worth a line
SOON = 10  # seconds by which a telephone may ring later than it did
BREATH = timedelta(seconds=2)
PATIENT = 45.0  # seconds for which words are waited for without saying so
SPOKEN = "There is something to say here."  # in place of what the caller has said
MEETING = 3.0  # seconds after accepting in which one can hardly have met
MET = 6.0  # … and after which one has, the briefing being over


REASONS = (
    "no_sample",  # there is no sample desk to play it on
    "gone",  # what was keyed is erased, or another version of the flow took it
    "called_back",  # the line made this call itself
    "number",  # a number was dialled that the line doesn't have
    "resumed",  # it went on with an earlier call, or somebody of the desk called
    "clicked",  # somebody acted on a page
    "pin",  # a PIN was keyed
    "records",  # the case records didn't answer
    "case",  # no sample case is like this one
    "people",  # somebody was rung who isn't of the sample desk
    "network",  # the telephone network failed
    "differs",  # it goes differently on the sample desk
)


def export(line: Line, call: Call, events: Iterable[Event], sample: SampleDesk) -> str:
    """The dialogue of a call, with nothing personal. Raises `NotExported`."""
    log = list(events)
    _possible(line, call, log, sample)
    told_of, told_log = masked(line, call, log, sample)
    told = story(line, told_of, told_log)
    if not told.whole:  # a number that can be read in two ways has no like in the sample, perhaps
        raise NotExported("case" if story(line, call, log).whole else "gone")
    script = _Script(line, told_of, sample, unsaid(line, told_of, told_log))
    return script.write(_in_order(told.moments))


def _possible(line: Line, call: Call, log: Sequence[Event], sample: SampleDesk) -> None:
    heard = [event.data for event in log if event.kind in HEARD]
    answers = [event.data for event in log if event.kind == "answered"]
    rung = {event.data["person"] for event in log if event.kind == "dial.started"}
    reasons = {
        "gone": call.data.purged or call.flow_version != line.config.version,
        "called_back": call.sid.startswith((BACK, WEB)),
        "number": call.called not in line.config.numbers,
        "resumed": any(a["asks"] == "arrival" and a["value"] == "found" for a in answers),
        "clicked": any(data["what"] in ("click", "promise") for data in heard),
        "pin": any(data["value"] == "secret" for data in heard),
        "records": any(answer["value"] == "too_slow" for answer in answers),
        "people": bool(rung - sample.people.keys()),
        "network": any(data["what"] in ("refused", "unsure", "lapsed") for data in heard),
    }
    for why, so in reasons.items():
        if so:
            raise NotExported(why)


# --- the lines ---


@dataclass
class _Script:
    """The dialogue as far as it is written. ``clock`` is when its last line comes true."""

    line: Line
    call: Call
    sample: SampleDesk
    unsaid: Sequence[str]
    people: dict[str, str] = field(default_factory=dict)  # by leg
    lines: list[str] = field(default_factory=list)
    clock: datetime = field(init=False)
    habits: dict[str, str] = field(default_factory=dict)  # what a phone does by itself, by person
    rings: dict[str, datetime] = field(default_factory=dict)  # since when, by leg
    talks: frozenset[str] = frozenset()
    since: datetime | None = None  # when that changed, until it is written

    def __post_init__(self) -> None:
        self.clock = self.call.started_at

    def write(self, moments: Sequence[Moment]) -> str:
        """All of it."""
        self.habits = _habits(moments)
        self.lines.append("> call")
        for number, moment in enumerate(moments):
            self._moment(moment, moments[number + 1 :])
        if self.call.ended_at is None:
            self.lines.append(f"< {ANYTHING}")
        return "\n".join([*self._header(moments), *self.lines]) + "\n"

    def _header(self, moments: Sequence[Moment]) -> list[str]:
        persons = dict.fromkeys(m.person for m in moments if m.what == "dial.started")
        phones = [
            f"phone {_name(person)} {self.sample.people[person]} {self.habits[person]}"
            for person in persons
        ]
        day = self.call.started_at.isoformat(timespec="seconds")
        return [
            "# A call that happened; names and numbers are the sample desk's.",
            f"from {self.call.caller or 'anonymous'} to {self.call.called}",
            f"start {day}",
            *phones,
        ]

    def _moment(self, moment: Moment, later: Sequence[Moment]) -> None:
        match moment.kind:
            case "said":
                self._said(moment, later)
            case "pressed":
                self._pressed(moment)
            case "heard":
                self._heard(moment)
            case "decided" if moment.what == "dial.started":
                self.rings[moment.leg] = moment.at
                self.people[moment.leg] = moment.person
        if moment.connected != self.talks:
            self.talks, self.since = moment.connected, moment.at

    def _who(self, moment: Moment) -> str:
        return f"{_name(moment.person)} " if moment.leg else ""

    def _said(self, moment: Moment, later: Sequence[Moment]) -> None:
        """The first words, since the rest may be cut short; all of the last ones."""
        flow = self.line.person if moment.leg else self.line.caller
        if not moment.leg and type(flow.steps[moment.step]).__name__ == "Talk":
            return  # heard only by whoever comes first into the conference
        last = type(flow.steps[moment.step]).__name__ == "Goodbye"
        ends = not moment.leg and last and _ends(later)
        words = " ".join(moment.words) if ends else moment.words[0]
        for each in self.unsaid:  # with the full stop behind it, which isn't a word by itself
            words = re.sub(rf"\S*{re.escape(each)}\S*", ANYTHING, words)
        words = words if ends else f"{words} {ANYTHING}"
        self.lines.append(f"{self._who(moment)}< {self._within(moment.at)}{_as_line(words)}")

    def _within(self, at: datetime) -> str:
        """How long it may take until that is heard, where that is long."""
        left, self.clock = (at - self.clock).total_seconds(), max(at, self.clock)
        return f"within {int(left) + 60} " if left > PATIENT else ""

    def _pressed(self, moment: Moment) -> None:
        if not moment.value:
            return  # silence is nothing that anybody does
        if moment.takes == Entry.__name__:
            keys = f"{moment.value}#"
            self._do(moment, f"type {keys}", TYPING * (len(keys) - 1))
        else:
            self._do(moment, f"press {moment.value}")

    def _do(self, moment: Moment, act: str, takes: float = 0) -> None:
        """One act, at its time: what somebody does in a row stands on one line."""
        self._connected(moment)
        who, wait = self._who(moment), (moment.at - self.clock).total_seconds() - takes
        acts = [f"wait {wait:.1f}".removesuffix(".0")] if wait >= LEAST else []
        self._act(who, [*acts, act])
        self.clock = max(self.clock, moment.at)

    def _act(self, who: str, acts: Sequence[str]) -> None:
        before = self.lines[-1] if self.lines else ""
        if before.startswith(f"{who}> "):
            self.lines[-1] = ", ".join([before, *acts])
        else:
            self.lines.append(f"{who}> {', '.join(acts)}")

    def _heard(self, moment: Moment) -> None:
        match moment.what, moment.value:
            case "outcome", "recorded":
                self._spoke(moment)
            case "outcome", "next" if moment.leg:
                self._rings(moment, self.rings.pop(moment.leg))
                self._do(moment, "answer")
            case "outcome", "hangup" if not moment.leg:
                self._left(moment)
            case "out", _ if self._is_menu(moment):
                self._do(moment, "press *")
            case "status", how if moment.leg:
                self._ended(moment, how)
            case "dialled", _ if moment.takes == "Dialling":
                raise NotExported("network")  # the line dialled by its document

    def _is_menu(self, moment: Moment) -> bool:
        return type(self.line.person.steps[moment.step]).__name__ == "Menu"

    def _spoke(self, moment: Moment) -> None:
        """Something was said and recorded: begin when it was begun, and end when it was ended."""
        began = moment.at - timedelta(seconds=max(1, int(moment.data.get("seconds", 1))))
        self._do(replace(moment, at=began), f'say "{SPOKEN}"')
        self._do(moment, "press # at once")

    def _left(self, moment: Moment) -> None:
        flow = self.line.caller
        if type(flow.steps[moment.before]).__name__ == "Goodbye":
            self.lines.append("< (hung up)")
            self.clock = max(self.clock, moment.at)
        else:
            self._do(moment, "hang up")

    def _ended(self, moment: Moment, how: str) -> None:
        """How a leg ended: by the person's own doing, or by no one's."""
        rung = self.rings.pop(moment.leg, None)
        if rung is None:
            if type(self.line.person.steps[moment.before]).__name__ != "Goodbye":
                self._do(moment, "hang up")
        elif how == "busy" and self.habits[moment.person] != "busy":
            self._rings(moment, rung)
            self._do(moment, "decline")

    def _rings(self, moment: Moment, rung: datetime) -> None:
        """It rings when it did, and not only after somebody else has been tried."""
        within = max(0, int((rung - self.clock).total_seconds())) + SOON
        self.clock = max(self.clock, rung)
        self.lines.append(f"{self._who(moment)}< within {within} (rings)")

    def _connected(self, moment: Moment) -> None:
        """Who talks with the caller, before one of them does the next thing."""
        if self.since is None or not self.talks or moment.leg not in {"", *self.talks}:
            return
        if (moment.at - self.since).total_seconds() >= MEETING:
            persons = sorted(_name(self.people[leg]) for leg in self.talks)
            self.lines.append(f"< (connected to {', '.join(persons)})")
            met = self.since + timedelta(seconds=MET)
            self.clock, self.since = max(self.clock, min(met, moment.at)), None


def _habits(moments: Sequence[Moment]) -> dict[str, str]:
    """What the phones do by themselves, by person: ``busy`` and ``unreachable`` whenever it was
    rung, else it rings until somebody does something."""
    rung: dict[str, tuple[str, datetime]] = {}
    found: dict[str, set[str]] = {}
    for moment in moments:
        if moment.what == "dial.started":
            rung[moment.leg] = moment.person, moment.at
            found.setdefault(moment.person, set())
        elif moment.leg in rung and moment.kind == "heard":
            person, at = rung.pop(moment.leg)
            soon = (moment.at - at).total_seconds() < 1
            habit = {"busy": "busy" if soon else "rings", "failed": "unreachable"}
            found[person].add(habit.get(moment.value, "rings"))
    if any("unreachable" in each and len(each) > 1 for each in found.values()):
        raise NotExported("network")
    return {person: each.pop() if len(each) == 1 else "rings" for person, each in found.items()}


def _in_order(moments: Sequence[Moment]) -> list[Moment]:
    """What was done before what came of it: when somebody's leaving ends the conversation, the
    others are often out of it before their leg is reported to be over."""
    ordered = list(moments)
    for moment in moments:
        if moment not in ordered or moment.kind != "heard":
            continue
        later = _soon(moment, ordered[ordered.index(moment) + 1 :])
        if moment.what == "dialled" and moment.takes == "Talk":
            left = next((each for each in later if each.what == "status"), None)
            if left is not None:
                ordered.remove(left)
                ordered.insert(ordered.index(moment), left)
        elif moment.what == "out" and (gone := _until_hangup(moment, later)):
            for each in (moment, *gone):  # no star: the caller had gone
                ordered.remove(each)
    return ordered


def _soon(moment: Moment, later: Iterable[Moment]) -> list[Moment]:
    """What came in the same breath."""
    return [each for each in later if each.at - moment.at < BREATH]


def _until_hangup(moment: Moment, later: Sequence[Moment]) -> list[Moment]:
    """What this leg was told until the caller hung up; nothing, if it did anything itself."""
    hangs_up = [not each.leg and each.value == "hangup" for each in later]
    if True not in hangs_up:
        return []
    until = [each for each in later[: hangs_up.index(True)] if each.leg == moment.leg]
    return until if all(each.kind == "said" for each in until) else []


def _ends(later: Iterable[Moment]) -> bool:
    """Whether the line hangs up on these words."""
    return any(each.what == "call.ended" and each.data["who"] == "line" for each in later)


def _name(person: str) -> str:
    """A phone of a dialogue; a person's id isn't used as its name."""
    name = "".join(key if key.isalnum() else "_" for key in person.lower())
    return name if name[:1].isalpha() else f"p{name}"


def _as_line(words: str) -> str:
    """Words that aren't taken for a state, or for a time."""
    words = " ".join(words.split())
    return f"{ANYTHING} {words}" if words.startswith(("(", "within ")) else words


__all__ = ["REASONS", "NotExported", "export"]
