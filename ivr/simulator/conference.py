"""Conferences: rooms where legs meet, who hears what in them, and who is told.

https://www.twilio.com/docs/voice/twiml/conference,
https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import format_datetime
from typing import TYPE_CHECKING

from ivr import verbs as v
from ivr.errors import TwiMLError
from ivr.simulator import acts
from ivr.simulator.delivery import Delivery
from ivr.simulator.documents import document_of
from ivr.simulator.leg import Callback, Leg
from ivr.simulator.line import ANNOUNCEMENT, HOLD, ROOM_WAIT, Line, Setting, resolve
from ivr.simulator.player import Player
from ivr.simulator.speech import BEEP, Utterance

if TYPE_CHECKING:
    from ivr.simulator.clock import Bell
    from ivr.simulator.exchange import Exchange

# Why somebody left, and why the room ended: the values of the two Reason… parameters.
HUNG_UP = "participant_hung_up"
MODERATOR_LEFT = "moderator_ended_conference"
UPDATED = "participant_updated_via_api"
ENDED_BY_API = "conference_ended_via_api"


def music() -> acts.Steps:
    """Twilio's own waiting music, which never ends."""
    yield acts.Speak("music")


def waiting_steps(url: str | None, method: str, base: str, setting: Setting) -> acts.Steps | None:
    """What is heard while waiting: Twilio's music (None), nothing ("") or a document."""
    if url is None:
        return music()
    if not url:
        return None
    fetch = acts.Fetch(resolve(base, url), method, waiting=True)
    return Line(setting).run(fetch)


class Seat:
    """A participant: one leg's place in a room; also what the leg's Dial is waiting for."""

    __slots__ = (
        "base",
        "created_at",
        "dial",
        "ends_room",
        "hold",
        "hold_with",
        "leg",
        "limit_bell",
        "muted",
        "noun",
        "player",
        "room",
    )

    def __init__(
        self, room: Room, leg: Leg, player: Player, dial: v.Dial, noun: v.Conference, base: str
    ) -> None:
        self.room = room
        self.leg = leg
        self.player = player
        self.dial = dial
        self.noun = noun
        self.base = base
        self.muted = noun.muted
        self.hold = False
        self.hold_with: tuple[str | None, str] = (None, "GET")
        self.ends_room = noun.end_on_exit
        self.limit_bell: Bell | None = None
        self.created_at = leg.exchange.clock.now()

    @property
    def label(self) -> str:
        return self.noun.label

    # as the engagement of a leg

    def start(self) -> None:
        leg, room = self.leg, self.room
        leg.answer()
        if any(self.label and seat.label == self.label for seat in room.seats.values()):
            leg.exchange.note(
                "warning", 16025, f'"{self.label}" is in the room already', "", leg.sid
            )
            self._done("failed")
        elif len(room.seats) >= self.noun.max_participants:
            self._done("failed")
        else:
            self.limit_bell = leg.exchange.clock.after(self.dial.time_limit, self.star_out)
            room.enter(self)

    def star(self) -> None:
        """ "hangupOnStar": the way out of a room by key; DialCallStatus is answered."""
        if self.dial.hangup_on_star:
            self.star_out()

    def star_out(self) -> None:
        self.room.remove(self, HUNG_UP)
        self._done("answered")

    def leave(self, reason: str) -> acts.Params:
        self._quiet()
        self.room.remove(self, HUNG_UP if reason == "hangup" else UPDATED)
        return self._params("answered") if reason == "hangup" else ()

    def company(self) -> Iterable[Leg]:
        room = self.room
        if room.status != "in-progress" or not self.talks:
            return ()
        return [s.leg for s in room.seats.values() if s is not self and s.talks]

    @property
    def talks(self) -> bool:
        background = self.leg.background
        return not (self.muted or self.hold) and background is None

    def waiting_params(self) -> acts.Params:
        return (("ConferenceSid", self.room.sid),)

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        """waitUrl, HoldUrl: "when it runs out of verbs", silence. A waitUrl that fails ends the Dial."""
        if setting is ANNOUNCEMENT:
            event = f"announcement-{'fail' if error else 'end'}"
            self.room.tell(event, self, "announcement")
            self.room.settle(self)
        elif setting is ROOM_WAIT and error:
            self.room.remove(self, HUNG_UP)
            self._done("failed")

    # by REST

    def mute(self, muted: bool) -> None:
        if muted != self.muted:
            self.muted = muted
            self.room.tell(f"participant-{'mute' if muted else 'unmute'}", self, "mute")

    def put_on_hold(self, hold: bool, url: str | None, method: str) -> None:
        """What is heard follows at once, but not from within the request."""
        if hold != self.hold:
            self.hold, self.hold_with = hold, (url, method)
            self.room.tell(f"participant-{'hold' if hold else 'unhold'}", self, "hold")
            self.leg.exchange.clock.soon(self._hear_hold)

    def _hear_hold(self) -> None:
        if self.leg.engaged is self:
            self.leg.stop_background()
            self.room.settle(self)

    def announce(self, url: str, method: str) -> None:
        """Played to this participant only."""
        self.play(acts.Fetch(url, method, waiting=True))

    def play(self, start: acts.Fetch | acts.Page) -> None:
        if self.leg.engaged is self:
            self.leg.play_over(Line(ANNOUNCEMENT).run(start), ANNOUNCEMENT)

    def end_on_exit(self, ends: bool) -> None:
        if ends != self.ends_room:
            self.ends_room = ends
            self.room.tell("participant-modify", self, "modify")

    def put_out(self, reason: str) -> None:
        """Removed by somebody else; the leg's Dial goes on."""
        if self.leg.engaged is self:
            self.room.remove(self, reason)
            self._done("answered")

    # the end

    def _params(self, status: str) -> acts.Params:
        """No DialCallSid or DialCallDuration for a conference."""
        return (("DialCallStatus", status), ("DialBridged", "true"))

    def _done(self, status: str) -> None:
        self._quiet()
        self.leg.stop_background()
        self.leg.engaged = None
        self.player.soon(acts.Outcome(self._params(status)))

    def _quiet(self) -> None:
        if self.limit_bell is not None:
            self.limit_bell.cancel()
            self.limit_bell = None


class Invitation:
    """Somebody who is being rung by REST to join a room."""

    __slots__ = ("created_at", "leg", "noun")

    def __init__(self, leg: Leg, noun: v.Conference) -> None:
        self.leg = leg
        self.noun = noun
        self.created_at = leg.exchange.clock.now()

    hold = False

    @property
    def muted(self) -> bool:
        return self.noun.muted

    @property
    def ends_room(self) -> bool:
        return self.noun.end_on_exit

    @property
    def label(self) -> str:
        return self.noun.label


class Room:
    """A conference: init until it starts, then in-progress, then completed for ever."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        self.exchange = exchange
        self.sid = exchange.seed.sid("CF")
        self.name = name
        self.status = "init"
        self.seats: dict[str, Seat] = {}  # by the leg's SID
        self.expected: dict[str, Invitation] = {}  # invited by REST, not here yet
        self.callback: Callback | None = None
        self.sequence = 0
        self.created_at = self.updated_at = exchange.clock.now()
        self.ended_by = self.reason = ""

    def __repr__(self) -> str:
        return f"<Room {self.name} {self.status} {len(self.seats)}>"

    # ---- coming and going

    def enter(self, seat: Seat) -> None:
        noun = seat.noun
        self.expected.pop(seat.leg.sid, None)
        if self.callback is None:  # "taken from the first participant"
            events = frozenset(noun.status_callback_event.split())
            url = resolve(seat.base, noun.status_callback) if noun.status_callback else ""
            self.callback = Callback(url, noun.status_callback_method, events)
        self.seats[seat.leg.sid] = seat
        self.tell("participant-join", seat, "join")
        if self.status == "init" and self._may_start():
            self._start()
        else:
            self.settle(seat)
        if noun.beep in ("true", "onEnter"):
            self._beep()

    def _may_start(self) -> bool:
        """ "At least two participants", one of them with startConferenceOnEnter."""
        return len(self.seats) > 1 and any(s.noun.start_on_enter for s in self.seats.values())

    def _start(self) -> None:
        self.status = "in-progress"
        self.updated_at = self.exchange.clock.now()
        for seat in self.seats.values():
            if not seat.hold:
                seat.leg.stop_background()
        self.tell("conference-start", None, "start")

    def settle(self, seat: Seat) -> None:
        """What a participant hears now: on hold, HoldUrl; before the start, waitUrl; else the others."""
        if seat.leg.background is not None or seat.leg.engaged is not seat:
            return
        noun = seat.noun
        if seat.hold:
            setting, steps = HOLD, waiting_steps(*seat.hold_with, "", HOLD)
        elif self.status == "init":
            setting = ROOM_WAIT
            steps = waiting_steps(noun.wait_url, noun.wait_method, seat.base, ROOM_WAIT)
        else:
            return
        if steps is not None:
            seat.leg.play_over(steps, setting)

    def remove(self, seat: Seat, reason: str) -> None:
        """A participant has left; with endConferenceOnExit everybody has to."""
        if self.seats.pop(seat.leg.sid, None) is None:
            return
        self._left(seat, reason)
        kicked = "kicked" if reason == UPDATED else "left"
        if seat.ends_room and self.seats:
            self.end(MODERATOR_LEFT, f"participant-with-end-conference-on-exit-{kicked}", seat)
        elif not self.seats:
            self._complete(f"last-participant-{kicked}", seat)
        elif seat.noun.beep in ("true", "onExit"):
            self._beep()

    def end(self, reason: str, ended: str, by: Seat | None = None) -> None:
        """Everybody is removed; each one's Dial then goes on."""
        seats, self.seats = list(self.seats.values()), {}
        for seat in seats:
            self._left(seat, reason)
            seat.put_out(reason)
        self._complete(ended, by)

    def _left(self, seat: Seat, reason: str) -> None:
        status = (("ParticipantCallStatus", seat.leg.status), ("ReasonParticipantLeft", reason))
        self.tell("participant-leave", seat, "leave", status)

    def _complete(self, reason: str, by: Seat | None) -> None:
        self.status = "completed"
        self.updated_at = self.exchange.clock.now()
        self.reason = reason
        extra = [("ReasonConferenceEnded", reason), ("Reason", reason.replace("-", " "))]
        if by is not None:
            self.ended_by = by.leg.sid
            extra.append(("CallSidEndingConference", by.leg.sid))
            if by.label:
                extra.append(("ParticipantLabelEndingConference", by.label))
        self.tell("conference-end", None, "end", tuple(extra))
        self.exchange.room_ended(self)

    def forget_ended(self) -> None:
        """Those who were invited and didn't come."""
        for sid in [sid for sid, invited in self.expected.items() if invited.leg.ended]:
            del self.expected[sid]

    # ---- what is heard

    def announce(self, url: str, method: str) -> None:
        """Fetch a document once, and play it to everybody."""
        values = {
            "AccountSid": self.exchange.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
        }
        delivery = Delivery(self.exchange, url, method, values)
        if delivery.start(self._announced, patience=True):
            self._announced(delivery)

    def _announced(self, delivery: Delivery) -> None:
        assert delivery.reply is not None
        try:
            document = document_of(delivery.reply, delivery.url)
        except TwiMLError as error:
            self.exchange.note("error", error.code, error.message, delivery.url)
            self.tell("announcement-fail", None, "announcement")
            return
        for flaw in document.warnings:
            self.exchange.note("warning", flaw.code, flaw.message, delivery.url)
        for seat in list(self.seats.values()):
            seat.play(acts.Page(delivery.url, document.verbs))

    def _beep(self) -> None:
        if len(self.seats) > 1:
            for seat in self.seats.values():
                tone = Utterance(self.exchange.clock.now(), "tone", seconds=BEEP)
                tone.complete = True
                seat.leg.hear(tone)

    # ---- who is told

    def tell(
        self, event: str, seat: Seat | None, token: str, extra: acts.Params = acts.NONE
    ) -> None:
        """The conference's own status callback. (docs/voice/twiml/conference#statuscallback)"""
        self.sequence += 1
        callback = self.callback
        if callback is None or not callback.url or token not in callback.events:
            return
        clock = self.exchange.clock
        values = {
            "AccountSid": self.exchange.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "SequenceNumber": str(self.sequence),
            "StatusCallbackEvent": event,
            "Timestamp": format_datetime(clock.now()),
        }
        if seat is not None:
            values |= _participant(seat)
        values.update(extra)
        clock.soon(self._send, callback.url, callback.method, values)

    def _send(self, url: str, method: str, values: dict[str, str]) -> None:
        delivery = Delivery(self.exchange, url, method, values)
        if delivery.start(self._sent):
            self._sent(delivery)

    def _sent(self, delivery: Delivery) -> None:
        reply = delivery.reply
        if reply is not None and (reply.code or reply.status >= 400):
            text = reply.error or f"HTTP {reply.status}"
            self.exchange.note("error", reply.code or 11200, text, delivery.url)


def _participant(seat: Seat) -> dict[str, str]:
    values = {
        "CallSid": seat.leg.sid,
        "Coaching": "false",
        "EndConferenceOnExit": _word(seat.ends_room),
        "Hold": _word(seat.hold),
        "Muted": _word(seat.muted),
        "StartConferenceOnEnter": _word(seat.noun.start_on_enter),
    }
    if seat.label:
        values["ParticipantLabel"] = seat.label
    return values


def _word(value: bool) -> str:
    return "true" if value else "false"
