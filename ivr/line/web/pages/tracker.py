"""Case Tracker: follow a case and ask for more, on the web.

The same rules as by telephone, since everything that changes a case goes through `Cases.hear`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from ivr.line.desk.cases import Case, Contact
from ivr.line.desk.emergency import CATEGORIES, ENDS, REACH, missing
from ivr.line.desk.events import Event
from ivr.line.desk.phone_numbers import dialled
from ivr.line.desk.roles import MAY, may, may_open, works_here
from ivr.line.errors import CaseError
from ivr.line.records import CaseFile, Note
from ivr.line.service.look_ups import BUDGET
from ivr.line.service.services import Services
from ivr.line.store.streams import ACCESS
from ivr.line.web.pages.allowance import Allowance
from ivr.line.web.pages.case_forms import ASKED, faults, key_of
from ivr.line.web.pages.customer_numbers import CustomerNumbers
from ivr.line.web.pages.owed import promised_about, still_owed
from ivr.line.web.pages.sign_in import signed_in
from ivr.line.web.pages.times import Times
from ivr.line.web.pages.told import Telling, told
from ivr.line.web.pages.words import Words

CALLED = {"escalate": "callback", "declare": "number", "answer": "number"}  # field: where to call


class Tracker:
    """The pages about cases, for customers and for staff."""

    def __init__(self, services: Services, words: Words, times: Times) -> None:
        self.services = services
        self.store = services.store
        self.config = services.line.config
        self.clock = services.clock
        self.words = words
        self.times = times
        self.numbers = CustomerNumbers(services.store)
        self.allowance = Allowance(services)
        self.blueprint = Blueprint("tracker", __name__)
        for rule, view, methods in (
            ("/cases", self.cases, ["GET"]),
            ("/cases/<number>", self.case, ["GET"]),
            ("/cases/<number>/kept", self.keep, ["POST"]),
            ("/cases/<number>/<what>", self.ask, ["POST"]),
            ("/customer-number", self.switch, ["POST"]),
        ):
            self.blueprint.add_url_rule(rule, view_func=signed_in(view), methods=methods)

    def install(self, app: Flask) -> None:
        app.register_blueprint(self.blueprint)
        app.before_request(self._zone)
        app.context_processor(self._context)

    def _zone(self) -> None:
        """Times are shown as the clock does where the reader is."""
        login = g.get("login")
        if login is None:
            return
        person = self.store.people.get(login.person) if login.person else None
        zones = [person.zone] if person else [account.zone for account in self.numbers.accounts()]
        g.zone = (zones or [entry.zone for entry in self.config.numbers.values()])[0]

    def _context(self) -> dict[str, Any]:
        login = g.get("login")
        staff = bool(login) and works_here(login.roles)
        return {
            "login": login,
            "staff": staff,
            "numbers_of": self.numbers.all() if login and not staff else [],
            "active_number": self.numbers.active() if login and not staff else "",
            "may_log": bool(login) and may_open(login.roles, "new"),
            "told_in": self._told_in,
            "entry": next(iter(self.config.numbers)),
        }

    # --- whose cases ---

    def switch(self) -> Response:
        """Somebody with several customer numbers goes over to another one."""
        number = request.form.get("number", "")
        if number not in self.numbers.all():
            abort(404)
        session["customer_number"] = number
        return redirect(url_for("tracker.cases"))

    def _case(self, number: str) -> Case:
        """A case that this person may see. Any other looks as if it didn't exist; staff see what
        was asked for under a number that isn't in the records."""
        case: Case | None = None
        digits = self.config.case_numbers.digits_of(number)
        if number == self.config.case_numbers.written(digits):
            case = self._read(digits)
            if case is None and self.store.case_files.load(number):
                case = Case(number, digits, status="not_in_records")
        mine = case is not None and (
            works_here(g.login.roles)
            or (case.account is not None and case.account.id in g.login.accounts)
        )
        if case is None or not mine:
            abort(404)
        return case

    def _read(self, digits: str) -> Case | None:
        """From wherever cases are; 503 when that can't say."""
        try:
            return self.services.case_system.case(digits, BUDGET)
        except (TimeoutError, OSError):
            abort(503)

    # --- pages ---

    def cases(self) -> str | Response:
        """The cases of the customer number in use; staff see all."""
        staff = works_here(g.login.roles)
        if wanted := request.args.get("number", "").strip():
            reading = self.config.case_numbers.typed(wanted)
            if reading.kind == "accepted":
                number = self.config.case_numbers.written(reading.candidates[0])
                return redirect(url_for("tracker.case", number=number))
            flash(self.words.text("no_number"), "error")
        account = None if staff else self.numbers.account()
        accounts = None if staff else ([account.id] if account else [])
        cases = self.store.cases.of_accounts(accounts)
        files = self.store.case_files.named([case.number for case in cases])
        rows = [self._row(case, files.get(case.number)) for case in cases]
        return render_template("cases.html", rows=rows)

    def _row(self, case: Case, file: CaseFile | None) -> dict[str, Any]:
        data = file.data if file else {}
        severity = (data.get("severity") or {}).get("severity", case.severity)
        return {"case": case, "severity": severity, "level": data.get("level", "")}

    def _offered(self, wished: bool) -> list[tuple[str, str]]:
        """The severities to choose from, with their names."""
        language = self.words.language()
        return [
            (each.code, self.config.severity_name(each.code, language))
            for each in self.config.offered(wished)
        ]

    def case(self, number: str) -> str:
        """A case at one look; that staff have looked is on record."""
        case = self._case(number)
        if works_here(g.login.roles):
            by, now = g.login.person or g.login.id, self.clock.now()
            self.store.logs.append(ACCESS, Event("access.viewed", now, by, {"case": case.number}))
        return self._show(case)

    def _show(self, case: Case, wrong: Mapping[str, str] | None = None, about: str = "") -> str:
        """The page; ``about`` is the form that couldn't be heard, which keeps what was typed, and
        ``wrong`` says of which fields, and why ("": of the whole)."""
        staff = works_here(g.login.roles)
        file = self.store.case_files.load(case.number)
        data = file.data if file else {}
        notes = [
            note
            for note in self.store.case_files.notes(case.number)
            if staff or note.visibility == "customer"
        ]
        return render_template(
            "case.html",
            case=case,
            data=data,
            notes=notes,
            wrong=wrong or {},
            about=about,
            typed=request.form if about else {},
            said=data.get("said", {}),
            answers=self._answers(case, data),
            owed=self._owed(case.number),
            told=self._told(case.number, data),
            reached=next(iter(self._customer(case).phones), ""),
            may={what for what in MAY if may(g.login.roles, what)},
            severity=(data.get("severity") or {}).get("severity", case.severity),
            severities=self._offered(wished=False),
            first_level=self.config.levels[0].code,
            next_level=self._next_level(data),
            categories=CATEGORIES,
            reach=REACH,
            ends=ENDS,
            own_choice={each.code for each in self.config.offered(wished=True)},
        )

    def _owed(self, number: str) -> list[Any]:
        """Promised calls about this case that aren't made yet: (the call, the promise)."""
        owed = still_owed(self.store, promised_about(self.store, number))
        return [(call.sid, call.promise) for call in owed]

    def keep(self, number: str) -> Response:
        """Someone has called the customer by other means: that promise is kept."""
        case, call = self._case(number), request.form.get("call", "")
        known = call in [sid for sid, _ in self._owed(case.number)]
        if not may(g.login.roles, "accept") or not known:
            abort(403)
        self.services.callbacks.kept(call, g.login.person)
        flash(self.words.text("done"), "done")
        if request.form.get("back") == "/me":
            return redirect(url_for("me.me"))
        return redirect(url_for("tracker.case", number=number))

    def _next_level(self, data: dict[str, Any]) -> str:
        """The level that an escalation asks for now; the last one again and again."""
        stands = data.get("levels", {})
        codes = [level.code for level in self.config.levels]
        open_ = [code for code in codes if stands.get(code, {}).get("state", "over") != "over"]
        if not open_:
            return codes[0]
        at = codes.index(open_[-1])
        met = stands[open_[-1]]["state"] == "accepted" or self._is_late(stands[open_[-1]])
        return codes[min(at + 1, len(codes) - 1)] if met else codes[at]

    def _is_late(self, stands: dict[str, Any]) -> bool:
        return self.clock.now() >= datetime.fromisoformat(stands["due"])

    # --- asking for something ---

    def ask(self, number: str, what: str) -> Any:
        """One thing asked for; said in words whether it was recorded, and why not."""
        case = self._case(number)
        if not may(g.login.roles, what):
            abort(403)
        on_call = self._on_call()
        known = self.store.case_files.load(case.number)
        if wrong := faults(what, request.form, known.data if known else {}):
            return self._refused(case, what, wrong, on_call)
        key = f"{key_of(request.form, g.login.id, case.number)}:{what}"
        counted: list[int] = []
        try:
            if known is None or key not in known.data.get("seen", ()):
                counted = self.allowance.take(what)
            data = ASKED[what](request.form) | ({"call": on_call} if on_call else {})
            if what in CALLED and not on_call:
                data |= self._call_at(case, CALLED[what])
            file = self.services.cases.hear(
                case.number,
                what,
                key=key,
                by=g.login.person or f"contact:{g.login.contact}",
                channel="phone" if on_call else "web",
                **data,
            )
        except CaseError as error:
            self.allowance.give_back(counted)
            return self._refused(case, what, [error], on_call)
        flash(self._done(what, file.data, str(data.get("callback") or "")), "done")
        back = self._back() if on_call else url_for("tracker.case", number=number)
        return redirect(back)

    def _refused(self, case: Case, what: str, wrong: list[CaseError], on_call: str) -> Any:
        """Nothing was recorded, and why; what was typed stays in the form."""
        said = {error.field: self.words.error(error) for error in wrong}
        if on_call:
            flash(f"{self.words.text('problem')} {' '.join(said.values())}", "error")
            return redirect(self._back())
        return self._show(case, said, what), 409

    def _on_call(self) -> str:
        """The person's own call in which the customer has just said it, or none."""
        person = self.store.people.get(g.login.person) if g.login.person else None
        sid = ((person.busy_with if person else "") or "").partition("/")[0]
        return sid if sid and sid == request.form.get("call") else ""

    def _back(self) -> str:
        """The page with the card of that call."""
        return "/me" if request.form.get("back") == "/me" else "/console"

    def _call_at(self, case: Case, field: str) -> dict[str, Any]:
        """Where and in which language the customer is called for this: at the number in ``field``,
        ``""`` if they left it empty. Raises `CaseError` for one that is never called."""
        written = request.form.get(field, "").strip()
        language = self._customer(case).language
        entry = self.config.number(self.config.entry_for(language, case.region))
        digits = "".join(each for each in written if each.isdecimal())
        number = f"+{digits}" if written.startswith("+") else dialled(digits, entry.country) or ""
        if written and (self.config.uncallable(number) or self.store.people.at_phone(number)):
            raise CaseError("that number is never called", field, "bad_number")
        return {"callback": number, "language": language}

    def _customer(self, case: Case) -> Contact:
        """Whoever is to be called about a case: the customer who is signed in, else the case's
        first contact."""
        own = self.store.cases.contact(g.login.contact) if g.login.contact else None
        first = next(iter(case.contacts), None)
        return own or first or Contact("", language=self.words.language())

    def _done(self, what: str, data: dict[str, Any], number: str) -> str:
        """What is said when something was recorded; nobody has been told yet at that moment."""
        kind = {"escalate": "done_escalate", "declare": "done_declare"}.get(what, "")
        if what == "wish_severity":
            wished = data.get("wish")
            code = (wished or data["severity"])["severity"]
            return self.words.text("done_wish" if wished else "done_severity", severity=code)
        if not kind:
            return self.words.text("done")
        due = data.get("levels", {}).get(data.get("level", ""), {}).get("due", "")
        ahead = due and datetime.fromisoformat(due) > self.clock.now()
        when = self.times.instant(due) if ahead else ""
        return self.words.text(
            kind if number else f"{kind}_unreached",
            due=when or self.words.text("soon"),
            number=number,
            line=next(iter(self.config.numbers)),
        )

    def _told_in(self, note: Note, said: Mapping[str, Any]) -> str:
        """A note in the reader's language, with what somebody has written in it as it is."""
        words = dict(said.get(note.key) or {})
        say, length = words.pop("say", ""), words.pop("length", 0)
        if not say:
            return note.text
        if "level" in words:
            level = str(words["level"])
            words["level"] = self.config.level_name(level, self.words.language())
        return self.words.text(f"note_{say}", **words) + note.text[length:]

    def _answers(self, case: Case, data: dict[str, Any]) -> dict[str, Any]:
        """What was answered about an outage, and what is still open."""
        down = data.get("emergency") or {}
        answers, contact = down.get("answers", {}), down.get("contact", {})
        if not down or down.get("state") == "ended":
            answers, contact = {}, {}
        left = missing(answers, contact, case.environment)
        return {"given": answers, "contact": contact, "open": left}

    def _told(self, number: str, data: dict[str, Any]) -> dict[str, Telling]:
        """How far whoever answers for each level, and for the emergency, has been told of it."""
        asked = {code: stands["key"] for code, stands in data.get("levels", {}).items()}
        if down := data.get("emergency"):
            asked["E-Down"] = down["key"]
        return {about: self._telling(number, key) for about, key in asked.items()}

    def _telling(self, number: str, key: str) -> Telling:
        """One of them is enough."""
        states = {each.state for each in told(self.store, f"case:{number}", key)}
        return next((each for each in TELLING if each in states), "being_told")


# The furthest that it has come counts.
TELLING: tuple[Telling, ...] = ("told", "being_told", "not_told")

__all__ = ["Tracker"]
