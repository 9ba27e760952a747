"""Participants of a conference: legs that are in it, and those that are only invited.

https://www.twilio.com/docs/voice/twiml/conference,
https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import Engagement
from ivr.simulator.calls.recordings import Recording, Recordings, of_dial, told_of
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import Interpreter
from ivr.simulator.interpreter.settings import ANNOUNCEMENT, CAPTURE, CONFERENCE_WAIT, Setting
from ivr.simulator.interpreter.speech import saying
from ivr.simulator.network.virtual_clock import Bell
from ivr.twiml import verbs as v

SAME_LABEL = 16025  # https://www.twilio.com/docs/api/errors/16025
NOT_THERE = 16028  # https://www.twilio.com/docs/api/errors/16028
# Why a participant left, and why the conference ended: the values of the two Reason… parameters.
HUNG_UP = "participant_hung_up"
MODERATOR_LEFT = "moderator_ended_conference"
UPDATED = "participant_updated_via_api"
ENDED_BY_API = "conference_ended_via_api"


class Meeting(Protocol):
    """What a participant asks of its conference."""

    @property
    def sid(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def participants(self) -> Mapping[str, Participant]: ...
    def enter(self, participant: Participant) -> None: ...
    def remove(self, participant: Participant, reason: str) -> None: ...
    def settle(self, participant: Participant) -> None: ...
    def announced(self, participant: Participant | None, how: str) -> None: ...
    def tell(self, event: str, participant: Participant | None, token: str) -> None: ...


class Participant(Engagement[Leg]):
    """One leg's place in a conference; also what the leg's Dial is waiting for."""

    __slots__ = (
        "_held_ends",
        "announcing",
        "base",
        "coaches",
        "conference",
        "created_at",
        "dial",
        "ends_conference",
        "hold",
        "hold_with",
        "leg",
        "limit_bell",
        "muted",
        "noun",
        "player",
        "recording",
        "recordings",
    )

    def __init__(
        self,
        conference: Meeting,
        leg: Leg,
        player: Player,
        dial: v.Dial,
        noun: v.Conference,
        base: str,
        recordings: Recordings,
    ) -> None:
        self.conference = conference
        self.leg = leg
        self.player = player
        self.dial = dial
        self.noun = noun
        self.base = base
        self.muted = noun.muted
        self.coaches = noun.coach  # SID of the only call that hears this one; "" for all
        self.hold = False
        self.announcing = False  # a document that only this participant hears
        self.hold_with: tuple[str | None, str] = (None, "GET")
        self.ends_conference = noun.end_on_exit
        self._held_ends = noun.end_on_exit  # as it was when the hold began
        self.recordings = recordings
        self.recording: Recording | None = None  # of this leg: <Dial record>
        self.limit_bell: Bell | None = None
        self.created_at = leg.network.clock.now()

    @property
    def label(self) -> str:
        return self.noun.label

    def start(self) -> None:
        leg, conference = self.leg, self.conference
        leg.answer()
        labels = [each.label for each in conference.participants.values()]
        if self.label and self.label in labels:
            text = f'"{self.label}" is already in the conference'
            leg.network.note("warning", SAME_LABEL, text, "", leg.sid)
            self._done("failed")
        elif len(conference.participants) >= self.noun.max_participants:
            most = self.noun.max_participants
            text = f"the conference {conference.name} is full: it has {most} participants"
            leg.network.note("warning", 0, text, "", leg.sid)
            self._done("failed")
        elif self.coaches and self.coaches not in conference.participants:
            text = f"{self.coaches} is not in the conference, so it can't be coached"
            leg.network.note("error", NOT_THERE, text, "", leg.sid)
            self._done("failed")
        else:
            self.limit_bell = leg.network.clock.after(self.dial.time_limit, self.star_out)
            if self.dial.record:
                self.recording = of_dial(self.recordings, self.dial, self.base, leg.sid)
            conference.enter(self)

    def star(self) -> None:
        """hangupOnStar: leave the conference by key, with DialCallStatus "answered"."""
        if self.dial.hangup_on_star:
            self.star_out()

    def star_out(self) -> None:
        self.conference.remove(self, HUNG_UP)
        self._done("answered")

    def leave(self, reason: str) -> requests.Params:
        self._quiet()
        self.conference.remove(self, HUNG_UP if reason == "hangup" else UPDATED)
        return self._params("answered")

    def company(self) -> Iterable[Leg]:
        conference = self.conference
        if conference.status != "in-progress" or not self.talks:
            return ()
        if self.coaches:  # "only the participant who is being coached can hear"
            coached = conference.participants.get(self.coaches)
            return [coached.leg] if coached is not None and coached.talks else []
        others = [each for each in conference.participants.values() if each is not self]
        return [each.leg for each in others if each.talks]

    def spoke(self, text: str) -> None:
        """The "speaker" events: from here on for as long as it takes to say the words."""
        if self.conference.status == "in-progress" and self.talks:
            self.conference.tell("participant-speech-start", self, "speaker")
            self.leg.network.clock.after(saying(text, ""), self._silent)

    def _silent(self) -> None:
        if self.leg.engaged is self:
            self.conference.tell("participant-speech-stop", self, "speaker")

    @property
    def talks(self) -> bool:
        background = self.leg.background
        free = background is None or background.setting is CAPTURE
        return free and not (self.muted or self.hold)

    def waiting_params(self) -> requests.Params:
        return (("ConferenceSid", self.conference.sid),)

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        """After waitUrl and HoldUrl there is silence; a waitUrl that fails ends the <Dial>."""
        if setting is ANNOUNCEMENT:
            how = "fail" if error else "end"
            self.conference.announced(self if self.announcing else None, how)
            self.announcing = False
            self.conference.settle(self)
        elif setting is CONFERENCE_WAIT and error:
            self.conference.remove(self, HUNG_UP)
            self._done("failed")

    # ---- by REST

    def _happened(self, what: str) -> None:
        self.leg.network.history.add(self.leg.sid, what, self.conference.name)

    def mute(self, muted: bool) -> None:
        if muted != self.muted:
            self.muted = muted
            self._happened("muted" if muted else "unmuted")
            self.conference.tell(f"participant-{'mute' if muted else 'unmute'}", self, "mute")

    def coach(self, sid: str) -> None:
        """Be heard by one participant only, or (``sid`` "") by all again."""
        if sid != self.coaches:
            self.coaches = sid
            self.conference.tell("participant-modify", self, "modify")

    def put_on_hold(self, hold: bool, url: str | None, method: str) -> None:
        """Hold or resume; what is heard changes at once, but after the REST request."""
        if hold != self.hold:
            self.hold = hold
            self._held_ends = self.ends_conference
            self.hold_with = (url, method)
            self._happened("held" if hold else "resumed")
            self.conference.tell(f"participant-{'hold' if hold else 'unhold'}", self, "hold")
            self.leg.network.clock.soon(self._hear_hold)

    def _hear_hold(self) -> None:
        if self.leg.engaged is self:
            self.leg.stop_background()
            self.conference.settle(self)

    def wait_with(self, url: str | None, method: str) -> None:
        """Wait with another document from now on; the one that plays is broken off."""
        self.noun = replace(self.noun, wait_url=url, wait_method=method)
        if self.conference.status == "init" and not self.hold:
            self.leg.network.clock.soon(self._hear_hold)

    def beep_on_exit(self, beeps: bool) -> None:
        """Whether those who stay hear a tone when this participant leaves."""
        enters = self.noun.beep in ("true", "onEnter")
        words = {(True, True): "true", (True, False): "onEnter", (False, True): "onExit"}
        self.noun = replace(self.noun, beep=words.get((enters, beeps), "false"))

    def announce(self, url: str, method: str) -> None:
        """Play a document to this participant only."""
        self.announcing = True
        self.play(requests.Fetch(url, method))

    def play(self, start: requests.Fetch | requests.Page) -> None:
        if self.leg.engaged is self:
            self.leg.play_over(Interpreter(ANNOUNCEMENT).run(start), ANNOUNCEMENT)

    def end_on_exit(self, ends: bool) -> None:
        if ends != self.ends_conference:
            self.ends_conference = ends
            self.conference.tell("participant-modify", self, "modify")

    @property
    def ends_now(self) -> bool:
        """Whether the conference ends when this participant leaves: what was changed during a hold
        "has no effect until the hold ends"."""
        return self._held_ends if self.hold else self.ends_conference

    def put_out(self, reason: str) -> None:
        """Be removed by REST or by the conference; the leg's document goes on."""
        if self.leg.engaged is self:
            self.conference.remove(self, reason)
            self._done("answered")

    # ---- the end

    def _params(self, status: str) -> requests.Params:
        """The parameters of the action; a conference has no DialCallSid or DialCallDuration."""
        entered = "false" if status == "failed" else "true"
        return (("DialCallStatus", status), ("DialBridged", entered), *told_of(self.recording))

    def _done(self, status: str) -> None:
        self._quiet()
        self.leg.stop_background()
        self.leg.engaged = None
        self.player.soon(requests.Outcome(self._params(status)))

    def _quiet(self) -> None:
        if self.limit_bell is not None:
            self.limit_bell.cancel()
            self.limit_bell = None


class Invitation:
    """A leg that was placed by REST to join a conference, and hasn't joined yet."""

    __slots__ = ("created_at", "leg", "noun")
    hold = False

    def __init__(self, leg: Leg, noun: v.Conference) -> None:
        self.leg = leg
        self.noun = noun
        self.created_at = leg.network.clock.now()

    @property
    def coaches(self) -> str:
        return self.noun.coach

    @property
    def muted(self) -> bool:
        return self.noun.muted

    @property
    def ends_conference(self) -> bool:
        return self.noun.end_on_exit

    @property
    def label(self) -> str:
        return self.noun.label
