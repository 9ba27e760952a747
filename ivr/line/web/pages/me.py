"""A person's own page: their status, the escalations that they answer for, and the calls that they
owe."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ivr.line.desk import pins
from ivr.line.desk.people import Person
from ivr.line.service.services import Services
from ivr.line.web.pages.shown import EVERYBODY, Shown, Status
from ivr.line.web.pages.sign_in import signed_in
from ivr.line.web.pages.words import Words

LONGEST = 24 * 366  # hours for which a status may be set
STATUSES: tuple[Status, ...] = get_args(Status)


class Me:
    """The page ``/me`` of the people who work here."""

    def __init__(self, services: Services, shown: Shown, words: Words) -> None:
        self.store = services.store
        self.clock = services.clock
        self.shown = shown
        self.words = words

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("me", __name__)
        blueprint.add_url_rule("/me", "me", signed_in(self.me), methods=["GET", "POST"])
        blueprint.add_url_rule("/me/pin", "pin", signed_in(self.pin), methods=["POST"])
        app.register_blueprint(blueprint)

    def me(self) -> Any:
        """Show a person's own page, and set their status."""
        person = self._person()
        if request.method == "GET":
            return render_template(
                "me.html",
                person=person.at(self.clock.now()),
                statuses=STATUSES,
                people=self._colleagues(person),
                **self.shown.me(person.id),
            )
        status, hours = request.form.get("status", ""), request.form.get("hours", "").strip() or "0"
        delegate = request.form.get("delegate", "")
        if status not in STATUSES:
            abort(400)
        if not (hours.isascii() and hours.isdecimal() and len(hours) < 5 and int(hours) <= LONGEST):
            return self._refused("wrong_hours", most=LONGEST)
        if delegate and not self._stands_in(delegate, person):
            return self._refused("wrong_delegate")
        now = self.clock.now()
        self.store.people.set_status(
            person.id,
            status,
            delegate or None,
            at=now,
            by=person.id,
            until=now + timedelta(hours=int(hours)) if int(hours) else None,
        )
        flash(self.words.text("done"), "done")
        return redirect(url_for("me.me"))

    def pin(self) -> Any:
        """Set the PIN without which no status is taken by telephone; it is kept as a hash."""
        person, written = self._person(), request.form.get("pin", "").strip()
        if not pins.is_one(written):
            return self._refused("wrong_pin", shortest=pins.SHORTEST)
        self.store.people.set_pin(person.id, pins.hashed(written))
        flash(self.words.text("done_pin"), "done")
        return redirect(url_for("me.me"))

    def _stands_in(self, id: str, person: Person) -> bool:
        """Whether this is somebody else who works here."""
        other = self.store.people.get(id)
        return other is not None and other.active and other.id != person.id

    def _colleagues(self, person: Person) -> list[Person]:
        """Who may stand in, by id: their team and the foremost of the others, and who does now."""
        found = {each.id: each for each in self.store.people.foremost(EVERYBODY, person.team)}
        now = self.store.people.get(person.delegate) if person.delegate else None
        if now is not None:
            found[now.id] = now
        return [found[id] for id in sorted(found)]

    def _refused(self, why: str, **values: object) -> Response:
        flash(self.words.text(why, **values), "error")
        return redirect(url_for("me.me"))

    def _person(self) -> Person:
        """Whose page it is."""
        person = self.store.people.get(g.login.person) if g.login.person else None
        if person is None:
            abort(403)
        return person


__all__ = ["STATUSES", "Me"]
