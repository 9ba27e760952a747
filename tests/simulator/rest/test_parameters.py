"""Every parameter that Twilio's API has does something here, is known not to matter, or is refused
by name: none is dropped in silence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ivr.simulator import Exchange
from ivr.simulator.rest.api import PRODUCTS, ROUTES
from ivr.simulator.rest.parameters import REFUSED, SIMPLIFIED
from tests.kit.rest_shapes import check_answer
from tests.kit.twiml_app import CALLEE, LINE, network

CALLBACK = "StatusCallback StatusCallbackMethod StatusCallbackEvent"
RECORDED = (
    "RecordingChannels RecordingTrack RecordingStatusCallback RecordingStatusCallbackMethod"
    " RecordingStatusCallbackEvent"
)
MACHINE = (
    "MachineDetection MachineDetectionTimeout MachineDetectionSpeechThreshold"
    " MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout"
)
LEG = (
    f"To From {CALLBACK} Timeout TimeLimit Record Trim {RECORDED} {MACHINE} SipAuthUsername"
    " SipAuthPassword Byoc CallerId CallReason CallToken ClientNotificationUrl"
)
ANSWERS = (
    "VoiceUrl VoiceMethod VoiceFallbackUrl VoiceFallbackMethod StatusCallback StatusCallbackMethod"
    " SmsUrl SmsMethod SmsFallbackUrl SmsFallbackMethod FriendlyName ApiVersion VoiceCallerIdLookup"
)
NUMBER = (
    f"{ANSWERS} VoiceApplicationSid SmsApplicationSid EmergencyStatus EmergencyAddressSid TrunkSid"
    " IdentitySid AddressSid BundleSid VoiceReceiveMode"
)
APPLICATION = f"{ANSWERS} SmsStatusCallback MessageStatusCallback PublicApplicationConnectEnabled"
DATES = "DateCreated DateCreated< DateCreated>"
BESIDE = "Name Track StatusCallback StatusCallbackMethod Parameter1.Name Parameter1.Value"
VERIFY = (
    "FriendlyName CodeLength CustomCodeEnabled DoNotShareWarningEnabled DtmfInputRequired"
    " LookupEnabled Psd2Enabled SkipSmsToLandlines TtsName DefaultTemplateSid"
    " VerifyEventSubscriptionEnabled Push.ApnCredentialSid Push.FcmCredentialSid Push.IncludeDate"
    " Totp.CodeLength Totp.Issuer Totp.Skew Totp.TimeStep Whatsapp.From Whatsapp.MsgServiceSid"
    " Passkeys.AuthenticatorAttachment Passkeys.DiscoverableCredentials Passkeys.RelyingParty.Id"
    " Passkeys.RelyingParty.Name Passkeys.RelyingParty.Origins Passkeys.UserVerification"
)
# What Twilio's description of the API (2010-04-01) has for each request.
TWILIOS = {
    "POST /Calls": f"{LEG} Url Method FallbackUrl FallbackMethod SendDigits AsyncAmd"
    " AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod",
    "GET /Calls": "To From ParentCallSid Status StartTime StartTime< StartTime> EndTime EndTime<"
    " EndTime>",
    "POST /Calls/{sid}": "Url Method FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod"
    " TimeLimit",
    "POST /Calls/{call}/Recordings": f"Trim {RECORDED}",
    "GET /Calls/{call}/Recordings": DATES,
    "POST /Calls/{call}/Payments": "IdempotencyKey StatusCallback BankAccountType ChargeAmount"
    " Currency Description Input MinPostalCodeLength Parameter PaymentConnector PaymentMethod"
    " PostalCode SecurityCode Timeout TokenType ValidCardTypes RequireMatchingInputs Confirmation",
    "POST /Calls/{call}/(Streams)": f"Url {BESIDE}",
    "POST /Calls/{call}/(Siprec)": f"ConnectorName {BESIDE}",
    "POST /Calls/{call}/(Transcriptions)": "Name Track StatusCallbackUrl StatusCallbackMethod"
    " InboundTrackLabel OutboundTrackLabel PartialResults LanguageCode TranscriptionEngine"
    " ProfanityFilter SpeechModel Hints EnableAutomaticPunctuation IntelligenceService"
    " ConversationConfiguration ConversationId ConfigurationId EnableProviderData",
    "POST /OutgoingCallerIds": "PhoneNumber FriendlyName CallDelay Extension StatusCallback"
    " StatusCallbackMethod",
    "GET /OutgoingCallerIds": "PhoneNumber FriendlyName",
    "POST /OutgoingCallerIds/{sid}": "FriendlyName",
    "GET /Calls/{sid}/Notifications": "Log MessageDate MessageDate< MessageDate>",
    "GET /Notifications": "Log MessageDate MessageDate< MessageDate>",
    "POST /Conferences/{sid}": "AnnounceUrl AnnounceMethod",
    "GET /Conferences": f"{DATES} DateUpdated DateUpdated< DateUpdated> FriendlyName Status",
    "GET /Conferences/{conference}/Recordings": DATES,
    "POST /Conferences/{sid}/Participants": f"{LEG} Label Muted Beep StartConferenceOnEnter"
    " EndConferenceOnExit WaitUrl WaitMethod EarlyMedia MaxParticipants ConferenceRecord"
    " ConferenceTrim ConferenceStatusCallback ConferenceStatusCallbackMethod"
    " ConferenceStatusCallbackEvent Region ConferenceRecordingStatusCallback"
    " ConferenceRecordingStatusCallbackMethod ConferenceRecordingStatusCallbackEvent Coaching"
    " CallSidToCoach JitterBufferSize AmdStatusCallback AmdStatusCallbackMethod CallerDisplayName",
    "GET /Conferences/{sid}/Participants": "Muted Hold Coaching",
    "POST /Conferences/{sid}/Participants/{call}": "Muted Hold HoldUrl HoldMethod AnnounceUrl"
    " AnnounceMethod WaitUrl WaitMethod BeepOnExit EndConferenceOnExit Coaching CallSidToCoach",
    "POST /IncomingPhoneNumbers": f"{NUMBER} PhoneNumber AreaCode",
    "POST /IncomingPhoneNumbers/(Local|Mobile|TollFree)": f"{NUMBER} PhoneNumber",
    "POST /IncomingPhoneNumbers/{sid}": f"{NUMBER} AccountSid",
    "GET /IncomingPhoneNumbers/(Local|Mobile|TollFree)": "Beta FriendlyName PhoneNumber Origin",
    "GET /AvailablePhoneNumbers/{country}/{kind}": "AreaCode Contains SmsEnabled MmsEnabled"
    " VoiceEnabled ExcludeAllAddressRequired ExcludeLocalAddressRequired"
    " ExcludeForeignAddressRequired Beta NearNumber NearLatLong Distance InPostalCode InRegion"
    " InRateCenter InLata InLocality FaxEnabled",
    "GET /Accounts": "FriendlyName Status",
    "POST ": "FriendlyName Status",
    "POST /Keys/{sid}": "FriendlyName",
    "GET /IncomingPhoneNumbers": "Beta FriendlyName PhoneNumber Origin",
    "POST /Applications": APPLICATION,
    "POST /Applications/{sid}": APPLICATION,
    "GET /Applications": "FriendlyName",
    "POST /Messages": "To From Body StatusCallback ApplicationSid MaxPrice ProvideFeedback Attempt"
    " ValidityPeriod ForceDelivery ContentRetention AddressRetention SmartEncoded PersistentAction"
    " TrafficType ShortenUrls ScheduleType SendAt SendAsMms ContentVariables RiskCheck FallbackFrom"
    " MessagingServiceSid MediaUrl ContentSid",
    "GET /Messages": "To From DateSent DateSent< DateSent>",
    "GET /Messages/{sid}/Media": DATES,
    "POST /Queues": "FriendlyName MaxSize",
    "POST /Queues/{sid}": "FriendlyName MaxSize",
    "POST /Queues/{sid}/Members/{call}": "Url Method",
    "GET /Recordings": f"{DATES} CallSid ConferenceSid IncludeSoftDeleted",
    "GET /Recordings/{sid}": "IncludeSoftDeleted",
    "POST /Keys": "FriendlyName",
    # What the `twilio` library has for other products.
    "POST /v2/Services": VERIFY,
    "POST /v2/Services/{sid}": VERIFY,
    "POST /v2/Services/{sid}/Verifications": "To Channel CustomFriendlyName CustomMessage"
    " SendDigits Locale CustomCode Amount Payee RateLimits ChannelConfiguration AppHash TemplateSid"
    " TemplateCustomSubstitutions Templates DeviceIp EnableSnaClientToken RiskCheck Tags",
    "POST /v2/Services/{sid}/VerificationCheck": "Code To VerificationSid Amount Payee"
    " SnaClientToken",
    "GET /v2/PhoneNumbers/{number}": "Fields CountryCode FirstName LastName AddressLine1"
    " AddressLine2 City State PostalCode AddressCountryCode NationalId DateOfBirth LastVerifiedDate"
    " VerificationSid PartnerSubId",
}
VALUES = {
    "To": CALLEE,
    "From": LINE,
    "PhoneNumber": "+33155500177",
    "AreaCode": "415",
    "Contains": "415",
    "InRegion": "CA",
    "Track": "inbound_track",
    "CallDelay": "1",
    "LanguageCode": "en-US",
    "CodeLength": "6",
    "ChargeAmount": "9.99",
    "MinPostalCodeLength": "5",
    "PaymentMethod": "credit-card",
    "ValidCardTypes": "visa",
    "CustomCodeEnabled": "true",
    "Channel": "sms",
    "CustomCode": "123456",
    "Code": "123456",
    "VerificationSid": "",
    "Fields": "caller_name",
    "CountryCode": "US",
    "StatusCallbackEvent": "answered",
    "Timeout": "30",
    "TimeLimit": "600",
    "Record": "true",
    "RecordingChannels": "mono",
    "RecordingTrack": "both",
    "RecordingStatusCallbackEvent": "completed",
    "MachineDetection": "Enable",
    "MachineDetectionTimeout": "30",
    "MachineDetectionSpeechThreshold": "2400",
    "MachineDetectionSpeechEndThreshold": "1200",
    "AsyncAmd": "true",
    "SendDigits": "1",
    "MaxParticipants": "10",
    "Beep": "true",
    "ConferenceRecord": "record-from-start",
    "ConferenceStatusCallbackEvent": "start",
    "ConferenceRecordingStatusCallbackEvent": "completed",
    "Coaching": "false",
    "MaxSize": "10",
    "Log": "0",
    "VoiceReceiveMode": "fax",
    "VoiceCallerIdLookup": "true",
}
STATUSES = {
    "GET /Accounts": "active",
    "POST ": "suspended",
    "GET /Calls": "completed",
    "GET /Conferences": "init",
}


def value(name: str, route: str) -> str:
    """A value that the parameter may have, and not its default where that is refused."""
    if name == "Status":
        return STATUSES.get(route, "completed")
    if route.endswith("(Streams)") and name == "Url":
        return "wss://line.test/ears"
    if name in VALUES:
        return VALUES[name]
    bare = name.rstrip("<>")
    if bare in ("DateCreated", "DateUpdated", "DateSent", "StartTime", "EndTime", "MessageDate"):
        return "2026-11-24"
    if bare.endswith("Method"):
        return "POST"
    if bare.endswith(("Url", "Callback")):
        return "https://line.test/voice"
    if bare.endswith("ApplicationSid") or bare == "CallSidToCoach":
        return ""
    return "true" if bare in ("Muted", "Hold") else "something"


@pytest.fixture
def world() -> tuple[Exchange, dict[str, str]]:
    """A network on which there is one of everything, and the names of each in a path."""
    room = "<Response><Dial><Conference>room</Conference></Dial></Response>"
    exchange, _, caller = network(
        {"/voice": room, "/queue": "<Response><Enqueue>line</Enqueue></Response>"}
    )
    exchange.phone(CALLEE)
    caller.call(LINE)
    exchange.client.calls(caller.calls[0].sid).recordings.create()
    waiting = exchange.client.calls.create(to=CALLEE, from_=LINE, url="https://line.test/queue")
    exchange.wait(1)
    exchange.phone(CALLEE).answer()
    exchange.client.messages.create(to=CALLEE, from_=LINE, body="Hello")
    exchange.wait(1)
    client = exchange.client
    return exchange, {
        "Calls": caller.calls[0].sid,
        "Conferences": client.conferences.list()[0].sid,
        "Participants": caller.calls[0].sid,
        "Queues": client.queues.list()[0].sid,
        "Members": waiting.sid,
        "IncomingPhoneNumbers": client.incoming_phone_numbers.list()[0].sid,
        "Applications": client.applications.create(friendly_name="a").sid,
        "Messages": client.messages.list()[0].sid,
        "Recordings": client.recordings.list()[0].sid,
        "Keys": client.new_keys.create().sid,
        "AvailablePhoneNumbers": "US",
        "{country}": "Local",
        "Services": _service(exchange).sid,
        "PhoneNumbers": "+14155552671",
        "OutgoingCallerIds": exchange.verify("+14155550123").sid,
    }


def _service(exchange: Exchange) -> Any:
    """A service of Verify with a pending verification."""
    service = exchange.verify_service("Desk")
    service.custom_code_enabled = True
    verification = exchange.verifications.begin(service, CALLEE)
    exchange.verifications.send(verification, "sms", "Desk", "")
    return service


def ask(world: Any, route: str, values: dict[str, str]) -> tuple[int, Any]:
    exchange, names = world
    method, _, path = route.partition(" ")
    parts = path.split("/")
    there = [
        names[parts[n - 1]] if part.startswith("{") else re.sub(r"^\(|\|.*|\)$", "", part)
        for n, part in enumerate(parts)
    ]
    params = {name: [text] for name, text in values.items()}
    inner = "/".join(there)
    of = {"/v2/S": "verify", "/v2/P": "lookups"}.get(inner[:5], "api")
    address = exchange.api.uri(inner) if of == "api" else inner
    status, answer = exchange.api.respond(method, address, params, of)
    check_answer(method, address, status, answer)
    return status, answer


# TaskRouter's have tests of their own.
OURS = {route: names for route, names in REFUSED.items() if " /v1/" not in route}


def test_every_request_that_takes_parameters_is_in_the_table() -> None:
    every = [*ROUTES, *(route for routes in PRODUCTS.values() for route in routes)]
    writes = {route for method, _, route, _ in every if method == "POST"}
    writes = {route for route in writes if " /v1/" not in route}

    assert writes - TWILIOS.keys() == {
        "POST /Accounts",  # refused as a whole
        "POST /Calls/{call}/UserDefinedMessageSubscriptions",  # and so is this
        "POST /Calls/{call}/UserDefinedMessages",  # Content and IdempotencyKey, to softphones only
        "POST /v2/Services/{sid}/Verifications/{to}",
        "POST /Calls/{call}/Payments/{sid}",  # IdempotencyKey, StatusCallback, Capture, Status
        "POST /Calls/{call}/(Siprec)/{name}",  # Status
        "POST /Calls/{call}/(Streams)/{name}",
        "POST /Calls/{call}/(Transcriptions)/{name}",
        "POST /(Calls)/{owner}/Recordings/{sid}",  # Status and PauseBehavior
        "POST /(Conferences)/{owner}/Recordings/{sid}",
        "POST /Messages/{sid}",  # Body and Status
    }
    assert {*OURS, *(each for each in SIMPLIFIED if " /v1/" not in each)} <= TWILIOS.keys()


@pytest.mark.parametrize("route", TWILIOS)
def test_all_that_is_not_refused_is_read(world: Any, route: str) -> None:
    names = [name for name in TWILIOS[route].split() if name not in REFUSED.get(route, {})]

    status, answer = ask(world, route, {name: value(name, route) for name in names})

    assert status < 300, answer
    assert [each.text for each in world[0].debugger if "it was ignored" in each.text] == []


@pytest.mark.parametrize(
    ("route", "name"), [(route, name) for route, names in OURS.items() for name in names]
)
def test_what_is_refused_is_refused_by_name(world: Any, route: str, name: str) -> None:
    status, answer = ask(world, route, {name: value(name, route) or "AP1"})

    assert (status, answer["code"]) == (501, 99501)
    assert answer["message"].startswith(f"{name}: this simulator")
    assert name in TWILIOS[route].split()
    with pytest.raises(AssertionError, match=f"{name}: this simulator doesn't support it"):
        world[0].strict()


def test_a_parameter_that_twilio_does_not_have_is_noted(world: Any) -> None:
    status, _ = ask(world, "POST /Queues", {"FriendlyName": "new", "Maximum": "5"})

    assert status == 201
    assert world[0].debugger[-1].text.startswith("POST /Queues: Maximum was ignored: there is no")


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /v2/PhoneNumbers/+33155500101",
        "POST /v2/Services/VA1/Verifications",
        "GET /2010-04-01/Accounts/{sid}/Addresses.json",
        "POST /2010-04-01/Accounts/{sid}/SigningKeys.json",
        "GET /2010-04-01/Accounts/{sid}/Calls.xml",
    ],
)
def test_what_is_not_built_is_never_a_404(world: Any, request_line: str) -> None:
    exchange = world[0]
    method, _, path = request_line.format(sid=exchange.account_sid).partition(" ")

    status, answer = exchange.api.respond(method, path, {})

    assert (status, answer["code"]) == (501, 99501)
    assert exchange.debugger[-1].text == f"{method} {path}: this simulator doesn't support it"


def test_another_account_is_not_found_and_the_debugger_says_why(world: Any) -> None:
    exchange = world[0]
    path = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls.json"
    status, answer = exchange.api.respond("GET", path, {})

    assert (status, answer["code"]) == (404, 20404)
    assert exchange.debugger[-1].level == "error"
    assert exchange.debugger[-1].text == (
        f"GET {path}: this network is account {exchange.account_sid}, and has no other"
    )


# "StartTime=2026-11-24, also when a client writes it as 2026-11-24T00:00:00Z: on that UTC day"
@pytest.mark.parametrize("day", ["2026-11-24", "2026-11-24T00:00:00Z"])
def test_a_date_is_a_whole_day(world: Any, day: str) -> None:
    status, answer = ask(world, "GET /Calls", {"StartTime": day})
    assert (status, len(answer["calls"])) == (200, 2)

    status, answer = ask(world, "GET /Calls", {"StartTime": "2026-11-23"})
    assert answer["calls"] == []


# What can't be read is refused: an empty list would look like an answer.
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"StartTime": "11/24/2026"}, "StartTime must be a date such as 2026-11-24"),
        ({"EndTime<": "2026-13-01"}, "EndTime must be a date such as 2026-11-24"),
        ({"PageSize": "1001"}, "PageSize must be a whole number from 1 to 1000, not '1001'"),
        ({"Page": "-1"}, "Page must be a whole number from 0, not '-1'"),
    ],
)
def test_what_a_list_is_asked_for_can_be_read(
    world: Any, params: dict[str, str], message: str
) -> None:
    status, answer = ask(world, "GET /Calls", params)

    assert (status, answer["code"]) == (400, 20001)
    assert message in answer["message"]
