"""Conferences: rooms where legs meet, who hears what in them, and who is told.

https://www.twilio.com/docs/voice/twiml/conference,
https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from ivr.errors import TwiMLError
from ivr.simulator.calls.participants import MODERATOR_LEFT, UPDATED, Invitation, Seat
from ivr.simulator.calls.recordings import callback
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter.interpreter import HOLD, ROOM_WAIT, resolve, waiting_steps
from ivr.simulator.interpreter.speech import BEEP, Utterance
from ivr.simulator.network.routes import Callback
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.documents import document_of

if TYPE_CHECKING:
    from ivr.simulator.exchange import Exchange


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
        self.recorded = False
        self.announcing = False  # something that everybody hears

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
            if self.status == "in-progress":
                self._record()
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
        self._record()

    def _record(self) -> None:
        """ "record-from-start": from when the first two are together; by whoever asked first."""
        asked = [seat for seat in self.seats.values() if seat.noun.record]
        if not asked or self.recorded:
            return
        self.recorded = True
        seat, noun = asked[0], asked[0].noun
        told = noun.recording_status_callback
        self.exchange.recordings.start(
            "Conference",
            seat.leg.sid,
            self.sid,
            callback(
                resolve(seat.base, told) if told else "",
                noun.recording_status_callback_method,
                noun.recording_status_callback_event,
            ),
        )

    def settle(self, seat: Seat) -> None:
        """What a participant hears now: on hold, HoldUrl; before the start, waitUrl."""
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
            self.announcing = True
            self.announced(None, "fail")
            return
        for flaw in document.warnings:
            self.exchange.note(flaw.level, flaw.code, flaw.message, delivery.url)
        self.announcing = True
        for seat in list(self.seats.values()):
            seat.play(acts.Page(delivery.url, document.verbs))

    def announced(self, seat: Seat | None, how: str) -> None:
        """An announcement to one participant, or (once) to all, has ended."""
        if seat is not None or self.announcing:
            self.tell(f"announcement-{how}", seat, "announcement")
        if seat is None:
            self.announcing = False

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
        Delivery(self.exchange, url, method, values).tell()


def _participant(seat: Seat) -> dict[str, str]:
    values = {
        "CallSid": seat.leg.sid,
        "Coaching": _word(bool(seat.coaches)),
        "EndConferenceOnExit": _word(seat.ends_room),
        "Hold": _word(seat.hold),
        "Muted": _word(seat.muted),
        "StartConferenceOnEnter": _word(seat.noun.start_on_enter),
    }
    if seat.coaches:
        values["CallSidToCoach"] = seat.coaches
    if seat.label:
        values["ParticipantLabel"] = seat.label
    return values


def _word(value: bool) -> str:
    return "true" if value else "false"
