"""The hunt of one call: whom it rings next, how, and what becomes of who doesn't answer.

`ivr.line.desk.hunt` decides; this turns its commands into legs and duties, and falls back on the
caller's own documents when the carrier can't be asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr.line.desk import hunt as rules
from ivr.line.desk.hunt import (
    Dismiss,
    EventName,
    Hunt,
    Join,
    Report,
    Ring,
    SendOn,
    StopRinging,
)
from ivr.line.flow.conversation import Conversation, outcome

if TYPE_CHECKING:
    from ivr.line.turns.call.turn import Turn

LATE = 15  # seconds that a leg's last word may be late before it counts as not answered
UNSURE = 3  # the same, when it isn't even known whether it ever rang
CARRIER_RESTS = timedelta(minutes=2)  # how long the REST API isn't asked again for this call


class Hunting:
    """The search for somebody who takes a turn's call."""

    def __init__(self, turn: Turn, hunt: Hunt | None) -> None:
        self.turn, self.hunt, self.shared = turn, hunt, turn.shared
        self.claims: list[tuple[str, str]] = []  # people whom a document is about to dial

    def start(self, name: str, manual: bool = False, first: str = "") -> None:
        """Start ringing those of the last ranking who may be rung and haven't refused this call;
        ``first`` in front of them, whoever that is."""
        if not manual and (self._goes_on(name) or self._taken_over(name)):
            return
        if self.turn.meanwhile and self._carrier_failed_lately():
            return  # a document can dial only when it asks nothing
        self.stop()
        rule = self.turn.line.config.hunts[name]
        number = self.shared["hunts"] = self.shared.get("hunts", 0) + 1
        self.shared["hunt"] = {"name": name, "number": number}
        self.shared["asking"] = self.turn.meanwhile
        self.shared["by_dial"] = self._carrier_failed_lately()
        self.hunt = Hunt(
            [*([first] if first else []), *self._willing()],
            at_once=1 if self.shared["by_dial"] else rule.at_once,
            wait_for_more=bool(rule.look_again),
            manual=manual,
            name=f"{number}-",
        )
        if not manual:
            self._timers(number, rule.cap, rule.look_again)
        self.hears("start")

    def _carrier_failed_lately(self) -> bool:
        failed = self.shared.get("carrier_failed", "")
        return bool(failed) and self.turn.now - datetime.fromisoformat(failed) < CARRIER_RESTS

    def _goes_on(self, name: str) -> bool:
        """This very hunt has begun while the caller was being asked: now he waits for it."""
        going = self.hunt is not None and self.hunt.state in ("ringing", "waiting")
        return bool(going and self.shared["hunt"]["name"] == name and self.shared.get("asking"))

    def _taken_over(self, name: str) -> bool:
        """An operator left a hunt that still rings: the line goes on with it."""
        hunt, rule = self.hunt, self.turn.line.config.hunts[name]
        if hunt is None or not hunt.manual or not hunt.ringing():
            return False
        hunt.manual = False
        self._timers(self.shared["hunt"]["number"], rule.cap, rule.look_again)
        return True

    def _timers(self, number: int, cap: int, look_again: int) -> None:
        self.turn.duty("time_up", f"time_up:{number}", after=cap, hunt=number)
        if look_again:
            self.turn.duty(
                "look_again", f"look_again:{number}:1", after=look_again, hunt=number, round=1
            )

    def _willing(self) -> list[str]:
        refused = self.shared.get("refused", [])
        return [
            entry["person"]
            for entry in self.shared.get("ranking", [])
            if not entry["skipped"] and entry["person"] not in refused
        ]

    def stop(self) -> None:
        """Nobody is to be rung for this caller any more."""
        if self.hunt is not None:
            self.hears("caller_left")

    def hears(self, event: EventName, attempt: str = "", people: Any = ()) -> None:
        """Tell the hunt, and carry out what it commands."""
        hunt = self.hunt
        if hunt is None:
            return
        self.turn.changed = True
        for command in rules.hear(hunt, event, attempt, people):
            match command:
                case Ring(attempt=rung, person=person):
                    self._ring(rung, person)
                case StopRinging(attempt=rung):
                    self.stop_ringing(rung)
                case Join(attempt=rung):
                    self.turn.legs.join(rung)
                case Dismiss(attempt=rung):
                    self.turn.leg_hears(rung, outcome("taken"))
                case Report(attempt=rung, outcome=how):
                    self._report(rung, how)
                case SendOn(outcome=how) if how != "joined":
                    self.turn.caller_hears(outcome("nobody", why=how))
        self._mirror(hunt)
        if self.turn.dialling and hunt.state == "waiting":
            self.hears("time_up")  # a caller who dials can't wait for somebody to be free

    def _mirror(self, hunt: Hunt) -> None:
        """What flows may know of the hunt."""
        if hunt is self.hunt:
            self.shared["ringing"] = bool(hunt.ringing())
            going = hunt.state in ("ringing", "waiting")
            self.shared["left_to_ring"] = going and bool(hunt.candidates)

    def _ring(self, attempt: str, person: str) -> None:
        entry = next(each for each in self.shared["ranking"] if each["person"] == person)
        by_dial = self.shared["by_dial"]
        self.turn.legs.rows[attempt] = {
            "person": person,
            "name": entry["name"],
            "phone": entry["phone"],
            "hunt": self.shared["hunt"]["name"],
            "operator": entry["reason"] == "operator",
            "state": "ringing",
            "sid": "",
            "document": "",
            "talk": self._whisper(attempt, entry).to_dict(),
        }
        self.shared["rung"] = {"name": entry["name"], "reason": entry["reason"]}
        if entry["reason"] == "operator":
            self.turn.tell("operator.offered", leg=attempt, person=person)
        self.turn.tell("dial.started", leg=attempt, person=person, reason=entry["reason"])
        if by_dial:
            self.claims.append((entry["person"], attempt))
            self._dial(attempt)
        else:
            rule = self.turn.line.config.hunts[self.shared["hunt"]["name"]]
            self.turn.duty("ring", f"ring:{attempt}", lane=attempt, leg=attempt, timeout=rule.ring)
            self.turn.duty("lapse", f"lapse:{attempt}", after=rule.ring + LATE, leg=attempt)

    def _whisper(self, attempt: str, entry: dict[str, Any]) -> Conversation:
        flow, codes = self.turn.line.person, self.turn.line.person.prompts.codes
        spoken = [code for code in entry["languages"] if code in codes]
        talk = flow.begin(spoken[0] if spoken else codes[0], self.shared)
        talk.own = {
            "person": entry["person"],
            "hunt": self.shared["hunt"]["name"],
            "operator": entry["reason"] == "operator",
            "title": self.turn.line.config.title,
            "level": self.shared.get("wish", ""),
            "call_language": self.turn.caller.language,
            "wanted": True,
            "by_dial": self.shared["by_dial"],
            "introduced": False,
        }
        return talk

    def take(self, entry: dict[str, Any]) -> None:
        """An operator comes forward: he is rung beside the others, and accepts by picking up.

        Nothing, when somebody else has come forward before, or is with the caller.
        """
        hunt, taken = self.hunt, any(talk.own.get("clicked") for talk in self._ringing())
        if hunt is None or taken or self.shared["by_dial"] or self.turn.talking:
            return
        person = entry["person"]
        others = [each for each in self.shared["ranking"] if each["person"] != person]
        self.shared["ranking"] = [*others, entry]
        self.hears("take", people=(person,))
        for attempt in hunt.ringing():
            if hunt.attempts[attempt]["person"] == person:
                self.turn.legs.talk(attempt).own["clicked"] = True

    def _ringing(self) -> list[Conversation]:
        hunt = self.hunt
        return [self.turn.legs.talk(attempt) for attempt in hunt.ringing()] if hunt else []

    def ring(self, person: str) -> None:
        """Whoever has the caller chooses who is rung; those after him come when he says so."""
        if any(entry["person"] == person for entry in self.shared["ranking"]):
            self.start("manager", manual=True, first=person)

    def stop_ringing(self, attempt: str) -> None:
        """Nobody needs this leg any more; if its call has begun, it is ended."""
        self.turn.legs.talk(attempt).own["wanted"] = False
        self.turn.duty("hang_up", f"hang_up:{attempt}", lane=attempt, leg=attempt)

    def _report(self, attempt: str, how: str) -> None:
        """Whoever directs the hunt is told, in the conversation and to him alone."""
        if how in ("joined", "nobody", "time_up"):
            return
        says = "candidate_declined" if how == "declined" else "candidate_no_answer"
        for other in self.turn.legs.talking():
            if other != attempt:
                self.turn.duty(
                    "announce", f"announce:{attempt}", leg=other, says=says, about=attempt
                )

    def more(self, ranking: list[dict[str, Any]]) -> None:
        """Who may be rung now; those whom this hunt has rung already are left alone."""
        known = {entry["person"]: entry for entry in self.shared["ranking"]}
        self.shared["ranking"] = list((known | {e["person"]: e for e in ranking}).values())
        self.hears("more", people=self._willing())

    def time_up(self, number: int) -> None:
        """The time of hunt ``number`` is up, if that is the one that still goes on."""
        if (self.shared.get("hunt") or {}).get("number") == number:
            self.hears("time_up")

    def look_later(self, round: int) -> None:
        """Look again in a while, as long as this hunt goes on."""
        hunt, name = self.hunt, self.shared["hunt"]["name"]
        after = self.turn.line.config.hunts[name].look_again
        if after and hunt is not None and hunt.state in ("ringing", "waiting"):
            number = self.shared["hunt"]["number"]
            key = f"look_again:{number}:{round}"
            self.turn.duty("look_again", key, after=after, hunt=number, round=round)
            self.turn.changed = True

    # --- without the REST API ---

    def no_carrier(self, attempt: str) -> None:
        """The carrier can't be asked to ring this leg: the caller's own document dials instead."""
        row = self.turn.legs.rows[attempt]
        if row["state"] != "ringing" or not self.turn.waiting:
            if row["state"] == "ringing" and self.turn.dialling and self.hunt is not None:
                self.hunt.candidates.insert(0, row["person"])  # he is dialled after this one
            self.turn.legs.leg_status(attempt, "failed")
            return
        self._carrier_failed()
        self.turn.legs.talk(attempt).own["by_dial"] = True
        self._dial(attempt)

    def _carrier_failed(self) -> None:
        self.shared["by_dial"] = True
        self.shared["carrier_failed"] = self.turn.now.isoformat()
        if self.hunt is not None:
            self.hunt.at_once = 1  # a document dials one after the other

    def unsure(self, attempt: str) -> None:
        """It may be ringing or not. This person isn't rung again; if nobody shows, others are."""
        self.turn.legs.rows[attempt]["unsure"] = True
        rule = self.turn.line.config.hunts[self.turn.legs.rows[attempt]["hunt"]]
        after = rule.ring + UNSURE
        self.turn.duty("lapse", f"lapse:{attempt}:unsure", after=after, leg=attempt)
        self.turn.changed = True

    def lapsed(self, attempt: str) -> None:
        """Its time for answering is over without a word."""
        row = self.turn.legs.rows[attempt]
        if row["state"] != "ringing":
            return
        if self.turn.legs.talk(attempt).state != self.turn.line.person.start and not row.get(
            "warned"
        ):
            row["warned"] = True  # picked up, and listening to the whisper
            again = f"lapse:{attempt}:again"
            self.turn.duty("lapse", again, after=2 * LATE, leg=attempt)
            self.turn.changed = True
            return
        if row["sid"]:
            self.turn.duty("hang_up", f"hang_up:{attempt}:lapsed", leg=attempt, sid=row["sid"])
        elif row.get("unsure"):
            self._carrier_failed()
        self.turn.legs.leg_status(attempt, "no_answer")

    def _dial(self, attempt: str) -> None:
        """The caller's next document dials; whoever still waits in the queue leaves it for that.

        Who is being asked something can't dial just now; he will when he waits.
        """
        if self.turn.meanwhile or "back" in self.shared:
            self.turn.legs.leg_status(attempt, "failed")
            return
        self._point_to(attempt)
        if self.turn.waiting:
            self.turn.caller_hears(outcome("no_carrier"))
        else:
            self.turn.caller_hears(outcome("next_one"))

    def _point_to(self, attempt: str) -> None:
        self.shared["dialled"] = {"leg": attempt, "phone": self.turn.legs.rows[attempt]["phone"]}

    def ring_on(self) -> None:
        """The operator who directed the hunt is gone: whoever he would have rung next is rung."""
        if self.hunt is not None and self.hunt.manual and not self.hunt.ringing():
            self.hears("manual_next")
