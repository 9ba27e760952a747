"""Case Logger and Case Tracker: log a case, follow it, ask for more, on the web.

The same rules as by telephone, since everything that changes a case goes through `Cases.hear`.
"""

from __future__ import annotations

from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

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
from ivr.line.desk.emergency import CATEGORIES, ENDS, QUESTIONS, REACH
from ivr.line.desk.events import Event
from ivr.line.desk.phone_numbers import dialled
from ivr.line.desk.roles import MAY, may, works_here
from ivr.line.errors import CaseError
from ivr.line.service.look_ups import BUDGET
from ivr.line.service.services import Services
from ivr.line.store.streams import ACCESS
from ivr.line.web.pages.call_view import CallView
from ivr.line.web.pages.case_forms import ASKED
from ivr.line.web.pages.sign_in import signed_in
from ivr.line.web.pages.words import Words

LONGEST = 1200  # characters of what a customer writes of a problem
CALLED = {"escalate": "callback", "declare": "number", "answer": "number"}  # field: where to call


class Tracker:
    """The pages about cases, for customers and for staff."""

    def __init__(self, services: Services, words: Words) -> None:
        self.services = services
        self.store = services.store
        self.config = services.line.config
        self.clock = services.clock
        self.words = words
        self.blueprint = Blueprint("tracker", __name__)
        for rule, view, methods in (
            ("/cases", self.cases, ["GET"]),
            ("/cases/new", self.new, ["GET", "POST"]),
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
        zones = [person.zone] if person else [account.zone for account in self._accounts()]
        g.zone = (zones or [entry.zone for entry in self.config.numbers.values()])[0]

    def _context(self) -> dict[str, Any]:
        login = g.get("login")
        staff = bool(login) and works_here(login.roles)
        return {
            "login": login,
            "staff": staff,
            "numbers_of": self._numbers() if login and not staff else [],
            "active_number": self._active() if login and not staff else "",
            "entry": next(iter(self.config.numbers)),
        }

    # --- whose cases ---

    def _accounts(self) -> list[Any]:
        known = {account.id: account for account in self.store.cases.accounts()}
        return [known[id] for id in g.login.accounts if id in known]

    def _numbers(self) -> list[str]:
        """The person's customer numbers, the primary one first."""
        return [number for account in self._accounts() for number in account.customer_numbers]

    def _active(self) -> str:
        numbers = self._numbers()
        chosen = session.get("customer_number", "")
        return chosen if chosen in numbers else (numbers or [""])[0]

    def _account_of(self, number: str) -> Any:
        return next((a for a in self._accounts() if number in a.customer_numbers), None)

    def switch(self) -> Response:
        """Somebody with several customer numbers goes over to another one."""
        number = request.form.get("number", "")
        if number not in self._numbers():
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
        account = None if staff else self._account_of(self._active())
        accounts = None if staff else ([account.id] if account else [])
        rows = [self._row(case) for case in self.store.cases.of_accounts(accounts)]
        return render_template("cases.html", rows=rows)

    def _row(self, case: Case) -> dict[str, Any]:
        file = self.store.case_files.load(case.number)
        data = file.data if file else {}
        severity = (data.get("severity") or {}).get("severity", case.severity)
        return {"case": case, "severity": severity, "level": data.get("level", "")}

    def new(self) -> Any:
        """A customer logs a case and chooses its severity; never the highest."""
        if "customer" not in g.login.roles:
            abort(403)
        given = {name: request.form.get(name, "").strip() for name in FIELDS}
        offered = self._offered(wished=True)
        if request.method == "GET":
            return render_template("new.html", given=given, wrong={}, severities=offered)
        wrong = self._faults(given)
        if wrong:
            return render_template("new.html", given=given, wrong=wrong, severities=offered), 422
        number = self._open(given)
        flash(self.words.text("done_logged", number=number), "done")
        return redirect(url_for("tracker.case", number=number))

    def _faults(self, given: dict[str, str]) -> dict[str, str]:
        wrong = {}
        if not given["subject"]:
            wrong["subject"] = self.words.text("need_subject")
        if not given["description"] or len(given["description"]) > LONGEST:
            wrong["description"] = self.words.text("need_description", most=LONGEST)
        severity = self.config.severities.get(given["severity"])
        if severity is None:
            wrong["severity"] = self.words.text("need_severity")
        elif severity.emergency:
            number = next(iter(self.config.numbers))
            wrong["severity"] = self.words.text("no_emergency_here", number=number)
        elif not severity.self_service:
            wrong["severity"] = self.words.text("need_severity")
        return wrong

    def _offered(self, wished: bool) -> list[tuple[str, str]]:
        """The severities to choose from, with their names."""
        language = self.words.language()
        return [
            (each.code, self.config.severity_name(each.code, language))
            for each in self.config.offered(wished)
        ]

    def _open(self, given: dict[str, str]) -> str:
        """The same form again is the same case."""
        opened: dict[str, str] = session.setdefault("opened", {})
        key = request.form.get("key", "")
        if key in opened:
            return opened[key]
        account = self._account_of(self._active())
        number = self.store.cases.open(
            self.config.case_numbers,
            severity=int(given["severity"]),
            subject=given["subject"],
            product=given["product"],
            account=account.id if account else None,
        )
        by = f"contact:{g.login.contact}"
        said: dict[str, dict[str, Any]] = {
            "log": {"severity": given["severity"]},
            "note": {"text": given["description"]},
        }
        for what, told in said.items():
            self.services.cases.hear(
                number, what, key=f"{key}:{what}", by=by, channel="web", **told
            )
        session["opened"] = dict([*opened.items(), (key, number)][-20:])
        return number

    def case(self, number: str) -> str:
        """A case at one look; that staff have looked is on record."""
        case = self._case(number)
        if works_here(g.login.roles):
            by, now = g.login.person or g.login.id, self.clock.now()
            self.store.logs.append(ACCESS, Event("access.viewed", now, by, {"case": case.number}))
        return self._show(case)

    def _show(self, case: Case, wrong: str = "", about: str = "") -> str:
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
            wrong=wrong,
            about=about,
            key=token_urlsafe(12),
            owed=self._owed(case.number),
            told=self._told(case.number),
            reached=next(iter(self._customer(case).phones), ""),
            may={what for what in MAY if may(g.login.roles, what)},
            severity=(data.get("severity") or {}).get("severity", case.severity),
            severities=self._offered(wished=False),
            first_level=self.config.levels[0].code,
            next_level=self._next_level(data),
            questions=QUESTIONS,
            categories=CATEGORIES,
            reach=REACH,
            ends=ENDS,
        )

    def _owed(self, number: str) -> list[Any]:
        """Promised calls about this case that aren't made yet: (the call, the promise)."""
        owed = []
        for duty in self.store.duties.all("call_back", owed=True):
            call = self.store.calls.load(duty.call) if duty.data.get("case") == number else None
            view = CallView(call) if call else None
            if view and view.owed:
                owed.append((duty.call, view.promise))
        return owed

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
        try:
            data = ASKED[what](request.form) | ({"call": on_call} if on_call else {})
            if what in CALLED and not on_call:
                data |= self._call_at(case, CALLED[what])
            file = self.services.cases.hear(
                case.number,
                what,
                key=f"web:{request.form.get('key') or token_urlsafe(12)}:{what}",
                by=g.login.person or f"contact:{g.login.contact}",
                channel="phone" if on_call else "web",
                **data,
            )
        except CaseError as error:
            if on_call:
                flash(f"{self.words.text('problem')} {error}", "error")
                return redirect(self._back())
            return self._show(case, str(error), what), 409
        flash(self._done(what, file.data, str(data.get("callback") or "")), "done")
        back = self._back() if on_call else url_for("tracker.case", number=number)
        return redirect(back)

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
            raise CaseError(self.words.text("bad_number"))
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
        zone = ZoneInfo(g.get("zone", "UTC"))
        when = f"{datetime.fromisoformat(due).astimezone(zone):%H:%M %Z}" if ahead else ""
        return self.words.text(
            kind if number else f"{kind}_unreached",
            due=when or self.words.text("soon"),
            number=number,
            line=next(iter(self.config.numbers)),
        )

    def _told(self, number: str) -> dict[str, str]:
        """Of whom this case concerns: who "told" already (a notice was handed over), and who is
        "telling" still; by what they are told."""
        told: dict[str, str] = {}
        for duty in self.store.duties.all("notify", call=f"case:{number}"):
            if duty.data["what"] in TOLD and not duty.data.get("list"):
                about = TOLD[duty.data["what"]] or str(duty.data.get("level") or "")
                handed = duty.state == "done"
                told[about] = "told" if handed else told.get(about, "telling")
        return told


TOLD = {"escalation": "", "chase": "", "edown": "E-Down", "severity_wish": "severity"}
FIELDS = ("product", "subject", "description", "severity")

__all__ = ["Tracker"]
