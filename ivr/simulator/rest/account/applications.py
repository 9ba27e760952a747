"""REST: TwiML applications, and the debugger's log.

https://www.twilio.com/docs/usage/api/applications,
https://www.twilio.com/docs/usage/api/notification, /docs/voice/api/call-event-resource
"""

from __future__ import annotations

from collections.abc import Iterable

from ivr.simulator.network.network import Notice
from ivr.simulator.network.numbers import Application
from ivr.simulator.network.webhook import Webhook
from ivr.simulator.rest.account.calls import find as find_call
from ivr.simulator.rest.account.calls import within
from ivr.simulator.rest.account.numbers import point
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822

ERRORS = "https://www.twilio.com/docs/errors"


# ---- applications


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    network = api.network
    name = form.text("FriendlyName") or "application"
    application = Application(network.seed.sid("AP"), name, network.clock.now())
    point(application, form)
    network.applications[application.sid] = application
    return 201, show(api, application)


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    rows: Iterable[Application] = reversed(api.network.applications.values())
    if form.has("FriendlyName"):
        rows = [each for each in rows if each.friendly_name == form.text("FriendlyName")]
    return api.page(form, "/Applications", "applications", rows, lambda each: show(api, each))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    application = find(api, path[0])
    point(application, form)
    application.friendly_name = form.text("FriendlyName", application.friendly_name)
    application.updated_at = api.network.clock.now()
    return 200, show(api, application)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    sid = find(api, path[0]).sid
    if any(number.application == sid for number in api.network.numbers.values()):
        raise ApiError(400, 20001, "A number uses this application")
    del api.network.applications[sid]
    return 204, None


def find(api: Resources, sid: str) -> Application:
    application = api.network.applications.get(sid)
    if application is None:
        raise api.missing(api.uri(f"/Applications/{sid}"))
    return application


def show(api: Resources, each: Application) -> Json:
    return {
        "sid": each.sid,
        "account_sid": api.network.account_sid,
        "api_version": "2010-04-01",
        "friendly_name": each.friendly_name,
        "voice_url": each.url,
        "voice_method": each.method,
        "voice_fallback_url": each.fallback,
        "voice_fallback_method": each.fallback_method,
        "voice_caller_id_lookup": False,
        "status_callback": each.status_callback,
        "status_callback_method": each.status_method,
        "sms_url": each.sms_url,
        "sms_method": each.sms_method,
        "sms_fallback_url": each.sms_fallback,
        "sms_fallback_method": each.sms_fallback_method,
        "sms_status_callback": None,
        "message_status_callback": None,
        "public_application_connect_enabled": False,
        "date_created": rfc2822(each.created_at),
        "date_updated": rfc2822(each.updated_at),
        "uri": api.uri(f"/Applications/{each.sid}"),
    }


# ---- the debugger's log, and what went over the wire


def notifications(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET …/Notifications, the newest first; ``Log``: 0 errors, 1 warnings, 2 notices."""
    inner, numbered = "/Notifications", list(enumerate(api.network.debugger))
    if path:
        sid = find_call(api, path[0]).sid
        inner = f"/Calls/{sid}/Notifications"
        numbered = [(number, each) for number, each in numbered if each.call_sid == sid]
    if form.has("Log"):
        log = form.text("Log")
        numbered = [(number, each) for number, each in numbered if LOGS[each.level] == log]
    rows = [_Numbered(number, each) for number, each in reversed(numbered)]
    rows = within(form, "MessageDate", rows, lambda row: row.notice.at)
    return api.page(form, inner, "notifications", rows, lambda row: _notification(api, row))


LOGS = {"error": "0", "warning": "1", "notice": "2"}


class _Numbered:
    """A line of the debugger's log with a stable SID."""

    def __init__(self, number: int, notice: Notice) -> None:
        self.sid = f"NO{number:032x}"
        self.notice = notice


def _notification(api: Resources, row: _Numbered) -> Json:
    notice = row.notice
    return {
        "sid": row.sid,
        "account_sid": api.network.account_sid,
        "call_sid": notice.call_sid or None,
        "api_version": "2010-04-01",
        "error_code": str(notice.code),
        "log": LOGS[notice.level],
        "message_text": notice.text,
        "message_date": rfc2822(notice.at),
        "more_info": f"{ERRORS}/{notice.code}",
        "request_method": None,
        "request_url": notice.url or None,
        "date_created": rfc2822(notice.at),
        "date_updated": rfc2822(notice.at),
        "uri": api.uri(f"/Notifications/{row.sid}"),
    }


def events(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """GET /Calls/{sid}/Events: the call's webhooks, with their answers."""
    sid = find_call(api, path[0]).sid
    numbered = enumerate(api.network.requests)
    rows = [_Event(number, each) for number, each in numbered if each.call_sid == sid]
    return api.page(form, f"/Calls/{sid}/Events", "events", rows, _Event.show)


class _Event:
    """A webhook with a stable number, for paging."""

    def __init__(self, number: int, webhook: Webhook) -> None:
        self.sid = str(number)
        self.webhook = webhook

    def show(self) -> Json:
        webhook = self.webhook
        return {
            "request": {
                "method": webhook.method,
                "url": webhook.url,
                "parameters": webhook.params,
            },
            "response": {"response_code": webhook.status, "response_body": webhook.body},
        }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Applications", create),
    ("GET", "/Applications", listing),
    ("GET", "/Applications/{sid}", fetch),
    ("POST", "/Applications/{sid}", update),
    ("DELETE", "/Applications/{sid}", delete),
    ("GET", "/Notifications", notifications),
    ("GET", "/Calls/{sid}/Notifications", notifications),
    ("GET", "/Calls/{sid}/Events", events),
)
