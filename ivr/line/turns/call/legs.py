"""The legs of one call: who was rung, who has joined, who is on hold, who has left.

Everything here belongs to a `Turn` and changes only what the turn will store.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr.line.desk.hunt import EventName
from ivr.line.flow.conversation import Conversation, keys, outcome
from ivr.line.turns.call import promises as record

if TYPE_CHECKING:
    from ivr.line.turns.call.turn import Turn


# Who is gone so soon after accepting has hardly met the caller: lost on the way, not done.
HARDLY = timedelta(seconds=8)


class Legs:
    """The legs of a turn's call, by attempt."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.shared = turn.shared
        self.rows: dict[str, dict[str, Any]] = turn.call.data["legs"]
        self._talks: dict[str, Conversation] = {}

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

    def talking(self) -> list[str]:
        """Who is with the caller, or in his menu and coming back."""
        return [attempt for attempt, row in self.rows.items() if row["state"] == "talking"]

    def dialled(self, status: EventName) -> None:
        """The caller's own <Dial> is over; ``status`` is that leg's last word."""
        self.leg_status(self.shared["dialled"]["leg"], status)

    def caller_talked(self, status: EventName) -> None:
        """The caller's <Dial> is over though he is still there."""
        if self.turn.dialling:
            self.dialled(status)
        elif not any(self.rows[attempt]["operator"] for attempt in self.talking()):
            self.turn.caller_hears(outcome("ended"))

    # --- a leg answers, joins, ends ---

    def adopt(self, attempt: str, sid: str) -> bool:
        """Whether this leg is the attempt's. A second one is hung up before it speaks."""
        row = self.rows[attempt]
        if row["state"] == "over" or row["sid"] not in ("", sid):
            return False
        if not row["sid"]:
            self.turn.hear("placed", attempt, sid)
        return True

    def left_conference(self, attempt: str) -> None:
        """A leg that is still up is out of the conference: by star, or because that ended."""
        if not self.turn.talking:
            self.turn.leg_hears(attempt, outcome("left"))
        elif not self.turn.leg_hears(attempt, outcome("stepped_out")):
            self.turn.leg_hears(attempt, outcome("ended"))

    def placed(self, attempt: str, sid: str) -> None:
        """The carrier rings; ``sid`` is the leg's, a customer's who is called back if ``""``."""
        self.turn.changed = True
        if not attempt:
            self.shared["back"]["leg"] = self.shared["back"]["leg"] or sid
            if self.turn.said_all:
                self.let_customer_go()
            return
        row = self.rows[attempt]
        row["sid"] = row["sid"] or sid

    def accepted(self, leg: str) -> None:
        self.turn.hunting.hears("accepted", leg)

    def declined(self, leg: str) -> None:
        self.shared.setdefault("refused", []).append(self.rows[leg]["person"])
        if self.shared.get("requested") and self.rows[leg]["hunt"] == "manager":
            self.turn.tell("escalation.declined", leg=leg, by=self._person(leg))
        self._lost(leg, "declined")

    def later(self, leg: str) -> None:
        """He calls the caller himself, soon: the promise is his."""
        row = self.rows[leg]
        self.shared |= {"owner": row["person"], "calls_in": record.CALLS_IN}
        self.turn.tell("dial.declined", leg=leg, by=row["person"], calls_himself=True)
        self._spare(leg)

    def has_called(self, leg: str) -> None:
        """He has called the customer in his own way: the promise is kept."""
        record.came(self.turn, "kept", by=self._person(leg))
        self.turn.tell("dial.declined", leg=leg, by=self._person(leg), calls_himself=True)
        self._spare(leg)

    def _spare(self, leg: str) -> None:
        """This one is done with it, and nobody else is rung."""
        if self.turn.hunting.hunt is not None:
            self.turn.hunting.hunt.attempts[leg]["state"] = "dismissed"
        self.turn.caller_hears(outcome("later"))

    def let_customer_go(self) -> None:
        """Whoever was to talk to him has gone while his telephone rang."""
        if sid := self.turn.leg_sid:
            self.turn.duty("hang_up", "hang_up:customer", leg="", sid=sid)

    def no_answer(self, leg: str) -> None:
        self._lost(leg, "no_answer")

    def _lost(self, attempt: str, how: EventName) -> None:
        self.turn.tell(f"dial.{how.replace('_', '')}", leg=attempt, by=self._person(attempt))
        self.turn.hunting.hears(how, attempt)

    def _person(self, attempt: str) -> str:
        return str(self.rows[attempt]["person"])

    def join(self, attempt: str) -> None:
        """This person and the caller meet; both are sent to the conference."""
        others = self.talking()
        self.rows[attempt] |= {"state": "talking", "joined_at": self.turn.now.isoformat()}
        self.talk(attempt).own["introduced"] = bool(others)
        kind = "operator" if self.rows[attempt]["operator"] else "dial"
        self.turn.tell(f"{kind}.accepted", leg=attempt, by=self._person(attempt))
        record.accepted(self.turn, attempt)
        record.keep_promise(self.turn, attempt)
        self.turn.caller_hears(outcome("joined", leg=attempt))
        self.unhold()

    def send(self, attempt: str = "") -> None:
        """Have a leg (``""`` is the caller's) fetch its present document: it moved without asking.

        It isn't sent if it has come for that document by itself until then.
        """
        turn = self.talk(attempt).turn if attempt else self.turn.caller.turn
        self.turn.duty(
            "send", f"send:{attempt}:{turn}", lane=f"send{attempt}", leg=attempt, turn=turn
        )

    def leg_status(self, attempt: str, status: EventName) -> None:
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
        self.turn.hunting.hears("ended", attempt)
        if self.turn.dialling:
            self.turn.caller_hears(outcome("talked"))
        elif not self.turn.talking:
            if not self.talking():
                self.turn.caller_hears(outcome("ended"))  # a customer who isn't there yet
            return
        elif not self.talking():
            self.shared["held"] = False
            self.turn.hunting.ring_on()
            joined = datetime.fromisoformat(self.rows[attempt]["joined_at"])
            self.turn.caller_hears(outcome("ended", hardly=self.turn.now - joined < HARDLY))
        elif self.shared.get("held"):
            self.unhold()

    def caller_left(self) -> None:
        """Nobody is there any more: stop ringing, and tell who is with him."""
        self.turn.hunting.stop()
        for attempt in self.talking():
            self.turn.leg_hears(attempt, outcome("left"))

    # --- what an operator orders ---

    def state(self, attempt: str) -> str:
        """How he stands to the caller: ``ringing``, ``listening`` (he has picked up, and accepted
        nothing yet), ``talking`` or ``over``."""
        state = str(self.rows[attempt]["state"])
        picked_up = self.talk(attempt).state != self.turn.line.person.start
        return "listening" if state == "ringing" and picked_up else state

    def click(self, leg: str, key: str) -> None:
        """A click in place of the key that the whisper asks for. Before he has picked up, to accept
        counts when he does; what else he says counts at once, and it rings no longer."""
        if self.state(leg) == "listening":
            self.turn.leg_hears(leg, keys(key))
            if self.rows[leg]["state"] == "ringing":
                self.send(leg)
        elif key == "1":
            self.talk(leg).own["clicked"] = True
        else:
            self.later(leg) if key == "3" else self.declined(leg)
            self.turn.hunting.stop_ringing(leg)

    def let_go(self, leg: str) -> None:
        """He hangs up by a click."""
        sid = self.rows[leg]["sid"]
        self.turn.duty("hang_up", f"hang_up:{leg}:click", leg=leg, sid=sid)

    def hand_over(self, leg: str) -> None:
        """The operator leaves the rest to the line; his leg says goodbye and ends."""
        self.rows[leg]["state"] = "over"
        self.turn.tell("operator.passed", leg=leg, by=self._person(leg))
        self._release(leg, "taken")
        if not self.talking():
            self.shared["held"] = False
            self.turn.hunting.ring_on()
            self.turn.caller_hears(outcome("handed_over"))
        self.unhold()

    def hold(self, leg: str) -> None:
        self._set_held(True)

    def unhold(self, leg: str = "") -> None:
        if self.shared.get("held"):
            self._set_held(False)

    def _set_held(self, held: bool) -> None:
        self.shared["held"] = held
        count = self.shared["holds"] = self.shared.get("holds", 0) + 1
        self.turn.duty("hold", f"hold:{count}", lane="hold", held=held)
