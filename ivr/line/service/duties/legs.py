"""Duties that move the legs of a call: ring a person, join, redirect and hang up legs, hold and
announce, and free people for the next caller."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from ivr.line.desk.hunt import EventName
from ivr.line.errors import NotYet
from ivr.line.outside.carrier import Carrier, LegGone, Refused, Unsure
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.service.rankings import Rankings
from ivr.line.turns.call import hunting
from ivr.line.turns.call.heard import (
    CandidatesRanked,
    HuntTimedOut,
    LegEnded,
    LegPlaced,
    MeetingLasted,
    OutcomeHeard,
    PlacementRefused,
    PlacementUnsure,
    RingLapsed,
    RoomSeen,
)
from ivr.line.turns.call.state import CallState

log = logging.getLogger(__name__)

STILL_THERE = timedelta(seconds=60)  # between two questions whether a leg is still up
ASKED_AGAIN = timedelta(seconds=10)  # between two questions to the carrier about one leg


class LegDuties:
    """Carries out the duties of one line's legs. ``origin`` is the scheme and host at which the
    carrier reaches the line. Each method is a kind of duty; they raise `Refused` and `Unsure`, and
    `NotYet` to be carried out again."""

    def __init__(self, calls: Calls, carrier: Carrier, rankings: Rankings, origin: str) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls
        self.carrier = carrier
        self.rankings = rankings
        self.origin = origin

    def ring(self, duty: Duty) -> None:
        """Ring a person, once. A leg that may have been placed already is never placed again: then
        the duty ``lapse`` decides."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        row, mine = state.legs.rows[attempt], f"{duty.call}/{attempt}"
        if row.state == "over":  # the process that claimed them may have been killed
            self.store.people.release(row.person, mine)
            return
        if duty.attempts > 1 or row.sid or row.state != "ringing":
            return
        if not state.legs.talk(attempt).own.wanted:
            self._status(state, attempt, "no_answer")
            return
        if not self.store.people.claim(row.person, mine):
            self._status(state, attempt, "busy")
            return
        state = self.calls.look(duty.call)
        if state.legs.rows[attempt].state == "over":
            self.store.people.release(row.person, mine)  # its release came before the claim
            return
        self._place(duty, state, attempt)

    def _place(self, duty: Duty, state: CallState, attempt: str) -> None:
        url = self.origin + state.here(attempt)
        try:
            sid = self.carrier.place(
                to=state.legs.rows[attempt].phone,
                shown=state.call.called,
                url=url,
                status=f"{url}/status",
                timeout=duty.data["timeout"],
            )
        except Refused as error:
            more = {"event": "ring.refused", "call": duty.call}
            log.warning("can't ring for call %s: %s", duty.call, error, extra=more)
            self.calls.hear(duty.call, PlacementRefused(attempt), known=state)
        except Unsure as error:
            more = {"event": "ring.unsure", "call": duty.call}
            log.warning("may be ringing for call %s: %s", duty.call, error, extra=more)
            self.calls.hear(duty.call, PlacementUnsure(attempt), known=state)
        else:
            self.calls.hear(duty.call, LegPlaced(attempt, sid), known=state)

    def lapse(self, duty: Duty) -> None:
        self.calls.hear(duty.call, RingLapsed(duty.data["leg"]))

    def hang_up(self, duty: Duty) -> None:
        """End a leg, once its SID is known; a leg that was never placed has none."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        if not attempt:
            self.carrier.hang_up(duty.data["sid"])
            return
        row = state.legs.rows[attempt]
        sid = duty.data.get("sid") or (row.sid if row.state != "over" else "")
        if sid:
            self.carrier.hang_up(sid)
            self._status(state, attempt, "ended")  # its own report may be lost
        elif state.legs.talk(attempt).own.by_dial and not state.dials(attempt):
            self._status(state, attempt, "no_answer")  # it may never have been dialled

    def send(self, duty: Duty) -> None:
        """Redirect a leg to its present document, unless it has fetched that already."""
        state, attempt = self.calls.look(duty.call), duty.data["leg"]
        talk = state.legs.talk(attempt) if attempt else state.caller
        sid = state.legs.rows[attempt].sid if attempt else state.leg_sid
        gone = state.legs.rows[attempt].state == "over" if attempt else state.call.ended_at
        if gone or not sid or talk.seen >= duty.data["turn"]:
            return
        try:
            self.carrier.send(sid, f"{self.origin}{state.here(attempt)}/present")
        except LegGone:
            self._gone(state, attempt)

    def _gone(self, state: CallState, attempt: str) -> None:
        """A leg has ended, and the report of it was lost."""
        if attempt:
            self._status(state, attempt, "ended")
        else:
            self.calls.hear(state.call.sid, OutcomeHeard("hangup"), known=state)

    def hold(self, duty: Duty) -> None:
        state = self.calls.look(duty.call)
        if not state.call.ended_at and state.shared.held == duty.data["held"]:
            url = f"{self.origin}{state.here()}/hold?{urlencode({'language': state.call.language})}"
            self.carrier.hold(f"call-{duty.call}", state.leg_sid, duty.data["held"], url)

    def holder(self, duty: Duty) -> None:
        """While the caller is on hold, the carrier is asked for the leg of whoever put them there:
        in the menu of their telephone they are in no room, so that nothing else tells that they are
        gone."""
        state, leg = self.calls.look(duty.call), duty.data["leg"]
        shared, row = state.shared, state.legs.rows[leg]
        over = state.call.ended_at or row.state == "over"
        if over or not shared.held or shared.holds != duty.data["holds"]:
            return
        self._end_or_ask_again(duty, state, ASKED_AGAIN)

    def announce(self, duty: Duty) -> None:
        state = self.calls.look(duty.call)
        row = state.legs.rows[duty.data["leg"]]
        if row.state == "talking":
            query = urlencode({"says": duty.data["says"], "about": duty.data["about"]})
            url = f"{self.origin}{state.here(duty.data['leg'])}/announce?{query}"
            self.carrier.announce(f"call-{duty.call}", row.sid, url)

    def room(self, duty: Duty) -> None:
        """See to it that somebody who took the call comes together with the caller, and that the
        caller isn't left alone when they are gone: where the carrier hasn't told, it is asked."""
        call, leg = duty.call, duty.data["leg"]
        state = self.calls.look(call)
        row, caller = state.legs.rows[leg], state.shared.caller
        if state.call.ended_at or row.state == "over":
            return
        if row.met:
            self._end_or_ask_again(duty, state, STILL_THERE)
            return
        if row.in_room is None or (caller.in_room is None and not caller.on_hold):
            room, held = self.carrier.participants(f"call-{call}")
            state = self.calls.hear(call, RoomSeen(room, held), known=state).state
            for end, sid in ((leg, row.sid), ("", state.leg_sid)):
                if sid and sid not in held and self.carrier.over(sid):
                    self._gone(state, end)
                    return
        raise NotYet(self.clock.now() + ASKED_AGAIN)

    def meeting(self, duty: Duty) -> None:
        """The two have met, if they are still together."""
        since = datetime.fromisoformat(duty.data["since"])
        self.calls.hear(duty.call, MeetingLasted(duty.data["leg"], since))

    def free(self, duty: Duty) -> None:
        """The call has been over for a while: a leg of it that the carrier hasn't reported is asked
        for, so that it keeps nobody busy."""
        state = self.calls.look(duty.call)
        if state.legs.rows[duty.data["leg"]].state != "over":
            self._end_or_ask_again(duty, state, ASKED_AGAIN)

    def _end_or_ask_again(self, duty: Duty, state: CallState, pause: timedelta) -> None:
        """The duty's leg has ended if the carrier says so, or never rang it; else raise `NotYet`,
        to ask again after the pause."""
        leg = duty.data["leg"]
        sid = state.legs.rows[leg].sid
        if sid and not self.carrier.over(sid):
            raise NotYet(self.clock.now() + pause)
        self._status(state, leg, "ended")

    def release(self, duty: Duty) -> None:
        """Free a person at once, and let the caller who has been waiting longest ring them."""
        person, mine = duty.data["person"], f"{duty.call}/{duty.data['leg']}"
        self.store.people.release(person, mine, self.clock.now(), duty.data["how"])
        self._first_come({person})

    def time_up(self, duty: Duty) -> None:
        self.calls.hear(duty.call, HuntTimedOut(duty.data["hunt"]))

    def look_again(self, duty: Duty) -> None:
        """As long as somebody is looked for, check who may be rung by now."""
        state = self.calls.look(duty.call)
        if not hunting.goes_on(state) or state.shared.hunt.number != duty.data["hunt"]:
            return
        ranking, free = self._free(state)
        if free and not self._first_come(free, duty.call):
            self.calls.hear(duty.call, CandidatesRanked(ranking), known=state)
        after = state.line.config.hunts[state.shared.hunt.name].look_again
        raise NotYet(self.clock.now() + timedelta(seconds=after))

    def _first_come(self, free: set[str], before: str = "") -> bool:
        """Let the first of those who wait ring one of these people; emergencies go first, then who
        has waited longest, as far as they come ``before`` a call. False if nobody did."""
        waiting = self.store.calls.waiting()
        for call in sorted(waiting, key=lambda call: call.data.shared.wish != "E-Down"):
            named = {entry.person for entry in call.data.shared.hunt.ranking}
            if call.sid == before:
                break
            if named & free and self._look(self.calls.read(call)):
                return True
        return False

    def _look(self, state: CallState) -> bool:
        """Have the call hear who may be rung for it now, if it wants somebody to be rung."""
        ranking, free = self._free(state)
        if free:
            self.calls.hear(state.call.sid, CandidatesRanked(ranking), known=state)
        return bool(free)

    def _free(self, state: CallState) -> tuple[list[dict[str, Any]], set[str]]:
        """The ranking of a call that wants somebody to be rung, and who of it may be."""
        rule = state.line.config.hunts.get(state.shared.hunt.name)
        patient = rule is not None and rule.look_again
        if state.hunt is None or not patient or state.hunt.manual or not state.hunt.wants_more():
            return [], set()
        asked = self.rankings.asked(state.shared)
        ranking = self.rankings.people(state.shared, asked).data["ranking"]
        return ranking, {entry["person"] for entry in ranking if not entry["skipped"]}

    def _status(self, state: CallState, attempt: str, status: EventName) -> None:
        self.calls.hear(state.call.sid, LegEnded(attempt, status), known=state)
