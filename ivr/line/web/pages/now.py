"""The desk at one look: who waits, who talks, what is owed, and what reached nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, render_template

from ivr.clock import Clock
from ivr.line.records import Call, Duty
from ivr.line.store.store import Store
from ivr.line.values import needed
from ivr.line.web.pages.call_view import CallView
from ivr.line.web.pages.sign_in import for_page

LATEST = 20  # notices that are shown


@dataclass(frozen=True, slots=True)
class Now:
    """Reads the desk as it is; everything comes out as plain values for a template."""

    store: Store
    clock: Clock

    def calls(self) -> list[CallView]:
        """Every call that goes on."""
        return [CallView(call) for call in self.store.calls.open()]

    def owed(self, owner: str | None = None) -> list[dict[str, Any]]:
        """The promises that aren't kept yet (of one person, if given), the first one due first."""
        duties = self.store.duties.all("call_back", owed=True)
        promised = [(duty, self.store.calls.load(duty.call)) for duty in duties]
        owed = [
            self._promise(duty, call)
            for duty, call in promised
            if call is not None and CallView(call).owed
        ]
        mine = [each for each in owed if owner in (None, each["owner"])]
        return sorted(mine, key=lambda each: str(each["due"]))

    def _promise(self, duty: Duty, call: Call) -> dict[str, Any]:
        promise = needed(CallView(call).promise)
        return {
            "call": duty.call,
            "number": promise.number,
            "owner": promise.owner,
            "due": promise.due,
            "overdue": self.clock.now() >= promise.due,
            "tries": promise.tries,
            "unanswered": promise.unanswered,
            "case": duty.data["case"],
            "why": promise.why,
            "reference": promise.reference,
        }

    def undelivered(self) -> list[dict[str, Any]]:
        """Notices that reached nobody: given up, or with nothing set to deliver them."""
        return [
            {
                "to": notice.owner or notice.data.get("list", ""),
                "what": notice.data["what"].replace("_", " "),
                "case": notice.data.get("case", ""),
                "why": notice.why,
            }
            for notice in self.store.duties.all("notify")[-LATEST:]
            if notice.state != "done"
        ]

    def everything(self) -> dict[str, Any]:
        """What the template ``now.html`` shows."""
        return {"calls": self.calls(), "owed": self.owed(), "undelivered": self.undelivered()}

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("now", __name__)
        blueprint.add_url_rule("/now", "now", for_page("now", self._page))
        app.register_blueprint(blueprint)

    def _page(self) -> str:
        return render_template("now.html", **self.everything())


__all__ = ["Now"]
