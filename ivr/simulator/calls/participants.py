"""Participants of a conference: one leg's place in a room, and those who are only invited.

https://www.twilio.com/docs/voice/twiml/conference,
https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.interpreter.interpreter import ANNOUNCEMENT, ROOM_WAIT, Line, Setting
from ivr.simulator.interpreter.speech import saying
from ivr.twiml import verbs as v

if TYPE_CHECKING:
    from ivr.simulator.calls.conference import Room
    from ivr.simulator.network.virtual_clock import Bell

# Why somebody left, and why the room ended: the values of the two Reason… parameters.
NOT_THERE = 16028  # https://www.twilio.com/docs/api/errors/16028
HUNG_UP = "participant_hung_up"
MODERATOR_LEFT = "moderator_ended_conference"
UPDATED = "participant_updated_via_api"
ENDED_BY_API = "conference_ended_via_api"


class Seat:
    """A participant: one leg's place in a room; also what the leg's Dial is waiting for."""

    __slots__ = (
        "announcing",
        "base",
        "coaches",
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
        self.coaches = noun.coach  # the SID of the call whose person alone hears this one
        self.hold = False
        self.announcing = False  # something that only this participant hears
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
        elif self.coaches and self.coaches not in room.seats:
            text = f"{self.coaches} is not in the room, so it can't be coached"
            leg.exchange.note("error", NOT_THERE, text, "", leg.sid)
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
        if self.coaches:  # "only the participant who is being coached can hear"
            coached = room.seats.get(self.coaches)
            return [coached.leg] if coached is not None and coached.talks else []
        return [s.leg for s in room.seats.values() if s is not self and s.talks]

    def spoke(self, text: str) -> None:
        """The "speaker" events; he speaks for as long as it takes to say the words."""
        if self.room.status == "in-progress" and self.talks:
            self.room.tell("participant-speech-start", self, "speaker")
            self.leg.exchange.clock.after(saying(text, ""), self._silent)

    def _silent(self) -> None:
        if self.leg.engaged is self:
            self.room.tell("participant-speech-stop", self, "speaker")

    @property
    def talks(self) -> bool:
        background = self.leg.background
        return not (self.muted or self.hold) and background is None

    def waiting_params(self) -> acts.Params:
        return (("ConferenceSid", self.room.sid),)

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        """waitUrl and HoldUrl end in silence; a waitUrl that fails ends the Dial."""
        if setting is ANNOUNCEMENT:
            self.room.announced(self if self.announcing else None, "fail" if error else "end")
            self.announcing = False
            self.room.settle(self)
        elif setting is ROOM_WAIT and error:
            self.room.remove(self, HUNG_UP)
            self._done("failed")

    # by REST

    def mute(self, muted: bool) -> None:
        if muted != self.muted:
            self.muted = muted
            self.room.tell(f"participant-{'mute' if muted else 'unmute'}", self, "mute")

    def coach(self, sid: str) -> None:
        """Be heard by one participant only, or ("") by all again."""
        if sid != self.coaches:
            self.coaches = sid
            self.room.tell("participant-modify", self, "modify")

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
        self.announcing = True
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
    def coaches(self) -> str:
        return self.noun.coach

    @property
    def muted(self) -> bool:
        return self.noun.muted

    @property
    def ends_room(self) -> bool:
        return self.noun.end_on_exit

    @property
    def label(self) -> str:
        return self.noun.label
