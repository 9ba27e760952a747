"""The kinds of step that a flow is made of: what each says, what it can hear, what it sends.

Every step that listens has five outcomes: match (by its own words: ``"1"``, ``"accepted"`` …),
``invalid``, ``silence``, ``too_many`` and ``hangup``. ``zero`` is the caller's way to a person,
declared once for the whole flow. A step's document is a tuple of verbs in which slots stand for
what changes from call to call, so that it can be compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from ivr.line.flow.conversation import AnyConversation, Effect, Heard, Leads, Phrase, Says
from ivr.twiml import verbs
from ivr.twiml.templates import slot

LISTENING = frozenset({"invalid", "silence", "too_many", "hangup"})
FAILURES = frozenset({"invalid", "silence"})
ALWAYS = frozenset({"trouble", "left", "taken", "gone_on"})  # what can befall a leg wherever it is
SLOWER = "*5"
MORE_TIME = "more_time"  # the hint that is pointless in slow mode
SILENCES = 2  # in a row, and a caller is brought to a person
RUNG = frozenset({"joined", "nobody", "no_carrier"})  # how ringing others can end


def phrases_of(says: Says, talk: AnyConversation) -> tuple[Phrase, ...]:
    """What is said just now."""
    return says(talk) if callable(says) else tuple(zip(says, repeat("")))


@dataclass(frozen=True, slots=True)
class Step:
    """What all kinds share. ``enter`` are effects of arriving, not of a repeated prompt.

    ``meanwhile``: people are rung while the caller is asked, and the first to accept meets the
    caller in the middle of it.
    """

    name: str
    says: Says = ()
    on: Mapping[str, Leads] = field(default_factory=dict)
    enter: tuple[Effect, ...] = ()
    meanwhile: bool = False

    needs = frozenset[str]()  # outcomes that must lead somewhere
    may = frozenset[str]()  # outcomes that may
    waits = True  # whether a turn may end here

    def phrases(self, talk: AnyConversation) -> tuple[Phrase, ...]:
        """What is said on being here."""
        return phrases_of(self.says, talk)

    def notes(self, talk: AnyConversation) -> tuple[Phrase, ...]:
        """What is said of that which has led here."""
        return phrases_of(talk.notes, talk)

    def opening(self, talk: AnyConversation) -> tuple[Phrase, ...]:
        """What its document says."""
        said = self.phrases(talk)
        return (*self.notes(talk), *said) if talk.notes else said

    def variant(self, talk: AnyConversation) -> Any:
        """What else, besides language and phrases, the document's shape depends on."""
        return talk.slow

    def outcome(self, talk: AnyConversation, heard: Heard) -> str:
        """The outcome's name for what was heard."""
        return heard.value

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        """The verbs, with slots."""
        raise TypeError(f"step '{self.name}' is passed through, it has no document")

    @property
    def tries(self) -> int:
        """How many failures lead to ``too_many``; 0 is never."""
        return 0

    @property
    def patience(self) -> int:
        """How many silences in a row do."""
        return SILENCES


HERE, TURN = slot("here"), slot("turn")
ANSWER = f"{HERE}?turn={TURN}"


@dataclass(frozen=True, slots=True)
class Menu(Step):
    """One key chooses.

    A key without a meaning repeats the menu, and so does silence. The second silence in a row is
    ``too_many``, and so is the failure number ``limit`` (silence and wrong keys together): by
    default a caller who keeps pressing wrong keys hears the menu four times.
    """

    timeout: int = 7
    limit: int = 4

    may = frozenset("123456789#") | {"zero", "back", "ended"}

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return LISTENING | (RUNG if self.meanwhile else frozenset())

    @property
    def tries(self) -> int:
        return self.limit

    def outcome(self, talk: AnyConversation, heard: Heard) -> str:
        if heard.kind != "keys":
            return heard.value
        key = heard.value[:1]
        name = {"": "silence", "0": "zero", "*": "back"}.get(key, key)
        return name if name in self.on or name in ("silence", "zero") else "invalid"

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        return (
            verbs.Gather(
                action=ANSWER,
                timeout=self.timeout * (2 if talk.slow else 1),
                num_digits=1,
                finish_on_key="",
                action_on_empty_result=True,
                verbs=spoken,
            ),
        )


@dataclass(frozen=True, slots=True)
class Entry(Step):
    """A number ended by ``#`` or a pause. Star clears, star star goes back, ``0`` alone is zero.
    Star 5 is slow mode, by itself or in front of the number.

    ``hints`` are prompts said after it when the caller has failed: how to get more time, as long as
    there isn't, and how to go back. Nobody has to hear them who needs neither.

    ``reads`` gives the outcome for the digits after the last star, and may note its reading in the
    conversation. ``personal`` keeps what is keyed out of the event log, ``secret`` out of all that
    is stored, and so does an ``unlogged`` outcome: whatever that was, it was not what was asked
    for. ``timeout`` is in seconds, and counts for the first key and between two keys, as that of
    Twilio's <Gather> does.
    """

    reads: Callable[[AnyConversation, str], str] = lambda talk, digits: "accepted"
    personal: bool = False
    secret: bool = False
    unlogged: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset({"accepted"})
    refusals: frozenset[str] = frozenset()
    timeout: int = 5
    limit: int = 3
    silences: int = SILENCES
    hints: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        rung = RUNG if self.meanwhile else frozenset()
        return LISTENING | self.outcomes | self.refusals | rung

    may = frozenset({"zero", "back", "cleared", "slower"})

    @property
    def tries(self) -> int:
        return self.limit

    @property
    def patience(self) -> int:
        return self.silences

    def outcome(self, talk: AnyConversation, heard: Heard) -> str:
        if heard.kind != "keys":
            return heard.value
        pressed, digits = heard.value, heard.value.rpartition("*")[2]
        special = {"": "silence", "0": "zero", SLOWER: "slower"}.get(pressed)
        if special:
            return special
        if pressed.endswith("**"):
            return "back"
        if not digits:
            return "cleared"
        if pressed == f"*{digits}" and pressed.startswith(SLOWER):  # there was nothing to clear
            read = self.reads(talk, digits.removeprefix("5"))
            if read in self.outcomes:
                talk.slow = True
                return read
        return "zero" if digits == "0" else self.reads(talk, digits)

    def phrases(self, talk: AnyConversation) -> tuple[Phrase, ...]:
        hints = self.hints if talk.tries else ()
        return (
            *Step.phrases(self, talk),
            *((hint, "") for hint in hints if not (talk.slow and hint == MORE_TIME)),
        )

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        return (
            verbs.Gather(
                action=ANSWER,
                timeout=self.timeout * (2 if talk.slow else 1),
                action_on_empty_result=True,
                verbs=spoken,
            ),
        )


@dataclass(frozen=True, slots=True)
class RecordStep(Step):
    """A spoken answer, kept as a recording: ended by a key, a pause, or after ``longest`` seconds.

    ``recorded`` comes with its ``sid`` and ``seconds``. Nothing but silence until the pause is
    silence. 0 ends it as any key does, and is the caller's way to a person here too, also while the
    prompt is being said; ``#`` skips that.
    """

    longest: int = 120
    timeout: int = 5
    limit: int = 3

    may = frozenset({"zero"})

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return LISTENING | {"recorded"} | (RUNG if self.meanwhile else frozenset())

    @property
    def tries(self) -> int:
        return self.limit

    def outcome(self, talk: AnyConversation, heard: Heard) -> str:
        if heard.kind != "keys":
            return heard.value
        return {"": "silence", "0": "zero"}.get(heard.value[:1], "invalid")

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        # A <Gather> without a key asks for nothing, and what comes after it is done; nor does one
        # that "#" ends before any digit.
        asked = verbs.Gather(action=ANSWER, timeout=1, num_digits=1, verbs=spoken)
        record = verbs.Record(ANSWER, timeout=self.pause(talk), max_length=self.longest)
        return asked, record

    def pause(self, talk: AnyConversation) -> int:
        """Seconds of silence that end it."""
        return self.timeout * (2 if talk.slow else 1)


@dataclass(frozen=True, slots=True)
class LookUp(Step):
    """A question to the desk's records, answered within the same webhook; nobody waits here."""

    asks: str = ""
    needs = frozenset({"found", "not_found", "too_slow", "hangup"})
    waits = False


@dataclass(frozen=True, slots=True)
class Clicks(Step):
    """A person who works at a page clicks here; nothing is said, and their leg stays where it is.

    The outcomes are the clicks' names; ``value`` in what is heard with one is its argument.
    ``personal`` clicks have one that is kept out of the event log.
    """

    personal: frozenset[str] = frozenset()

    @property
    def may(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset(self.on)


@dataclass(frozen=True, slots=True)
class Branch(Step):
    """Passed through at once: ``next`` leads on, by the first guard that agrees."""

    needs = frozenset({"next"})
    waits = False


@dataclass(frozen=True, slots=True)
class Hold(Step):
    """The caller waits in a queue while people are rung. Keys are heard, so 0 works here too.

    ``says`` is heard at first, ``progress`` each time the wait document comes round again, and
    ``coming`` instead of it while somebody who took the call is on the way.
    """

    queue: str = ""
    progress: Says = ()
    coming: Says = ("connecting",)
    pause: int = 10

    needs = RUNG | {"hangup"}
    may = frozenset("123456789") | {"zero", "back", "again", "later"}

    def outcome(self, talk: AnyConversation, heard: Heard) -> str:
        if heard.kind != "keys":
            return heard.value
        name = {"0": "zero", "*": "back"}.get(heard.value[:1], heard.value[:1])
        return name if name in self.on or name == "zero" else "again"

    def opening(self, talk: AnyConversation) -> tuple[Phrase, ...]:
        return ()  # that is for the wait document, where keys are heard

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        left = f"{HERE}/left?turn={TURN}"
        return (
            *spoken,
            verbs.Enqueue(self.queue, action=left, wait_url=f"{HERE}/wait?queue={self.queue}"),
        )

    def waiting(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        """The wait document: it says, listens for a key, and is asked for again when it ends."""
        return (
            verbs.Gather(
                action=f"{HERE}/held?turn={TURN}",
                timeout=self.pause,
                num_digits=1,
                finish_on_key="",
                verbs=spoken,
            ),
        )


@dataclass(frozen=True, slots=True)
class Talk(Step):
    """In the conference with the others. ``leads``: it ends when this leg goes.

    ``leads`` is never true of a leg that others outlast, since they would lose each other.
    ``star`` lets the leg step out with the star key.
    """

    leads: Callable[[AnyConversation], bool] = lambda talk: False
    star: Callable[[AnyConversation], bool] = lambda talk: False

    needs = frozenset({"ended", "hangup"})
    may = frozenset({"stepped_out", "handed_over"})

    def variant(self, talk: AnyConversation) -> Any:
        return self.leads(talk), self.star(talk)

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        room = verbs.Conference(
            name=slot("room"),
            beep="false",
            end_on_exit=self.leads(talk),
            wait_url=f"{HERE}/meet",
            status_callback=f"{slot('room_here')}",
            status_callback_event="join leave hold",
        )
        talked = f"{HERE}/talked?turn={TURN}"
        return (*spoken, verbs.Dial((room,), action=talked, hangup_on_star=self.star(talk)))


@dataclass(frozen=True, slots=True)
class Dialling(Step):
    """One person is dialled by the document itself: what is left when the REST API is down.

    ``nobody_now``: nobody may be dialled just now, and the caller may wait for somebody.
    ``to_client``: they work with a browser's telephone, so that a <Client> is dialled.
    """

    timeout: int = 20
    to_client: Callable[[AnyConversation], bool] = lambda talk: False

    needs = frozenset({"talked", "next_one", "nobody", "nobody_now", "hangup"})
    may = frozenset({"joined"})

    def variant(self, talk: AnyConversation) -> Any:
        return self.to_client(talk)

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        url, status = f"{slot('leg')}", f"{slot('leg')}/status"
        told: dict[str, Any] = {
            "url": url,
            "status_callback": status,
            "status_callback_event": "completed",
        }
        noun: verbs.Noun
        if self.variant(talk):
            noun = verbs.Client(slot("phone"), **told)
        else:
            noun = verbs.Number(slot("phone"), **told)
        dial = verbs.Dial(
            (noun,),
            action=f"{HERE}/talked?turn={TURN}",
            timeout=self.timeout,
            caller_id=slot("line_number"),
        )
        return (*spoken, dial)


@dataclass(frozen=True, slots=True)
class Customer(Step):
    """A customer who is called back is being rung, isn't there yet, and hears nothing."""

    needs = frozenset({"answered", "unanswered", "unplaced", "ended", "hangup"})

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        return spoken


@dataclass(frozen=True, slots=True)
class Ready(Step):
    """A dialled person's leg hears this, and goes on to the leg that dialled it.

    The two are bridged when there is nothing left to do; the redirect tells when that is
    (https://www.twilio.com/docs/voice/twiml/number).
    """

    needs = frozenset({"hangup"})
    may = frozenset({"ended"})

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        return (*spoken, verbs.Redirect(f"{HERE}/bridged"))


@dataclass(frozen=True, slots=True)
class Goodbye(Step):
    """The last words; then the line hangs up."""

    may = frozenset({"hangup"})

    def document(
        self, talk: AnyConversation, spoken: tuple[verbs.Spoken, ...]
    ) -> tuple[verbs.Verb, ...]:
        return (*spoken, verbs.Hangup())
