"""The page of simulated phones, and the flow beside them with the present step lit.

Only where there is a simulator: on a laptop, for whoever sits there.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, g, render_template
from markupsafe import Markup

from ivr.line.definition import Line
from ivr.line.desk.people import Person
from ivr.line.desk.roles import ROLES
from ivr.line.flow.diagram import diagram
from ivr.line.records import Call
from ivr.line.store.store import Store
from ivr.line.web.pages.call_view import CallView
from ivr.line.web.pages.words import Words

# The steps that a caller has passed, in order, from the call's log.
HEARD = frozenset({"heard", "menu.key", "entry.rejected", "entry.partial"})
# Desks to be opened from here: roles, and how the words for that are named.
DESKS = {"operator": "console", "manager": "me", "supervisor": "wall"}


class TryOut:
    """Phones, calls and flow on one page; and each person's own phone on their page."""

    def __init__(self, store: Store, line: Line, words: Words) -> None:
        self.store, self.line, self.words = store, line, words

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("try_out", __name__)
        blueprint.add_url_rule("/phones", "phones", self.page, strict_slashes=False)
        app.register_blueprint(blueprint)
        app.context_processor(lambda: {"handset": self._mine, "phone_names": self._names})

    def _mine(self) -> str:
        """The phone of the person who is signed in, ``""`` if they have none."""
        person = self.store.people.get(g.login.person) if g.login and g.login.person else None
        return person.phone if person else ""

    def _names(self) -> str:
        """JSON: whose the phones of the desk are, in the reader's words."""
        return json.dumps(
            {each.phone: self._called(each) for each in self.store.people.all() if each.phone}
        )

    def _called(self, person: Person) -> str:
        roles = sorted(person.roles, key=ROLES.index)
        return ", ".join([person.name, *(self.words.text(f"role_{role}") for role in roles)])

    def page(self) -> str:
        calls = self.store.calls.open()
        newest = calls[-1] if calls else None
        return render_template(
            "phones.html",
            numbers=self.line.config.numbers,
            calls=[CallView(call) for call in calls],
            call=newest and CallView(newest),
            drawn=Markup(self._drawn(newest)),
            open_as=self._desks(),
        )

    def _drawn(self, call: Call | None) -> str:
        """The caller's flow; of the newest call, where it is and how it came there."""
        if call is None:
            return diagram(self.line.caller)
        return diagram(self.line.caller, call.step, self._way(call))

    def _way(self, call: Call) -> list[str]:
        way: list[str] = []
        for event in self.store.logs.events(call.sid):
            step = str(event.data.get("step", ""))
            if event.kind in HEARD and not event.data["leg"] and way[-1:] != [step]:
                way.append(step)
        return way

    def _desks(self) -> list[dict[str, Any]]:
        """Of each kind, who may be signed in as: whoever is nothing else, if there is one."""
        found = {}
        for login in sorted(self.store.logins.all(), key=lambda each: (len(each.roles), each.id)):
            for role, what in DESKS.items():
                if role in login.roles and what not in found:
                    page = f"/{what}"
                    found[what] = {"id": login.id, "name": login.name, "what": what, "page": page}
        return [found[what] for what in DESKS.values() if what in found]


__all__ = ["TryOut"]
