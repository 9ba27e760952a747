"""What is asked for on a page is owed a call, as what is asked for by telephone is.

The duty ``owe`` opens a call that nobody made (`ivr.line.values.WebRequest`): it holds the promise,
with an owner and a due time, and from there on there is one way for both.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ivr.line.errors import NotYet
from ivr.line.records import BACK, WEB, Call, Duty
from ivr.line.service.calls import Calls
from ivr.line.turns.call.begin import on_web
from ivr.line.values import Emergency, Owed, WebRequest

LOOK_AGAIN = timedelta(minutes=1)  # while somebody is on the telephone about the same thing


class WebRequests:
    """Carries out duties of the kind ``owe``."""

    def __init__(self, calls: Calls) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls

    def owe(self, duty: Duty) -> None:
        """Promise the call, unless one is promised already or somebody has met the customer since.
        Raises `NotYet` while a caller is put through for the same level of the same case."""
        case, level = duty.data["case"], duty.data["level"]
        sid = f"{WEB}{case}-{duty.id}"
        file = self.store.case_files.load(case)
        known = file.data if file else {}
        if self._met(known, level, duty.data["at"]):
            return
        if self._called_just_now(case, level):
            raise NotYet(self.clock.now() + LOOK_AGAIN, "they are on the telephone about it")
        owes = self._owes(case, duty.data["number"], but=sid)
        if any(each.level == level for each in owes):
            return
        web = self._request(duty, known, owes)
        self.calls.hear(
            sid,
            None,
            fresh=lambda: on_web(self.calls.line, sid, web, self.clock.now()),
        )

    def _request(self, duty: Duty, known: dict[str, Any], owes: list[Owed]) -> WebRequest:
        data, numbers = duty.data, self.calls.line.config.case_numbers
        down = known.get("emergency") if data["level"] == "E-Down" else None
        return WebRequest(
            level=data["level"],
            case=data["case"],
            at=datetime.fromisoformat(data["at"]),
            by=data["by"],
            number=data["number"],
            language=self._spoken(data["language"]),
            zone=data["zone"],
            region=data["region"],
            keyed=numbers.digits_of(data["case"]),
            owner=data["owner_is"],
            owes=owes,
            emergency=Emergency(down["answers"], down["contact"]) if down else None,
        )

    def _spoken(self, language: str) -> str:
        """The language in which they are called: theirs, if the line speaks it."""
        codes = self.calls.line.caller.prompts.codes
        return language if language in codes else codes[0]

    def _met(self, known: dict[str, Any], level: str, asked_at: str) -> bool:
        """Whether somebody of the desk has spoken with them after they asked, or it is over."""
        if level == "E-Down":
            down = known.get("emergency") or {}
            return bool(down.get("manager")) or down.get("state") not in ("declared", "set")
        stands = known.get("levels", {}).get(level) or {}
        return stands.get("state") == "over" or stands.get("accepted_at", "") >= asked_at

    def _called_just_now(self, case: str, level: str) -> bool:
        return any(
            not call.sid.startswith(BACK)
            and call.data.shared.wish == level
            and self._case_of(call) == case
            for call in self.store.calls.open()
        )

    def _owes(self, case: str, number: str, but: str) -> list[Owed]:
        """The calls that are owed for this case already, at the same number: what is owed to
        somebody else about it stays theirs."""
        owed = []
        for duty in self.store.duties.all("call_back", owed=True):
            call = self.store.calls.load(duty.call) if duty.call != but else None
            promise = call.data.shared.promise if call else None
            mine = promise is not None and promise.state == "owed" and promise.number == number
            if call and mine and self._case_of(call) == case:
                owed.append(Owed(call.sid, case, call.data.shared.wish))
        return owed

    def _case_of(self, call: Call) -> str:
        return call.data.shared.case.number(self.calls.line.config.case_numbers)


__all__ = ["WebRequests"]
