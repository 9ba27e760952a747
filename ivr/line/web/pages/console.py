"""The operator's console, and the card of a call on everybody's own desk.

A click is heard by the same turn that hears keys (`ivr.line.turns.call.turn.CallTurn.hear`),
so telephone and page are one way. What concerns the case alone goes through
`ivr.line.service.cases.Cases`, as on the case's own page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, session
from werkzeug.wrappers import Response

from ivr.line.desk.emergency import CATEGORIES, REACH
from ivr.line.desk.events import Event
from ivr.line.desk.phone_numbers import dialled
from ivr.line.desk.roles import CLICKS, may, may_click
from ivr.line.errors import CaseError
from ivr.line.service.services import Services
from ivr.line.store.streams import ACCESS
from ivr.line.turns.call.heard import Clicked
from ivr.line.web.pages.call_view import CallView
from ivr.line.web.pages.card import Leg
from ivr.line.web.pages.case_forms import ASKED, is_count, key_of
from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.sign_in import for_page, signed_in
from ivr.line.web.pages.words import Words

SHOWN_ONCE = 20  # calls whose card this session is known to have seen


class Console:
    """The page of the people who take calls, and the clicks on it."""

    def __init__(self, services: Services, shown: Shown, words: Words) -> None:
        self.store = services.store
        self.calls = services.calls
        self.cases = services.cases
        self.config = services.line.config
        self.shown = shown
        self.cards = shown.cards
        self.words = words
        self.blueprint = Blueprint("console", __name__)
        rule = self.blueprint.add_url_rule
        rule("/console", "console", for_page("console", self.page))
        rule("/take/<sid>", "take", for_page("console", self.take), methods=["POST"])
        rule("/click/<click>", "click", signed_in(self.click), methods=["POST"])
        rule("/emergency", "emergency", signed_in(self.emergency), methods=["POST"])

    def install(self, app: Flask) -> None:
        app.register_blueprint(self.blueprint)
        app.context_processor(lambda: {"my_card": self.my_card})

    # --- what is shown ---

    def page(self) -> str:
        """Who waits, and one's own call."""
        return render_template("console.html", queue=self.cards.waiting())

    def my_card(self) -> dict[str, Any]:
        """What the card shows of one's own call; a look at somebody's case is on record."""
        card = self.cards.card(g.login.person)
        if card["state"] != "connected":
            return card
        self._looked(card["leg"], card["call"]["number"])
        return card | {
            "clicks": {click for click in CLICKS if may_click(g.login.roles, click)},
            "may": {what for what in ASKED if may(g.login.roles, what)},
            "levels": [level.code for level in self.config.levels],
            "severities": self._severities(),
            "categories": CATEGORIES,
            "reach": REACH,
        }

    def _severities(self) -> list[tuple[str, str]]:
        language = self.words.language()
        return [
            (each.code, self.config.severity_name(each.code, language))
            for each in self.config.offered(wished=False)
        ]

    def _looked(self, leg: Leg, number: str) -> None:
        """Once for a call and case, though the card is drawn again and again."""
        seen, this = session.get("seen_cards", []), f"{leg.call.sid} {number}"
        if not number or this in seen:
            return
        by, now = g.login.person or g.login.id, self.calls.clock.now()
        data = {"case": number, "call": leg.call.sid}
        self.store.logs.append(ACCESS, Event("access.viewed", now, by, data))
        session["seen_cards"] = [*seen, this][-SHOWN_ONCE:]

    # --- what is clicked ---

    def take(self, sid: str) -> Response:
        """An operator takes a waiting caller; the first to click gets the call."""
        person = self.store.people.get(g.login.person)
        if person is None:
            abort(403)
        if person.busy_with:
            return self._said("take_busy", kind="error")
        call = self.store.calls.load(sid)
        if call is None or call.ended_at:
            return self._said("take_gone", kind="error")
        self._hear(sid, "", "take", person.id)
        people = CallView(self.calls.look(sid).call).people
        mine = person.id in [each.person for each in people]
        return redirect(self._back()) if mine else self._said("take_lost", kind="error")

    def click(self, click: str) -> Response:
        """One button of the card. What isn't possible any more is said, and changes nothing; what
        was done isn't said: the card is drawn from the state that it has led to."""
        if not may_click(g.login.roles, click):
            abort(403)
        leg = self._mine()
        if leg is None:
            return self._said("call_over", kind="error")
        value = ARGUMENTS.get(click, _none)(self, request.form, leg)
        if value is None:
            return self._said(f"wrong_{click}", kind="error")
        if not self._hear(leg.call.sid, leg.attempt, click, value):
            return self._said("not_now", kind="error")
        return redirect(self._back())  # the card shows what has come of it

    def emergency(self) -> Response:
        """The questionnaire of an outage: as answers, or with Enterprise Down set."""
        leg, what = self._mine(), request.form.get("what", "declare")
        if leg is None:
            return self._said("call_over", kind="error")
        if not may(g.login.roles, what) or what not in ("declare", "set_emergency"):
            abort(403)
        if what == "set_emergency" and not request.form.get("stopped"):
            return self._said("not_sure", kind="error")
        shown = self.cards.connected(leg)
        try:
            data = ASKED[what](request.form)
            if shown["number"]:
                self._on_case(leg, shown["number"], what, data)
        except CaseError as error:
            flash(f"{self.words.text('problem')} {self.words.error(error)}", "error")
            return redirect(self._back())
        told = {k: v for k, v in data["answers"].items() if k in COUNTED}
        self._hear(leg.call.sid, leg.attempt, "emergency", "", answers=_counted(told))
        return self._said("did_set_emergency" if what == "set_emergency" else "did_emergency")

    def _on_case(self, leg: Leg, number: str, what: str, data: dict[str, Any]) -> None:
        file = self.store.case_files.load(number)
        standing = ((file.data.get("emergency") or {}) if file else {}).get("state")
        if what == "declare" and standing in ("declared", "set"):
            what = "answer"
        key = f"{key_of(request.form, g.login.id, number)}:{what}"
        by, call = g.login.person, leg.call.sid
        self.cases.hear(number, what, key=key, by=by, channel="phone", call=call, **data)

    def _mine(self) -> Leg | None:
        """One's own leg, if it is the one that the form was about."""
        leg = self.cards.leg_of(g.login.person) if g.login.person else None
        asked = request.form.get("leg", "")
        return leg if leg and f"{leg.call.sid}/{leg.attempt}" == asked else None

    def _hear(self, sid: str, leg: str, click: str, value: str, **more: Any) -> bool:
        return self.calls.hear(sid, Clicked(click, leg, value, more)).moved

    def _said(self, key: str, kind: str = "done", **values: object) -> Response:
        flash(self.words.text(key, **values), kind)
        return redirect(self._back())

    def _back(self) -> str:
        """The page that was clicked on."""
        return "/me" if request.form.get("back") == "/me" else "/console"


COUNTED = (
    "purpose",
    "users",
    "affected",
    "down_for",
    "environment",
    "stopped",
)  # answers that say nothing of anybody

Argument = Callable[[Console, Any, Leg], str | None]


def _none(console: Console, form: Any, leg: Leg) -> str:
    return ""


def _person(console: Console, form: Any, leg: Leg) -> str | None:
    person = console.store.people.get(form.get("person", ""))
    return person.id if person and person.active and person.phone else None


def _case(console: Console, form: Any, leg: Leg) -> str | None:
    """The digits of a number as somebody writes it."""
    reading = console.config.case_numbers.typed(form.get("number", ""))
    return reading.candidates[0] if reading.kind == "accepted" else None


def _level(console: Console, form: Any, leg: Leg) -> str | None:
    code = form.get("level", "")
    return code if code in [level.code for level in console.config.levels] else None


def _number(console: Console, form: Any, leg: Leg) -> str | None:
    """A customer's number that may be called back: as the caller shows it, or as it is written."""
    given = form.get("number", "").strip()
    digits = "".join(each for each in given if each.isdecimal())
    number = f"+{digits}" if given.startswith("+") else dialled(digits, leg.call.country) or ""
    never = console.config.uncallable(number) or console.store.people.at_phone(number)
    return None if never else number


def _reason(console: Console, form: Any, leg: Leg) -> str | None:
    return form.get("reason") or None


ARGUMENTS: dict[str, Argument] = {
    "ring": _person,
    "case": _case,
    "request": _level,
    "promise": _number,
    "override": _reason,
}


def _counted(answers: dict[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in answers.items() if is_count(value)}


__all__ = ["Console"]
