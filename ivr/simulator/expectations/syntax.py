"""The dialogue format: a call between people and an application, one thing on each line.

A file is read into plain values; nothing here knows the network. The grammar:

    from NUMBER to NUMBER                       the caller, and the number called (required, once)
    phone NAME NUMBER [answers|rings|busy|declines|unreachable|voicemail] [OPTION …], where
        after SECONDS             of ringing before it answers or declines
        says "WORDS"              when asked for words, or connected; of a voicemail, its greeting
        press KEYS                when asked for keys
        hangs up after SECONDS    in the call
        types every SECONDS       one key
    language CODE | seed NUMBER | start ISO-TIME | silent recordings dropped | verified NUMBER |
    origin ORIGIN
    verify service SID                          one of Verify that the application knows
    [NAME] > ACTION, ACTION …                   without a name, the caller acts
    [NAME] < [within SECONDS] WORDS | (STATE)
    # a comment, on a line of its own ('#' is also a key)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ivr.errors import IVRError
from ivr.simulator.expectations.phones import Phone, PhoneSyntaxError, described
from ivr.simulator.network.targets import as_origin

CALLER = "caller"
NOBODY = "nobody"
ANYTHING = "…"

ACTIONS = (
    "call, answer, decline, press KEYS, type KEYS, join ROOM, hang up, lose connection, "
    'wait SECONDS or say "WORDS"'
)
STATES = (
    "(rings), (stops ringing), (connected to NAME, NAME), (connected to nobody), "
    "(hung up) or (silence)"
)
LINES = (
    "a comment (#), from … to …, phone …, language …, seed …, start …, silent recordings …, "
    "verified …, verify service …, origin …, [name] > an action or [name] < what is expected"
)

_LINE = re.compile(r"(?P<who>[^\W\d][\w-]*)?\s*(?P<mark>[<>])\s*(?P<rest>.*)")
NUMBER = re.compile(r"\+?\d{2,15}|client:\S+|sip:\S+|anonymous")
E164 = re.compile(r"\+[1-9]\d{1,14}")
VERIFY_SERVICE = re.compile(r"VA[0-9a-fA-F]{32}")
_SECONDS = r"(?P<seconds>\d+(?:\.\d+)?)"
_WITHIN = re.compile(rf"within {_SECONDS}\s+(?P<rest>\S.*)")
_ACT = re.compile(
    rf"""(?P<plain>call|answer|decline|hang\ up|lose\ connection)
    | (?P<keyed>press|type)\ (?P<keys>[0-9*\#]+)(?P<at_once>\ at\ once)?
    | join\ (?P<room>\S.*)
    | wait\ {_SECONDS}(?:\ ?(?:s|seconds?))?
    | say\ "(?P<words>[^"]+)"(?P<said_at_once>\ at\ once)? """,
    re.VERBOSE,
)
_COMMA_OUTSIDE_QUOTES = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


class DialogueSyntaxError(IVRError):
    """A dialogue can't be read; says file and line, what is there, and what is expected.

    ``line`` counts from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person does; ``kind`` is the format's word, ``value`` its keys or words.

    ``at_once``: press the keys, or say the words, without waiting until anything listens.
    """

    kind: str
    value: str = ""
    seconds: float = 0.0
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """``> …``: what one person does, in order."""

    line: int
    who: str
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """``< …``: what one person must hear; ``within`` is in seconds, None for the default."""

    line: int
    who: str
    text: str
    within: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """``< (…)``: the state a phone must be in; ``names`` are the people it is connected to."""

    line: int
    who: str
    kind: str
    names: frozenset[str] = frozenset()
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """``language fr``: from here on, what the caller hears must be in this language."""

    line: int
    code: str


Step = Do | Words | State | Language


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole dialogue. ``lines`` is the text as written, for messages and for rewriting."""

    name: str
    caller: str
    called: str
    phones: tuple[Phone, ...]
    steps: tuple[Step, ...]
    lines: tuple[str, ...]
    seed: int | None = None
    start: datetime | None = None
    silent_recordings: str = ""  # "kept" or "dropped", "" for what the network does
    verified: tuple[str, ...] = ()  # numbers of others that calls may show
    origin: str = ""  # of the application, "" for what the network says
    services: tuple[str, ...] = ()  # SIDs of services of Verify

    @property
    def title(self) -> str:
        """The first comment, which says what the call is about."""
        comments = (line[1:].strip() for line in self.lines if line.startswith("#"))
        return next((comment for comment in comments if comment), "")

    @property
    def open_end(self) -> bool:
        """Whether the last step is ``< …``: what comes after it isn't checked."""
        last = self.steps[-1] if self.steps else None
        return isinstance(last, Words) and last.text == ANYTHING


def parse(text: str, name: str = "<dialogue>") -> Dialogue:
    """Read a dialogue from the text of a ``.call`` file; ``name`` is its name in messages.

    Raises `DialogueSyntaxError`.
    """
    reader = _Reader(name, text.splitlines())
    for number, line in enumerate(reader.lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            reader.read(number, line.strip())
    return reader.dialogue()


def read(file: Path, name: str = "") -> Dialogue:
    """Read a dialogue from a ``.call`` file; ``name`` is what messages call it (else its path).

    Raises `DialogueSyntaxError`, also for a file that isn't UTF-8; OSError when it can't be opened.
    """
    name = name or str(file)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DialogueSyntaxError(
            f"{name}:{line}: this isn't UTF-8 text; save the file with the encoding UTF-8", line
        ) from None
    return parse(text, name)


def phrase(act: Act) -> str:
    """An action in the format's words."""
    match act:
        case Act(kind="wait", seconds=seconds):
            return f"wait {seconds:g}"
        case Act(kind="say", value=words, at_once=at_once):
            return f'say "{words}"{" at once" if at_once else ""}'
    return " ".join(filter(None, (act.kind, act.value, "at once" if act.at_once else "")))


def parse_acts(text: str, name: str = "<actions>", line: int = 1) -> tuple[Act, ...]:
    """Read ``press 1, wait 3, hang up``. Raises `DialogueSyntaxError`."""
    return tuple(_Place(name, line, text).acts(text))


@dataclass(frozen=True, slots=True)
class _Place:
    """A line that is being read, for error messages."""

    name: str
    number: int
    line: str

    def error(self, text: str, why: str, could: str) -> DialogueSyntaxError:
        """What is wrong with ``text`` (the end of the line if ""), and what is expected there."""
        column = self.line.find(text) if text else len(self.line)
        pointer = " " * column + "^" * max(1, len(text))
        shown = f"    {self.line}\n    {pointer}\n" if self.line.strip() else ""
        return DialogueSyntaxError(
            f"{self.name}:{self.number}: {why}\n{shown}  Expected here: {could}.",
            self.number,
        )

    def acts(self, text: str) -> Iterator[Act]:
        for item in _COMMA_OUTSIDE_QUOTES.split(text):
            yield self.act(item.strip())

    def act(self, item: str) -> Act:
        parts = _ACT.fullmatch(item)
        if parts is None:
            why = f"“{item}” isn't an action" if item else "an action is missing"
            raise self.error(item, why, ACTIONS)
        if parts["plain"]:
            return Act(parts["plain"])
        if parts["keyed"]:
            return Act(parts["keyed"], parts["keys"], at_once=bool(parts["at_once"]))
        if parts["room"]:
            return Act("join", parts["room"])
        if parts["words"]:
            return Act("say", parts["words"], at_once=bool(parts["said_at_once"]))
        return Act("wait", seconds=float(parts["seconds"]))

    def telephone(self, number: str) -> str:
        if not NUMBER.fullmatch(number):
            could = "a number such as +33155500101, client:NAME, sip:ADDRESS or anonymous"
            raise self.error(number, f"“{number}” isn't a phone number", could)
        return number


@dataclass(slots=True)
class _Reader:
    """The dialogue as far as it has been read."""

    name: str
    lines: list[str]
    called: tuple[str, str] | None = None
    phones: dict[str, Phone] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    seed: int | None = None
    start: datetime | None = None
    silent_recordings: str = ""
    origin: str = ""
    verified: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)

    def read(self, number: int, line: str) -> None:
        place = _Place(self.name, number, line)
        if parts := _LINE.fullmatch(line):
            self._spoken(place, parts["who"] or CALLER, parts["mark"], parts["rest"])
            return
        word, _, rest = line.partition(" ")
        headers: dict[str, Callable[[_Place, str], None]] = {
            "from": self._from,
            "phone": self._phone,
            "language": self._language,
            "seed": self._seed,
            "start": self._start,
            "silent": self._silent,
            "verified": self._verified,
            "origin": self._origin,
            "verify": self._verify,
        }
        if word not in headers:
            raise place.error(word, f"a line can't begin with “{word}”", LINES)
        if word != "language" and any(not isinstance(step, Language) for step in self.steps):
            raise place.error(word, f"“{word}” comes too late", "it above the first > or <")
        headers[word](place, rest.strip())

    def dialogue(self) -> Dialogue:
        if self.called is None:
            place = _Place(self.name, 1, self.lines[0] if self.lines else "")
            raise place.error(
                "", "the from line is missing", "a line such as: from +33155500101 to +33800000001"
            )
        return Dialogue(
            name=self.name,
            caller=self.called[0],
            called=self.called[1],
            phones=tuple(self.phones.values()),
            steps=tuple(self.steps),
            lines=tuple(self.lines),
            seed=self.seed,
            start=self.start,
            silent_recordings=self.silent_recordings,
            verified=tuple(self.verified),
            origin=self.origin,
            services=tuple(self.services),
        )

    def _from(self, place: _Place, rest: str) -> None:
        words = rest.split()
        if self.called is not None:
            raise place.error("from", "a second from line", "only one from line in a file")
        if len(words) != 3 or words[1] != "to":
            raise place.error(rest, "the from line can't be read", "from NUMBER to NUMBER")
        self.called = (place.telephone(words[0]), place.telephone(words[2]))

    def _phone(self, place: _Place, rest: str) -> None:
        try:
            phone = described(place.number, rest)
        except PhoneSyntaxError as error:
            raise place.error(error.text, error.why, error.could) from None
        if phone.name in self.phones or phone.name in (CALLER, NOBODY):
            raise place.error(
                phone.name, f"the name “{phone.name}” is already used", "another name"
            )
        place.telephone(phone.number)
        self.phones[phone.name] = phone

    def _language(self, place: _Place, rest: str) -> None:
        if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", rest):
            raise place.error(rest, f"“{rest}” isn't a language", "a code such as fr or fr-FR")
        self.steps.append(Language(place.number, rest))

    def _seed(self, place: _Place, rest: str) -> None:
        if not rest.isdecimal():
            raise place.error(rest, f"“{rest}” isn't a seed", "a whole number")
        self.seed = int(rest)

    def _start(self, place: _Place, rest: str) -> None:
        try:
            self.start = datetime.fromisoformat(rest)
        except ValueError:
            self.start = None
        if self.start is None or self.start.tzinfo is None:
            could = "a date and time with a zone, such as 2026-11-24T10:00+01:00"
            raise place.error(rest, f"“{rest}” isn't a date and time with a zone", could)

    def _silent(self, place: _Place, rest: str) -> None:
        what, _, becomes = rest.partition(" ")
        if what != "recordings" or becomes not in ("kept", "dropped"):
            could = "silent recordings kept, or silent recordings dropped"
            raise place.error(rest, f"“silent {rest}” can't be read", could)
        self.silent_recordings = becomes

    def _origin(self, place: _Place, rest: str) -> None:
        try:
            self.origin = as_origin(rest)
        except ValueError:
            could = "a scheme and a host, such as https://line.example"
            raise place.error(rest, f"“{rest}” isn't an origin", could) from None

    def _verified(self, place: _Place, rest: str) -> None:
        if not E164.fullmatch(rest):
            why = f"“{rest}” isn't a phone number" if rest else "a number is missing"
            raise place.error(rest, why, "a number with its country code, such as +33155500101")
        self.verified.append(rest)

    def _verify(self, place: _Place, rest: str) -> None:
        word, _, sid = rest.partition(" ")
        if word != "service" or not VERIFY_SERVICE.fullmatch(sid.strip()):
            raise place.error(rest, "that isn't a Verify service", "service VA… (34 characters)")
        self.services.append(sid.strip())

    def _spoken(self, place: _Place, who: str, mark: str, rest: str) -> None:
        self._known(place, who)
        if mark == ">":
            self.steps.append(Do(place.number, who, tuple(place.acts(rest))))
        else:
            self.steps.append(self._expected(place, who, rest))

    def _known(self, place: _Place, name: str) -> None:
        if name != CALLER and name not in self.phones:
            could = ", ".join([CALLER, *self.phones]) + " (others need a phone line above)"
            raise place.error(name, f"no phone is called “{name}”", could)

    def _expected(self, place: _Place, who: str, rest: str) -> Words | State:
        within = None
        if parts := _WITHIN.fullmatch(rest):
            within = float(parts["seconds"])
            rest = parts["rest"]
        if not rest:
            raise place.error("", "an expectation is missing", f"words, {ANYTHING}, or {STATES}")
        if rest.startswith("(") and rest.endswith(")"):
            kind, names = self._state(place, rest)
            return State(place.number, who, kind, names, within)
        return Words(place.number, who, rest, within)

    def _state(self, place: _Place, rest: str) -> tuple[str, frozenset[str]]:
        inside = " ".join(rest[1:-1].split())
        if inside in ("rings", "stops ringing", "hung up", "silence"):
            return inside, frozenset()
        if not inside.startswith("connected to "):
            raise place.error(rest, f"{rest} isn't a state of a phone", STATES)
        names = [name.strip() for name in inside.removeprefix("connected to ").split(",")]
        if names == [NOBODY]:
            return "connected", frozenset()
        for name in names:
            self._known(place, name)
        return "connected", frozenset(names)
