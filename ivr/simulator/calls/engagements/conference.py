"""Conferences: where legs meet, who hears what, and their status callbacks.

https://www.twilio.com/docs/voice/twiml/conference,
https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from email.utils import format_datetime

from ivr.errors import TwiMLError
from ivr.simulator.calls.engagements.participants import (
    MODERATOR_LEFT,
    UPDATED,
    Invitation,
    Participant,
)
from ivr.simulator.calls.recordings import Recordings, callback_of
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.interpreter import resolve, waiting_steps
from ivr.simulator.interpreter.settings import CONFERENCE_WAIT, HOLD
from ivr.simulator.interpreter.speech import BEEP, Utterance
from ivr.simulator.network.network import Network
from ivr.simulator.network.routes import Callback
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.documents import document_of

MAX_ENDED = 10_000  # ended conferences that can still be looked up


class Conference:
    """A conference. ``status``: init until it starts, then in-progress, then completed."""

    def __init__(self, conferences: Conferences, name: str) -> None:
        self.conferences = conferences
        self.network = network = conferences.network
        self.sid = network.seed.sid("CF")
        self.name = name
        self.status = "init"
        self.participants: dict[str, Participant] = {}  # by call SID
        self.expected: dict[str, Invitation] = {}  # invited by REST, not joined yet
        self.callback: Callback | None = None
        self.sequence = 0
        self.created_at = self.updated_at = network.clock.now()
        self.ended_by = ""
        self.reason = ""
        self.recorded = False
        self.announcing = False  # a document that everyone hears

    def __repr__(self) -> str:
        return f"<Conference {self.name} {self.status} {len(self.participants)}>"

    # ---- coming and going

    def enter(self, participant: Participant) -> None:
        noun = participant.noun
        self.expected.pop(participant.leg.sid, None)
        if self.callback is None:  # "taken from the first participant"
            events = frozenset(noun.status_callback_event.split())
            url = resolve(participant.base, noun.status_callback) if noun.status_callback else ""
            self.callback = Callback(url, noun.status_callback_method, events)
        self.participants[participant.leg.sid] = participant
        self.network.history.add(participant.leg.sid, "joined", self.name)
        if participant.muted:
            self.network.history.add(participant.leg.sid, "muted", self.name)
        self.tell("participant-join", participant, "join")
        if self.status == "init" and self._may_start():
            self._start()
        else:
            self.settle(participant)
            if self.status == "in-progress":
                self._record()
        if noun.beep in ("true", "onEnter"):
            self._beep()

    def _may_start(self) -> bool:
        """ "At least two participants", one of them with startConferenceOnEnter."""
        people = self.participants.values()
        return len(people) > 1 and any(each.noun.start_on_enter for each in people)

    def _start(self) -> None:
        self.status = "in-progress"
        self.network.history.add("", "started", self.name)
        self.updated_at = self.network.clock.now()
        for participant in self.participants.values():
            if not participant.hold:
                participant.leg.stop_background()
        self.tell("conference-start", None, "start")
        self._record()

    def _record(self) -> None:
        """Record from the start, as the first participant with ``record`` asks for."""
        first = next((each for each in self.participants.values() if each.noun.record), None)
        if first is None or self.recorded:
            return
        self.recorded = True
        callback = callback_of(first.noun, first.base)
        self.conferences.recordings.start("Conference", first.leg.sid, self.sid, callback)

    def settle(self, participant: Participant) -> None:
        """Play what a participant hears now: HoldUrl on hold, waitUrl before the start."""
        if participant.leg.background is not None or participant.leg.engaged is not participant:
            return
        noun = participant.noun
        if participant.hold:
            setting, steps = HOLD, waiting_steps(*participant.hold_with, "", HOLD)
        elif self.status == "init":
            setting = CONFERENCE_WAIT
            steps = waiting_steps(noun.wait_url, noun.wait_method, participant.base, setting)
        else:
            return
        if steps is not None:
            participant.leg.play_over(steps, setting)

    def remove(self, participant: Participant, reason: str) -> None:
        """A participant has left; with endConferenceOnExit, everyone has to."""
        if self.participants.pop(participant.leg.sid, None) is None:
            return
        self._left(participant, reason)
        kicked = "kicked" if reason == UPDATED else "left"
        if participant.ends_now and self.participants:
            ended = f"participant-with-end-conference-on-exit-{kicked}"
            self.end(MODERATOR_LEFT, ended, participant)
        elif not self.participants:
            self._complete(f"last-participant-{kicked}", participant)
        elif participant.noun.beep in ("true", "onExit"):
            self._beep()

    def end(self, reason: str, ended: str, by: Participant | None = None) -> None:
        """Remove everyone; each participant's document then goes on."""
        participants = list(self.participants.values())
        self.participants = {}
        for participant in participants:
            self._left(participant, reason)
            participant.put_out(reason)
        self._complete(ended, by)

    def _left(self, participant: Participant, reason: str) -> None:
        self.network.history.add(participant.leg.sid, "left", self.name)
        status = ("ParticipantCallStatus", participant.leg.status)
        extra = (status, ("ReasonParticipantLeft", reason))
        self.tell("participant-leave", participant, "leave", extra)

    def _complete(self, reason: str, by: Participant | None) -> None:
        self.status = "completed"
        self.updated_at = self.network.clock.now()
        self.reason = reason
        extra = [("ReasonConferenceEnded", reason), ("Reason", reason.replace("-", " "))]
        if by is not None:
            self.ended_by = by.leg.sid
            extra.append(("CallSidEndingConference", by.leg.sid))
            if by.label:
                extra.append(("ParticipantLabelEndingConference", by.label))
        self.tell("conference-end", None, "end", tuple(extra))
        self.conferences.ended(self)

    def forget_ended(self) -> None:
        """Drop the invitations whose calls have ended without joining."""
        for sid in [sid for sid, invited in self.expected.items() if invited.leg.ended]:
            del self.expected[sid]

    # ---- what is heard

    def announce(self, url: str, method: str) -> None:
        """Request a document once, and play it to everyone."""
        values = {
            "AccountSid": self.network.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
        }
        delivery = Delivery(self.network, url, method, values)
        if delivery.start(self._announced, patience=True):
            self._announced(delivery)

    def _announced(self, delivery: Delivery) -> None:
        assert delivery.reply is not None
        try:
            document = document_of(delivery.reply, delivery.url)
        except TwiMLError as error:
            self.network.note("error", error.code, error.message, delivery.url)
            self.announcing = True
            self.announced(None, "fail")
            return
        for flaw in document.warnings:
            self.network.note(flaw.level, flaw.code, flaw.message, delivery.url)
        self.announcing = True
        for participant in list(self.participants.values()):
            participant.play(requests.Page(delivery.url, document.verbs))

    def announced(self, participant: Participant | None, how: str) -> None:
        """An announcement to one participant, or to all (participant None), has ended."""
        if participant is not None or self.announcing:
            self.tell(f"announcement-{how}", participant, "announcement")
        if participant is None:
            self.announcing = False

    def _beep(self) -> None:
        if len(self.participants) > 1:
            for participant in self.participants.values():
                tone = Utterance(self.network.clock.now(), "tone", seconds=BEEP)
                tone.complete = True
                participant.leg.hear(tone)

    # ---- status callbacks

    def tell(
        self,
        event: str,
        participant: Participant | None,
        token: str,
        extra: requests.Params = requests.NONE,
    ) -> None:
        """Send the conference's status callback. (docs/voice/twiml/conference#statuscallback)"""
        self.sequence += 1
        callback = self.callback
        if callback is None or not callback.url or token not in callback.events:
            return
        clock = self.network.clock
        values = {
            "AccountSid": self.network.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "SequenceNumber": str(self.sequence),
            "StatusCallbackEvent": event,
            "Timestamp": format_datetime(clock.now()),
        }
        if participant is not None:
            values |= _participant(participant)
        values.update(extra)
        clock.soon(self._send, callback.url, callback.method, values)

    def _send(self, url: str, method: str, values: dict[str, str]) -> None:
        Delivery(self.network, url, method, values).tell()


class Conferences:
    """All conferences of a network, by SID; those that haven't ended by name as well."""

    def __init__(self, network: Network, recordings: Recordings) -> None:
        self.network = network
        self.recordings = recordings
        self._by_sid: dict[str, Conference] = {}
        self._open: dict[str, Conference] = {}
        self._ended: deque[str] = deque()

    def __iter__(self) -> Iterator[Conference]:
        return iter(list(self._by_sid.values()))

    def get(self, sid: str) -> Conference | None:
        return self._by_sid.get(sid)

    def named(self, name: str) -> Conference | None:
        """The conference of that name that hasn't ended."""
        return self._open.get(name)

    def open(self, name: str) -> Conference:
        """The conference of that name; a new one if there is none, or the last one has ended."""
        conference = self._open.get(name)
        if conference is None:
            conference = self._open[name] = Conference(self, name)
            self._by_sid[conference.sid] = conference
        return conference

    def ended(self, conference: Conference) -> None:
        """It can still be looked up by its SID, until many more have ended."""
        self.recordings.over(conference.sid)
        if self._open.get(conference.name) is conference:
            del self._open[conference.name]
        self._ended.append(conference.sid)
        while len(self._ended) > MAX_ENDED:
            self._by_sid.pop(self._ended.popleft(), None)


def _participant(participant: Participant) -> dict[str, str]:
    values = {
        "CallSid": participant.leg.sid,
        "Coaching": _word(bool(participant.coaches)),
        "EndConferenceOnExit": _word(participant.ends_conference),
        "Hold": _word(participant.hold),
        "Muted": _word(participant.muted),
        "StartConferenceOnEnter": _word(participant.noun.start_on_enter),
    }
    if participant.coaches:
        values["CallSidToCoach"] = participant.coaches
    if participant.label:
        values["ParticipantLabel"] = participant.label
    return values


def _word(value: bool) -> str:
    return "true" if value else "false"
