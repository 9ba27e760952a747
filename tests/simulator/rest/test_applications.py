"""TwiML applications, numbers that are bought, softphones with tokens, and what was noted."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.jwt.client import ClientCapabilityToken

from ivr.errors import CallError
from ivr.simulator import Exchange
from ivr.twiml.verbs import Client, Dial, Hangup, Pause, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

HERE = "https://line.test"
PAGES = {"/voice": (Say("The number."), Pause(9)), "/app": (Say("The application."), Pause(9))}


def world(**pages: Any) -> tuple[Exchange, App, Any, Any]:
    """A network, its application, a caller, and a TwiML application that leads to /app."""
    exchange, app, caller = network({**PAGES, "/over": "", "/texts": "", **pages})
    made = exchange.client.applications.create(
        friendly_name="desk",
        voice_url=f"{HERE}/app",
        status_callback=f"{HERE}/over",
        sms_url=f"{HERE}/texts",
    )
    return exchange, app, caller, made


# ---- applications


# IncomingPhoneNumber: "voice_application_sid overrides voice_url"
def test_a_number_leads_to_an_application() -> None:
    exchange, app, caller, desk = world()
    number = exchange.client.incoming_phone_numbers.list()[0]
    number.update(voice_application_sid=desk.sid, sms_application_sid=desk.sid)
    caller.call(LINE)
    assert caller.last_heard == "The application."
    assert app.asked("/app")[0]["ApplicationSid"] == desk.sid
    caller.hang_up()
    assert len(app.asked("/over")) == 1
    caller.text(LINE, "Hello")
    assert len(app.asked("/texts")) == 1

    number.update(voice_application_sid="")
    caller.call(LINE)
    assert caller.last_heard == "The number."
    caller.hang_up()


# Calls: "If you specify an ApplicationSid … Twilio ignores all of the other URL parameters"
def test_a_call_by_rest_runs_an_application() -> None:
    exchange, app, _, desk = world()
    callee = exchange.phone(CALLEE)
    exchange.client.calls.create(to=CALLEE, from_=LINE, application_sid=desk.sid)
    exchange.wait(0)
    callee.answer()
    assert callee.last_heard == "The application."
    callee.hang_up()
    assert len(app.asked("/over")) == 1

    with pytest.raises(TwilioRestException, match="isn't an application"):
        exchange.client.calls.create(to=CALLEE, from_=LINE, application_sid="AP0")


def test_applications_are_listed_changed_and_deleted() -> None:
    exchange, _, _, desk = world()
    client = exchange.client
    changed = client.applications(desk.sid).update(friendly_name="other", voice_method="GET")
    assert (changed.friendly_name, changed.voice_method) == ("other", "GET")
    assert [each.sid for each in client.applications.list(friendly_name="other")] == [desk.sid]
    number = client.incoming_phone_numbers.list()[0]
    number.update(voice_application_sid=desk.sid)
    with pytest.raises(TwilioRestException, match="A number uses"):
        client.applications(desk.sid).delete()
    number.update(voice_application_sid="")
    client.applications(desk.sid).delete()
    with pytest.raises(TwilioRestException) as caught:
        client.applications(desk.sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)
    with pytest.raises(TwilioRestException, match="isn't an application"):
        number.update(voice_application_sid="AP0")


# ---- numbers


def test_a_number_is_bought_and_given_back() -> None:
    exchange, _, caller = network(PAGES)
    numbers = exchange.client.incoming_phone_numbers
    made = numbers.create(phone_number="+33800000002", voice_url=f"{HERE}/app")
    caller.call("+33800000002")
    assert caller.last_heard == "The application."
    caller.hang_up()

    with pytest.raises(TwilioRestException) as caught:
        numbers.create(phone_number="+33800000002")
    assert caught.value.code == 21422
    numbers(made.sid).delete()
    with pytest.raises(CallError, match="no application answers"):
        caller.call("+33800000002")
    for wrong in ({}, {"phone_number": "hello"}):
        with pytest.raises(TwilioRestException) as caught:
            numbers.create(**wrong)
        assert caught.value.code == 21421


# ---- softphones


def token(exchange: Exchange, *, secret: str = "", **changes: Any) -> str:
    """What an application makes with Twilio's own class, by the time of day."""
    key = exchange.api_key("desk")
    made = AccessToken(
        changes.pop("account", exchange.account_sid),
        key.sid,
        secret or key.secret,
        identity=changes.pop("identity", "odile"),
        valid_until=changes.pop("until", int(time.time()) + 3600),
    )
    made.nbf = changes.pop("nbf", int(time.time()))
    made.add_grant(VoiceGrant(**changes))
    return str(made.to_jwt())


def test_a_softphone_calls_its_application_with_parameters() -> None:
    exchange, app, _, desk = world()
    soft = exchange.softphone(
        token(
            exchange,
            outgoing_application_sid=desk.sid,
            outgoing_application_params={"team": "cad"},
        )
    )
    assert soft.number == "client:odile"
    soft.connect(To="+33155500011", case="C17349013", From="somebody else")

    assert soft.last_heard == "The application."
    (asked,) = app.asked("/app")
    # "From=client:…, ApplicationSid, Direction=inbound, and any custom parameters as POST fields"
    assert (asked["From"], asked["To"]) == ("client:odile", "+33155500011")
    assert (asked["Direction"], asked["ApplicationSid"]) == ("inbound", desk.sid)
    assert (asked["team"], asked["case"]) == ("cad", "C17349013")
    with pytest.raises(CallError, match="already in a call"):
        soft.connect()
    soft.hang_up()
    assert len(app.asked("/over")) == 1


@pytest.mark.parametrize(("allowed", "status"), [(True, "completed"), (False, "failed")])
def test_a_softphone_is_rung_only_if_its_token_allows_it(allowed: bool, status: str) -> None:
    exchange, app, caller = network(
        {"/voice": (Dial((Client("odile"),), action="/done"),), "/done": (Hangup(),)}
    )
    soft = exchange.softphone(token(exchange, incoming_allow=allowed))
    soft.will("answer")
    caller.call(LINE)
    exchange.wait(5)
    if allowed:
        soft.hang_up()

    assert app.asked("/done")[0]["DialCallStatus"] == status


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "x" * 32}, 20107),
        ({"account": "AC" + "0" * 32}, 20103),
        ({"until": 1000}, 20104),
        ({"nbf": 2**31}, 20105),
        ({"identity": None}, 20106),
    ],
)
def test_a_token_that_isnt_right_is_refused(changes: dict[str, Any], code: int) -> None:
    exchange = Exchange()
    with pytest.raises(CallError, match=f"^{code}: the access token is refused"):
        exchange.softphone(token(exchange, **changes))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ("nonsense", 20101),
        ("a.b.c", 20101),
        (jwt.encode({}, "x" * 32, algorithm="HS256"), 20102),
        (jwt.encode({}, "", algorithm="none"), 20102),
        (
            jwt.encode({"iss": "SK0"}, "x" * 32, "HS256", headers={"cty": "twilio-fpa;v=1"}),
            20103,
        ),
    ],
)
def test_what_is_no_token_of_this_account_is_refused(made: str, code: int) -> None:
    with pytest.raises(CallError, match=f"^{code}:"):
        Exchange().softphone(made)


@pytest.mark.parametrize("year", [2001, 2099])
def test_a_token_is_judged_by_the_time_of_day(year: int) -> None:
    """The application that made it can't know where the network's clock stands."""
    exchange = Exchange(start=datetime(year, 1, 1, tzinfo=UTC))
    exchange.softphone(token(exchange))
    exchange.wait(7200)
    exchange.softphone(token(exchange, until=int(time.time()) - 5, nbf=int(time.time()) + 5))
    with pytest.raises(CallError, match=r"^20104: .* exp is in the past, by the time of day"):
        exchange.softphone(token(exchange, until=int(time.time()) - 3600))


def capability(exchange: Exchange, *, secret: str = "", ttl: int = 3600, **changes: Any) -> str:
    """A token of older applications, made with Twilio's own class."""
    made = ClientCapabilityToken(
        changes.get("account", exchange.account_sid), secret or exchange.auth_token, ttl=ttl
    )
    made.allow_client_outgoing(changes.get("application", "AP1"), team="cad")
    if changes.get("identity", "odile"):
        made.allow_client_incoming("odile")
    return str(made.to_jwt())


def test_a_softphone_with_a_capability_token_calls_and_is_called() -> None:
    exchange, app, _, desk = world()
    soft = exchange.softphone(capability(exchange, application=desk.sid))
    soft.connect(To="+33155500011")

    assert app.asked("/app")[0]["team"] == "cad"
    assert soft.number == "client:odile"
    assert soft.access.incoming
    soft.hang_up()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": "AC0"}, 20103),
        ({"ttl": -3600}, 20104),
        ({"identity": ""}, 20106),
        ({"secret": "x" * 32}, 20107),
    ],
)
def test_a_capability_token_that_isnt_right_is_refused(changes: dict[str, Any], code: int) -> None:
    exchange = Exchange()
    with pytest.raises(CallError, match=f"^{code}: the access token is refused"):
        exchange.softphone(capability(exchange, **changes))


def test_a_softphone_without_a_token_or_an_application_cannot_call() -> None:
    exchange = Exchange()
    with pytest.raises(CallError, match="has no access token"):
        exchange.phone("client:otto").connect()
    with pytest.raises(CallError, match=r"TwiML application \(none\), which doesn.t exist"):
        exchange.softphone(token(exchange)).connect()


def test_keys_are_made_and_given_up_by_rest() -> None:
    exchange = Exchange()
    key = exchange.client.new_keys.create(friendly_name="desk")
    assert exchange.keys[key.sid].secret == key.secret
    assert [each.sid for each in exchange.client.keys.list()] == [key.sid]
    exchange.client.keys(key.sid).delete()
    assert exchange.client.keys.list() == []
    with pytest.raises(TwilioRestException, match="was not found"):
        exchange.client.keys(key.sid).delete()


def test_the_account_is_there() -> None:
    exchange = Exchange()
    account = exchange.client.api.accounts(exchange.account_sid).fetch()

    assert (account.sid, account.status) == (exchange.account_sid, "active")


# ---- what was noted, and what went over the wire


def test_notifications_are_what_the_debugger_has_noted() -> None:
    exchange, _, caller = network(
        {"/voice": "<Response><Bogus/><Redirect>/missing</Redirect></Response>"},
        answers={"/missing": ("404 No", [], b"")},
    )
    caller.call(LINE)
    exchange.wait(10)
    client, sid = exchange.client, caller.calls[0].sid

    noted = client.calls(sid).notifications.list()
    assert [(each.error_code, each.log) for each in noted] == [("11200", "0"), ("12200", "1")]
    assert noted[0].request_url == f"{HERE}/missing"
    assert noted[0].more_info.endswith("/errors/11200")
    assert [each.error_code for each in client.notifications.list(log=1)] == ["12200"]
    made = client.calls(sid).events.list()
    assert [each.request["url"] for each in made] == [f"{HERE}/voice", f"{HERE}/missing"]
    assert made[0].response["response_code"] == 200


# Calls: Record=true; RecordingUrl, RecordingSid, RecordingDuration with the last callback
def test_a_call_by_rest_is_recorded() -> None:
    exchange, app, caller = network({**PAGES, "/status": "", "/recorded": ""})
    exchange.client.calls.create(
        to=CALLER,
        from_=LINE,
        url=f"{HERE}/voice",
        record=True,
        recording_channels="dual",
        recording_status_callback=f"{HERE}/recorded",
        status_callback=f"{HERE}/status",
    )
    exchange.wait(3)
    caller.answer()
    exchange.wait(7)
    caller.hang_up()
    exchange.wait(1)

    (done,) = app.asked("/status")
    assert done["RecordingDuration"] == "7"
    (recorded,) = app.asked("/recorded")
    assert (recorded["RecordingSource"], recorded["RecordingChannels"]) == ("OutboundAPI", "2")
    assert recorded["RecordingSid"] == done["RecordingSid"]


def test_time_is_the_networks() -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    exchange = Exchange(start=later)
    until = int((later + timedelta(hours=1)).timestamp())

    assert exchange.softphone(token(exchange, until=until)).number == "client:odile"
