"""The legs of one call: who is rung, who has joined, who has left, and the orders of the flows.

Everything here belongs to a `Turn` and changes only what the turn will store. The hunt decides whom
to ring and when to stop; this turns its commands into legs and duties.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr.desk import hunt as hunting
from ivr.desk.hunt import Dismiss, Hunt, Join, Report, Ring, SendOn, StopRinging
from ivr.desk.promises import promise_due, spoken_time
from ivr.rows import Escalation, Note
from ivr.steps import Conversation, outcome

if TYPE_CHECKING:
    from ivr.turn import Turn

LATE = 15  # seconds that a leg's last word may be late before it counts as not answered
UNSURE = 3  # the same, when it isn't even known whether it ever rang
CARRIER_RESTS = timedelta(minutes=2)  # how long the REST API isn't asked again for this call


class Legs:
    """The legs of a turn's call, by attempt."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.shared = turn.shared
        self.rows: dict[str, dict[str, Any]] = turn.call.data["legs"]
        self.claims: list[tuple[str, str]] = []  # people whom a document is about to dial
        self._talks: dict[str, Conversation] = {}
        self._orders: dict[str, Callable[..., None]] = {
            "hunt": self._hunt,
            "next": self._next,
            "hand_over": self._hand_over,
            "accepted": self._accepted,
            "declined": self._declined,
            "no_answer": self._no_answer,
            "hold": self._hold,
            "unhold": self._unhold,
            "escalate": self._escalate,
            "promise": self._promise,
        }

    def talk(self, attempt: str) -> Conversation:
        """The conversation of a leg."""
        if attempt not in self._talks:
            talk = Conversation.from_dict(self.rows[attempt]["talk"], self.shared)
            self._talks[attempt] = talk
        return self._talks[attempt]

    def close(self) -> None:
        """Write the legs that moved back, with their documents."""
        for attempt, talk in self._talks.items():
            row = self.rows[attempt]
            if row["state"] == "talking" and talk.turn not in (row["talk"]["turn"], talk.seen):
                self.send(attempt)
            row["talk"] = talk.to_dict()
            if self.turn.line.person.steps[talk.state].waits:
                row["document"] = self.turn.leg_document(attempt)

    def obey(self, what: str, talk: Conversation, leg: str, data: dict[str, Any]) -> None:
        """Carry out an order that a flow gave."""
        self._orders[what](talk=talk, leg=leg, **data)

    def talking(self) -> list[str]:
        """Who is with the caller, or in his menu and coming back."""
        return [attempt for attempt, row in self.rows.items() if row["state"] == "talking"]

    # --- the hunt ---

    def _hunt(self, name: str, manual: bool = False, **_: Any) -> None:
        """Start ringing those of the last ranking who may be rung and haven't refused this call."""
        if not manual and self._taken_over(name):
            return
        self.stop_hunt()
        rule = self.turn.line.config.hunts[name]
        number = self.shared["hunts"] = self.shared.get("hunts", 0) + 1
        self.shared["hunt"] = {"name": name, "number": number}
        self.shared["by_dial"] = self._carrier_failed_lately()
        self.turn.hunt = Hunt(
            self._willing(),
            at_once=rule.at_once,
            wait_for_more=bool(rule.look_again),
            manual=manual,
            name=f"{number}-",
        )
        if not manual:
            self._timers(number, rule.cap, rule.look_again)
        self.hunt_hears("start")

    def _carrier_failed_lately(self) -> bool:
        failed = self.shared.get("carrier_failed", "")
        return bool(failed) and self.turn.now - datetime.fromisoformat(failed) < CARRIER_RESTS

    def _taken_over(self, name: str) -> bool:
        """An operator left a hunt of this kind behind that still rings: the line goes on with
        it."""
        hunt, rule = self.turn.hunt, self.turn.line.config.hunts[name]
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

    def stop_hunt(self) -> None:
        """Nobody is to be rung for this caller any more."""
        if self.turn.hunt is not None:
            self.hunt_hears("caller_left")

    def hunt_hears(self, event: hunting.EventName, attempt: str = "", people: Any = ()) -> None:
        """Tell the hunt, and carry out what it commands."""
        hunt = self.turn.hunt
        if hunt is None:
            return
        self.turn.changed = True
        for command in hunting.hear(hunt, event, attempt, people):
            match command:
                case Ring(attempt=rung, person=person):
                    self._ring(rung, person)
                case StopRinging(attempt=rung):
                    self._stop_ringing(rung)
                case Join(attempt=rung):
                    self._join(rung)
                case Dismiss(attempt=rung):
                    self.turn.leg_hears(rung, outcome("taken"))
                case Report(attempt=rung, outcome=how):
                    self._report(rung, how)
                case SendOn(outcome=how) if how != "joined":
                    self.turn.caller_hears(outcome("nobody", why=how))
        self._mirror(hunt)
        if self.turn.dialling and hunt.state == "waiting":
            self.hunt_hears("time_up")  # a caller who dials can't wait for somebody to be free

    def _mirror(self, hunt: Hunt) -> None:
        """What flows may know of the hunt."""
        if hunt is self.turn.hunt:
            self.shared["ringing"] = bool(hunt.ringing())
            self.shared["left_to_ring"] = bool(hunt.candidates)

    def _ring(self, attempt: str, person: str) -> None:
        entry = next(each for each in self.shared["ranking"] if each["person"] == person)
        by_dial = self.shared["by_dial"]
        self.rows[attempt] = {
            "person": person,
            "name": entry["name"],
            "phone": entry["phone"],
            "hunt": self.shared["hunt"]["name"],
            "state": "ringing",
            "sid": "",
            "document": "",
            "talk": self._whisper(attempt, entry).to_dict(),
        }
        self.shared["rung"] = {"name": entry["name"], "reason": entry["reason"]}
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
            "title": self.turn.line.config.title,
            "level": self.shared.get("wish", ""),
            "call_language": self.turn.caller.language,
            "wanted": True,
            "by_dial": self.shared["by_dial"],
            "introduced": False,
        }
        return talk

    def _stop_ringing(self, attempt: str) -> None:
        """Nobody needs this leg any more; if its call has begun, it is ended."""
        self.talk(attempt).own["wanted"] = False
        self.turn.duty("hang_up", f"hang_up:{attempt}", lane=attempt, leg=attempt)

    def _report(self, attempt: str, how: str) -> None:
        """Whoever directs the hunt is told, in the conversation and to him alone."""
        if how in ("joined", "nobody", "time_up"):
            return
        says = "candidate_declined" if how == "declined" else "candidate_no_answer"
        for other in self.talking():
            if other != attempt:
                self.turn.duty(
                    "announce", f"announce:{attempt}", leg=other, says=says, about=attempt
                )

    def more(self, ranking: list[dict[str, Any]]) -> None:
        """Who may be rung now; those whom this hunt has rung already are left alone."""
        known = {entry["person"]: entry for entry in self.shared["ranking"]}
        self.shared["ranking"] = list((known | {e["person"]: e for e in ranking}).values())
        self.hunt_hears("more", people=self._willing())

    def look_later(self, round: int) -> None:
        """Look again in a while, as long as this hunt goes on."""
        hunt, name = self.turn.hunt, self.shared["hunt"]["name"]
        after = self.turn.line.config.hunts[name].look_again
        if after and hunt is not None and hunt.state in ("ringing", "waiting"):
            number = self.shared["hunt"]["number"]
            key = f"look_again:{number}:{round}"
            self.turn.duty("look_again", key, after=after, hunt=number, round=round)
            self.turn.changed = True

    # --- without the REST API ---

    def no_carrier(self, attempt: str) -> None:
        """The carrier can't be asked to ring this leg: the caller's own document dials instead."""
        if self.rows[attempt]["state"] != "ringing" or not self.turn.waiting:
            self.leg_status(attempt, "failed")
            return
        self._carrier_failed()
        self.talk(attempt).own["by_dial"] = True
        self._dial(attempt)

    def _carrier_failed(self) -> None:
        self.shared["by_dial"] = True
        self.shared["carrier_failed"] = self.turn.now.isoformat()

    def unsure(self, attempt: str) -> None:
        """It may be ringing or not. This person isn't rung again; if nobody shows, others are."""
        self.rows[attempt]["unsure"] = True
        rule = self.turn.line.config.hunts[self.rows[attempt]["hunt"]]
        after = rule.ring + UNSURE
        self.turn.duty("lapse", f"lapse:{attempt}:unsure", after=after, leg=attempt)
        self.turn.changed = True

    def lapsed(self, attempt: str) -> None:
        """Its time for answering is over without a word."""
        row = self.rows[attempt]
        if row["state"] != "ringing":
            return
        if self.talk(attempt).state != self.turn.line.person.start and not row.get("warned"):
            row["warned"] = True  # picked up, and listening to the whisper
            again = f"lapse:{attempt}:again"
            self.turn.duty("lapse", again, after=2 * LATE, leg=attempt)
            self.turn.changed = True
            return
        if row["sid"]:
            self.turn.duty("hang_up", f"hang_up:{attempt}:lapsed", leg=attempt, sid=row["sid"])
        elif row.get("unsure"):
            self._carrier_failed()
        self.leg_status(attempt, "no_answer")

    def _dial(self, attempt: str) -> None:
        """The caller's next document dials; whoever still waits in the queue leaves it for that."""
        self._point_to(attempt)
        if self.turn.waiting:
            self.turn.caller_hears(outcome("no_carrier"))
        else:
            self.turn.caller_hears(outcome("next_one"))

    def _point_to(self, attempt: str) -> None:
        self.shared["dialled"] = {"leg": attempt, "phone": self.rows[attempt]["phone"]}

    def dialled(self, status: hunting.EventName) -> None:
        """The caller's own <Dial> is over; ``status`` is that leg's last word."""
        self.leg_status(self.shared["dialled"]["leg"], status)

    def caller_talked(self, status: hunting.EventName) -> None:
        """The caller's <Dial> is over though he is still there."""
        if self.turn.dialling:
            self.dialled(status)
        elif not any(self.rows[attempt]["hunt"] == "operator" for attempt in self.talking()):
            self.turn.caller_hears(outcome("ended"))

    # --- a leg answers, joins, ends ---

    def adopt(self, attempt: str, sid: str) -> bool:
        """Whether this leg is the attempt's. A second one is hung up before it speaks."""
        row = self.rows[attempt]
        if row["state"] == "over" or row["sid"] not in ("", sid):
            return False
        if not row["sid"]:
            self.placed(attempt, sid)
        return True

    def left_conference(self, attempt: str) -> None:
        """A leg that is still up is out of the conference: by star, or because that ended."""
        if not self.turn.talking:
            self.turn.leg_hears(attempt, outcome("left"))
        elif not self.turn.leg_hears(attempt, outcome("stepped_out")):
            self.turn.leg_hears(attempt, outcome("ended"))

    def placed(self, attempt: str, sid: str) -> None:
        """The carrier rings; ``sid`` is the leg's."""
        self.turn.changed = True
        row = self.rows[attempt]
        row["sid"] = row["sid"] or sid

    def _accepted(self, leg: str, **_: Any) -> None:
        self.hunt_hears("accepted", leg)

    def _declined(self, leg: str, **_: Any) -> None:
        self.shared.setdefault("refused", []).append(self.rows[leg]["person"])
        self._lost(leg, "declined")

    def _no_answer(self, leg: str, **_: Any) -> None:
        self._lost(leg, "no_answer")

    def _lost(self, attempt: str, how: hunting.EventName) -> None:
        self.turn.tell(f"dial.{how.replace('_', '')}", leg=attempt, by=self._person(attempt))
        self.hunt_hears(how, attempt)

    def _person(self, attempt: str) -> str:
        return str(self.rows[attempt]["person"])

    def _join(self, attempt: str) -> None:
        """This person and the caller meet; both are sent to the conference."""
        others = self.talking()
        self.rows[attempt]["state"] = "talking"
        self.talk(attempt).own["introduced"] = bool(others)
        kind = "operator" if self.rows[attempt]["hunt"] == "operator" else "dial"
        self.turn.tell(f"{kind}.accepted", leg=attempt, by=self._person(attempt))
        if self.shared.get("wish") == "M1" and self.rows[attempt]["hunt"] == "manager":
            self.turn.tell("escalation.accepted", by=self._person(attempt), level="M1")
        self.turn.caller_hears(outcome("joined", leg=attempt))
        self._unhold()

    def send(self, attempt: str = "") -> None:
        """Have a leg (``""`` is the caller's) fetch its present document: it moved without asking.

        It isn't sent if it has come for that document by itself until then.
        """
        turn = self.talk(attempt).turn if attempt else self.turn.caller.turn
        self.turn.duty(
            "send", f"send:{attempt}:{turn}", lane=f"send{attempt}", leg=attempt, turn=turn
        )

    def leg_status(self, attempt: str, status: hunting.EventName) -> None:
        """A leg's last word: ``busy``, ``no_answer``, ``failed`` or ``ended``; said once."""
        row = self.rows[attempt]
        if row["state"] == "over":
            return
        was, row["state"] = row["state"], "over"
        self.turn.changed = True
        self.turn.leg_hears(attempt, outcome("hangup"))
        wanted = self.talk(attempt).own["wanted"]  # else it was stopped by us, not by him
        how = "taken" if was == "talking" else status if wanted else "stopped"
        self._release(attempt, how)
        if was == "ringing":
            self._lost(attempt, "no_answer" if status == "ended" else status)
        else:
            self._left_talk(attempt)

    def _release(self, attempt: str, how: str) -> None:
        person = self._person(attempt)
        self.turn.duty("release", f"release:{attempt}", person=person, leg=attempt, how=how)

    def _left_talk(self, attempt: str) -> None:
        self.turn.tell("transfer.completed" if self.talking() else "talk.ended", leg=attempt)
        self.hunt_hears("ended", attempt)
        if self.turn.dialling:
            self.turn.caller_hears(outcome("talked"))
        elif not self.turn.talking:
            return
        elif not self.talking():
            self._ring_on()
            self.turn.caller_hears(outcome("ended"))
        elif self.shared.get("held"):
            self._unhold()

    def _ring_on(self) -> None:
        """The operator who directed the hunt is gone: whoever he would have rung next is rung."""
        self.shared["held"] = False
        hunt = self.turn.hunt
        if hunt is not None and hunt.manual and not hunt.ringing():
            self.hunt_hears("manual_next")

    def caller_left(self) -> None:
        """Nobody is there any more: stop ringing, and tell who is with him."""
        self.stop_hunt()
        for attempt in self.talking():
            self.turn.leg_hears(attempt, outcome("left"))

    # --- what the operator's menu orders ---

    def _next(self, **_: Any) -> None:
        self.hunt_hears("manual_next")

    def _hand_over(self, leg: str, **_: Any) -> None:
        """The operator leaves the rest to the line; his leg says goodbye and ends."""
        self.rows[leg]["state"] = "over"
        self.turn.tell("operator.passed", leg=leg, by=self._person(leg))
        self._release(leg, "taken")
        if not self.talking():
            self._ring_on()
            self.turn.caller_hears(outcome("handed_over"))
        self._unhold()

    def _hold(self, leg: str, **_: Any) -> None:
        self._set_held(True)

    def _unhold(self, **_: Any) -> None:
        if self.shared.get("held"):
            self._set_held(False)

    def _set_held(self, held: bool) -> None:
        self.shared["held"] = held
        count = self.shared["holds"] = self.shared.get("holds", 0) + 1
        self.turn.duty("hold", f"hold:{count}", lane="hold", held=held)

    # --- what is recorded ---

    def _escalate(self, level: str, set_by: str, **_: Any) -> None:
        """The request counts from now, whatever becomes of the call; who must know is told now."""
        case = self.shared.get("case") or {}
        number = case.get("number") or self.shared.get("keyed", "")
        if self.shared.get("requested"):
            return
        self.shared["wish"] = level
        self.shared["requested"] = {"level": level, "at": self.turn.now.isoformat()}
        self.turn.tell("escalation.requested", level=level, case=number, set_by=set_by)
        self.turn.escalations.append(
            Escalation(
                key=f"{self.turn.call.sid}:{number}:{level}",
                call=self.turn.call.sid,
                case=number,
                level=level,
                requested_by="caller",
                set_by=set_by,
                requested_at=self.turn.now,
            )
        )
        self._note(f"escalation:{number}:{level}", number, f"Escalation {level} requested by phone")
        first = next(iter(self.shared.get("ranking", [])), None)
        told = [first["person"]] if first else []
        for person in dict.fromkeys([*told, *([case["owner"]] if case.get("owner") else [])]):
            self.turn.duty(
                "notify",
                f"notify:{number}:{level}:{person}",
                owner=person,
                case=number,
                level=level,
            )

    def _note(self, key: str, case: str, text: str) -> None:
        sid = self.turn.call.sid
        self.turn.notes.append(
            Note(
                key=f"{sid}:{key}", call=sid, case=case, text=text, author="line", at=self.turn.now
            )
        )

    def _promise(self, number: str, why: str, **_: Any) -> None:
        """A call back, with an owner and a due time, from the moment of the request."""
        if self.shared.get("promise"):
            return
        config, now = self.turn.line.config, self.turn.now
        asked = self.shared.get("requested", {}).get("at")
        requested = now if asked is None else datetime.fromisoformat(asked)
        due = promise_due(requested, config, self.shared["zone"], self.shared.get("wish") or "M1")
        spoken = spoken_time(due, self.shared["zone"])
        reference = f"{int(self.turn.call.sid[-6:], 16) % 1_000_000:06d}"
        self.shared["promise"] = {
            "due": due.isoformat(),
            "spoken": spoken.isoformat(),
            "reference": reference,
        }
        owner = self.shared.get("owner") or ""
        self.turn.duty(
            "call_back",
            "call_back",
            after=(due - now).total_seconds(),
            owner=owner,
            number=number,
            why=why,
            case=(self.shared.get("case") or {}).get("number") or self.shared.get("keyed", ""),
            level=self.shared.get("wish", ""),
            reference=reference,
        )
        self.turn.tell("callback.promised", owner=owner, due=due.isoformat(), why=why)
