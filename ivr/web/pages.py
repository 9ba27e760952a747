"""People's pages: who waits, who talks, what is owed; and, where there is a simulator, its phones.

These are on a port of their own, which is never tunnelled: they are not for the carrier.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivr.clock import Clock
from ivr.line import Line
from ivr.rows import Call, Duty
from ivr.store import Store

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_pages(
    line: Line, store: Store, clock: Clock, phones: Callable[..., Any] | None = None
) -> Flask:
    """The pages of one line. ``phones`` is the simulator's page, mounted under ``/phones``."""
    app = Flask(__name__)

    @app.get("/")
    def desk() -> str:
        return render_template(
            "desk.html", title=line.config.title, numbers=line.config.numbers, phones=bool(phones)
        )

    @app.get("/changes")
    def changes() -> Response:
        """What the page shows; 304 as long as nothing has changed since ``after``."""
        latest = store.latest()
        if request.args.get("after", type=int) == latest:
            return Response(status=304)
        return jsonify(
            latest=latest,
            calls=[_call(call, clock) for call in store.open_calls()],
            owed=_owed(store, clock),
        )

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    if phones is not None:
        app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/phones": phones})  # type: ignore[method-assign]
    return app


_STEPS = {"talk": "in conversation", "dial": "being connected", "wish": "asked for a wish"}


def _call(call: Call, clock: Clock) -> dict[str, Any]:
    """A call as whoever takes it wants to see it; no manager's number is shown."""
    shared = call.data["shared"]
    case = shared.get("case") or {}
    since = call.waiting_since or call.started_at
    return {
        "sid": call.sid,
        "caller": call.caller,
        "language": call.language,
        "step": _STEPS.get(call.step, call.step.replace("_", " ")),
        "waiting_for": call.waiting_for,
        "since": since.isoformat(),
        "seconds": int((clock.now() - since).total_seconds()),
        "keyed": shared.get("keyed", ""),
        "case": _case(case),
        "wish": shared.get("wish", ""),
        "people": [
            {"name": leg["name"], "state": leg["state"]}
            for leg in call.data["legs"].values()
            if leg["state"] != "over"
        ],
    }


def _case(case: dict[str, Any]) -> str:
    match case.get("result"):
        case None:
            return ""
        case "found":
            known = [case["number"], case["account"], case["subject"], case["status"]]
            known += [f"severity {case['severity']}"] if case["severity"] is not None else []
            return " · ".join(each for each in known if each)
        case "not_found":
            return "not in the records"
        case _:
            return "the records can't be reached"


def _owed(store: Store, clock: Clock) -> list[dict[str, Any]]:
    """The promises that aren't kept yet, the first one due first."""
    promised = [(duty, store.load(duty.call)) for duty in store.duties("call_back", owed=True)]
    owed = [
        _promise(duty, call.data["shared"]["promise"], clock)
        for duty, call in promised
        if call is not None and call.data["shared"]["promise"]["state"] == "owed"
    ]
    return sorted(owed, key=lambda each: str(each["due"]))


def _promise(duty: Duty, promise: dict[str, Any], clock: Clock) -> dict[str, Any]:
    overdue = clock.now() >= datetime.fromisoformat(promise["due"])
    return {
        "number": promise["number"] or "number withheld",
        "owner": promise["owner"],
        "due": promise["due"],
        "state": "overdue" if overdue else "owed",
        "tries": promise["tries"],
        "unanswered": promise["unanswered"],
        "case": duty.data["case"],
        "why": promise["why"],
        "reference": promise["reference"],
    }
