"""Case Logger: a customer logs a case, or staff do while they talk with the customer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request
from flask import url_for as to

from ivr.line.desk.cases import Account
from ivr.line.desk.roles import may_open
from ivr.line.errors import CaseError
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.service.services import Services
from ivr.line.turns.call.heard import Clicked
from ivr.line.web.pages.allowance import Allowance
from ivr.line.web.pages.card import Cards, Leg
from ivr.line.web.pages.case_forms import key_of
from ivr.line.web.pages.customer_numbers import CustomerNumbers
from ivr.line.web.pages.sign_in import signed_in
from ivr.line.web.pages.words import Words

LONGEST = {"product": 100, "subject": 200, "description": 1200}  # characters
ENVIRONMENTS = ("production", "test", "unknown")  # of the system that it is about
FIELDS = ("account", "product", "subject", "description", "severity", "environment", "call")


class CaseLogger:
    """The page ``/cases/new``."""

    def __init__(self, services: Services, cards: Cards, words: Words) -> None:
        self.services = services
        self.store = services.store
        self.config = services.line.config
        self.cards = cards
        self.words = words
        self.numbers = CustomerNumbers(services.store)
        self.allowance = Allowance(services)

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("logger", __name__)
        view = signed_in(self.new)
        blueprint.add_url_rule("/cases/new", "new", view, methods=["GET", "POST"])
        app.register_blueprint(blueprint)

    def new(self) -> Any:
        """Log a case and choose its severity; never the highest."""
        if not may_open(g.login.roles, "new"):
            abort(403)
        given = {name: request.values.get(name, "").strip() for name in FIELDS}
        if not isinstance(self.services.case_system, BuiltIn):
            return self._form(given, {"": self.words.text("logged_elsewhere")}), 409
        if request.method == "GET":
            return self._form(given, {})
        if wrong := self._faults(given):
            return self._form(given, wrong), 422
        try:
            number = self._open(given)
        except CaseError as error:
            return self._form(given, {"": self.words.error(error)}), 429
        done = "done_logged_for" if self._staff else "done_logged"
        flash(self.words.text(done, number=number), "done")
        if leg := self._own_leg(given["call"]):
            self._attach(leg, number)
            return redirect("/console" if "operator" in g.login.roles else "/me")
        return redirect(to("tracker.case", number=number))

    @property
    def _staff(self) -> bool:
        return "customer" not in g.login.roles

    def _form(self, given: dict[str, str], wrong: dict[str, str]) -> str:
        return render_template(
            "new.html",
            given=given,
            about="new",
            typed=given,
            wrong=wrong,
            severities=self._offered(),
            accounts=self.store.cases.accounts() if self._staff else [],
            environments=ENVIRONMENTS,
            longest=LONGEST,
            for_staff=self._staff,
        )

    def _offered(self) -> list[tuple[str, str]]:
        """The severities to choose from, with their names: staff may choose what customers may
        not."""
        language = self.words.language()
        return [
            (each.code, self.config.severity_name(each.code, language))
            for each in self.config.offered(wished=not self._staff)
        ]

    def _faults(self, given: dict[str, str]) -> dict[str, str]:
        wrong, text = {}, self.words.text
        if not given["subject"]:
            wrong["subject"] = text("need_subject")
        if not given["description"]:
            wrong["description"] = text("need_description", most=LONGEST["description"])
        for name, most in LONGEST.items():
            if len(given[name]) > most:
                wrong[name] = text("err_too_long", most=most)
        severity = self.config.severities.get(given["severity"])
        if severity is not None and severity.emergency:
            number = next(iter(self.config.numbers))
            wrong["severity"] = text("no_emergency_here", number=number)
        elif given["severity"] not in dict(self._offered()):
            wrong["severity"] = text("need_severity")
        if given["environment"] not in ENVIRONMENTS:
            wrong["environment"] = text("need_environment")
        if self._staff and given["account"] and self._account(given) is None:
            wrong["account"] = text("need_account")
        return wrong

    def _account(self, given: dict[str, str]) -> Account | None:
        """Whose case it is: the customer's own, or the one that staff have chosen."""
        if not self._staff:
            return self.numbers.account()
        return next(iter(self.store.cases.accounts([given["account"]])), None)

    def _open(self, given: dict[str, str]) -> str:
        """The same form again is the same case. Raises `CaseError` when that is one too many."""
        form = key_of(request.form, g.login.id, "new")
        number = self.store.cases.opened_by(form)
        if not number:
            self.allowance.take("log")
            number = self._opened(form, given)
        self._tell(form, number, given)
        return number

    def _opened(self, form: str, given: dict[str, str]) -> str:
        account = self._account(given)
        environment = given["environment"]
        return self.store.cases.open(
            self.config.case_numbers,
            form=form,
            severity=int(given["severity"]),
            subject=given["subject"],
            product=given["product"],
            environment="" if environment == "unknown" else environment,
            account=account.id if account else None,
        )

    def _tell(self, form: str, number: str, given: dict[str, str]) -> None:
        """The case's file hears of it; once, as often as it is told."""
        leg = self._own_leg(given["call"])
        about: dict[str, Any] = {
            "by": g.login.person or f"contact:{g.login.contact}",
            "channel": "phone" if leg else "web",
        }
        about |= {"call": leg.call.sid} if leg else {}
        said: dict[str, dict[str, Any]] = {
            "log": {"severity": given["severity"]},
            "note": {"text": given["description"], "visibility": "customer"},
        }
        for what, told in said.items():
            self.services.cases.hear(number, what, key=f"{form}:{what}", **about, **told)

    # --- on a live call ---

    def _own_leg(self, call: str) -> Leg | None:
        """The leg of whoever is signed in, if they are with a customer in this call."""
        leg = self.cards.leg_of(g.login.person) if call and g.login.person else None
        return leg if leg and leg.call.sid == call and leg.view.taken else None

    def _attach(self, leg: Leg, number: str) -> None:
        """The call is about that case from here on."""
        digits = self.config.case_numbers.digits_of(number)
        self.services.calls.hear(leg.call.sid, Clicked("case", leg.attempt, digits))


__all__ = ["CaseLogger"]
