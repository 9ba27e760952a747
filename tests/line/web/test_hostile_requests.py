"""Whatever a browser or anybody else sends: every page and webhook answers, and never with 500.

The routes are those of the applications, and the fields those that the code reads and the templates
send, so a new one is tried as soon as it is there.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from twilio.request_validator import RequestValidator

from ivr.line.desk.emergency import BY_NAME, CONTACT
from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.calls import FILTERS
from ivr.line.web.pages.case_logger import FIELDS
from ivr.simulator import Exchange, Handset
from ivr.simulator.screens.phones_page import Phones
from tests.kit.browser import Browser
from tests.kit.desk import CALLER, ENTRY, ORIGIN, Desk
from tests.kit.telephones import reach_operator

MALFORMED = {
    "NUL": "a\x00b",
    "an escape": "\x1b[2J",
    "a megabyte": "x" * 1_000_000,
    "too long": "x" * 10_001,
}
# What a form may say, though none of ours does; each view must get along with it.
STRANGE = {
    "negative": "-1",
    "huge": "9" * 30,
    "absurd": "9" * 5_000,
    "other digits": "٣٤٥",
    "infinite": "1e999",
    "a date": "9999-12-31",
    "no date": "0001-01-01",
    "SQL": "' OR 1=1 --",
    "a format": "{0}{name.__class__}%s%n",
    "a tag": "</td><script>alert(1)</script>",
    "half a pair": b"\xed\xa0\x80".decode("utf-8", "replace"),
    "long": "é" * 4_001,
}
IN_A_PATH = [
    "%00", "%0a", "%ff%fe", "%ed%a0%80", "-1", "9" * 30, "9" * 5_000, "٣", "..%2f..%2fetc",
    "C1734%3013", "x" * 3_000, "' OR 1=1", "{0}", "%25", "CB-", "WEB-1",
]  # fmt: skip
PEOPLE = ["", "marie", "op1", "mgr1"]
AT_ONCE = 190  # fields of one request


def fields() -> list[str]:
    """Every name that a form or an address has anywhere, and some that none has."""
    found = {"a[b]", "a.b", "a[]", "__proto__", "", *FILTERS, *FIELDS, *BY_NAME, *CONTACT}
    for each in files("ivr.line.web.pages").iterdir():
        if each.name.endswith(".py"):
            found |= set(re.findall(r'get\("([a-z_]+)"', each.read_text(encoding="utf-8")))
    for each in files("ivr.line.web.pages").joinpath("templates").iterdir():
        text = each.read_text(encoding="utf-8")
        found |= set(re.findall(r'name="([a-z_]+)"', text))
        found |= set(re.findall(r'(?:line|area|pick|choices|tick)\(\w+, "([a-z_]+)"', text))
        found |= set(re.findall(r'(?:line|area|pick|choices|tick)\("\w+", "([a-z_]+)"', text))
    assert {"hours", "number", "text", "purpose", "delegate", "at", "before"} <= found
    assert len(found) < AT_ONCE
    return sorted(found - {"csrf_token"})


def routes(app: Flask) -> list[tuple[str, str, list[str]]]:
    """Method, address with a slot for each of its parts, and what the parts are in a good one."""
    good = {"number": "C17349013", "what": "note", "sid": "CA1", "click": "hold", "attempt": "1",
            "filename": "site.css"}  # fmt: skip
    found = []
    for rule in app.url_map.iter_rules():
        any_of = re.search(r"any\(([^)]*)\)", rule.rule)
        address = re.sub(r"<(?:any\([^)]*\):|[^:>]*:)?(\w+)>", r"{\1}", rule.rule)
        for what in any_of.group(1).split(", ") if any_of else ["note"]:
            parts = [(good | {"what": what})[name] for name in re.findall(r"{(\w+)}", address)]
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                found.append((method, re.sub(r"{\w+}", "{}", address), parts))
    return found


@pytest.fixture
def open_pages(pages: Any) -> Any:
    """The pages, which take a form from anywhere: who forges one gets no further than this."""
    pages.config["WTF_CSRF_ENABLED"] = False
    return pages


def visit(pages: Any, who: str) -> Any:
    browser = Browser(pages.test_client())
    if who:
        assert browser.sign_in(who).status == 200
    return browser.client


@pytest.mark.parametrize("who", PEOPLE)
def test_what_no_form_sends_is_refused_wherever_it_comes(open_pages: Any, who: str) -> None:
    client = visit(open_pages, who)
    for method, address, parts in routes(open_pages):
        path = address.format(*parts)
        for what, value in MALFORMED.items():
            if method == "POST":
                answer = client.post(path, data={"anything": value})
                expected = 413 if what == "a megabyte" else 400
                assert answer.status_code == expected, (path, what)
            elif what != "a megabyte":  # the server in front takes no such address
                answer = client.get(path, query_string={"anything": value})
                assert answer.status_code == 400, (path, what)
    # A page says so in words, in the reader's language.
    said = client.get("/sign-in?next=%00", headers={"Accept-Language": "fr"})
    assert "Votre navigateur a envoyé" in said.text


@pytest.mark.parametrize("who", ["", "marie", "op1"])
def test_every_field_of_every_page_takes_anything(
    open_pages: Any, exchange: Exchange, caller: Handset, desk: Desk, who: str
) -> None:
    """All fields at once, and those that are read first with good values before them."""
    reach_operator(caller, desk.phone("OP1"), exchange)  # so that the card is there
    good = {"status": "away", "severity": "2", "environment": "production", "subject": "s",
            "description": "d", "reason": "r", "text": "t", "level": "M1", "what": "declare",
            "leg": f"{desk.sid(caller)}/1", "stopped": "1", "agreed": "yes"}  # fmt: skip
    client, names = visit(open_pages, who), fields()
    for method, address, parts in routes(open_pages):
        if address in ("/sign-out", "/static/{}"):
            continue
        path = address.format(*parts)
        for what in ("huge", "other digits"):
            odd = dict.fromkeys(names, STRANGE[what])
            for given in (odd, odd | good) if method == "POST" else (odd,):
                sent = {"data": given} if method == "POST" else {"query_string": given}
                answer = client.open(path, method=method, **sent)
                assert answer.status_code < 500, (method, path, what)
    caller.hang_up()
    exchange.wait(60)


# The forms with numbers in them, each field by itself.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "/me": ("mgr1", {"status": "away", "hours": "1", "delegate": "MGR2"}),
    "/me/pin": ("mgr1", {"pin": "482913"}),
    "/cases/new": ("marie", {"subject": "s", "description": "d", "severity": "2",
                             "environment": "production", "product": "p"}),
    "/cases/C17349013/declare": ("marie", {"purpose": "1", "users": "9", "affected": "1",
                                           "hours": "1", "minutes": "5", "environment": "1",
                                           "stopped": "1", "number": CALLER, "name": "Marie",
                                           "reach": "mobile", "english": "yes", "actions": "a"}),
    "/cases/C17349013/escalate": ("marie", {"level": "M1", "callback": CALLER, "reason": "r"}),
    "/cases/C17349013/wish_severity": ("marie", {"severity": "1", "reason": "r"}),
    "/cases/C17349013/set_severity": ("op1", {"severity": "1", "reason": "r", "agreed": "yes"}),
    "/cases/C17349013/report": ("op1", {"id": "1", "state": "asked"}),
}  # fmt: skip
LOOKS: dict[str, tuple[str, dict[str, str]]] = {
    "/calls": ("op1", {"number": "", "since": "", "until": "", "how": "", "before": ""}),
    "/wall": ("mgr1", {"period": "", "from": "", "to": "", "as": "csv"}),
    "/cases": ("op1", {"number": ""}),
    "/changes": ("op1", {"after": ""}),
    "/sign-in": ("", {"next": "/", "lang": "fr"}),
}


@pytest.mark.parametrize("path", FORMS)
def test_each_field_of_a_form_takes_anything(open_pages: Any, desk: Desk, path: str) -> None:
    who, form = FORMS[path]
    client = visit(open_pages, who)
    for name in form:
        for what, value in STRANGE.items():
            answer = client.post(path, data=form | {name: value})
            assert answer.status_code < 500, (name, what)


@pytest.mark.parametrize("path", LOOKS)
def test_each_question_in_an_address_takes_anything(open_pages: Any, path: str) -> None:
    who, asked = LOOKS[path]
    client = visit(open_pages, who)
    for name in asked:
        for what, value in STRANGE.items():
            answer = client.get(path, query_string=asked | {name: value[:1_990]})
            assert answer.status_code < 500, (name, what)


@pytest.mark.parametrize("who", PEOPLE)
def test_an_address_may_have_anything_in_it(open_pages: Any, who: str) -> None:
    client = visit(open_pages, who)
    for method, address, parts in routes(open_pages):
        for odd in IN_A_PATH if parts else ():
            answer = client.open(address.format(*[odd for _ in parts]), method=method)
            assert answer.status_code < 500, (method, address, odd[:20])
            if odd == "%00":
                assert answer.status_code == 400, address
    assert client.get("/%00/%ff").status_code == 400


URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
PART = b"--b\r\nContent-Disposition: form-data; name=text"
BODIES = {
    "no UTF-8": (b"text=%ff%fe&status=\xff\xfe&hours=\xed\xa0\x80", URLENCODED),
    "half a part": (PART[:-5], MULTIPART),
    "no boundary": (b"--b--", "multipart/form-data"),
    "a thousand parts": ((PART + b"\r\n\r\n1\r\n") * 1000 + b"--b--", MULTIPART),
    "a file": (PART + b"; filename=x\r\n\r\n\x00\r\n--b--", MULTIPART),
    "JSON": (b"[" * 10_000, "application/json"),
    "a charset": (b"text=a", f"{URLENCODED}; charset=utf-7"),
    "many fields": (b"&".join(b"a%d=1" % at for at in range(2_000)), URLENCODED),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_may_be_anything(open_pages: Any, body: str) -> None:
    data, kind = BODIES[body]
    client = visit(open_pages, "mgr1")
    for method, address, parts in routes(open_pages):
        if method == "POST" and address != "/sign-out":
            answer = client.post(address.format(*parts), data=data, content_type=kind)
            assert answer.status_code < 500, address
            if body in ("a thousand parts", "many fields"):
                assert answer.status_code in (400, 413), address


def test_the_simulated_phones_take_anything(exchange: Exchange, desk: Desk) -> None:
    phones = Phones(exchange, {CALLER: "Marie"}, {ENTRY: "EMEA"})
    entrance = Entrance(sample=True)
    client = create_pages(desk.services, phones=phones, entrance=entrance).test_client()
    odd = [*STRANGE.values(), "a\x00b", "x" * 50_000, "\ud800", None, 7, [], {"a": "b"}]
    for action in ("call", "press", "say", "answer", "will", "hang_up", "take", "nothing"):
        for value in odd:
            asked = {"phone": CALLER, "action": action, "value": value, "client": value}
            answer = client.post("/handsets/do", json=asked)
            assert answer.status_code < 500, (action, str(value)[:20])
            exchange.wait(1)
    for body in (b"", b"[", b"null", b"[]", b'{"phone":', b"\xff", b"[" * 50_000):
        answer = client.post("/handsets/do", data=body, content_type="application/json")
        assert answer.status_code == 400
    client.post("/handsets/do", json={"phone": CALLER, "action": "hang_up"})
    exchange.wait(60)


# --- webhooks ---

CARRIER = {
    "CallSid": "CA1", "From": CALLER, "To": ENTRY, "Digits": "1", "CallStatus": "in-progress",
    "DialCallStatus": "completed", "QueueResult": "bridged", "QueuePosition": "1", "QueueTime": "0",
    "RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingDuration": "1",
    "StatusCallbackEvent": "participant-join", "ConferenceSid": "CF1", "SequenceNumber": "1",
    "ParticipantCallStatus": "completed",
}  # fmt: skip
ASKED = ["", "?turn=-1", f"?turn={'9' * 5000}", "?turn=%00&queue=%00&language=xx&about=&says="]


def signed(desk: Desk, target: str, form: dict[str, str]) -> dict[str, str]:
    token = desk.services.carrier.auth_token  # type: ignore[union-attr]
    sign = RequestValidator(token).compute_signature
    return {"X-Twilio-Signature": sign(ORIGIN + target, form)}


@pytest.mark.unaudited("what the carrier says here was never so")
def test_every_webhook_answers_in_twiml_whatever_the_carrier_sends(desk: Desk) -> None:
    client = desk.app.test_client()
    for method, address, parts in routes(desk.app):
        if method != "POST":
            continue
        for asked in ASKED:
            target = address.format(*[quote(part) for part in parts]) + asked
            for odd in ("", "a\x00b", "9" * 5_000, "-1", "�"):
                form = dict.fromkeys(CARRIER, odd) if odd else CARRIER
                answer = client.post(target, data=form, headers=signed(desk, target, form))
                assert answer.status_code == 200, (target[:60], odd[:10])
                assert "<Response" in answer.text, (target[:60], odd[:10])


def test_whoever_is_not_the_carrier_is_refused_whatever_they_send(desk: Desk) -> None:
    client = desk.app.test_client()
    for method, address, parts in routes(desk.app):
        target = address.format(*parts)
        if method != "POST":
            continue
        for data in (b"", b"\xff\x00", b"a=" + b"x" * 2_000_000, b"&" * 1_000):
            assert client.post(target, data=data).status_code in (403, 413), target
        for length in ("", "-1", "9" * 5_000, "1e9", "٣", "0x10"):
            answer = client.post(target, environ_overrides={"CONTENT_LENGTH": length})
            assert answer.status_code in (400, 403), (target, length[:10])


def test_nothing_of_what_was_refused_is_stored(open_pages: Any, store: Store) -> None:
    before = store.case_files.load("C17349013")
    client = visit(open_pages, "marie")
    for value in MALFORMED.values():
        client.post("/cases/C17349013/note", data={"text": value})

    assert store.case_files.load("C17349013") == before
    assert store.case_files.notes("C17349013") == []
